"""The receiving side."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from ._attach import attach
from ._discard import discard
from ._drain import drain
from ._endpoint import Side
from ._errors import Closed
from ._message import judge_of, struct_of
from ._options import Options, Start, with_capacity
from ._payload import text_of
from ._reader import RingReader
from ._receiver import Receiver
from ._roles import CONSUMER
from ._times import Deadline
from ._wait import Link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ._message import ReceivedMessage, SharedMemoryMessage
    from ._payload import Payload

Struct = TypeVar("Struct", bound="Payload")
Value = TypeVar("Value")

_EVERYTHING: Final = 1 << 62
_BURST: Final = 64
"""Messages that an asyncio iteration takes before it lets other tasks run."""


class SharedMemoryConsumer(Side):
    """The receiving side of a ring.

    At most one exists for each ring, in whatever process. After a consumer that died, a new one
    starts with the first message that was not released. What a ring holds stays there while nobody
    reads; see :class:`Start` and :meth:`clear` for consumers that have no use for what is stale.

    Threads: one at a time (:class:`Busy`); `interrupt`, `heartbeat` and `close` from any. Blocking:
    receives wait up to their timeout, in seconds; None, the default, waits until a message comes,
    or the producer closes (:class:`Closed`) or dies (:class:`PeerDied`). Both are told once, when
    all is received; the next call waits for the next producer. A removed file (:class:`Removed`) is
    told for ever. The answer None says that the time is over, or that `interrupt` was called. `try_`
    operations never wait. Waiting gives up the interpreter lock, and KeyboardInterrupt ends it.
    Times that are negative or no numbers are a ValueError. Forking: a forked child has no role; its
    copy of this object raises :class:`Forked`, and the parent's role is untouched.

    ::

        with SharedMemoryConsumer("prices", 1 << 20) as consumer:
            for message in consumer:
                print(message.message_type, message.payload)

    Raises:
        AttachError: The ring cannot be made or opened, or the role is taken (a taken role is tried
            again for 50 ms, and up to 5 s while its holder is just attaching or closing).
        Corrupt: The positions in the ring are impossible.
        Unsupported: This machine, Python or file system cannot do it.
        Io: A system call failed.
    """

    __slots__ = ("_receiver",)

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
        attachment = attach(name, options, CONSUMER)
        try:
            reader = RingReader(attachment)
            # Something to read is what tells of an end that lies before now.
            tells_past = options.start is Start.OLDEST and reader.is_ready()
            link = reader.link = Link(attachment, CONSUMER, options, tells_past=tells_past)
            super().__init__(attachment, link)
            self._receiver = Receiver(attachment, reader, link, options)
            attachment.announce(CONSUMER)
            if options.start is Start.NEWEST:
                self.clear()
        except BaseException:
            attachment.close()
            raise

    @overload
    def receive(self, timeout: None = None) -> bytes: ...

    @overload
    def receive(self, timeout: float) -> bytes | None: ...

    def receive(self, timeout: float | None = None) -> bytes | None:
        """Receives a copy of the next payload, of whatever type; None when the time is over.

        The message is given back before this returns: a process that is killed then may lose this
        one message, and gets none twice.

        Raises:
            PeerError: All was received, and the producer closed or died, or the file was removed.
            Corrupt: The ring holds what no producer writes. It is not advanced.
            MessageTooLarge: A message in pieces exceeds `Options.max_message_size`; it is dropped.
            MemoryError: There is no memory for one; it is dropped.
            UsageError: The object was closed, or forked, or a message is borrowed.
        """
        # The usual case needs no look at anything but the ring.
        receiver = self._receiver
        try:
            if receiver.first is None and receiver.assembler.due is None:
                reader = receiver.reader
                payload = reader.take_next()
                if payload is None and timeout != 0 and receiver.glance():
                    payload = reader.take_next()
                if payload is not None:
                    reader.release()
                    return payload
        except BaseException as error:
            receiver.recover(error)
            raise
        return receiver.receive_as(_payload_of, timeout)

    def try_receive(self) -> bytes | None:
        """Receives a copy of the next payload if there is a message, else None. Never waits.

        "None" may stop being so at any moment; a message that is there stays.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self.receive(0)

    @overload
    def receive_message(self, timeout: None = None) -> SharedMemoryMessage: ...

    @overload
    def receive_message(self, timeout: float) -> SharedMemoryMessage | None: ...

    def receive_message(self, timeout: float | None = None) -> SharedMemoryMessage | None:
        """Receives a copy of the next message with its type and flags; None when the time is over.

        A kill loses and repeats what it does with :meth:`receive`.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self._receiver.receive_message(timeout)

    def try_receive_message(self) -> SharedMemoryMessage | None:
        """Receives a copy of the next message if there is one, else None. Never waits.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self.receive_message(0)

    @overload
    def receive_string(self, timeout: None = None) -> str: ...

    @overload
    def receive_string(self, timeout: float) -> str | None: ...

    def receive_string(self, timeout: float | None = None) -> str | None:
        """Receives the next payload as text, of whatever type; None when the time is over.

        A kill loses and repeats what it does with :meth:`receive`.

        Raises:
            InvalidUtf8: It is not UTF-8; `found` has its bytes. The message stays in the ring:
                :meth:`skip` drops it, :meth:`receive` gives its bytes.
            RingError: As for :meth:`receive`.
        """
        return self._receiver.receive_as(_text_of, timeout)

    def try_receive_string(self) -> str | None:
        """Receives the next payload as text if there is a message, else None. Never waits.

        Raises:
            RingError: As for :meth:`receive_string`.
        """
        return self.receive_string(0)

    @overload
    def receive_typed(self, kind: type[Struct], timeout: None = None) -> Struct: ...

    @overload
    def receive_typed(self, kind: type[Struct], timeout: float) -> Struct | None: ...

    def receive_typed(self, kind: type[Struct], timeout: float | None = None) -> Struct | None:
        """Receives the next message as one of the spec's structs; None when the time is over.

        Takes messages of the struct's own type and plain data. A payload that is longer than the
        struct is that of a newer version, of which the known part is read, unless
        `Options.exact_size` refuses it. A message that does not fit stays in the ring, and is found
        again until :meth:`skip` drops it::

            try:
                data = consumer.receive_typed(TestData)
            except (TypeMismatch, SizeMismatch):
                consumer.skip()

        A kill loses and repeats what it does with :meth:`receive`.

        Raises:
            TypeMismatch: The message is of another type.
            SizeMismatch: The payload has a size that no version of the struct has.
            RingError: As for :meth:`receive`.
        """
        make = partial(struct_of, kind, exact=self._receiver.options.exact_size)
        return self._receiver.receive_as(make, timeout)

    def try_receive_typed(self, kind: type[Struct]) -> Struct | None:
        """Receives the next message as one of the spec's structs if there is one, else None.

        Never waits.

        Raises:
            RingError: As for :meth:`receive_typed`.
        """
        return self.receive_typed(kind, 0)

    @overload
    def borrow(self, timeout: None = None) -> ReceivedMessage: ...

    @overload
    def borrow(self, timeout: float) -> ReceivedMessage | None: ...

    def borrow(self, timeout: float | None = None) -> ReceivedMessage | None:
        """Receives the next message in place, without a copy; None when the time is over.

        Its room is given back when it is released; until then nothing else can be received. A
        process that is killed before loses nothing: the next consumer gets the message again.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self._receiver.borrow(timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for a message and leaves it in the ring; False when the time is over.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self._receiver.is_there(timeout)

    def has_message(self) -> bool:
        """Whether a message is there, so that the next receive does not wait. Never waits.

        "No" may stop being so at any moment; a message that is there stays. It does not ask after
        the producer.

        Raises:
            Corrupt, MessageTooLarge, UsageError: As for :meth:`receive`.
        """
        return self._receiver.has_message()

    def peek(self) -> SharedMemoryMessage | None:
        """Copies the next message and leaves it in the ring; None if there is none. Never waits.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self._receiver.peek()

    def skip(self) -> bool:
        """Drops the next message, whatever it is; False if there is none. Never waits.

        For one that a typed receive refused: that would find it again and again.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self._receiver.skip()

    def skip_to_latest(self) -> int:
        """Drops all messages that are there but the last whole one. Returns how many.

        What is dropped counts as received. A lap of messages at most. Never waits.

        Raises:
            UsageError: As for :meth:`receive`.
        """
        return discard(self._receiver, keep_latest=True)

    def clear(self) -> int:
        """Drops all messages that are there. Returns how many whole ones that are.

        What is dropped counts as received. A lap of messages at most. Never waits.

        Raises:
            UsageError: As for :meth:`receive`.
        """
        return discard(self._receiver, keep_latest=False)

    def drain(
        self, max_messages: int = _EVERYTHING, *, kind: int | type[Payload] | None = None
    ) -> list[bytes]:
        """Receives copies of all payloads that are there, at most `max_messages`. Never waits.

        At most a lap of them, so that it ends however fast the producer is. Their room is given
        back together, or in parts where they fill a quarter of the ring, before this returns: a
        process that is killed then may lose what was given back, and what was not comes again.

        Args:
            max_messages: How many at most.
            kind: A message type, or one of the spec's structs: then only messages that are such,
                up to the first one that is not, which stays. None takes all, whose types are not
                told: `receive_batch` gives messages with theirs.

        Raises:
            TypeMismatch, SizeMismatch: The first message is not of this kind. It stays in the ring;
                see :meth:`SharedMemoryConsumer.skip`.
            RingError: As for one message, and only if there was no message before: otherwise the
                next call raises it.
        """
        exact = self._receiver.options.exact_size
        judge = None if kind is None else judge_of(kind, exact=exact)
        return drain(self._receiver, max_messages, 0, judge, whole=False)

    def receive_batch(
        self, max_messages: int = _EVERYTHING, timeout: float | None = None
    ) -> list[SharedMemoryMessage]:
        """Receives copies of all messages that are there, at most `max_messages`.

        Waits for the first one only; an empty list says that the time is over. At most a lap of
        them, so that it ends however fast the producer is. A kill loses and repeats what it does
        with :meth:`drain`.

        Raises:
            RingError: As for one message, and only if there was no message before: otherwise the
                next call raises it.
        """
        return drain(self._receiver, max_messages, timeout, None, whole=True)

    def drain_array(self, kind: type[Payload], max_messages: int = _EVERYTHING) -> Any:
        """Drains messages of one struct into a structured numpy array, a row for each.

        Takes what `drain(kind=...)` takes, and everything that could refuse them is asked before:
        no error loses any. A kill loses and repeats what it does with :meth:`drain`. Never waits;
        an array without rows says that nothing is there.

        Raises:
            Unsupported: There is no numpy, or the struct has a variable tail.
            RingError: As for :meth:`drain`.
        """
        kind._numpy_array(())
        return kind._numpy_array(self.drain(max_messages, kind=kind))

    def __iter__(self) -> Iterator[SharedMemoryMessage]:
        """Receives messages until the producer has closed and all was received.

        A call of `interrupt` ends it, too. A kill loses and repeats what it does with
        :meth:`receive`.

        Raises:
            RingError: As for :meth:`receive`, but not :class:`Closed`.
        """
        try:
            while True:
                message: SharedMemoryMessage | None = self.receive_message(None)
                if message is None:
                    return
                yield message
        except Closed:
            return

    # Without blocking asyncio's event loop

    async def __aiter__(self) -> AsyncIterator[SharedMemoryMessage]:
        """Receives messages until the producer has closed; other tasks run meanwhile.

        A call of `interrupt` ends it, too. A kill loses and repeats what it does with
        :meth:`receive`.

        Raises:
            RingError: As for :meth:`receive`, but not :class:`Closed`.
        """
        burst = 0
        while True:
            try:
                message = await self.receive_message_async()
            except Closed:
                return
            if message is None:
                return
            yield message
            burst += 1
            if burst % _BURST == 0:
                # A stream that is never empty must not starve the other tasks.
                await asyncio.sleep(0)

    async def receive_async(self, timeout: float | None = None) -> bytes | None:
        """As :meth:`receive`; other tasks run meanwhile. Cancelling it is safe: nothing is lost.

        One task at a time: a second one that waits gets :class:`Busy`.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return await self._receive_async(lambda: self.receive(0), timeout)

    async def receive_message_async(
        self,
        timeout: float | None = None,
    ) -> SharedMemoryMessage | None:
        """As :meth:`receive_message`, in the way of :meth:`receive_async`.

        Raises:
            RingError: As for :meth:`receive_message`.
        """
        return await self._receive_async(lambda: self.receive_message(0), timeout)

    async def receive_string_async(self, timeout: float | None = None) -> str | None:
        """As :meth:`receive_string`, in the way of :meth:`receive_async`.

        Raises:
            RingError: As for :meth:`receive_string`.
        """
        return await self._receive_async(lambda: self.receive_string(0), timeout)

    async def receive_typed_async(
        self,
        kind: type[Struct],
        timeout: float | None = None,
    ) -> Struct | None:
        """As :meth:`receive_typed`, in the way of :meth:`receive_async`.

        Raises:
            RingError: As for :meth:`receive_typed`.
        """
        return await self._receive_async(lambda: self.receive_typed(kind, 0), timeout)

    async def borrow_async(self, timeout: float | None = None) -> ReceivedMessage | None:
        """As :meth:`borrow`, in the way of :meth:`receive_async`.

        ::

            with await consumer.borrow_async() as message:
                total = sum(message.payload)

        Raises:
            RingError: As for :meth:`borrow`.
        """
        return await self._receive_async(lambda: self.borrow(0), timeout)

    async def wait_async(self, timeout: float | None = None) -> bool:
        """As :meth:`wait`, in the way of :meth:`receive_async`.

        Raises:
            RingError: As for :meth:`wait`.
        """
        return await self._receiver.wait_async(Deadline(timeout))

    async def _receive_async(
        self, receive: Callable[[], Value | None], seconds: float | None
    ) -> Value | None:
        """Receives in a way that never waits, as soon as there is a message; None after a time."""
        received = receive()
        if received is None and await self._receiver.wait_async(Deadline(seconds)):
            # No other task has run since it was found.
            received = receive()
        return received

    # What every side has

    def _retire(self) -> None:
        """Gives a borrowed message back unreceived."""
        self._receiver.retire()

    def _is_drained(self) -> bool:
        """Whether nothing is published that was not received.

        Raises:
            Corrupt: No producer writes such a word.
        """
        return self._receiver.reader.look() is None


def _text_of(_message_type: int, payload: bytes) -> str:
    return text_of(payload)


def _payload_of(_message_type: int, payload: bytes) -> bytes:
    return payload
