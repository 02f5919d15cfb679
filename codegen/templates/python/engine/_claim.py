"""Writing a message in place."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from .._headers import HEADER_HAS_FIELDS, HeaderFields
from .._layout import MESSAGE_HEADER_SIZE
from ._closing import leave
from ._errors import Disposed
from ._record import USER_FLAGS, WORD, type_of

if TYPE_CHECKING:
    from types import TracebackType

    from ._sender import Sender


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
        "_flags",
        "_head",
        "_sender",
        "_start",
        "_token",
        "_type_word",
        "_view",
    )

    def __init__(
        self, sender: Sender, buffer: memoryview, index: int, size: int, word: int
    ) -> None:
        """For producers; see :meth:`SharedMemoryProducer.claim`."""
        self._buffer = buffer
        self._start = index * WORD
        # The publication word of an empty message of the type.
        self._type_word = word
        self._flags = 0
        # The header as its fields see it, once they are asked for.
        self._head: memoryview | None = None
        # How the producer knows this claim again.
        self._token = ref(self)
        payload = self._start + MESSAGE_HEADER_SIZE
        buffer[self._start + WORD : payload] = bytes(MESSAGE_HEADER_SIZE - WORD)
        self._view = buffer[payload : payload + size]
        # From here on it is open.
        self._sender: Sender | None = sender

    @property
    def is_open(self) -> bool:
        """False once it was committed or abandoned."""
        return self._sender is not None

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
        self._open_sender()
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
        sender = self._open_sender()
        size, fields = len(self._view), None
        self._view.release()
        if HEADER_HAS_FIELDS:
            fields = self._buffer[self._start : self._start + MESSAGE_HEADER_SIZE]
        try:
            sender.commit_claim(size, self._type_word, self._flags, fields)
        finally:
            self._let_go()

    def abandon(self) -> None:
        """Gives the room back: nobody ever sees the message. Again: no effect.

        Raises:
            BufferError: The room is still in use, by a numpy array say. It is given back all the
                same: do not write to it any more.
        """
        if self._sender is not None:
            self._let_go()

    def _open_sender(self) -> Sender:
        if self._sender is None:
            message = "the claim was committed or abandoned already"
            raise Disposed(message)
        self._sender.check_open()
        return self._sender

    def _let_go(self) -> None:
        sender, self._sender = self._sender, None
        if self._head is not None:
            self._head.release()
        try:
            self._view.release()
        finally:
            if sender is not None:
                sender.end(self._token)

    def __enter__(self) -> memoryview:
        """The room, writable."""
        self._open_sender()
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
        elif self._sender is not None:
            try:
                self.commit()
            finally:
                # What could not be published must not stay in the way.
                self.abandon()

    def __del__(self) -> None:
        """Gives the room of a forgotten claim back."""
        if getattr(self, "_sender", None) is not None:
            self.abandon()

    def __repr__(self) -> str:
        """Type, size and whether it is open."""
        if self._sender is None:
            return f"<Claim message_type={type_of(self._type_word)} closed>"
        return f"<Claim message_type={type_of(self._type_word)} size={len(self._view)}>"
