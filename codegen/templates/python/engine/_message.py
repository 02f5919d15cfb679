"""Messages: to be sent, received as a copy, or borrowed where they lie in the ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from weakref import ref

from .._headers import HEADER_HAS_FIELDS, HeaderFields
from .._layout import HAS_TIMESTAMP, MESSAGE_HEADER_SIZE, TIMESTAMP_OFFSET, TYPE_DATA
from ._closing import leave
from ._errors import Disposed, MessageError, TypeMismatch
from ._payload import text_of
from ._record import WORD, as_words, flags_of, id_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ._payload import Payload
    from ._receiver import Receiver
    from ._typing import BytesLike

Struct = TypeVar("Struct", bound="Payload")

_RELEASED = memoryview(b"")
_RELEASED.release()


def as_bytes(payload: BytesLike) -> BytesLike:
    """A buffer whose length counts bytes.

    Raises:
        TypeError: It gives no bytes, or they are not contiguous.
    """
    if isinstance(payload, (bytes, bytearray)):
        return payload
    if isinstance(payload, str):
        message = "a payload is bytes; send_string() sends text"
        raise TypeError(message)
    try:
        view = memoryview(payload)
    except TypeError:
        message = f"a payload is bytes or gives bytes away, {type(payload).__name__} does not"
        raise TypeError(message) from None
    plain = view.format == "B" and view.ndim == 1 and view.c_contiguous
    return view if plain else view.cast("B")


def struct_of(
    kind: type[Struct], message_type: int, payload: BytesLike, *, exact: bool = False
) -> Struct:
    """A payload as one of the spec's structs.

    A struct with a message type is taken from messages of this type and from plain data, any other
    one from plain data.

    Raises:
        TypeMismatch: The message is of another type.
        SizeMismatch: The payload has a size that no version of the struct has.
    """
    expected = kind.MESSAGE_TYPE or TYPE_DATA
    if message_type not in {expected, TYPE_DATA}:
        raise _another_type(expected, message_type, f": no {kind.__name__}")
    return kind._unpack(payload, exact=exact)


def judge_of(
    kind: int | type[Payload], *, exact: bool
) -> Callable[[int, int], MessageError | None]:
    """What tells by a message's type and payload size what is wrong with it; None if nothing is."""
    if isinstance(kind, int):
        return lambda found, _: None if found == kind else _another_type(kind, found)
    expected = kind.MESSAGE_TYPE or TYPE_DATA

    def judge(message_type: int, size: int) -> MessageError | None:
        if message_type not in {expected, TYPE_DATA}:
            return _another_type(expected, message_type, f": no {kind.__name__}")
        return kind._size_error(size, exact=exact)

    return judge


def _another_type(expected: int, found: int, name: str = "") -> TypeMismatch:
    message = f"expected message type {expected}, found {found}{name}"
    return TypeMismatch(message, expected=expected, found=found)


