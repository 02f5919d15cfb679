"""Writing messages in place, and several of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._closing import leave
from ._errors import Disposed
from ._headers import HeaderFields
from ._layout import MESSAGE_HEADER_SIZE, TYPE_DATA
from ._message import as_bytes
from ._record import USER_FLAGS, WORD
from ._times import Wait

if TYPE_CHECKING:
    from types import TracebackType
    from weakref import ref

    from ._payload import Payload
    from ._sender import Sender
    from ._typing import BytesLike


class Claim:
    """Room in the ring for one message, to be filled in place and then published.

    As a context manager it gives the room as a writable memoryview, publishes the message at the
    end, and gives the room back if an exception passes. The view is released then: using it is an
    error, and so is keeping an array on it (BufferError; nothing is published). The bytes are those
    of older messages until they are written. While a claim is open its producer can do nothing else
    (:class:`Busy`).

    ::

        with producer.claim(8, message_type=1000) as view:
            view[:] = (42).to_bytes(8, "little")
    """

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_claim",
        "_flags",
        "_head",
        "_place",
        "_producer",
        "_start",
        "_type",
        "_view",
    )

    def __init__(
        self, producer: Sender, place: tuple[int, int], size: int, message_type: int
    ) -> None:
        """For producers; see :meth:`SharedMemoryProducer.claim`."""
        self._producer: Sender | None = producer
        # How the producer knows this claim again.
        self._claim: ref[Claim] | None = None
        self._place = place
        self._type = message_type
        self._flags = 0
        # The header as its fields see it, once they are asked for.
        self._head: memoryview | None = None
        self._buffer = producer._attachment.view
        self._start = place[0] * WORD
        payload = self._start + MESSAGE_HEADER_SIZE
        self._buffer[self._start + WORD : payload] = bytes(MESSAGE_HEADER_SIZE - WORD)
        self._view = self._buffer[payload : payload + size]

    @property
    def is_open(self) -> bool:
        """False once it was committed or abandoned."""
        return self._producer is not None

    @property
    def payload(self) -> memoryview:
        """The room, writable, until the claim is committed or abandoned."""
        return self._view

    @property
    def header(self) -> HeaderFields:
        """The header's fields that are the spec's own, writable, as long as the room is.

        Raises:
            Disposed: The claim was committed or abandoned already, or its producer closed.
        """
        self._open_producer()
        if self._head is None:
            self._head = self._buffer[self._start : self._start + MESSAGE_HEADER_SIZE]
        return HeaderFields(self._head)

    def set_flags(self, flags: int) -> None:
        """Sets the flags of the message; the fragment bits are the engine's and are ignored."""
        self._flags = int(flags) & USER_FLAGS

    def _set_all_flags(self, flags: int) -> None:
        """Sets all flags, the engine's included: for messages in pieces."""
        self._flags = flags

    def truncate(self, size: int) -> None:
        """Shortens the payload: for writers that learn the length while writing.

        Raises:
            ValueError: The claim is not so long.
        """
        if not 0 <= size <= len(self._view):
            message = f"a claim of {len(self._view)} bytes cannot become {size} bytes long"
            raise ValueError(message)
        old, self._view = self._view, self._view[:size]
        old.release()

    def commit(self) -> None:
        """Publishes the message, and wakes the consumer if it sleeps.

        Raises:
            BufferError: The room is still in use, by a numpy array say; the claim stays open.
            Disposed: The claim was committed or abandoned already, or its producer closed.
            Forked: In a forked child.
        """
        producer = self._open_producer()
        size = len(self._view)
        self._view.release()
        self._let_go()
        try:
            producer._commit(self._place, size, self._type, self._flags)
        except BaseException as error:
            producer._recover(error)
            raise

    def abandon(self) -> None:
        """Gives the room back: nobody ever sees the message. Again: no effect.

        Raises:
            BufferError: The room is still in use, by a numpy array say. It is given back all the
                same: do not write to it any more.
        """
        if self._producer is not None:
            self._let_go()

    def _open_producer(self) -> Sender:
        if self._producer is None:
            message = "the claim was committed or abandoned already"
            raise Disposed(message)
        self._producer._attachment.check_usable()
        return self._producer

    def _let_go(self) -> None:
        producer, self._producer = self._producer, None
        if self._head is not None:
            self._head.release()
        try:
            self._view.release()
        finally:
            if producer is not None:
                producer._end_claim(self._claim)

    def __enter__(self) -> memoryview:
        """The room, writable."""
        self._open_producer()
        return self._view

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Publishes, or gives the room back after an exception, which nothing else replaces."""
        if error is not None:
            leave(error, self.abandon)
        elif self._producer is not None:
            try:
                self.commit()
            finally:
                # What could not be published must not stay in the way.
                self.abandon()

    def __del__(self) -> None:
        """Gives the room of a forgotten claim back."""
        if getattr(self, "_view", None) is not None:
            self.abandon()

    def __repr__(self) -> str:
        """Type, size and whether it is open."""
        if self._producer is None:
            return f"<Claim message_type={self._type} closed>"
        return f"<Claim message_type={self._type} size={len(self._view)}>"


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

    __slots__ = ("_producer", "_token")

    def __init__(self, producer: Sender) -> None:
        """An empty batch; see :meth:`SharedMemoryProducer.batch`."""
        self._producer = producer
        # How the producer knows whose messages it holds.
        self._token = object()

    def push(self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0) -> bool:
        """Adds a message.

        When the ring is full it publishes the batch so far and waits for room, up to
        `Options.send_timeout`.

        Returns:
            True when it was added; False when there was no room within the time.

        Raises:
            RingError: As for :meth:`SharedMemoryProducer.send`.
        """
        return self._push(payload, message_type, flags, Wait.AS_OPTIONS)

    def try_push(self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0) -> bool:
        """Adds a message; returns False if there is no room for it behind the batch so far.

        The batch stays as it is then; committing it may help, because the consumer releases only
        what it sees. Never waits.

        Raises:
            RingError: As for :meth:`SharedMemoryProducer.send`.
        """
        return self._push(payload, message_type, flags, 0)

    def _push(self, payload: BytesLike, message_type: int, flags: int, wait: float | Wait) -> bool:
        producer = self._producer
        producer._batched_by = self._token
        return producer._push(as_bytes(payload), message_type, flags, wait)

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
        try:
            self._producer._publish()
        except BaseException as error:
            self._producer._recover(error)
            raise

    def discard(self) -> None:
        """Drops what was added and not published: nobody ever sees it."""
        producer = self._producer
        if producer.is_open and producer._batched_by is self._token:
            producer._discard()

    def __del__(self) -> None:
        """Drops what a forgotten batch has not published."""
        if getattr(self, "_token", None) is not None:
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
