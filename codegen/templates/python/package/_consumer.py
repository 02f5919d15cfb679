"""The receiving side."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, overload

from ._attach import CONSUMER, attach
from ._errors import Closed
from ._message import ReceivedMessage, SharedMemoryMessage, struct_of
from ._options import Options, with_capacity
from ._payload import text_of
from ._receiver import Receiver
from ._record import SIMPLE_HEADER
from ._wait import Deadline
from ._waiter import Waiter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ._payload import Payload

Struct = TypeVar("Struct", bound="Payload")

_BURST: Final = 64
"""Messages that an asyncio iteration takes before it lets other tasks run."""


class SharedMemoryConsumer(Receiver):
    """The receiving side of a ring.

    At most one exists for each ring, in whatever process. After a consumer that died, a new one
    starts with the first message that was not released.

    Threads: one at a time; `interrupt` and `heartbeat` from any. Blocking: receives wait up to
    their timeout in milliseconds; -1, the default, waits until a message comes, the producer closes
    (:class:`Closed`, once all is received) or dies (:class:`PeerDied`, told once; the next call
    waits for its successor). None says that the time is over. `try_` operations never wait. Waiting
    gives up the interpreter lock, and KeyboardInterrupt ends it. Forking: a forked child has no
    role; its copy of this object raises :class:`Forked`, and the parent's role is untouched.

    ::

        with SharedMemoryConsumer("prices", 1 << 20) as consumer:
            for message in consumer:
                print(message.message_type, message.payload)

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
        attachment = attach(name, options, CONSUMER)
        try:
            super().__init__(attachment, options)
        except BaseException:
            attachment.close()
            raise

    @overload
    def receive(self) -> bytes: ...

    @overload
    def receive(self, timeout_ms: int) -> bytes | None: ...

    def receive(self, timeout_ms: int = -1) -> bytes | None:
        """Receives a copy of the next payload, of whatever type; None when the time is over.

        Raises:
            PeerError: All was received, and the producer closed or died, or the file was removed.
            Corrupt: The ring holds what no producer writes. It is not advanced.
            MessageTooLarge: A message in pieces exceeds `Options.max_message_size`; it is dropped.
            UsageError: The object was disposed of, or forked, or a message is borrowed.
        """
        try:
            # One turn at most: a run has the payload, and what the counters are behind it.
            for payload, received, count, position in self._run:
                self._received = received
                received_cell, bytes_cell, position_cell, control_cell = self._cells
                received_cell[()] = received
                bytes_cell[()] = count
                position_cell[()] = position
                control = control_cell[()]
                if control != self._quiet:
                    self._quiet = self._link.notify(control)
                return payload
            return self._receive_single(timeout_ms)
        except BaseException as error:
            self._after_failure(error)
            raise

    def try_receive(self) -> bytes | None:
        """Receives a copy of the next payload if there is a message, else None. Never waits.

        "None" may stop being so at any moment; a message that is there stays.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self.receive(0)

    @overload
    def receive_message(self) -> SharedMemoryMessage: ...

    @overload
    def receive_message(self, timeout_ms: int) -> SharedMemoryMessage | None: ...

    def receive_message(self, timeout_ms: int = -1) -> SharedMemoryMessage | None:
        """Receives a copy of the next message with its type and flags; None when the time is over.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            # The header has nothing else to tell than that it is the next of the run.
            turn = next(self._run, None) if SIMPLE_HEADER else None
            if turn is not None:
                message = SharedMemoryMessage(self._like[2], turn[0], 0, self._id_in_run())
                self._take_turn(turn)
                return message
            shape = self._look_short(timeout_ms)
            if shape is not None:
                message = self._message_at(self._index, shape)
                self._take_short(shape, may_run=SIMPLE_HEADER)
                return message
            if not self._await(timeout_ms):
                return None
            message = self._copy()
            self._finish()
        except BaseException as error:
            self._after_failure(error)
            raise
        return message

    def try_receive_message(self) -> SharedMemoryMessage | None:
        """Receives a copy of the next message if there is one, else None. Never waits.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self.receive_message(0)

    @overload
    def receive_string(self) -> str: ...

    @overload
    def receive_string(self, timeout_ms: int) -> str | None: ...

    def receive_string(self, timeout_ms: int = -1) -> str | None:
        """Receives the next payload as text, of whatever type; None when the time is over.

        Raises:
            InvalidUtf8: It is not UTF-8. The message stays in the ring; see :meth:`skip`.
            RingError: As for :meth:`receive`.
        """
        return self._receive_as(_text_of, timeout_ms)

    @overload
    def receive_typed(self, kind: type[Struct]) -> Struct: ...

    @overload
    def receive_typed(self, kind: type[Struct], timeout_ms: int) -> Struct | None: ...

    def receive_typed(self, kind: type[Struct], timeout_ms: int = -1) -> Struct | None:
        """Receives the next message as one of the spec's structs; None when the time is over.

        Takes messages of the struct's own type and plain data. A message that is neither, or of
        another size, stays in the ring; see :meth:`skip`.

        Raises:
            TypeMismatch: The message is of another type.
            SizeMismatch: The payload is of another size.
            InvalidUtf8: A text in it is not UTF-8.
            RingError: As for :meth:`receive`.
        """
        return self._receive_as(partial(struct_of, kind), timeout_ms)

    @overload
    def borrow(self) -> ReceivedMessage: ...

    @overload
    def borrow(self, timeout_ms: int) -> ReceivedMessage | None: ...

    def borrow(self, timeout_ms: int = -1) -> ReceivedMessage | None:
        """Receives the next message in place, without a copy; None when the time is over.

        Its room is given back when it is released; until then nothing else can be received.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            shape = self._look_short(timeout_ms)
            if shape is not None:
                return self._lend_short(shape)
            return self._lend() if self._await(timeout_ms) else None
        except BaseException as error:
            self._after_failure(error)
            raise

    def wait(self, timeout_ms: int = -1) -> bool:
        """Waits for a message and leaves it in the ring; False when the time is over.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            if self._is_in_run():
                self._attachment.check_usable()
                return True
            return self._await(timeout_ms)
        except BaseException as error:
            self._after_failure(error)
            raise

    def peek(self) -> SharedMemoryMessage | None:
        """Copies the next message and leaves it in the ring; None if there is none. Never waits.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            return self._copy() if self._poll() else None
        except BaseException as error:
            self._after_failure(error)
            raise

    def skip(self) -> bool:
        """Drops the next message, for those that a typed receive refused; False if there is none.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            if not self._poll():
                return False
            self._finish()
        except BaseException as error:
            self._after_failure(error)
            raise
        return True

    async def receive_async(self, timeout_ms: int = -1) -> bytes | None:
        """As :meth:`receive`, without blocking asyncio's event loop.

        Cancelling it is safe: no message is lost.

        Raises:
            RingError: As for :meth:`receive`.
        """
        payload = self.receive(0)
        if payload is None and await self._await_async(timeout_ms):
            payload = self._type_and_payload()[1]
            self._finish()
        return payload

    async def receive_message_async(self, timeout_ms: int = -1) -> SharedMemoryMessage | None:
        """As :meth:`receive_message`, without blocking asyncio's event loop.

        Cancelling it is safe: no message is lost.

        Raises:
            RingError: As for :meth:`receive`.
        """
        message = self.receive_message(0)
        if message is None and await self._await_async(timeout_ms):
            message = self._copy()
            self._finish()
        return message

    async def _await_async(self, timeout_ms: int) -> bool:
        """Whether a message comes within the time; other tasks run meanwhile."""
        deadline = Deadline(timeout_ms)
        try:
            while not self._poll():
                if deadline.is_over:
                    return False
                if self._waiter is None:
                    self._waiter = Waiter(self._link)
                ended = await self._waiter.wait(self._is_ready, deadline)
                # Another task may have received or borrowed meanwhile.
                self._check()
                if ended is not None and self._settle(ended):
                    break
        except BaseException as error:
            self._after_failure(error)
            raise
        return True

    def __iter__(self) -> Iterator[SharedMemoryMessage]:
        """Receives messages until the producer has closed and all was received.

        Raises:
            RingError: As for :meth:`receive`, but not :class:`Closed`.
        """
        while True:
            try:
                message = self.receive_message()
            except Closed:
                return
            yield message

    async def __aiter__(self) -> AsyncIterator[SharedMemoryMessage]:
        """Receives messages without blocking asyncio's loop, until the producer has closed.

        Raises:
            RingError: As for :meth:`receive`, but not :class:`Closed`.
        """
        burst = 0
        while True:
            try:
                message = await self.receive_message_async()
            except Closed:
                return
            if message is not None:
                yield message
            burst += 1
            if burst % _BURST == 0:
                # A stream that is never empty must not starve the other tasks.
                await asyncio.sleep(0)

    def interrupt(self) -> None:
        """Ends a blocking receive in another thread, as if its time were over."""
        self._link.interrupt()

    def dispose(self) -> None:
        """Closes. Removes the ring if all was received and the producer has closed.

        Waits for up to 5 s if that producer is still about to let go of the ring.
        A borrowed message is released, but not received: it comes again. Again: no effect.

        Raises:
            BufferError: A part of the ring's memory is still in use, by a slice or a numpy array.
                The ring is closed all the same, and unmapped when that part goes.
        """
        attachment = self._attachment
        if not attachment.is_open:
            return
        if self._waiter is not None:
            self._waiter.close()
        borrowed = None if self._borrowed is None else self._borrowed()
        if borrowed is not None:
            borrowed._invalidate()
        spent = self._is_spent()
        attachment.announce_closed(CONSUMER)
        self._close(remove=spent)


def _text_of(_message_type: int, payload: bytes) -> str:
    return text_of(payload)
