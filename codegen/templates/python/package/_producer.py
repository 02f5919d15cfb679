"""The sending side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from weakref import ref

from ._attach import PRODUCER, attach
from ._claim import BatchWriter, Claim
from ._errors import Full, InvalidUtf8, RingError
from ._fragments import PREFIX, count_pieces, piece_size
from ._layout import FLAG_FRAGMENT, FLAG_LAST_FRAGMENT, FLAG_URGENT, MESSAGE_HEADER_SIZE, TYPE_DATA
from ._memory import WEAK_ORDER, full_fence
from ._message import SharedMemoryMessage, as_bytes
from ._options import Options
from ._payload import Payload
from ._record import (
    FLAGS_ONE,
    ID_INDEX,
    ID_ONE,
    LENGTH_ONE,
    ROUND_UP,
    SIMPLE_HEADER,
    TYPE_IS_LOW,
    TYPE_ONE,
    U32,
    USER_FLAGS,
    WORD,
)
from ._wait import Deadline
from ._waiter import Waiter
from ._writer import BYTES_SENT, PEER_CONTROL, SENT, WRITE_POSITION, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Union

    from ._typing import BytesLike

    Sendable = Union[BytesLike, SharedMemoryMessage, Payload]

_SHORT_WAY: Final = SIMPLE_HEADER and not TYPE_IS_LOW
"""The header is one word beside the publication word, and no type can reach into the length."""


class SharedMemoryProducer(Writer):
    """The sending side of a ring.

    At most one exists for each ring, in whatever process. After a producer that died, a new one
    goes on behind the last published message.

    Threads: one at a time; `interrupt` and `heartbeat` from any. Blocking: sends and claims wait
    for room up to `Options.send_timeout_ms`; `try_` operations never wait. Waiting gives up the
    interpreter lock, and KeyboardInterrupt ends it. Forking: a forked child has no role; its copy
    of this object raises :class:`Forked`, and the parent's role is untouched.

    ::

        with SharedMemoryProducer("prices", 1 << 20) as producer:
            producer.send_string("hello")
            producer.send(b"raw bytes")

    Raises:
        AttachError: The ring cannot be made or opened, or the role is taken (a taken role is tried
            again for 50 ms).
        Corrupt: The positions in the ring are impossible.
        Unsupported: This machine or Python cannot do it.
        Io: A system call failed.
    """

    __slots__ = ("_claimed", "_waiter")

    def __init__(
        self, name: str, capacity: int | None = None, options: Options | None = None
    ) -> None:
        """Attaches to the ring `name`, and makes it if it is not there.

        Args:
            name: 1 to 200 of `A-Z a-z 0-9 . _ -`, not starting with a dot.
            capacity: Bytes in the data area, rounded up to a power of two; None leaves it to
                `options`.
            options: Everything else.
        """
        options = with_capacity(options, capacity)
        attachment = attach(name, options, PRODUCER)
        self._waiter: Waiter | None = None
        self._claimed: ref[Claim] | None = None
        try:
            super().__init__(attachment, options)
        except BaseException:
            attachment.close()
            raise

    def send(
        self,
        payload: BytesLike,
        message_type: int = TYPE_DATA,
        flags: int = 0,
        timeout_ms: int | None = None,
    ) -> bool:
        """Sends bytes as one message.

        Args:
            payload: The bytes: anything that gives away a contiguous buffer. They are copied.
            message_type: 1 to 2^32 - 1; see `MessageType`.
            flags: See `MessageFlags`; the fragment bits are the engine's and are ignored.
            timeout_ms: How long to wait for room, in milliseconds: -1 without bound, 0 not at all;
                None is `Options.send_timeout_ms`.

        Returns:
            True when it was sent; False when there was no room within the time.

        Raises:
            TooLarge: It does not fit one record; see `send_fragmented`.
            InvalidType: The type is 0 or beyond 32 bits.
            PeerError: The ring is full, and the consumer closed or died, or the file was removed.
            Corrupt: The consumer's position in the ring is impossible.
            UsageError: The object was disposed of, or forked, or a claim is open.
            TypeError: The payload gives no bytes.
        """
        try:
            size = len(payload)
            index = self._index
            end = index + (size + ROUND_UP) // WORD
            if end < self._bound and message_type and _SHORT_WAY:
                words = self._words
                if size % WORD:
                    words[end - 1] = 0
                start = index * WORD + MESSAGE_HEADER_SIZE
                self._memory[start : start + size] = payload  # type: ignore[assignment]
                tail = self._tail
                if flags:
                    words[index + ID_INDEX] = tail + (int(flags) & USER_FLAGS) * FLAGS_ONE
                else:
                    words[index + ID_INDEX] = tail
                words[end] = 0
                if WEAK_ORDER:
                    full_fence()
                words[index] = (size + MESSAGE_HEADER_SIZE) * LENGTH_ONE + message_type * TYPE_ONE
                # Now it is sent. The index comes last of this object's own state: whatever
                # interrupts this method before, `_recover` finds the word at the old index.
                self._tail = tail + ID_ONE
                self._sent = sent = self._sent + 1
                self._bytes = count = self._bytes + size
                self._index = end
                words[SENT] = sent
                words[BYTES_SENT] = count
                if WEAK_ORDER:
                    full_fence()
                words[WRITE_POSITION] = end * WORD + self._base
                control = self._halves[PEER_CONTROL]
                if control != self._quiet:
                    self._link.notify(control)
                return True
            if not isinstance(payload, bytes):
                payload = as_bytes(payload)
            return self._put(payload, message_type, flags, timeout_ms)
        except BaseException as error:
            return self._send_anew(error, payload, message_type, flags, timeout_ms)

    def try_send(self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0) -> bool:
        """Sends bytes if there is room now, else returns False. Never waits.

        "Full" may stop being so at any moment: the consumer releases concurrently.

        Raises:
            RingError: As for :meth:`send`.
        """
        return self.send(payload, message_type, flags, 0)

    def send_string(self, text: str, flags: int = 0) -> bool:
        """Sends text as plain data in UTF-8. Waits and answers as :meth:`send` does.

        Raises:
            InvalidUtf8: The text has half of a surrogate pair.
            RingError: As for :meth:`send`.
        """
        return self.send(_encode(text), TYPE_DATA, flags)

    def try_send_string(self, text: str, flags: int = 0) -> bool:
        """Sends text if there is room now, else returns False. Never waits.

        Raises:
            RingError: As for :meth:`send_string`.
        """
        return self.send(_encode(text), TYPE_DATA, flags, 0)

    def send_typed(self, value: Payload, flags: int = 0) -> bool:
        """Sends one of the spec's structs under its own type, or as plain data if it has none.

        Waits and answers as :meth:`send` does.

        Raises:
            struct.error: A number does not fit its field.
            ValueError: A text or array does not fit its field.
            RingError: As for :meth:`send`.
        """
        return self.send(value.pack(), value.MESSAGE_TYPE or TYPE_DATA, flags)

    def try_send_typed(self, value: Payload, flags: int = 0) -> bool:
        """Sends a struct if there is room now, else returns False. Never waits.

        Raises:
            RingError: As for :meth:`send_typed`.
        """
        return self.send(value.pack(), value.MESSAGE_TYPE or TYPE_DATA, flags, 0)

    def send_message(self, message: SharedMemoryMessage) -> bool:
        """Sends a message with its type, flags and header fields.

        Waits and answers as :meth:`send` does.

        Raises:
            RingError: As for :meth:`send`.
        """
        return self._send_message(message, None)

    def try_send_message(self, message: SharedMemoryMessage) -> bool:
        """Sends a message if there is room now, else returns False. Never waits.

        Raises:
            RingError: As for :meth:`send`.
        """
        return self._send_message(message, 0)

    def _send_message(self, message: SharedMemoryMessage, timeout_ms: int | None) -> bool:
        payload, message_type, flags, fields = _outgoing(message, TYPE_DATA, 0)
        if fields is None:
            return self.send(payload, message_type, flags, timeout_ms)
        try:
            return self._put(payload, message_type, flags, timeout_ms, fields)
        except BaseException as error:
            return self._send_anew(error, payload, message_type, flags, timeout_ms)

    def send_batch(
        self, messages: Iterable[Sendable], message_type: int = TYPE_DATA, flags: int = 0
    ) -> int:
        """Sends many messages with as few publications as the ring's size allows.

        Waits for room as :meth:`send` does, for each that finds none.

        Args:
            messages: Bytes, which are sent with the given type and flags; messages and structs,
                which have their own.
            message_type: For those that are bytes.
            flags: For those that are bytes or structs.

        Returns:
            How many were sent: all, or those before the first that found no room in time.

        Raises:
            RingError: As for :meth:`send`, and only if none was sent.
        """
        return self._send_many(messages, message_type, flags, self._options.send_timeout_ms)

    def try_send_batch(
        self, messages: Iterable[Sendable], message_type: int = TYPE_DATA, flags: int = 0
    ) -> int:
        """Sends as many of the first messages as there is room for now. Never waits.

        Returns:
            How many were sent.

        Raises:
            RingError: As for :meth:`send`, and only if none was sent.
        """
        return self._send_many(messages, message_type, flags, 0)

    def batch(self) -> BatchWriter:
        """Starts a batch to which messages are added one by one.

        ::

            with producer.batch() as batch:
                for price in prices:
                    batch.push_typed(price)
        """
        return BatchWriter(self)

    def claim(self, size: int, message_type: int = TYPE_DATA) -> Claim:
        """Claims room for a payload of `size` bytes, to be filled in place: no copy is made.

        ::

            with producer.claim(64) as view:
                view[:5] = b"hello"

        Raises:
            Full: There was no room within `Options.send_timeout_ms`.
            RingError: As for :meth:`send`.
        """
        claim = self._claim(size, message_type, None)
        if claim is None:
            timeout = self._options.send_timeout_ms
            raise Full(f"{self.path}: no room for {size} bytes within {timeout} ms", found=size)
        return claim

    def try_claim(self, size: int, message_type: int = TYPE_DATA) -> Claim | None:
        """Claims room if there is some now, else returns None. Never waits.

        Raises:
            RingError: As for :meth:`send`.
        """
        return self._claim(size, message_type, 0)

    def send_fragmented(
        self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0
    ) -> bool:
        """Sends a message of any size, in pieces where one record is too small.

        The receiver puts them together, up to its `Options.max_message_size`. Each piece waits for
        room by itself; after a failure the receiver drops what has come.

        Returns:
            True when it was sent; False when a piece found no room in time.

        Raises:
            RingError: As for :meth:`send`.
        """
        view = memoryview(payload).cast("B")
        size = piece_size(self._largest, self._options.fragment_size)
        if len(view) <= size:
            return self.send(view, message_type, flags)
        each = size - PREFIX.size
        count = count_pieces(len(view), each)
        flags = int(flags) & USER_FLAGS | FLAG_FRAGMENT
        for piece in range(count):
            part = view[piece * each : (piece + 1) * each]
            claim = self._claim(PREFIX.size + len(part), message_type, None)
            if claim is None:
                return False
            last = piece + 1 == count
            claim.set_engine_flags(flags | FLAG_LAST_FRAGMENT if last else flags)
            with claim as room:
                PREFIX.pack_into(room, 0, piece, count)
                room[PREFIX.size :] = part
        return True

    async def send_async(
        self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0
    ) -> None:
        """Sends bytes; waits for room without blocking asyncio's event loop.

        Cancelling it is safe: either the message was sent, or nothing of it is visible.

        Raises:
            RingError: As for :meth:`send`.
        """
        while not self.send(payload, message_type, flags, 0):
            size = len(as_bytes(payload))
            if self._waiter is None:
                self._waiter = Waiter(self._link)
            await self._waiter.wait(lambda: self._has_room(size), Deadline(-1))

    def interrupt(self) -> None:
        """Ends a wait for room in another thread, as if its time were over."""
        self._link.interrupt()

    def dispose(self) -> None:
        """Closes: what was sent stays readable, and the consumer is told. Again: no effect.

        Raises:
            BufferError: A part of the ring's memory is still in use, by a slice or a numpy array.
                The ring is closed all the same, and unmapped when that part goes.
        """
        attachment = self._attachment
        if attachment.is_open:
            if self._waiter is not None:
                self._waiter.close()
            claim = None if self._claimed is None else self._claimed()
            if claim is not None:
                claim.abandon()
            self._discard()
            attachment.announce_closed(PRODUCER)
            super().dispose()

    # What the above is made of

    def _send_anew(
        self,
        error: BaseException,
        payload: BytesLike,
        message_type: int,
        flags: int,
        timeout_ms: int | None,
    ) -> bool:
        """After a send that failed: puts things straight, and finds out what was wrong.

        Raises the error, or a clearer one; but sends once more when it was only that the payload's
        length is not counted in bytes.
        """
        self._attachment.check_usable()
        self._recover()
        if isinstance(error, IndexError):
            return self._put(as_bytes(payload), message_type, flags, timeout_ms)
        if isinstance(error, ValueError):
            self._admit(0, message_type)
        if isinstance(error, TypeError):
            as_bytes(payload)
        raise error

    def _put(
        self,
        payload: BytesLike,
        message_type: int,
        flags: int,
        timeout_ms: int | None,
        fields: bytes | None = None,
    ) -> bool:
        """Sends on the long way: every check, waiting, and records that cross the lap's end."""
        self._publish()
        if not self._stage(payload, message_type, int(flags) & USER_FLAGS, timeout_ms, fields):
            return False
        self._flush()
        return True

    def _stage(
        self,
        payload: BytesLike,
        message_type: int,
        flags: int,
        timeout_ms: int | None,
        fields: bytes | None = None,
    ) -> bool:
        """Adds a message to what is staged; False when there was no room within the time."""
        size = len(payload)
        self._admit(size, message_type)
        place = self._await_room(size, timeout_ms)
        if place is None:
            return False
        index = place[0]
        self._prepare(index, size, flags, fields)
        start = index * WORD + MESSAGE_HEADER_SIZE
        self._memory[start : start + size] = payload  # type: ignore[assignment]
        self._seal(place, size, message_type)
        if flags & FLAG_URGENT:
            self._flush()
        return True

    def _push(
        self, payload: BytesLike, message_type: int, flags: int, timeout_ms: int | None
    ) -> bool:
        """Adds a message to a batch."""
        try:
            return self._stage(payload, message_type, int(flags) & USER_FLAGS, timeout_ms)
        except BaseException:
            self._recover()
            raise

    def _publish(self) -> None:
        """Publishes a batch so far."""
        self._attachment.check_usable()
        self._flush()

    def _send_many(
        self, messages: Iterable[Sendable], message_type: int, flags: int, timeout_ms: int
    ) -> int:
        items = messages if isinstance(messages, (list, tuple)) else list(messages)
        sent = 0
        try:
            self._publish()
            self._admit(0, message_type)
            flags = int(flags) & USER_FLAGS
            while sent < len(items):
                sent += self._stage_run(items, sent, message_type, flags)
                if sent < len(items):
                    payload, own, own_flags, fields = _outgoing(items[sent], message_type, flags)
                    if not self._stage(payload, own, own_flags, timeout_ms, fields):
                        break
                    sent += 1
        except RingError:
            if not sent or not self.is_open:
                raise
        except BaseException:
            self._recover()
            self._flush()
            raise
        self._flush()
        return sent

    def _stage_run(
        self, items: Sequence[Sendable], start: int, message_type: int, flags: int
    ) -> int:
        """Stages bytes on the short way, as many as there are one after the other.

        Returns how many.
        """
        if not _SHORT_WAY or flags:
            return 0
        words, memory = self._words, self._memory
        bound = self._reach(self._position)
        index, tail, total, run = self._index, (self._sent & U32) * ID_ONE, 0, 0
        own = message_type * TYPE_ONE + MESSAGE_HEADER_SIZE * LENGTH_ONE
        self._torn = True
        first = self._first
        if not first[1]:
            self._mark = (self._position, self._sent, self._bytes, index)
        for run, payload in enumerate(items[start:] if start else items):
            if payload.__class__ is not bytes:
                break
            size = len(payload)  # type: ignore[arg-type]
            end = index + (size + ROUND_UP) // WORD
            if end >= bound:
                break
            if size % WORD:
                words[end - 1] = 0
            at = index * WORD + MESSAGE_HEADER_SIZE
            memory[at : at + size] = payload  # type: ignore[assignment]
            words[index + ID_INDEX] = tail
            if first[1]:
                words[index] = own + size * LENGTH_ONE
            else:
                first = (index, own + size * LENGTH_ONE)
            tail += ID_ONE
            total += size
            index = end
        else:
            run += 1
        if run:
            words[index] = 0
            self._first = first
            self._sent += run
            self._bytes += total
            self._index = index
            self._bound = 0
        self._torn = False
        return run

    def _claim(self, size: int, message_type: int, timeout_ms: int | None) -> Claim | None:
        if size < 0:
            message = f"a claim of {size} bytes"
            raise ValueError(message)
        self._publish()
        self._admit(size, message_type)
        place = self._await_room(size, timeout_ms)
        if place is None:
            return None
        claim = Claim(self, place, size, message_type)
        self._claimed = ref(claim)
        self._busy = "a claim"
        self._bound = 0
        return claim

    def _end_claim(self) -> None:
        self._claimed = None
        self._busy = ""
        if self._attachment.is_open:
            self._refresh()

    def _commit(
        self, place: tuple[int, int], size: int, message_type: int, flags: int
    ) -> None:
        """Publishes a record that was filled in place."""
        start = place[0] * WORD
        self._prepare(place[0], size, flags, self._view[start : start + MESSAGE_HEADER_SIZE])
        self._seal(place, size, message_type)
        self._flush()


def with_capacity(options: Options | None, capacity: int | None) -> Options:
    """Options with a capacity that was given apart from them."""
    if capacity is None:
        return options or Options()
    return replace(options or Options(), capacity=capacity)


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        message = f"the text is not UTF-8: {error.reason} at {error.start}"
        raise InvalidUtf8(message, found=text) from error


def _outgoing(
    item: Sendable, message_type: int, flags: int
) -> tuple[BytesLike, int, int, bytes | None]:
    """Payload, type, flags and header fields of something to be sent."""
    if isinstance(item, Payload):
        return item.pack(), item.MESSAGE_TYPE or TYPE_DATA, flags, None
    if isinstance(item, SharedMemoryMessage):
        own_flags = int(item.flags) & USER_FLAGS
        return as_bytes(item.payload), item.message_type, own_flags, item.header_fields
    return as_bytes(item), message_type, flags, None
