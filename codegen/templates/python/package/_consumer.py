"""The receiving side."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from ._attach import attach
from ._errors import Closed
from ._options import Options, Start, with_capacity
from ._receiving import Receiving
from ._roles import CONSUMER
from ._times import Deadline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ._message import ReceivedMessage, SharedMemoryMessage
    from ._payload import Payload

Struct = TypeVar("Struct", bound="Payload")
Value = TypeVar("Value")

_BURST: Final = 64
"""Messages that an asyncio iteration takes before it lets other tasks run."""


class SharedMemoryConsumer(Receiving):
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
            if options.start is Start.NEWEST:
                self.clear()
        except BaseException:
            attachment.close()
            raise

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
        return await self._await_async(Deadline(timeout))

    async def _receive_async(
        self, receive: Callable[[], Value | None], seconds: float | None
    ) -> Value | None:
        """Receives in a way that never waits, as soon as there is a message; None after a time."""
        received = receive()
        if received is None and await self._await_async(Deadline(seconds)):
            # No other task has run since it was found.
            received = receive()
        return received
