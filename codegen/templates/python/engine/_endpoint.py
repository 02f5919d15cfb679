"""What producers, consumers, monitors and role-less rings have in common."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from .._layout import SCHEMA_HASH
from ._closing import leave
from ._errors import Removed
from ._record import largest_payload
from ._statistics import PeerState, Snapshot, Statistics, snapshot, state, statistics
from ._tidy import is_last_out
from ._times import Deadline

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    from ._attachment import Attachment
    from ._roles import Role
    from ._wait import Link
    from ._watch import Ended

    SomeEndpoint = TypeVar("SomeEndpoint", bound="Endpoint")


class Endpoint:
    """A ring that this process is attached to: what it is called and how it is doing.

    Usable as a context manager, which closes it at the end.
    """

    __slots__ = ("__weakref__", "_attachment", "_final")

    def __init__(self, attachment: Attachment) -> None:
        """Takes over an attached ring."""
        self._attachment = attachment
        self._final: Snapshot | None = None

    @property
    def name(self) -> str:
        """The ring's name, without folder and prefix."""
        return self._attachment.target.name

    @property
    def path(self) -> str:
        """The ring's file."""
        return self._attachment.target.path

    @property
    def capacity(self) -> int:
        """Bytes in the ring's data area."""
        return self._attachment.capacity

    @property
    def largest_payload(self) -> int:
        """Most payload bytes of one message that is not sent in pieces."""
        return largest_payload(self._attachment.capacity)

    @property
    def schema_matches(self) -> bool:
        """False when the ring was made from a spec with other message types or structs."""
        return self._attachment.segment.schema_hash == SCHEMA_HASH

    @property
    def is_open(self) -> bool:
        """False after close(), and in a forked child."""
        return self._attachment.is_open

    @property
    def _is_forked(self) -> bool:
        """True in a child that was forked from the process that attached."""
        return self._attachment.forked

    def statistics(self) -> Statistics:
        """The counters of both sides; those of the moment of closing after close().

        Raises:
            Forked: In a forked child.
        """
        if self._final is not None:
            return self._final.statistics
        self._attachment.check_usable()
        return statistics(self._attachment)

    def snapshot(self) -> Snapshot:
        """All that the ring's header says; what it said at the moment of closing after close().

        Raises:
            Forked: In a forked child.
        """
        if self._final is not None:
            return self._final
        self._attachment.check_usable()
        return snapshot(self._attachment)

    def close(self) -> None:
        """Closes. Again: no effect.

        Raises:
            BufferError: A part of the ring's memory is still in use, by a slice or a numpy array.
                The ring is closed all the same, and unmapped when that part goes.
        """
        self._close()

    def _close(self, *, remove: bool = False) -> None:
        if self._attachment.is_open:
            self._final = snapshot(self._attachment)
        self._attachment.close(remove=remove)

    def dispose(self) -> None:
        """The same as close()."""
        self.close()

    def __enter__(self: SomeEndpoint) -> SomeEndpoint:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes; what that raises never replaces an exception of the body."""
        leave(error, self.close)

    def __del__(self) -> None:
        """Closes what was forgotten, and says so where such warnings are wanted."""
        attachment = getattr(self, "_attachment", None)
        if attachment is not None and attachment.is_open:
            try:
                warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            finally:
                self.close()

    def __repr__(self) -> str:
        """Class, file and whether it is open."""
        is_open = "open" if self.is_open else "closed"
        return f"<{type(self).__name__} {self.path} {is_open}>"


class Side(Endpoint):
    """An endpoint that has a role in the ring."""

    __slots__ = ("_link",)

    def __init__(self, attachment: Attachment, link: Link) -> None:
        """Takes over a ring in which a role was taken."""
        super().__init__(attachment)
        self._link = link

    @property
    def _role(self) -> Role:
        role = self._attachment.role
        assert role is not None  # noqa: S101 - every Side is attached with a role
        return role

    def peer_state(self, stall: float | None = None) -> PeerState:
        """The other side's life.

        With `stall`, seconds, it counts as stalled when its heartbeat is older than that. A manager
        stores heartbeats; a side without one does so only when it attaches, unless it calls
        `heartbeat` itself.

        Raises:
            Disposed: After close().
            Forked: In a forked child.
            ValueError: The time is negative, or not a number.
        """
        self._attachment.check_usable()
        return state(self._attachment, self._role.peer, stall)

    def heartbeat(self) -> None:
        """Stores the time as this side's sign of life, for others to see. Any thread.

        A manager does it regularly.

        Raises:
            Disposed: After close().
            Forked: In a forked child.
        """
        self._attachment.check_usable()
        self._attachment.beat(self._role)

    def interrupt(self) -> None:
        """Ends a wait of this side in another thread, as if its time were over. Any thread.

        If nobody waits, the next call that would have waited ends so. It is never lost, and ends
        one wait.
        """
        self._link.interrupt()

    def wait_for_peer(self, timeout: float | None = None) -> bool:
        """Waits until the other side is attached and alive: True.

        False when the time, seconds, is over, or `interrupt` was called.

        Raises:
            Removed: The ring's file was removed: nobody can join it.
            UsageError: This side was closed, or forked, or another thread or task waits.
            ValueError: The time is negative, or not a number.
        """
        self._attachment.check_usable()
        return self._met_peer(self._link.wait_for_peer(Deadline(timeout)))

    async def wait_for_peer_async(self, timeout: float | None = None) -> bool:
        """As :meth:`wait_for_peer`, without blocking asyncio's event loop.

        Raises:
            RingError: As for :meth:`wait_for_peer`.
        """
        self._attachment.check_usable()
        return self._met_peer(await self._link.wait_for_peer_async(Deadline(timeout)))

    def _met_peer(self, ended: Ended | None) -> bool:
        if self._link.watch.removed:
            message = f"{self.path}: the ring's file was removed"
            raise Removed(message)
        return ended is None

    # Closing

    def close(self) -> None:
        """Closes: the other side is told, and receives what was sent. Again: no effect.

        A call that waits in another thread or task ends with :class:`Disposed`. What was borrowed
        comes again; what was claimed, or added to a batch, and not published is dropped.

        The last side out removes the file if all was received. For that it waits up to 5 s for the
        other side, if that is just attaching or closing.

        Raises:
            BufferError: A part of the ring's memory is still in use, by a slice or a numpy array.
                The ring is closed all the same, and unmapped when that part goes.
        """
        attachment, is_last = self._attachment, False
        if attachment.is_open:
            self._link.close()
            self._retire()
            attachment.announce_closed(self._role)
            is_last = is_last_out(attachment, self._role, self._is_drained)
        self._close(remove=is_last)

    def _retire(self) -> None:
        """Ends what is under way: claims, batches and borrowed messages."""
        raise NotImplementedError

    def _is_drained(self) -> bool:
        """Whether all that was sent was received.

        Raises:
            Corrupt: Nobody knows.
        """
        raise NotImplementedError
