"""What producers, consumers, monitors and role-less rings have in common."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ._layout import SCHEMA_HASH
from ._record import largest_payload
from ._statistics import PeerState, Snapshot, Statistics, snapshot, state, statistics

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    from ._attach import Attachment

    SomeEndpoint = TypeVar("SomeEndpoint", bound="Endpoint")


class Endpoint:
    """A ring that this process is attached to: what it is called and how it is doing.

    Usable as a context manager, which disposes of it at the end.
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
    def created_unix_ns(self) -> int:
        """When the ring was made, in nanoseconds since 1970-01-01 UTC."""
        return self._attachment.segment.created_unix_ns

    @property
    def is_open(self) -> bool:
        """False after dispose(), and in a forked child."""
        return self._attachment.is_open

    @property
    def is_forked(self) -> bool:
        """True in a child that was forked from the process that attached."""
        return self._attachment.forked

    def statistics(self) -> Statistics:
        """The counters of both sides; those of the moment of closing after dispose().

        Raises:
            Forked: In a forked child.
        """
        if self._final is not None:
            return self._final.statistics
        self._attachment.check_usable()
        return statistics(self._attachment)

    def snapshot(self) -> Snapshot:
        """All that the ring's header says; what it said at the moment of closing after dispose().

        Raises:
            Forked: In a forked child.
        """
        if self._final is not None:
            return self._final
        self._attachment.check_usable()
        return snapshot(self._attachment)

    def dispose(self) -> None:
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

    def close(self) -> None:
        """The same as dispose()."""
        self.dispose()

    def __enter__(self: SomeEndpoint) -> SomeEndpoint:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disposes."""
        self.dispose()

    def __del__(self) -> None:
        """Disposes of what was forgotten, and says so where such warnings are wanted."""
        attachment = getattr(self, "_attachment", None)
        if attachment is not None and attachment.is_open:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            self.dispose()

    def __repr__(self) -> str:
        """Class, file and whether it is open."""
        is_open = "open" if self.is_open else "closed"
        return f"<{type(self).__name__} {self.path} {is_open}>"


class Side(Endpoint):
    """An endpoint that has a role in the ring."""

    __slots__ = ()

    def peer_state(self, stall_ms: int = 0) -> PeerState:
        """The other side's life.

        With `stall_ms` above 0 it counts as stalled when its heartbeat is older than that.

        Raises:
            Disposed: After dispose().
            Forked: In a forked child.
        """
        self._attachment.check_usable()
        role = self._attachment.role
        assert role is not None  # noqa: S101 - every Side is attached with a role
        return state(self._attachment, role.peer, stall_ms)

    def heartbeat(self) -> None:
        """Stores the time as this side's sign of life, for others to see. Any thread.

        A manager does it regularly.

        Raises:
            Disposed: After dispose().
            Forked: In a forked child.
        """
        self._attachment.check_usable()
        role = self._attachment.role
        assert role is not None  # noqa: S101 - every Side is attached with a role
        self._attachment.beat(role)
