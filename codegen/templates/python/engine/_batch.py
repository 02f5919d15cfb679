"""Sending several messages together."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from .._layout import TYPE_DATA
from ._closing import leave
from ._times import Wait

if TYPE_CHECKING:
    from types import TracebackType

    from ._payload import Payload
    from ._sender import Sender
    from ._typing import BytesLike


class BatchWriter:
    """Collects messages that the consumer sees all at once, with one publication.

    As a context manager it publishes them at the end, or drops them if an exception passes. One
    that is forgotten without :meth:`commit` is dropped as well. An urgent message publishes itself
    and those before it, and wakes the consumer at once. One at a time for a producer; any other
    send on it publishes the batch so far.

    ::

        with producer.batch() as batch:
            for price in prices:
                batch.push_typed(price)
    """

    __slots__ = ("__weakref__", "_sender", "_token")

    def __init__(self, sender: Sender) -> None:
        """An empty batch; see :meth:`SharedMemoryProducer.batch`."""
        # How the producer knows whose messages it holds.
        self._token = ref(self)
        self._sender = sender

    def push(self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0) -> bool:
        """Adds a message.

        When the ring is full it publishes the batch so far and waits for room, up to
        `Options.send_timeout`.

        Returns:
            True when it was added; False when there was no room within the time.

        Raises:
            RingError: As for :meth:`SharedMemoryProducer.send`.
        """
        return self._sender.push(self._token, payload, message_type, flags, Wait.AS_OPTIONS)

    def try_push(self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0) -> bool:
        """Adds a message; returns False if there is no room for it behind the batch so far.

        The batch stays as it is then; committing it may help, because the consumer releases only
        what it sees. Never waits.

        Raises:
            RingError: As for :meth:`SharedMemoryProducer.send`.
        """
        return self._sender.push(self._token, payload, message_type, flags, 0)

    def push_typed(self, value: Payload, flags: int = 0) -> bool:
        """Adds a struct under its own type. Waits and answers as :meth:`push` does.

        Raises:
            RingError: As for :meth:`SharedMemoryProducer.send_typed`.
        """
        return self.push(value._pack(), value.MESSAGE_TYPE or TYPE_DATA, flags)

    def commit(self) -> None:
        """Publishes what was added, and wakes the consumer if it sleeps.

        Raises:
            UsageError: The producer was closed, or forked.
        """
        self._sender.commit_batch(self._token)

    def discard(self) -> None:
        """Drops what was added and not published: nobody ever sees it."""
        self._sender.end(self._token)

    def __del__(self) -> None:
        """Drops what a forgotten batch has not published."""
        if getattr(self, "_sender", None) is not None:
            self.discard()

    def __enter__(self) -> BatchWriter:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Publishes, or drops after an exception, which nothing else replaces."""
        if error is None:
            self.commit()
        else:
            leave(error, self.discard)
