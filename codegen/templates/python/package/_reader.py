"""The consumer's half of the ring algorithm: looking at records, taking them, releasing them.

Whatever lies in the ring counts as hostile until it was checked: lengths stay within the lap, and
what a record claims to be is never believed beyond that. State is kept as indices of 8-byte words
in the mapping. The usual case is cheap: `_shapes` knows publication words that passed the check,
`_tail` is the header word of the message that should come next, and a record that ends before
`_last` needs no look at the end of the lap.

After some messages of one shape, a *run* is prepared: an iterator over more of them, which were
seen published. While it lasts, `_received` alone is kept up; whatever takes or looks at anything
else ends the run, which brings the rest of the state to where that says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._endpoint import Side
from ._errors import Corrupt, RingError
from ._fragments import Assembler
from ._layout import (
    BYTES_RECEIVED_OFFSET,
    MESSAGE_HEADER_SIZE,
    MESSAGES_RECEIVED_OFFSET,
    READ_POSITION_OFFSET,
    RECEIVE_ERRORS_OFFSET,
)
from ._memory import WEAK_ORDER, full_fence
from ._options import Start
from ._record import (
    ALIKE,
    COMPACT_HEADER,
    DATA_INDEX,
    HEADER_WORDS,
    ID_ONE,
    U32,
    U64,
    WORD,
    check_word,
    frame_of,
    id_of,
    type_of,
    words_of,
)
from ._recover import consumer_position
from ._roles import CONSUMER, PRODUCER
from ._wait import NEVER_QUIET, Link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from weakref import ref

    from ._attachment import Attachment
    from ._message import ReceivedMessage
    from ._options import Options

    # Words, payload size and type of a message.
    Shape = tuple[int, int, int]
    # Payload of a message in a run, and the counters and the position behind it.
    Turn = tuple[bytes, int, int, int]

NO_RUN: Final[Iterator[Turn]] = iter(())
"""A run of like messages that is over."""
NO_SHAPE: Final[Shape] = (0, 0, 0)
"""What no message looks like."""

_RECEIVED: Final = MESSAGES_RECEIVED_OFFSET // WORD
_BYTES_RECEIVED: Final = BYTES_RECEIVED_OFFSET // WORD
_RECEIVE_ERRORS: Final = RECEIVE_ERRORS_OFFSET // WORD
_HALF_OF_NUMBERS: Final = 1 << 63
_MOST_SHAPES: Final = 1024
_ANY_ID: Final = -1
_GLANCES: Final = range(200)
"""Looks of a receive at the ring alone, before it asks after the producer and waits."""


class Reader(Side):
    """A consumer as the algorithm sees it; :class:`SharedMemoryConsumer` is what users see."""

    __slots__ = (
        "_ahead",
        "_alike",
        "_assembled",
        "_assembler",
        "_base",
        "_borrowed",
        "_bytes",
        "_cells",
        "_corrupt_at",
        "_end",
        "_expected_id",
        "_glances",
        "_halves",
        "_index",
        "_last",
        "_lent",
        "_like",
        "_memory",
        "_options",
        "_quiet",
        "_received",
        "_run",
        "_run_span",
        "_shapes",
        "_tail",
        "_untold",
        "_view",
        "_word",
        "_words",
    )

    def __init__(self, attachment: Attachment, options: Options) -> None:
        """Goes on where the last consumer was, and tells the producer."""
        super().__init__(attachment)
        self._options = options
        self._memory = attachment.memory
        self._view = attachment.readonly
        self._words = attachment.words
        self._halves = attachment.halves
        self._cells = attachment.cells(
            MESSAGES_RECEIVED_OFFSET,
            BYTES_RECEIVED_OFFSET,
            READ_POSITION_OFFSET,
            half=PRODUCER.control_offset,
        )
        # One past the data area's last word.
        self._end = DATA_INDEX + attachment.capacity // WORD
        # What the last message looked like: a run has more of that kind.
        self._like = NO_SHAPE
        # How many messages like that came after each other.
        self._alike = 0
        # How many more of them the next run has at most.
        self._ahead = ALIKE
        # What `_received` is where the run begins and ends.
        self._run_span = (0, 0)
        self._resume()
        self._corrupt_at = -1
        self._shapes: dict[int, Shape] = {}
        self._assembler = Assembler(options.max_message_size)
        # Type, header and payload of a message that was put together and not taken yet.
        self._assembled: tuple[int, bytes, bytes] | None = None
        # An error that is told once, and was found by a call that had something else to tell.
        self._untold: RingError | None = None
        # The publication word of the message that was found in the ring: checked, and never read
        # again, because a hostile peer may change it.
        self._word = 0
        self._borrowed: ref[ReceivedMessage] | None = None
        # How the borrowed message goes back on the short way: its shape, and what `_last` was.
        self._lent: tuple[Shape, int] | None = None
        self._glances = _GLANCES if options.spin != 0 else range(0)
        # Something to read is what tells of an end that lies before now.
        tells_past = options.start is Start.OLDEST and self._words[self._index] != 0
        self._link = Link(attachment, CONSUMER, options, tells_past=tells_past)
        self._quiet = NEVER_QUIET
        attachment.announce(CONSUMER)

    # State

    def _resume(self) -> None:
        """Takes the state from the ring, as after a consumer that died anywhere."""
        position = consumer_position(self._words, self._attachment.capacity)
        index = DATA_INDEX + position % self._attachment.capacity // WORD
        # The word where the next record starts, and what makes a position of it.
        self._index = index
        self._base = position - index * WORD
        self._received: int = self._words[_RECEIVED]
        self._bytes: int = self._words[_BYTES_RECEIVED]
        self._expected_id = _ANY_ID
        self._run: Iterator[Turn] = NO_RUN
        self._last = 0
        self._tail = 0
        self._lent = None

    def _end_run(self) -> None:
        """Ends a run of like messages where it is, and brings everything up to there."""
        if self._run is NO_RUN:
            return
        begin, end = self._run_span
        if self._received != end:
            # It was not worth its while: the next one is shorter, and some messages away.
            self._alike = 0
            self._ahead = ALIKE
        taken = self._received - begin
        step, size, _ = self._like
        self._run = NO_RUN
        self._tail += taken * ID_ONE
        self._bytes += taken * size
        self._index += taken * step

    def _is_in_run(self) -> bool:
        """Whether the next message is one of a run."""
        return self._run is not NO_RUN and self._received != self._run_span[1]

    @property
    def _position(self) -> int:
        """Where the next record starts, in bytes since the ring's creation."""
        return (self._index * WORD + self._base) & U64

    def _refresh(self) -> None:
        """Brings numbers that wrap into range, and computes anew how far the short way goes."""
        self._received &= U64
        self._bytes &= U64
        position = self._position
        self._base = position - self._index * WORD
        self._leave_short_way()
        if self._expected_id == _ANY_ID or self._assembler.is_busy:
            return
        if self._borrowed is not None or self._assembled is not None or self._untold is not None:
            return
        self._tail = self._expected_id * ID_ONE
        if max(position, self._received, self._bytes) < _HALF_OF_NUMBERS:
            # No id wraps on the short way: each record takes a header at least.
            ids = (U32 - self._expected_id) * HEADER_WORDS
            self._last = min(self._end, self._index + ids)

    def _leave_short_way(self) -> None:
        """Nothing can be received on the short way, until `_refresh` says how far it goes."""
        self._last = 0

    def _sync_id(self) -> None:
        """Makes `_expected_id` true again after messages that went the short way."""
        if self._last:
            self._expected_id = (self._tail // ID_ONE) & U32

    # Looking

    def _look(self) -> bool:
        """Whether a message lies at the index; padding is skipped, and everything is checked.

        "No" may stop being so at any moment; a message that is there stays.

        Raises:
            Corrupt: No producer writes such a word.
        """
        while True:
            word = self._words[self._index]
            if not word:
                return False
            if WEAK_ORDER:
                full_fence()
            try:
                step = check_word(word, self._position, self._attachment.capacity)
            except Corrupt:
                if self._corrupt_at != self._position:
                    # Counted once, however often it is looked at.
                    self._corrupt_at = self._position
                    self._count_errors(1)
                raise
            if type_of(word):
                self._word = word
                if COMPACT_HEADER:
                    self._remember_shape(word, step)
                return True
            # Two padding records never follow each other: the check refuses them.
            self._sync_id()
            index, base = self._behind(step)
            self._base = base
            self._index = index
            self._leave_short_way()
            self._refresh()
            self._release()

    def _remember_shape(self, word: int, step: int) -> None:
        if word not in self._shapes:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[word] = (step, frame_of(word) - MESSAGE_HEADER_SIZE, type_of(word))

    def _behind(self, step: int) -> tuple[int, int]:
        """Index and base behind a record of so many words."""
        index = self._index + step
        if index < self._end:
            return index, self._base
        return DATA_INDEX, self._base + self._attachment.capacity

    def _take(self) -> None:
        """Takes the message that was found: it stays the consumer's until `_release`."""
        if self._assembled is not None:
            self._assembled = None
            self._refresh()
            return
        self._sync_id()
        message_id = id_of(self._words, self._index)
        if self._expected_id not in {_ANY_ID, message_id}:
            self._count_errors(1)
        frame = frame_of(self._word)
        index, base = self._behind(words_of(frame))
        self._expected_id = (message_id + 1) & U32
        self._received += 1
        self._bytes += frame - MESSAGE_HEADER_SIZE
        self._base = base
        self._index = index
        self._leave_short_way()
        self._refresh()

    def _release(self) -> None:
        """Gives everything that was taken back to the producer, and wakes it if it sleeps."""
        self._give_back(self._received & U64, self._bytes & U64, self._position)

    def _give_back(self, received: int, count: int, position: int) -> None:
        """Stores the counters and the position up to which messages are given back."""
        received_cell, bytes_cell, position_cell, control_cell = self._cells
        received_cell[()] = received
        bytes_cell[()] = count
        if WEAK_ORDER:
            full_fence()
        position_cell[()] = position
        control = control_cell[()]
        if control != self._quiet:
            self._quiet = self._link.notify(control)

    def _count_errors(self, count: int) -> None:
        if count:
            self._words[_RECEIVE_ERRORS] = (self._words[_RECEIVE_ERRORS] + count) & U64
