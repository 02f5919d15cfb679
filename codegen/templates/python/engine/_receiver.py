"""What every receive does beside reading: checks, pieces of larger messages, waiting, errors."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import ref

from .._headers import HEADER_HAS_FIELDS
from .._layout import FLAG_FRAGMENT, FLAG_LAST_FRAGMENT, MESSAGE_HEADER_SIZE
from ._errors import (
    Busy,
    Closed,
    MessageTooLarge,
    PeerDied,
    PeerError,
    Removed,
    RingError,
)
from ._fragments import Assembler, Step, Whole
from ._message import ReceivedMessage, SharedMemoryMessage
from ._platform import now_ns
from ._record import SIMPLE_HEADER, U64
from ._times import Deadline
from ._watch import Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._attachment import Attachment
    from ._options import Options
    from ._reader import RingReader
    from ._record import Shape
    from ._times import Patience
    from ._wait import Link

Value = TypeVar("Value")

_GLANCES: Final = range(200)
"""Looks of a receive at the ring alone, before it asks after the producer and waits."""

_ENDED: Final[dict[Ended, tuple[type[PeerError], str]]] = {
    Ended.CLOSED: (Closed, "the ring is drained and its producer closed"),
    Ended.DIED: (PeerDied, "the ring is drained and its producer died"),
    Ended.REMOVED: (Removed, "the ring is drained and its file was removed"),
}


class Receiver:
    """Finds the next message for a consumer, and takes it."""

    __slots__ = (
        "_attachment",
        "_glances",
        "_lent",
        "_link",
        "assembler",
        "first",
        "options",
        "reader",
    )

    def __init__(
        self, attachment: Attachment, reader: RingReader, link: Link, options: Options
    ) -> None:
        """Receives what the reader finds."""
        self._attachment = attachment
        self.reader = reader
        self._link = link
        self.options = options
        self.assembler = Assembler(options.max_message_size)
        self.first: Whole | ref[ReceivedMessage] | RingError | None = None
        """What comes before whatever lies in the ring: a message that was put together, one that is
        borrowed, or an error that is told once and was found by a call that had something else to
        tell.
        """
        # What is borrowed.
        self._lent: Shape = (0, 0, 0)
        self._glances = _GLANCES if options.spin != 0 else range(0)

    # Finding

    def find(self) -> Shape | None:
        """The shape of the next message; None if no whole one is there.

        Pieces of larger messages are gathered on the way, a lap of them at most: nobody says that a
        hostile producer ever ends.

        Raises:
            Corrupt: No producer writes such a word.
            MessageTooLarge: A message in pieces exceeds the limit; its pieces are dropped.
            MemoryError: There is no memory for one; its pieces are dropped.
        """
        first = self.first
        if isinstance(first, Whole):
            return first.shape
        if isinstance(first, RingError):
            self.first = None
            raise first
        reader, assembler = self.reader, self.assembler
        begin = reader.position
        while True:
            shape = reader.look()
            if shape is None:
                return None
            flags = reader.flags()
            if not flags & FLAG_FRAGMENT:
                if assembler.due is not None:
                    reader.count_errors(assembler.interrupt())
                return shape
            whole = self._gather(shape, last=bool(flags & FLAG_LAST_FRAGMENT))
            if whole is not None:
                return whole
            if (reader.position - begin) & U64 >= self._attachment.capacity:
                return None

    def _gather(self, shape: Shape, *, last: bool) -> Shape | None:
        """Copies a piece out of the ring; the message's shape when it is whole."""
        reader, assembler = self.reader, self.assembler
        start = reader.start + MESSAGE_HEADER_SIZE
        payload = reader.view[start : start + shape[1]]
        step, broken = assembler.add(shape[2], reader.header(), payload, last=last)
        payload.release()
        reader.count_errors(broken)
        reader.take(shape)
        reader.release()
        if step is Step.TOO_LARGE:
            limit = self.options.max_message_size
            message = f"a fragmented message of {assembler.size} bytes exceeds the limit of {limit}"
            raise MessageTooLarge(message, expected=limit, found=assembler.size)
        if step is Step.NO_MEMORY:
            message = f"there is no memory for a message of {assembler.size} bytes"
            raise MemoryError(message)
        if step is Step.MORE:
            return None
        try:
            self.first = whole = assembler.take()
        except MemoryError:
            reader.count_errors(1)
            raise
        return whole.shape

    def withhold(self, error: RingError) -> None:
        """An error is not passed on to the caller: one that is told once is for the next call."""
        if isinstance(error, MessageTooLarge):
            self.first = error

    # Waiting

    def check(self) -> None:
        """Refuses to receive now.

        Raises:
            Disposed, Forked, Busy: Why.
        """
        self._attachment.check_usable()
        if not isinstance(self.first, ref):
            return
        borrowed = self.first()
        if borrowed is not None and borrowed.is_open:
            message = f"{self._attachment.target.path}: a borrowed message was not released yet"
            raise Busy(message, found=borrowed)
        # Something interrupted its release: it was not taken, and comes again.
        self.first = None

    def poll(self) -> Shape | None:
        """The shape of the next message; asks after the producer if there is none. Never waits.

        Raises:
            PeerError: All was received, and the producer is gone.
        """
        self.check()
        shape = self.find()
        if shape is not None:
            return shape
        ended = self._link.watch.look(now_ns())
        return None if ended is None else self.settle(ended)

    def settle(self, ended: Ended) -> Shape | None:
        """What it means that waiting has ended: the message that is there after all, if any.

        Raises:
            PeerError: All was received, and the producer is gone.
        """
        shape = self.find()
        if shape is not None or ended is Ended.TIMED_OUT:
            return shape
        self.reader.count_errors(self.assembler.interrupt())
        self._link.watch.told(ended)
        error, words = _ENDED[ended]
        message = f"{self._attachment.target.path}: {words}"
        raise error(message)

    def wait(self, timeout: Patience) -> Shape | None:
        """The shape of the next message, waiting for it; None when the time is over.

        Raises:
            PeerError: All was received, and the producer is gone.
        """
        reader = self.reader
        if self.is_plain and (reader.is_ready() or (timeout != 0 and self.glance())):
            # The usual case, without a question about the producer.
            shape = reader.look()
            if shape is not None and not reader.flags() & FLAG_FRAGMENT:
                return shape
        shape = self.poll()
        if shape is not None or timeout == 0:
            return shape
        deadline = Deadline.of(timeout)
        while True:
            ended = self._link.wait(reader.is_ready, deadline)
            if ended is not None:
                return self.settle(ended)
            shape = self.find()
            # A peer that sends only broken pieces must not keep this call beyond its time.
            if shape is not None or deadline.is_over:
                return shape

    def glance(self) -> bool:
        """Whether something comes soon, as the answer to a question does.

        Asking after the producer, and all else that a long wait needs, would take longer.
        """
        words, index = self.reader.words, self.reader.index
        for _ in self._glances:  # noqa: SIM110 - any() would look half as often
            if words[index]:
                return True
        return False

    async def wait_async(self, deadline: Deadline) -> bool:
        """Whether a message comes within the time; other tasks run meanwhile."""
        try:
            while self.poll() is None:
                if deadline.is_over:
                    return False
                ended = await self._link.wait_async(self.reader.is_ready, deadline)
                # Another task may have received or borrowed meanwhile.
                self.check()
                if ended is not None:
                    return self.settle(ended) is not None
        except BaseException as error:
            self.recover(error)
            raise
        return True

    # Taking

    def receive_as(self, make: Callable[[int, bytes], Value], timeout: Patience) -> Value | None:
        """What `make` makes of the next type and payload; if it fails, the message stays.

        None when the time is over.
        """
        try:
            shape = self.wait(timeout)
            if shape is None:
                return None
            value = make(shape[2], self.payload(shape))
            self.finish(shape)
        except BaseException as error:
            self.recover(error)
            raise
        return value

    def receive_message(self, timeout: Patience) -> SharedMemoryMessage | None:
        """A copy of the next message; None when the time is over."""
        try:
            shape = self.wait(timeout)
            if shape is None:
                return None
            message = self.copy(shape)
            self.finish(shape)
        except BaseException as error:
            self.recover(error)
            raise
        return message

    def is_there(self, timeout: Patience) -> bool:
        """Whether a message comes within the time."""
        try:
            return self.wait(timeout) is not None
        except BaseException as error:
            self.recover(error)
            raise

    def has_message(self) -> bool:
        """Whether a message is there; does not ask after the producer."""
        try:
            self.check()
            return self.find() is not None
        except BaseException as error:
            self.recover(error)
            raise

    def peek(self) -> SharedMemoryMessage | None:
        """A copy of the next message, which stays."""
        try:
            shape = self.poll()
            return None if shape is None else self.copy(shape)
        except BaseException as error:
            self.recover(error)
            raise

    def skip(self) -> bool:
        """Drops the next message; whether there was one."""
        try:
            shape = self.poll()
            if shape is not None:
                self.finish(shape)
        except BaseException as error:
            self.recover(error)
            raise
        return shape is not None

    def finish(self, shape: Shape) -> None:
        """Takes and releases the message that was found."""
        self.take(shape)
        self.reader.release()

    def take(self, shape: Shape) -> None:
        """Takes the message that was found."""
        if self.first is None:
            self.reader.take(shape)
        else:
            self.first = None

    @property
    def is_plain(self) -> bool:
        """Whether the next message is what lies in the ring next, unless that is a piece."""
        return self.first is None and self.assembler.due is None

    def payload(self, shape: Shape) -> bytes:
        """A copy of the payload of the message that was found."""
        first = self.first
        return first.payload if isinstance(first, Whole) else self.reader.payload(shape)

    def copy(self, shape: Shape) -> SharedMemoryMessage:
        """A copy of the message that was found."""
        first, reader = self.first, self.reader
        if isinstance(first, Whole):
            return SharedMemoryMessage._with_header(shape[2], first.header, first.payload)
        payload = reader.payload(shape)
        if SIMPLE_HEADER and not HEADER_HAS_FIELDS:
            return SharedMemoryMessage(shape[2], payload, reader.flags(), reader.message_id())
        return SharedMemoryMessage._with_header(shape[2], reader.header(), payload)

    def recover(self, error: BaseException) -> None:
        """After a receive that failed: puts things straight, so that the error can go on its way.

        An exception of a signal handler (KeyboardInterrupt, say) comes between any two steps. Then
        the ring says where it was, as after a consumer that died there.

        Raises:
            Disposed, Forked: A clearer error than what a ring gives that was closed meanwhile.
        """
        if isinstance(error, RingError):
            return
        if not self._attachment.is_open:
            if isinstance(error, (ValueError, OSError)):
                self._attachment.check_usable()
            return
        self.reader.resume()
        # The producer may not have been woken yet.
        self.reader.release()

    # In place

    def borrow(self, timeout: Patience) -> ReceivedMessage | None:
        """The next message where it lies; None when the time is over."""
        try:
            shape = self.wait(timeout)
            return None if shape is None else self._lend(shape)
        except BaseException as error:
            self.recover(error)
            raise

    def _lend(self, shape: Shape) -> ReceivedMessage:
        whole, reader = self.first, self.reader
        if isinstance(whole, Whole):
            header, payload = memoryview(whole.header), memoryview(whole.payload)
            message = ReceivedMessage(None, shape[2], header, 0, payload)
            self.first = None
            return message
        start = reader.start + MESSAGE_HEADER_SIZE
        payload = reader.view[start : start + shape[1]]
        message = ReceivedMessage(self, shape[2], reader.view, reader.start, payload)
        self._lent = shape
        self.first = message._token
        return message

    def end_borrow(self, borrow: ref[ReceivedMessage]) -> None:
        """Takes and releases a message, if it is the one that is borrowed now."""
        if self.first is not borrow:
            return
        self.first = None
        if not self._attachment.is_open:
            return
        try:
            self.finish(self._lent)
        except BaseException as error:
            self.recover(error)
            raise

    def retire(self) -> None:
        """For a consumer that closes: gives a borrowed message back unreceived."""
        borrowed = self.first() if isinstance(self.first, ref) else None
        if borrowed is not None:
            # Who keeps an array on it is told when the memory cannot be unmapped.
            with contextlib.suppress(BufferError):
                borrowed._invalidate()
        # Nothing that was usual is so any more.
        self.first = self._attachment.disposed()

    def forget_pieces(self, *, more: bool) -> int:
        """Drops what came in pieces; how many whole messages that is."""
        self.assembler.forget(more=more)
        is_whole = isinstance(self.first, Whole)
        if is_whole:
            self.first = None
        return int(is_whole)
