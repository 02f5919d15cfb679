"""The producer's half of the ring algorithm: writing records, and publishing them.

A record becomes visible by one store of its first word, its publication word. Before that, the word
behind the record is zeroed, so that the consumer sees where the published ones end. Several records
are published together by storing the first one's word last.
"""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING, Final

from ._errors import (
    Busy,
    Closed,
    InvalidType,
    PeerDied,
    PeerError,
    Removed,
    RingError,
    TooLarge,
)
from ._layout import (
    MESSAGE_HEADER_SIZE,
    SEND_FAILURES_OFFSET,
)
from ._memory import WEAK_ORDER, full_fence
from ._platform import now_ns
from ._record import (
    DATA_INDEX,
    ROUND_UP,
    U32,
    U64,
    WORD,
    WORD_SHIFT,
    amend_header,
    publication_word,
    write_header,
)
from ._room import NO_TYPE, Room
from ._times import Deadline, Wait
from ._watch import Ended

if TYPE_CHECKING:
    from ._times import Patience

_SEND_FAILURES: Final = SEND_FAILURES_OFFSET // WORD
_ZEROS: Final = bytes(WORD)
_ORDERLY: Final = (RingError, TypeError, ValueError, LookupError, struct.error)
"""What is raised before anything was changed."""

_ENDED: Final[dict[Ended, tuple[type[PeerError], str]]] = {
    Ended.CLOSED: (Closed, "the ring is full and its consumer closed"),
    Ended.DIED: (PeerDied, "the ring is full and its consumer died"),
    Ended.REMOVED: (Removed, "the ring is full and its file was removed"),
}


