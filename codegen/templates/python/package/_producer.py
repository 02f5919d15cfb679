"""The sending side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ._attach import PRODUCER, attach
from ._claim import BatchWriter, Claim
from ._errors import Full, InvalidUtf8
from ._fragments import PREFIX, count_pieces, piece_size
from ._layout import FLAG_FRAGMENT, FLAG_LAST_FRAGMENT, TYPE_DATA
from ._message import SharedMemoryMessage, as_bytes
from ._options import Options, with_capacity
from ._record import USER_FLAGS
from ._sender import Sender, outgoing
from ._wait import Deadline, Ended
from ._waiter import Waiter
from ._writer import NO_RUN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._payload import Payload
    from ._sender import Sendable
    from ._typing import BytesLike


class SharedMemoryProducer(Sender):
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
            again for 50 ms, and up to 5 s while its holder is just attaching or closing).
        Corrupt: The positions in the ring are impossible.
        Unsupported: This machine or Python cannot do it.
        Io: A system call failed.
    """

    __slots__ = ()

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
            if message_type is not self._type:
                self._use_type(message_type)
            # One turn at most: a run says where the record goes, and what the counters are then.
            for turn in self._run if size == self._like and not flags else NO_RUN:
                index, start, tail, sent, count, position = turn
                pack, bodies, words, word = self._tools
                pack(bodies, start, tail, payload)
                words[index] = word
                # If something interrupts this method before, `_recover` finds a word at the index.
                self._sent = sent
                sent_cell, bytes_cell, position_cell, control_cell = self._cells
                sent_cell[()] = sent
                bytes_cell[()] = count
                position_cell[()] = position
                control = control_cell[()]
                if control != self._quiet:
                    self._quiet = self._link.notify(control)
                return True
            return self._send_single(payload, message_type, flags, timeout_ms)
        except BaseException as error:  # noqa: BLE001 - put straight, and raised again
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
        payload, message_type, flags, fields = outgoing(message, TYPE_DATA, 0)
        if fields is None:
            return self.send(payload, message_type, flags, timeout_ms)
        try:
            return self._put(payload, message_type, flags, timeout_ms, fields)
        except BaseException as error:  # noqa: BLE001 - put straight, and raised again
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
        return self._send_many(messages, message_type, flags, None)

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
            message = f"{self.path}: no room for {size} bytes within {timeout} ms"
            raise Full(message, found=size)
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
            claim._set_all_flags(flags | FLAG_LAST_FRAGMENT if last else flags)
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
        size = len(as_bytes(payload))
        while not self.send(payload, message_type, flags, 0):
            if self._waiter is None:
                self._waiter = Waiter(self._link)
            ended = await self._waiter.wait(partial(self._has_room, size), Deadline(-1))
            self._attachment.check_usable()
            if ended is not None and ended is not Ended.TIMED_OUT:
                # Another task may have sent meanwhile.
                self._end_run()
                self._settle(ended, size)

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


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        message = f"the text is not UTF-8: {error.reason} at {error.start}"
        raise InvalidUtf8(message, found=text) from error
