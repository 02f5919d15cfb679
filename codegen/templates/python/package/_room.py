"""Where a producer is in the ring, and how much room it has.

State is kept as indices of 8-byte words in the mapping. `_bound` makes the usual case cheap: a
record that ends before it needs no further check. It ends with the lap, with the room that the
consumer left, with half the ring, so that nothing larger than a record may be passes, and with a
*stretch* of what is published before it is looked whether the file still has its name.

A stream sends messages of one type and size. After some of them a *run* is prepared, an iterator
that says where each further one goes. While it lasts, `_sent` alone is kept up; whatever sends
anything else ends the run, which brings the rest of the state to where that says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._endpoint import Side
from ._errors import (
    Corrupt,
    Removed,
)
from ._layout import (
    BYTES_SENT_OFFSET,
    MESSAGES_SENT_OFFSET,
    READ_POSITION_OFFSET,
    WRITE_POSITION_OFFSET,
)
from ._memory import WEAK_ORDER, full_fence
from ._platform import now_ns
from ._record import (
    DATA_INDEX,
    HEADER_WORDS,
    MAX_FRAME,
    ROUND_UP,
    U32,
    U64,
    WORD,
    WORD_SHIFT,
)
from ._recover import producer_position
from ._roles import CONSUMER, PRODUCER
from ._wait import NEVER_QUIET, Link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from weakref import ref

    from ._attachment import Attachment
    from ._claim import Claim
    from ._options import Options

    # Index and byte where each record starts; its second header word; the counters and the position
    # behind it.
    Run = Iterator[tuple[int, int, int, int, int, int]]

_BYTES_SENT: Final = BYTES_SENT_OFFSET // WORD
_READ_POSITION: Final = READ_POSITION_OFFSET // WORD

NO_RUN: Final[Run] = iter(())
"""A run of like messages that is over."""

NO_TYPE: Final = 1 << 32
"""No message type: types are told apart as objects, and nobody else has this one."""
_HALF_OF_NUMBERS: Final = 1 << 63
_STRETCH: Final = 1 << 17
"""Most bytes that are published between two looks at the file's name."""


class Room(Side):
    """A producer that knows where it is, and how far it may go."""

    __slots__ = (
        "_alike",
        "_base",
        "_batched_by",
        "_bound",
        "_bytes",
        "_cells",
        "_claimed",
        "_end",
        "_first",
        "_halves",
        "_index",
        "_largest",
        "_like",
        "_limit",
        "_mark",
        "_memory",
        "_options",
        "_quiet",
        "_room_end",
        "_run",
        "_run_begin",
        "_sent",
        "_stretch",
        "_tools",
        "_torn",
        "_type",
        "_type_word",
        "_view",
        "_watch",
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
        # Words that are published at most between two looks at the file's name.
        self._stretch = min(_STRETCH, attachment.capacity // 8) // WORD
        # How many messages of one size came after each other, and that size.
        self._alike = 0
        self._like = -1
        # What a run of such messages needs: see `Sender._start_run`.
        self._tools: tuple[Any, ...] = ()
        # What `_sent` was where the run begins.
        self._run_begin = 0
        # The last message type, checked, and what the publication word adds to a payload's size.
        self._type = NO_TYPE
        self._type_word = 0
        # One past the data area's last word.
        self._end = DATA_INDEX + attachment.capacity // WORD
        # Which batch the last message was added to.
        self._batched_by: object = None
        # The claim that is open: nothing else can be done meanwhile.
        self._claimed: ref[Claim] | None = None
        self._resume()
        self._link = Link(attachment, PRODUCER, options)
        self._watch = self._link.watch
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
        # The short way ends at `_bound`: 0 while a batch or a claim is under way, or before it was
        # looked at the file's name. It may go on to `_room_end`; 0 if that is not known.
        self._bound = 0
        self._room_end = 0
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
        self._room_end = room_end = self._reach(position)
        self._bound = min(room_end, self._index + self._stretch)

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
        self._bound = 0

    def _return_to_short_way(self) -> None:
        if not self._room_end:
            self._refresh()
            return
        room_end, stretch_end = self._room_end, self._index + self._stretch
        # min() would take thrice as long.
        self._bound = room_end if room_end < stretch_end else stretch_end  # noqa: FURB136

    def _goes_on(self, end: int) -> bool:
        """Whether a record that ends at a word goes the short way although that has ended there.

        So it is when it ended only for a look at the file's name, which is taken here.
        """
        if end >= self._room_end or self._first[1] or self._claimed is not None or self._torn:
            return False
        if self._watch.look_at_name(now_ns()):
            return False
        self._bound = min(self._room_end, max(self._index + self._stretch, end + 1))
        return True

    def _staging_bound(self) -> int:
        """The word that a record must end before to be staged on the short way."""
        # Anew only together with the numbers that wrap: what is staged is counted with them.
        if not self._room_end:
            self._refresh()
        self._bound = 0
        return self._room_end

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

    def free_bytes(self) -> int:
        """Bytes that can be sent now without waiting, each message's header included.

        A lower bound: messages take a multiple of 8 bytes, and the consumer releases concurrently.
        What is added to a batch and not published counts as sent.

        Raises:
            Corrupt: The consumer's position in the ring is impossible.
            UsageError: The object was closed, or forked.
        """
        self._attachment.check_usable()
        self._end_run()
        self._reload()
        room = ((self._limit - self._position) & U64) - WORD
        rest = (self._end - self._index) * WORD
        # Up to the end of the lap, or behind it, after padding.
        return max(min(rest, room), room - rest, 0)

    def _check_name(self) -> None:
        """Refuses to send into a file that nobody can open any more.

        Raises:
            Removed: It has lost its name.
        """
        if self._watch.look_at_name(now_ns()):
            message = f"{self.path}: the ring's file was removed"
            raise Removed(message)

    def _is_drained(self) -> bool:
        """Whether all that was published was received."""
        words = self._words
        position: int = words[_READ_POSITION]
        if WEAK_ORDER:
            full_fence()
        # A new producer may have published something behind.
        published = words[DATA_INDEX + position % self._attachment.capacity // WORD]
        return position == self._position and not published