class SharedMemoryMessage:
    """A message that owns its bytes: to be sent, or copied from the ring.

    ::

        message = SharedMemoryMessage(MessageType.DATA, b"hello")
        producer.send_message(message)

    Attributes:
        message_type: See `MessageType`; any other number is as good.
        payload: Its bytes.
        flags: See `MessageFlags`; unknown bits are carried as they are.
        message_id: Its number in the ring that it came from: counts up by one for each record, and
            wraps. Ignored when it is sent.
        timestamp_ns: When it was sent, in nanoseconds of the host's monotonic clock; 0 if the
            protocol stamps no time. Ignored when it is sent.
    """

    __slots__ = ("_fields", "flags", "message_id", "message_type", "payload", "timestamp_ns")

    def __init__(
        self,
        message_type: int = TYPE_DATA,
        payload: BytesLike = b"",
        flags: int = 0,
        message_id: int = 0,
    ) -> None:
        """A message with a copy of this payload."""
        self.message_type = message_type
        self.payload = payload if isinstance(payload, bytes) else bytes(as_bytes(payload))
        self.flags = flags
        self.message_id = message_id
        self.timestamp_ns = 0
        self._fields: bytearray | bytes | None = None

    @classmethod
    def _with_header(
        cls, message_type: int, header: BytesLike, payload: bytes
    ) -> SharedMemoryMessage:
        """A copy of a received message; `header` is its whole header."""
        view = memoryview(header)
        words = as_words(view)
        message = cls(message_type, payload, flags_of(view, 0), id_of(words, 0))
        if HAS_TIMESTAMP:
            message.timestamp_ns = words[TIMESTAMP_OFFSET // WORD]
        if HEADER_HAS_FIELDS:
            message._fields = bytes(view)
        return message

    @property
    def _header_fields(self) -> bytearray | bytes | None:
        """A header that holds the fields without a role; None if none was set or received."""
        return self._fields

    @property
    def header(self) -> HeaderFields:
        """The header's fields that are the spec's own: as received, or to be sent."""
        if not isinstance(self._fields, bytearray):
            self._fields = bytearray(self._fields or MESSAGE_HEADER_SIZE)
        return HeaderFields(self._fields)

    def text(self) -> str:
        """The payload as text.

        Raises:
            InvalidUtf8: It is not UTF-8.
        """
        return text_of(self.payload)

    def decode(self, kind: type[Struct], *, exact: bool = False) -> Struct:
        """The payload as one of the spec's structs.

        A longer payload is that of a newer version, of which the known part is read; with `exact`
        it is refused.

        Raises:
            TypeMismatch: The message is of another type, and not plain data.
            SizeMismatch: The payload has a size that no version of the struct has.
        """
        return struct_of(kind, self.message_type, self.payload, exact=exact)

    def __eq__(self, other: object) -> bool:
        """Same type, flags and bytes; ids and times do not count."""
        if not isinstance(other, SharedMemoryMessage):
            return NotImplemented
        mine = (self.message_type, self.flags, self.payload)
        return mine == (other.message_type, other.flags, other.payload)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Everything but the payload's bytes."""
        return (
            f"SharedMemoryMessage(message_type={self.message_type}, "
            f"{len(self.payload)} bytes, flags={self.flags:#x}, message_id={self.message_id})"
        )


class ReceivedMessage:
    """A message received in place: its bytes lie in the ring until it is released.

    As a context manager it is released at the end. Until then its consumer can receive nothing
    else (:class:`Busy`), and its sender cannot write over it. A correct sender leaves a published
    message alone; take a copy (:meth:`SharedMemoryConsumer.receive_message`) where the sender is
    not trusted. After release the payload's memoryview is invalid; do not keep slices of it or
    arrays on it.

    ::

        with consumer.borrow() as message:
            total = sum(message.payload)

    Attributes:
        message_type: Its type.
        payload: Its bytes, read-only, until it is released.
    """

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_head",
        "_receiver",
        "_start",
        "_token",
        "message_type",
        "payload",
    )

    def __init__(
        self,
        receiver: Receiver | None,
        message_type: int,
        buffer: memoryview,
        start: int,
        payload: memoryview,
    ) -> None:
        """For consumers; the header starts at byte `start` of `buffer`."""
        self._buffer = buffer
        self._start = start
        # The header as its fields see it, once they are asked for.
        self._head: memoryview | None = None
        # How the consumer knows this message again.
        self._token = ref(self)
        self.message_type = message_type
        self.payload = payload
        # From here on it is open.
        self._receiver = receiver

    @property
    def message_id(self) -> int:
        """Its number: counts up by one for each record of the ring, and wraps."""
        return id_of(as_words(self._header()), 0)

    @property
    def flags(self) -> int:
        """Its flags; unknown bits are carried as they are."""
        return flags_of(self._header(), 0)

    @property
    def timestamp_ns(self) -> int:
        """When it was sent, by the host's monotonic clock; 0 if the protocol stamps no time."""
        if not HAS_TIMESTAMP:
            return 0
        sent: int = as_words(self._header())[TIMESTAMP_OFFSET // WORD]
        return sent

    @property
    def header(self) -> HeaderFields:
        """The header's fields that are the spec's own, read-only, until it is released."""
        if self._head is None:
            self._head = self._header().toreadonly()
        return HeaderFields(self._head)

    def _header(self) -> memoryview:
        try:
            return self._buffer[self._start : self._start + MESSAGE_HEADER_SIZE]
        except ValueError:
            message = "the message was released already"
            raise Disposed(message) from None

    def text(self) -> str:
        """The payload as text.

        Raises:
            InvalidUtf8: It is not UTF-8.
        """
        return text_of(self.payload)

    def decode(self, kind: type[Struct], *, exact: bool = False) -> Struct:
        """The payload as one of the spec's structs, copied; `kind.View(payload)` copies nothing.

        A longer payload is that of a newer version, of which the known part is read; with `exact`
        it is refused.

        Raises:
            TypeMismatch: The message is of another type, and not plain data.
            SizeMismatch: The payload has a size that no version of the struct has.
        """
        return struct_of(kind, self.message_type, self.payload, exact=exact)

    @property
    def is_open(self) -> bool:
        """False once its room was given back; always for messages that came in pieces."""
        return self._receiver is not None

    def release(self) -> None:
        """Gives the room back to the producer. Again: no effect.

        Raises:
            BufferError: The payload's memory is still in use; the message stays borrowed.
        """
        receiver = self._receiver
        self.payload.release()
        self._invalidate()
        if receiver is not None:
            receiver.end_borrow(self._token)

    def _invalidate(self) -> None:
        """For a consumer that closes: makes the message unusable, but does not receive it."""
        self._receiver = None
        self._buffer = _RELEASED
        if self._head is not None:
            self._head.release()
            self._head = None
        self.payload.release()

    def __enter__(self) -> ReceivedMessage:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Releases; what that raises never replaces an exception of the body."""
        leave(error, self.release)

    def __del__(self) -> None:
        """Releases what was forgotten."""
        if getattr(self, "_receiver", None) is not None:
            self.release()

    def __repr__(self) -> str:
        """Type and whether it is released."""
        released = " released" if self._receiver is None else ""
        return f"<ReceivedMessage message_type={self.message_type}{released}>"