class Writer(Room):
    """A producer as the algorithm sees it; :class:`SharedMemoryProducer` is what users see."""

    __slots__ = ()

    # Waiting for room

    def _await_room(self, size: int, wait: Patience | Wait) -> tuple[int, int] | None:
        """Finds room, waiting for it; None when the time is over.

        What is staged is published first unless the time is 0: the consumer could not make room for
        it otherwise.

        Raises:
            PeerError: There is none, and the consumer is gone.
        """
        place = self._place(size)
        if place is not None or wait is Wait.LOOK:
            return place
        if wait == 0 and self._first[1]:
            # Publishing might help in a while; this call does not wait.
            self._count_failure()
            return None
        self._flush()
        if wait is Wait.AS_OPTIONS:
            wait = self._options.send_timeout
        if wait == 0:
            ended = self._watch.look(now_ns())
        else:
            ended = self._wait_for_room(size, Deadline.of(wait))
        return self._settle(ended, size)

    def _wait_for_room(self, size: int, deadline: Deadline) -> Ended | None:
        """Waits until there may be room; returns why not."""
        self._take_turn_to_wait()
        while True:
            ended = self._link.wait(lambda: self._has_room(size), deadline)
            if ended is not None or self._place(size) is not None:
                return ended
            if deadline.is_over:
                return Ended.TIMED_OUT

    def _settle(self, ended: Ended | None, size: int) -> tuple[int, int] | None:
        """What it means that a wait for room has ended: the room, if there is some after all.

        Raises:
            PeerError: There is none, and the consumer is gone.
        """
        place = self._place(size)
        if place is not None:
            return place
        self._count_failure()
        if ended is None or ended is Ended.TIMED_OUT:
            return None
        self._watch.told(ended)
        error, words = _ENDED[ended]
        message = f"{self.path}: {words}"
        raise error(message)

    def _count_failure(self) -> None:
        self._words[_SEND_FAILURES] = (self._words[_SEND_FAILURES] + 1) & U64

    # Records

    def _admit(self, size: int, message_type: int) -> None:
        """Refuses what can never be sent.

        Raises:
            UsageError: This object cannot send now.
            MessageError: Nobody can send this.
        """
        self._attachment.check_usable()
        self._check_name()
        claim = None if self._claimed is None else self._claimed()
        if claim is not None and claim.is_open:
            message = f"{self.path}: a claim is still open"
            raise Busy(message, found=claim)
        if message_type is not self._type:
            self._use_type(message_type)
        if size > self._largest:
            message = (
                f"a payload of {size} bytes exceeds the largest of this ring, {self._largest}; "
                "send_fragmented() sends it in pieces"
            )
            raise TooLarge(message, expected=self._largest, found=size)

    def _use_type(self, message_type: int) -> None:
        """Remembers a message type after checking it: most messages have that of the last one.

        Raises:
            InvalidType: Nobody can send it.
        """
        if not 0 < message_type <= U32:
            message = f"message type {message_type!r}: expected 1 to {U32} (0 marks padding)"
            raise InvalidType(message, found=message_type)
        # The next message is unlike those before, whatever its size.
        self._end_run()
        self._like = -1
        self._type = NO_TYPE
        self._type_word = publication_word(MESSAGE_HEADER_SIZE, int(message_type))
        self._type = message_type

    def _prepare(
        self, index: int, size: int, flags: int, fields: memoryview | bytearray | bytes | None
    ) -> None:
        """Writes a record's header but for its first word, and zeroes the end of its last word.

        `fields` is a whole header whose fields without a role are taken over; None zeroes them.
        """
        if fields is None:
            write_header(self._view, self._words, index, self._sent & U32, flags)
        else:
            start = index * WORD
            self._view[start + WORD : start + MESSAGE_HEADER_SIZE] = fields[WORD:]
            amend_header(self._view, self._words, index, self._sent & U32, flags)
        end = index * WORD + MESSAGE_HEADER_SIZE + size
        if end % WORD:
            self._view[end : end + WORD - end % WORD] = _ZEROS[end % WORD :]

    def _seal(self, place: tuple[int, int], size: int, message_type: int) -> None:
        """Adds a filled record to what is staged. Still nothing of it is visible."""
        self._torn = True
        index, padding = place
        words = self._words
        end = index + ((size + ROUND_UP) >> WORD_SHIFT)
        wraps = end == self._end
        # Before anything that makes the record visible, the word behind it has to say that
        # nothing follows: it may hold an old payload.
        words[DATA_INDEX if wraps else end] = 0
        if not self._first[1]:
            self._mark = (self._position, self._sent, self._bytes, self._index)
        if padding:
            self._seal_word(self._index, publication_word(padding * WORD, 0))
        self._seal_word(index, publication_word(size + MESSAGE_HEADER_SIZE, message_type))
        if padding or wraps:
            self._base += self._attachment.capacity
        self._sent += 1
        self._bytes += size
        self._index = DATA_INDEX if wraps else end
        self._bound = self._room_end = 0
        self._torn = False

    def _seal_word(self, index: int, word: int) -> None:
        if self._first[1]:
            self._words[index] = word
        else:
            self._first = (index, word)

    def _flush(self) -> None:
        """Publishes what is staged, with one store, and wakes a sleeping consumer."""
        if self._torn:
            self._discard()
        index, word = self._first
        if not word:
            return
        words = self._words
        if WEAK_ORDER:
            full_fence()
        words[index] = word
        self._first = (0, 0)
        self._return_to_short_way()
        self._count()

    def _count(self) -> None:
        """After a publication: stores the counters, and wakes a sleeping consumer."""
        sent_cell, bytes_cell, position_cell, control_cell = self._cells
        sent_cell[()] = self._sent & U64
        bytes_cell[()] = self._bytes & U64
        if WEAK_ORDER:
            full_fence()
        position_cell[()] = self._position
        control = control_cell[()]
        if control != self._quiet:
            self._attend(control)

    def _attend(self, control: int) -> None:
        """After a publication that found the consumer's control word other than expected.

        It may be asleep for long, or there may be none: the next send looks at the file's name.
        """
        self._quiet = self._link.notify(control)
        self._end_run()
        self._bound = 0

    def _discard(self) -> None:
        """Drops what is staged: none of it was ever visible."""
        index, word = self._first
        if not word and not self._torn:
            # A claim may be open: then the short way stays closed.
            return
        # If something interrupts this, it is done again.
        self._torn = True
        if word and not self._words[index]:
            position, self._sent, self._bytes, self._index = self._mark
            self._base = position - self._index * WORD
        # Else it was published just before something interrupted the flush.
        self._first = (0, 0)
        self._torn = False
        self._refresh()

    def _recover(self, error: BaseException) -> None:
        """After a send that failed: errors leave everything as it was, all else may not.

        An exception of a signal handler (KeyboardInterrupt, say) comes between any two steps. Then
        the ring says where it was, as after a producer that died there.
        """
        if not self._attachment.is_open:
            return
        # It may have taken a turn of the run for nothing.
        self._end_run()
        self._alike = 0
        if not isinstance(error, _ORDERLY) or self._words[self._index]:
            # A word at the index: something was published that this object has not counted.
            self._resume()
        elif self._torn:
            self._discard()
        if not self._first[1]:
            # What was published may not have been counted yet, and the consumer not woken.
            self._count()

    # Closing

    def _retire(self) -> None:
        """Drops what was claimed, or staged; from here on nothing goes the short way."""
        claim = None if self._claimed is None else self._claimed()
        if claim is not None:
            # Who keeps an array on it is told when the memory cannot be unmapped.
            with contextlib.suppress(BufferError):
                claim.abandon()
        self._end_run()
        self._discard()
        self._bound = self._room_end = 0
