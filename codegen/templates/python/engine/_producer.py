"""The sending side."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .._layout import FLAG_FRAGMENT, FLAG_LAST_FRAGMENT, TYPE_DATA
from ._attach import attach
from ._batch import BatchWriter
from ._endpoint import Side
from ._errors import InvalidUtf8, Timeout
from ._fragments import PREFIX, count_pieces, piece_size
from ._message import SharedMemoryMessage, as_bytes
from ._options import Options, with_capacity
from ._record import USER_FLAGS
from ._roles import PRODUCER
from ._sender import Sender, outgoing
from ._times import Deadline, Wait
from ._wait import Link
from ._writer import RingWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._claim import Claim
    from ._payload import Payload
    from ._sender import Sendable
    from ._typing import BytesLike


class SharedMemoryProducer(Side):
    """The sending side of a ring.

    At most one exists for each ring, in whatever process. After a producer that died, a new one
    goes on behind the last published message.

    Threads: one at a time (:class:`Busy`); `interrupt`, `heartbeat` and `close` from any. Blocking:
    sends and claims wait for room up to `Options.send_timeout`, in seconds; `try_` operations never
    wait. A consumer that closes (:class:`Closed`) or dies (:class:`PeerDied`) is told once, and
    only when the ring is full; the next call waits for the next consumer. A removed file
    (:class:`Removed`) is told for ever, at the latest 100 ms or 128 KiB after it was removed.
    Waiting gives up the interpreter lock, and KeyboardInterrupt ends it. Forking: a forked child
    has no role; its copy of this object raises :class:`Forked`, and the parent's role is untouched.

    What a send has published is never lost, however this process ends; what it has not, is never
    seen.

    ::

        with SharedMemoryProducer("prices", 1 << 20) as producer:
            producer.send_string("hello")
            producer.send(b"raw bytes")

    Raises:
        AttachError: The ring cannot be made or opened, or the role is taken (a taken role is tried
            again for 50 ms, and up to 5 s while its holder is just attaching or closing).
        Corrupt: The positions in the ring are impossible.
        Unsupported: This machine, Python or file system cannot do it.
        Io: A system call failed.
    """

    __slots__ = ("_sender",)

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
            writer = RingWriter(attachment)
            link = writer.link = Link(attachment, PRODUCER, options)
            super().__init__(attachment, link)
            self._sender = Sender(attachment, writer, link, options)
            attachment.announce(PRODUCER)
        except BaseException:
            attachment.close()
            raise

    def send(
        self,
        payload: BytesLike,
        message_type: int = TYPE_DATA,
        flags: int = 0,
        timeout: float | Wait | None = Wait.AS_OPTIONS,
    ) -> bool:
        """Sends bytes as one message.

        Args:
            payload: The bytes: anything that gives away a contiguous buffer. They are copied.
            message_type: 1 to 2^32 - 1; see `MessageType`.
            flags: See `MessageFlags`; the fragment bits are the engine's and are ignored.
            timeout: How long to wait for room, in seconds: None without bound, 0 not at all; if it
                is left out, `Options.send_timeout`.

        Returns:
            True when it was sent; False when there was no room within the time.

        Raises:
            TooLarge: It does not fit one record; see `send_fragmented`.
            InvalidType: The type is 0 or beyond 32 bits.
            Removed: The file was removed. Nothing was sent.
            Closed, PeerDied: The ring is full, and the consumer closed or died.
            Corrupt: The consumer's position in the ring is impossible.
            UsageError: The object was closed, or forked, or a claim is open.
            TypeError: The payload gives no bytes.
            ValueError: There is no room, and the time is negative or not a number.
        """
        # The usual case needs neither room nor checks.
        sender = self._sender
        writer = sender.writer
        mark = writer.tip
        try:
            usual = payload.__class__ is bytes and not flags and sender.open is None
            if usual and writer.send(payload, message_type):  # type: ignore[arg-type]
                return True
        except BaseException as error:
            sender.recover(error, mark)
            raise
        return sender.send(payload, message_type, flags, timeout)

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
        return self.send(value._pack(), value.MESSAGE_TYPE or TYPE_DATA, flags)

    def try_send_typed(self, value: Payload, flags: int = 0) -> bool:
        """Sends a struct if there is room now, else returns False. Never waits.

        Raises:
            RingError: As for :meth:`send_typed`.
        """
        return self.send(value._pack(), value.MESSAGE_TYPE or TYPE_DATA, flags, 0)

    def send_message(self, message: SharedMemoryMessage) -> bool:
        """Sends a message with its type, flags and header fields.

        Waits and answers as :meth:`send` does.

        Raises:
            RingError: As for :meth:`send`.
        """
        return self._send_message(message, Wait.AS_OPTIONS)

    def try_send_message(self, message: SharedMemoryMessage) -> bool:
        """Sends a message if there is room now, else returns False. Never waits.

        Raises:
            RingError: As for :meth:`send`.
        """
        return self._send_message(message, 0)

    def _send_message(self, message: SharedMemoryMessage, wait: float | Wait | None) -> bool:
        payload, message_type, flags, fields = outgoing(message, TYPE_DATA, 0)
        return self._sender.send(payload, message_type, flags, wait, fields)

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
        return self._sender.send_many(messages, message_type, flags, Wait.AS_OPTIONS)

    def try_send_batch(
        self, messages: Iterable[Sendable], message_type: int = TYPE_DATA, flags: int = 0
    ) -> int:
        """Sends as many of the first messages as there is room for now. Never waits.

        Returns:
            How many were sent.

        Raises:
            RingError: As for :meth:`send`, and only if none was sent.
        """
        return self._sender.send_many(messages, message_type, flags, 0)

    def batch(self) -> BatchWriter:
        """Starts a batch to which messages are added one by one.

        ::

            with producer.batch() as batch:
                for price in prices:
                    batch.push_typed(price)
        """
        return BatchWriter(self._sender)

    def claim(self, size: int, message_type: int = TYPE_DATA) -> Claim:
        """Claims room for a payload of `size` bytes, to be filled in place: no copy is made.

        ::

            with producer.claim(64) as view:
                view[:5] = b"hello"

        Raises:
            Timeout: There was no room within `Options.send_timeout`.
            RingError: As for :meth:`send`.
        """
        claim = self._sender.claim(size, message_type, Wait.AS_OPTIONS)
        if claim is None:
            seconds = self._sender.options.send_timeout
            message = f"{self.path}: no room for {size} bytes within {seconds} s"
            raise Timeout(message, found=size)
        return claim

    def try_claim(self, size: int, message_type: int = TYPE_DATA) -> Claim | None:
        """Claims room if there is some now, else returns None. Never waits.

        Raises:
            RingError: As for :meth:`send`.
        """
        return self._sender.claim(size, message_type, 0)

    def send_fragmented(
        self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0
    ) -> bool:
        """Sends a message of any size, in pieces where one record is too small.

        The receiver puts them together, up to its `Options.max_message_size`. All pieces together
        wait for room as long as one message may; after a failure the receiver drops what has come.

        Returns:
            True when it was sent; False when a piece found no room in time.

        Raises:
            RingError: As for :meth:`send`.
        """
        view = memoryview(payload).cast("B")
        size = piece_size(self.largest_payload, self._sender.options.fragment_size)
        if len(view) <= size:
            return self.send(view, message_type, flags)
        each = size - PREFIX.size
        count = count_pieces(len(view), each)
        deadline = Deadline(self._sender.options.send_timeout)
        flags = int(flags) & USER_FLAGS | FLAG_FRAGMENT
        for piece in range(count):
            part = view[piece * each : (piece + 1) * each]
            claim = self._sender.claim(PREFIX.size + len(part), message_type, deadline)
            if claim is None:
                return False
            last = piece + 1 == count
            claim._set_all_flags(flags | FLAG_LAST_FRAGMENT if last else flags)
            with claim as room:
                PREFIX.pack_into(room, 0, piece, count)
                room[PREFIX.size :] = part
        return True

    # Without blocking asyncio's event loop

    def set_send_timeout(self, timeout: float | None) -> None:
        """Changes how long sends and claims wait for room, in seconds; None is without bound.

        Raises:
            ValueError: The time is negative, or not a number.
        """
        self._sender.options = replace(self._sender.options, send_timeout=timeout)

    async def send_async(
        self,
        payload: BytesLike,
        message_type: int = TYPE_DATA,
        flags: int = 0,
        timeout: float | Wait | None = Wait.AS_OPTIONS,
    ) -> bool:
        """As :meth:`send`; other tasks run while it waits for room.

        Cancelling it is safe: either the message was sent, or nothing of it is visible. One task at
        a time: a second one that waits gets :class:`Busy`.

        Raises:
            RingError: As for :meth:`send`.
        """
        send = partial(self.send, payload, message_type, flags)
        return await self._send_later(send, len(as_bytes(payload)), timeout)

    async def _send_later(
        self, send: Callable[[Wait], bool], size: int, timeout: float | Wait | None
    ) -> bool:
        seconds = self._sender.options.send_timeout if isinstance(timeout, Wait) else timeout
        deadline = Deadline(seconds)
        while not send(Wait.LOOK):
            if not await self._sender.wait_async(size, deadline):
                return False
        return True

    async def send_string_async(self, text: str, flags: int = 0) -> bool:
        """As :meth:`send_string`, in the way of :meth:`send_async`.

        Raises:
            RingError: As for :meth:`send_string`.
        """
        return await self.send_async(_encode(text), TYPE_DATA, flags)

    async def send_typed_async(self, value: Payload, flags: int = 0) -> bool:
        """As :meth:`send_typed`, in the way of :meth:`send_async`.

        Raises:
            RingError: As for :meth:`send_typed`.
        """
        return await self.send_async(value._pack(), value.MESSAGE_TYPE or TYPE_DATA, flags)

    async def send_message_async(self, message: SharedMemoryMessage) -> bool:
        """As :meth:`send_message`, in the way of :meth:`send_async`.

        Raises:
            RingError: As for :meth:`send_message`.
        """
        send = partial(self._send_message, message)
        return await self._send_later(send, len(message.payload), Wait.AS_OPTIONS)

    # What every side has

    def free_bytes(self) -> int:
        """Bytes that can be sent now without waiting, each message's header included.

        A lower bound: messages take a multiple of 8 bytes, and the consumer releases concurrently.
        What is added to a batch and not published counts as sent.

        Raises:
            Corrupt: The consumer's position in the ring is impossible.
            UsageError: The object was closed, or forked.
        """
        self._attachment.check_usable()
        return self._sender.writer.free_bytes()

    def _retire(self) -> None:
        """Drops what was claimed, or staged."""
        self._sender.retire()

    def _is_drained(self) -> bool:
        """Whether all that was published was received."""
        return self._sender.writer.is_drained()


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        message = f"the text is not UTF-8: {error.reason} at {error.start}"
        raise InvalidUtf8(message, found=text) from error
