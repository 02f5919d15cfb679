"""The producer's half of the ring algorithm: finding room, writing records, publishing them.

A record becomes visible by one store of its first word, its publication word. Before that, the word
behind the record is zeroed, so that the consumer sees where the published ones end. Several records
are published together by storing the first one's word last.

State is kept as indices of 8-byte words in the mapping. `_bound` makes the usual case cheap: a
record that ends before it needs no further check. It ends with the lap, with the room that the
consumer left, and with half the ring, so that nothing larger than a record may be passes.

A stream sends messages of one type and size. After some of them a *run* is prepared, an iterator
that says where each further one goes. While it lasts, `_sent` alone is kept up; whatever sends
anything else ends the run, which brings the rest of the state to where that says.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from ._attach import CONSUMER, PRODUCER, Attachment
from ._endpoint import Side
from ._errors import (
    Busy,
    Closed,
    Corrupt,
    InvalidType,
    PeerDied,
    PeerError,
    Removed,
    RingError,
    TooLarge,
)
from ._layout import (
    BYTES_SENT_OFFSET,
    MESSAGE_HEADER_SIZE,
    MESSAGES_SENT_OFFSET,
    READ_POSITION_OFFSET,
    SEND_FAILURES_OFFSET,
    WRITE_POSITION_OFFSET,
)
from ._memory import WEAK_ORDER, full_fence
from ._record import (
    DATA_INDEX,
    HEADER_WORDS,
    MAX_FRAME,
    ROUND_UP,
    U32,
    U64,
    WORD,
    WORD_SHIFT,
    amend_header,
    publication_word,
    write_header,
)
from ._recover import producer_position
from ._wait import NEVER_QUIET, Deadline, Ended, Link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from weakref import ref

    from ._claim import Claim
    from ._options import Options

    # Index and byte where each record starts; its second header word; the counters and the position
    # behind it.
    Run = Iterator[tuple[int, int, int, int, int, int]]

_BYTES_SENT: Final = BYTES_SENT_OFFSET // WORD
_READ_POSITION: Final = READ_POSITION_OFFSET // WORD
_SEND_FAILURES: Final = SEND_FAILURES_OFFSET // WORD

NO_RUN: Final[Run] = iter(())
"""A run of like messages that is over."""

_NO_TYPE: Final = 1 << 32
"""No message type: types are told apart as objects, and nobody else has this one."""
_HALF_OF_NUMBERS: Final = 1 << 63
_ZEROS: Final = bytes(WORD)
_ORDERLY: Final = (RingError, TypeError, ValueError, LookupError, struct.error)
"""What is raised before anything was changed."""

_ENDED: Final[dict[Ended, tuple[type[PeerError], str]]] = {
    Ended.CLOSED: (Closed, "the ring is full and its consumer closed"),
    Ended.DIED: (PeerDied, "the ring is full and its consumer died"),
    Ended.REMOVED: (Removed, "the ring is full and its file was removed"),
}


class Writer(Side):
    """A producer as the algorithm sees it; :class:`SharedMemoryProducer` is what users see."""

    __slots__ = (
        "_alike",
        "_base",
        "_bound",
        "_bytes",
        "_cells",
        "_claimed",
        "_end",
        "_first",
        "_halves",
        "_held_bound",
        "_index",
        "_largest",
        "_like",
        "_limit",
        "_link",
        "_mark",
        "_memory",
        "_options",
        "_quiet",
        "_run",
        "_run_begin",
        "_sent",
        "_tools",
        "_torn",
        "_type",
        "_type_word",
        "_view",
        "_words",
    )

    def __init__(self, attachment: Attachment, options: Options) -> None:
        """Goes on where the last producer was, and tells the consumer."""
        super().__init__(attachment)
        self._options = options
        self._memory = attachment.memory
        self._view = attachment.view
        self._words = attachment.words
        self._halves = attachment.halves
        self._cells = attachment.cells(
            MESSAGES_SENT_OFFSET,
            BYTES_SENT_OFFSET,
            WRITE_POSITION_OFFSET,
            half=CONSUMER.control_offset,
        )
        self._largest = self.largest_payload
        # How many messages of one size came after each other, and that size.
        self._alike = 0
        self._like = -1
        # What a run of such messages needs: see `Sender._start_run`.
        self._tools: tuple[Any, ...] = ()
        # What `_sent` was where the run begins.
        self._run_begin = 0
        # The last message type, checked, and what the publication word adds to a payload's size.
        self._type = _NO_TYPE
        self._type_word = 0
        # One past the data area's last word.
        self._end = DATA_INDEX + attachment.capacity // WORD
        # The claim that is open: nothing else can be done meanwhile.
        self._claimed: ref[Claim] | None = None
        self._resume()
        self._link = Link(attachment, PRODUCER, options)
        self._quiet = NEVER_QUIET
        attachment.announce(PRODUCER)

    # State

    def _resume(self) -> None:
        """Takes the state from the ring, as after a producer that died anywhere."""
        position, sent = producer_position(self._words, self._attachment.capacity)
        count: int = self._words[_BYTES_SENT]
        index = DATA_INDEX + position % self._attachment.capacity // WORD
        # The word where the next record starts, and what makes a position of it.
        self._index = index
        self._base = position - index * WORD
        self._sent = sent
        self._bytes = count
        # The first record's place and word of what is written and not published.
        self._first = (0, 0)
        self._mark = (0, 0, 0, 0)
        # Staging is under way: if it is found so later, something interrupted it.
        self._torn = False
        self._run = NO_RUN
        self._bound = 0
        # What `_bound` will be again when a batch or a claim ends; 0 if that is not known.
        self._held_bound = 0
        # How far there is room. A claim that is open lies before it.
        self._reload()

    @property
    def _position(self) -> int:
        """Where the next record starts, in bytes since the ring's creation."""
        return (self._index * WORD + self._base) & U64

    def _refresh(self) -> None:
        """Brings numbers that wrap into range, and computes anew how far the short way goes."""
        self._sent &= U64
        self._bytes &= U64
        position = self._position
        self._base = position - self._index * WORD
        self._bound = self._reach(position)
        self._held_bound = 0

    def _end_run(self) -> None:
        """Ends a run of like messages where it is, and brings everything up to there."""
        if self._run is NO_RUN:
            return
        sent, size = self._sent - self._run_begin, self._like
        self._run = NO_RUN
        self._bytes += sent * size
        self._index += sent * ((size + ROUND_UP) >> WORD_SHIFT)

    def _leave_short_way(self) -> None:
        """Nothing can be sent on the short way while a batch or a claim is under way."""
        self._held_bound = self._bound or self._held_bound
        self._bound = 0

    def _return_to_short_way(self) -> None:
        if self._held_bound:
            self._bound, self._held_bound = self._held_bound, 0
        else:
            self._refresh()

    def _staging_bound(self) -> int:
        """The word that a record must end before to be staged on the short way."""
        # Anew only together with the numbers that wrap: what is staged is counted with them.
        if not self._bound and not self._held_bound:
            self._refresh()
            self._leave_short_way()
        return self._bound or self._held_bound

    def _reach(self, position: int) -> int:
        """The word that a record must end before so that nothing else needs to be looked at."""
        if max(position, self._sent, self._bytes) >= _HALF_OF_NUMBERS:
            return 0
        index = self._index
        room = (self._limit - position) & U64
        # The spare word is for the zero behind the record.
        bound = min(self._end, index + room // WORD) - 1
        half = min(self._attachment.capacity // 2, MAX_FRAME) // WORD
        # No id wraps on the short way: each record takes a header at least.
        ids = (U32 - (self._sent & U32)) * HEADER_WORDS
        return min(bound, index + half, index + ids) + 1

    def _reload(self) -> None:
        """Reads the consumer's position anew, and checks it."""
        read: int = self._words[_READ_POSITION]
        if WEAK_ORDER:
            full_fence()
        capacity = self._attachment.capacity
        # What is staged counts: the consumer cannot have read it.
        published = self._mark[0] if self._first[1] else self._position
        if (published - read) & U64 > capacity or read % WORD:
            why = "read_position is not within a lap behind the producer"
            raise Corrupt.at(READ_POSITION_OFFSET, read, why)
        self._limit = (read + capacity) & U64

    # Room

    def _needed(self, size: int) -> tuple[int, int]:
        """Bytes that have to be free for a record, and how many words of them are padding."""
        stride = (size + ROUND_UP) >> WORD_SHIFT
        rest = self._end - self._index
        padding = rest if stride > rest else 0
        return (padding + stride + 1) * WORD, padding

    def _place(self, size: int) -> tuple[int, int] | None:
        """Finds room behind what is staged: the record's index, and the words of padding before it.

        None if the consumer has not released enough. "Full" may stop being so at any moment.
        """
        needed, padding = self._needed(size)
        position = self._position
        if needed > (self._limit - position) & U64:
            self._reload()
            if needed > (self._limit - position) & U64:
                return None
        return (DATA_INDEX if padding else self._index), padding

    def _has_room(self, size: int) -> bool:
        """Whether waiting for room may end; changes nothing, because other threads ask, too.

        An impossible position may count as room: the caller checks it.
        """
        limit = self._words[_READ_POSITION] + self._attachment.capacity
        room: int = (limit - self._position) & U64
        return room >= self._needed(size)[0]

    def _await_room(self, size: int, timeout_ms: int | None) -> tuple[int, int] | None:
        """Finds room, waiting for it; None when the time is over.

        The time is `Options.send_timeout_ms` if none is given. What is staged is published first
        unless the time is 0: the consumer could not make room for it otherwise.
        """
        place = self._place(size)
        if place is not None:
            return place
        if timeout_ms == 0 and self._first[1]:
            # Publishing might help in a while; this call does not wait.
            self._count_failure()
            return None
        self._flush()
        place = self._place(size)
        if place is not None:
            return place
        if timeout_ms is None:
            timeout_ms = self._options.send_timeout_ms
        if timeout_ms == 0:
            self._count_failure()
            ended = self._link.look()
        else:
            deadline = Deadline(timeout_ms)
            ended = None
            while ended is None:
                ended = self._link.wait(lambda: self._has_room(size), deadline)
                place = self._place(size)
                if place is not None:
                    return place
            self._count_failure()
        if ended is None or ended is Ended.TIMED_OUT:
            return None
        return self._settle(ended, size)

    def _settle(self, ended: Ended, size: int) -> tuple[int, int]:
        """Room that there is after all although the consumer has ended.

        Raises:
            PeerError: There is none.
        """
        place = self._place(size)
        if place is not None:
            return place
        self._link.told(ended)
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
        self._type = _NO_TYPE
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
        self._bound = self._held_bound = 0
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
            self._quiet = self._link.notify(control)

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
