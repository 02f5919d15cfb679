"""Finding the next message: in the ring, or put together from pieces; and waiting for one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from ._discard import survey
from ._errors import Busy, Closed, MessageTooLarge, PeerDied, PeerError, Removed, RingError
from ._fragments import Step
from ._layout import FLAG_FRAGMENT, FLAG_LAST_FRAGMENT, MESSAGE_HEADER_SIZE
from ._platform import now_ns
from ._reader import Reader
from ._record import U64, WORD, clear_fragment_bits, flags_of, frame_of, type_of
from ._times import Deadline
from ._watch import Ended

if TYPE_CHECKING:
    from ._times import Patience

_ENDED: Final[dict[Ended, tuple[type[PeerError], str]]] = {
    Ended.CLOSED: (Closed, "the ring is drained and its producer closed"),
    Ended.DIED: (PeerDied, "the ring is drained and its producer died"),
    Ended.REMOVED: (Removed, "the ring is drained and its file was removed"),
}


class Finder(Reader):
    """A consumer that knows whether there is a message for it."""

    __slots__ = ()

    def _find(self) -> bool:
        """Whether a whole message is there: in the ring, or in `_assembled`.

        Pieces of larger messages are gathered on the way, a lap of them at most: nobody says that a
        hostile producer ever ends.

        Raises:
            Corrupt: No producer writes such a word.
            MessageTooLarge: A message in pieces exceeds the limit; its pieces are dropped.
            MemoryError: There is no memory for one; its pieces are dropped.
        """
        if self._untold is not None:
            error, self._untold = self._untold, None
            self._refresh()
            raise error
        if self._assembled is not None:
            return True
        begin = self._position
        while self._look() and (self._position - begin) & U64 < self._attachment.capacity:
            start = self._index * WORD
            flags = flags_of(self._view, start)
            if not flags & FLAG_FRAGMENT:
                if self._assembler.is_busy:
                    self._count_errors(self._assembler.interrupt())
                    self._sync_id()
                    self._refresh()
                return True
            if self._gather(start, last=bool(flags & FLAG_LAST_FRAGMENT)):
                return True
        return False

    def _gather(self, start: int, *, last: bool) -> bool:
        """Copies a piece out of the ring; True when its message is whole."""
        word = self._word
        header = self._view[start : start + MESSAGE_HEADER_SIZE]
        payload = self._view[start + MESSAGE_HEADER_SIZE : start + frame_of(word)]
        assembler = self._assembler
        step, broken = assembler.add(type_of(word), header, payload, last=last)
        header.release()
        payload.release()
        self._count_errors(broken)
        self._finish()
        if step is Step.TOO_LARGE:
            limit = self._options.max_message_size
            message = f"a fragmented message of {assembler.size} bytes exceeds the limit of {limit}"
            raise MessageTooLarge(message, expected=limit, found=assembler.size)
        if step is Step.NO_MEMORY:
            message = f"there is no memory for a message of {assembler.size} bytes"
            raise MemoryError(message)
        if step is Step.COMPLETE:
            try:
                message_type, first, whole = assembler.take()
            except MemoryError:
                self._count_errors(1)
                raise
            self._assembled = (message_type, clear_fragment_bits(first), whole)
            # It comes first: nothing else may go the short way meanwhile.
            self._sync_id()
            self._leave_short_way()
            return True
        return False

    def _withhold(self, error: RingError) -> None:
        """An error is not passed on to the caller: one that is told once is for the next call."""
        if isinstance(error, MessageTooLarge):
            self._untold = error
            self._sync_id()
            self._leave_short_way()

    # Waiting

    def _check(self) -> None:
        """Refuses to receive now.

        Raises:
            Disposed, Forked, Busy: Why.
        """
        self._attachment.check_usable()
        self._end_run()
        if self._borrowed is None:
            return
        borrowed = self._borrowed()
        if borrowed is not None and borrowed.is_open:
            message = f"{self.path}: a borrowed message was not released yet"
            raise Busy(message, found=borrowed)
        # Something interrupted its release: it was not taken, and comes again.
        self._borrowed = None

    def _poll(self) -> bool:
        """Whether a message is there; asks after the producer if not. Never waits.

        Raises:
            PeerError: All was received, and the producer is gone.
        """
        self._check()
        if self._find():
            return True
        ended = self._link.watch.look(now_ns())
        return ended is not None and self._settle(ended)

    def _settle(self, ended: Ended) -> bool:
        """What it means that waiting has ended: True if there is a message after all."""
        if self._find():
            return True
        if ended is Ended.TIMED_OUT:
            return False
        self._count_errors(self._assembler.interrupt())
        self._link.watch.told(ended)
        error, words = _ENDED[ended]
        message = f"{self.path}: {words}"
        raise error(message)

    def _await(self, timeout: Patience) -> bool:
        """Whether a message comes within the time.

        Raises:
            PeerError: All was received, and the producer is gone.
        """
        if self._poll():
            return True
        if timeout == 0:
            return False
        deadline = Deadline.of(timeout)
        self._take_turn_to_wait()
        while True:
            ended = self._link.wait(self._is_ready, deadline)
            if ended is not None:
                return self._settle(ended)
            if self._find():
                return True
            # A peer that sends only broken pieces must not keep this call beyond its time.
            if deadline.is_over:
                return False

    async def _await_async(self, deadline: Deadline) -> bool:
        """As `_await`, but other tasks run meanwhile."""
        try:
            while not self._poll():
                if deadline.is_over:
                    return False
                ended = await self._wait_async(self._is_ready, deadline)
                # Another task may have received or borrowed meanwhile.
                self._check()
                if ended is not None:
                    return self._settle(ended)
        except BaseException as error:
            self._after_failure(error)
            raise
        return True

    def _is_ready(self) -> bool:
        """Whether something is published at the index; looks at nothing else."""
        word: int = self._words[self._index]
        return word != 0

    def _finish(self) -> None:
        """Takes and releases the message that was found."""
        try:
            self._take()
            self._release()
        except BaseException as error:
            self._after_failure(error)
            raise

    def _after_failure(self, error: BaseException) -> None:
        """After a receive that failed: puts things straight, so that the error can go on its way.

        An exception of a signal handler (KeyboardInterrupt, say) comes between any two steps. Then
        the ring says where it was, as after a consumer that died there.

        Raises:
            Disposed, Forked: A clearer error than what a ring gives that was closed meanwhile.
        """
        if not isinstance(error, RingError):
            if not self._attachment.is_open:
                if isinstance(error, (ValueError, OSError)):
                    self._attachment.check_usable()
                return
            self._resume()
            # The producer may not have been woken yet.
            self._release()
        # It may have taken a turn of the run for nothing.
        self._end_run()

    # Dropping

    def _discard(self, *, keep_latest: bool) -> int:
        """Drops the messages that are there, but for the last one if that is to be kept.

        Returns how many. A lap of them at most; all count as received.
        """
        try:
            self._check()
            assembler, capacity = self._assembler, self._attachment.capacity
            seen = survey(self._words, self._view, capacity, self._position, assembler.due)
            dropped, end = seen.whole, seen.end
            if keep_latest:
                if not seen.whole:
                    return 0
                dropped, end = seen.whole - 1, seen.latest
            if self._assembled is not None:
                self._assembled = None
                dropped += 1
            if end != self._position or not keep_latest:
                assembler.forget(more=seen.due is not None)
            while self._is_before(end) and self._look() and self._is_before(end):
                self._take()
            self._release()
            self._sync_id()
            self._refresh()
        except BaseException as error:
            self._after_failure(error)
            raise
        return dropped

    def _is_before(self, position: int) -> bool:
        return 0 < (position - self._position) & U64 <= self._attachment.capacity

    # Closing

    def _retire(self) -> None:
        """Gives a borrowed message back unreceived; from here on nothing goes the short way."""
        borrowed = None if self._borrowed is None else self._borrowed()
        if borrowed is not None:
            # Who keeps an array on it is told when the memory cannot be unmapped.
            with contextlib.suppress(BufferError):
                borrowed._invalidate()
        self._end_run()
        self._leave_short_way()

    def _is_drained(self) -> bool:
        """Whether nothing is published that was not received.

        Raises:
            Corrupt: No producer writes such a word.
        """
        return not self._look()
