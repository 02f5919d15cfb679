"""The producer's half of the ring: writing records, and publishing them. Nothing here waits.

Records are *staged* one behind the other, and published together by one store: that of the first
one's publication word, which is held back until then. Where the writer is, and what it has counted,
is one tuple that is replaced as a whole; so the ring tells what had happened when an exception of a
signal handler came between two steps.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final

from .._layout import (
    BYTES_SENT_OFFSET,
    HAS_TIMESTAMP,
    MESSAGE_HEADER_SIZE,
    MESSAGES_SENT_OFFSET,
    READ_POSITION_OFFSET,
    TIMESTAMP_OFFSET,
    WRITE_POSITION_OFFSET,
)
from ._course import Course
from ._errors import Corrupt
from ._memory import WEAK_ORDER, full_fence
from ._platform import now_ns
from ._record import (
    ALIKE,
    DATA_INDEX,
    ID_INDEX,
    ID_ONE,
    LENGTH_SHIFT,
    ROUND_UP,
    SIMPLE_HEADER,
    U32,
    U64,
    WORD,
    WORD_MASK,
    WORD_SHIFT,
    as_words,
    payloads_struct,
    publication_word,
    type_word,
    write_header,
)
from ._recover import producer_position
from ._roles import CONSUMER
from ._wait import NEVER_QUIET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._attachment import Attachment
    from ._typing import BytesLike
    from ._wait import Link

    # The word where the next record starts, that place in bytes since the ring's creation, how many
    # messages and bytes of payload came before it, and the publication word that is held back.
    Tip = tuple[int, int, int, int, int]

_BYTES_SENT: Final = BYTES_SENT_OFFSET // WORD
_READ_POSITION: Final = READ_POSITION_OFFSET // WORD
_STRETCH: Final = 1 << 17
"""Most bytes that are written between two closer looks; an eighth of the ring if that is less."""
_ZEROS: Final = bytes(WORD)


class RingWriter:
    """Where a producer is in the ring, and all that it does there."""

    __slots__ = (
        "_bodies",
        "_bound",
        "_capacity",
        "_cells",
        "_course",
        "_end",
        "_limit",
        "_memory",
        "_published",
        "_quiet",
        "_stretch",
        "_view",
        "_words",
        "link",
        "tip",
    )

    def __init__(self, attachment: Attachment) -> None:
        """Goes on where the last producer was, which may have died anywhere."""
        self.link: Link
        """What wakes the other side: to be set before anything is published."""
        self._memory = attachment.memory
        self._view = attachment.view
        self._bodies = attachment.bodies
        self._course = Course()
        self._words = words = attachment.words
        self._cells = attachment.cells(
            MESSAGES_SENT_OFFSET,
            BYTES_SENT_OFFSET,
            WRITE_POSITION_OFFSET,
            half=CONSUMER.control_offset,
        )
        # The consumer's control word as long as it asks for nothing.
        self._quiet = NEVER_QUIET
        self._capacity = capacity = attachment.capacity
        # One past the data area's last word.
        self._end = DATA_INDEX + capacity // WORD
        self._stretch = min(_STRETCH, capacity // 8) // WORD
        position, sent = producer_position(words, capacity)
        index = DATA_INDEX + position % capacity // WORD
        self.tip: Tip = (index, position, sent, words[_BYTES_SENT], 0)
        """Behind what is staged."""
        # Behind what is published: `tip` itself if nothing is staged.
        self._published = self.tip
        # Records that end before this word need no closer look: within lap, room and stretch.
        self._bound = 0
        # The position up to which the consumer was seen to have made room.
        self._limit = position
        self._reload()

    # Room

    @property
    def is_staging(self) -> bool:
        """Whether something was written that is not published."""
        return self.tip is not self._published

    def look_closer(self) -> None:
        """Has `put` refuse whatever comes, until `reserve` was asked."""
        self._bound = 0
        self._course.forget()

    def reserve(self, size: int) -> bool:
        """Whether there is room for a record with so many bytes of payload: it is at the tip.

        Where the record would cross the end of the lap, padding is staged before it. "No" may stop
        being so at any moment.

        Raises:
            Corrupt: The consumer's position in the ring is impossible.
        """
        step, padding = self._words_for(size)
        needed = (step + padding + 1) * WORD
        if needed > (self._limit - self.tip[1]) & U64:
            self._reload()
            if needed > (self._limit - self.tip[1]) & U64:
                return False
        if padding:
            self._stage(padding, publication_word(padding * WORD, 0), 0, 0)
        index, position = self.tip[:2]
        # The spare word is for the zero behind the record.
        room = ((self._limit - position) & U64) // WORD - 1
        # No number wraps before.
        left = (U64 - max(self.tip[2], self.tip[3])) // WORD
        self._bound = min(self._end, index + min(room, max(step, self._stretch), left) + 1)
        return True

    def _words_for(self, size: int) -> tuple[int, int]:
        """Words of a record with so many bytes of payload, and of the padding that it needs."""
        step = (size + ROUND_UP) >> WORD_SHIFT
        rest = self._end - self.tip[0]
        return step, rest if step > rest else 0

    def _reload(self) -> None:
        """Reads the consumer's position anew, and checks it."""
        read: int = self._words[_READ_POSITION]
        if WEAK_ORDER:
            full_fence()
        # The consumer cannot have read what is staged.
        if (self._published[1] - read) & U64 > self._capacity or read % WORD:
            why = "read_position is not within a lap behind the producer"
            raise Corrupt.at(READ_POSITION_OFFSET, read, why)
        self._limit = (read + self._capacity) & U64

    def may_have_room(self, size: int) -> bool:
        """Whether waiting for room may end; changes nothing, because other threads ask, too.

        An impossible position may count as room: `reserve` checks it.
        """
        limit = self._words[_READ_POSITION] + self._capacity
        room: int = (limit - self.tip[1]) & U64
        return room >= (sum(self._words_for(size)) + 1) * WORD

    def free_bytes(self) -> int:
        """Bytes that can be written now, headers included; what is staged counts as written.

        Raises:
            Corrupt: The consumer's position in the ring is impossible.
        """
        self._reload()
        index, position = self.tip[:2]
        room = ((self._limit - position) & U64) - WORD
        rest = (self._end - index) * WORD
        # Up to the end of the lap, or behind it, after padding.
        return max(min(rest, room), room - rest, 0)

    def is_drained(self) -> bool:
        """Whether all that was published was received."""
        position: int = self._words[_READ_POSITION]
        if WEAK_ORDER:
            full_fence()
        # A new producer may have published something behind.
        published = self._words[DATA_INDEX + position % self._capacity // WORD]
        return position == self._published[1] and not published

    # Records

    def put(self, payload: bytes, word: int) -> bool:
        """Stages bytes without flags or header fields. False if they take a closer look.

        That is `reserve`, whether there is room, and then `fill`. `word` is the publication word
        of an empty message of their type.
        """
        # Flat, as `_stage` in its usual case: each call would cost a tenth of a whole send.
        tip = self.tip
        index, position, sent, count, held = tip
        size = len(payload)
        end = index + ((size + ROUND_UP) >> WORD_SHIFT)
        if end >= self._bound:
            return False
        words = self._words
        if size & WORD_MASK:
            words[end - 1] = 0
        start = (index << WORD_SHIFT) + MESSAGE_HEADER_SIZE
        self._memory[start : start + size] = payload
        if SIMPLE_HEADER:
            words[index + ID_INDEX] = (sent & U32) * ID_ONE
        else:
            write_header(self._view, words, index, sent & U32, 0, fields=None)
        words[end] = 0
        if tip is self._published:
            held = (size << LENGTH_SHIFT) + word
        else:
            words[index] = (size << LENGTH_SHIFT) + word
        self.tip = end, position + ((end - index) << WORD_SHIFT), sent + 1, count + size, held
        return True

    def fill(
        self, payload: BytesLike, type_word: int, flags: int, fields: BytesLike | None = None
    ) -> None:
        """Stages a message in the room that was reserved for it.

        Args:
            payload: Its bytes, whose length counts bytes.
            type_word: The publication word of an empty message of its type.
            flags: All its flags.
            fields: A header whose fields without a role are taken over; None zeroes them.
        """
        size = len(payload)
        start = (self.tip[0] << WORD_SHIFT) + MESSAGE_HEADER_SIZE
        self._memory[start : start + size] = payload
        self.seal(size, type_word, flags, fields)

    def seal(self, size: int, type_word: int, flags: int, fields: BytesLike | None) -> None:
        """Stages a message whose payload lies in the room that was reserved: see `fill`."""
        index, _, sent, _, _ = self.tip
        step = (size + ROUND_UP) >> WORD_SHIFT
        if size & WORD_MASK:
            end = (index + step) << WORD_SHIFT
            self._view[end - WORD + (size & WORD_MASK) : end] = _ZEROS[size & WORD_MASK :]
        write_header(self._view, self._words, index, sent & U32, flags, fields=fields)
        self._stage(step, (size << LENGTH_SHIFT) + type_word, 1, size)

    def put_alike(self, payloads: Sequence[Any], type_word: int) -> int:
        """Stages bytes of one length together, as many as need no closer look; returns how many.

        Raises:
            struct.error: Not all of them are bytes; none is staged.
        """
        size = len(payloads[0])
        step = (size + ROUND_UP) >> WORD_SHIFT
        index, _, sent, _, _ = self.tip
        tail = sent & U32
        # Ids do not wrap within.
        run = min(len(payloads), (self._bound - 1 - index) // step, U32 - tail)
        if run < ALIKE:
            return 0
        # Zeroes the headers, too.
        payloads_struct(size, run).pack_into(self._memory, index * WORD, *payloads[:run])
        words, word, end = self._words, (size << LENGTH_SHIFT) + type_word, index + run * step
        ids = range(tail * ID_ONE, (tail + run) * ID_ONE, ID_ONE)
        words[index + ID_INDEX : end : step] = _as_words(array("Q", ids))
        if HAS_TIMESTAMP:
            times = array("Q", (now_ns(),)) * run
            words[index + TIMESTAMP_OFFSET // WORD : end : step] = _as_words(times)
        words[index + step : end : step] = _as_words(array("Q", (word,)) * (run - 1))
        self._stage(end - index, word, run, run * size)
        return run

    def _stage(self, step: int, word: int, messages: int, size: int) -> None:
        """Stages records from the tip on, which are written but for the first publication word."""
        tip = self.tip
        index, position, sent, count, held = tip
        end = index + step
        if end == self._end:
            self._bound = 0
            end = DATA_INDEX
        # Before anything that makes the record visible, the word behind it has to say that nothing
        # follows: it may hold an old payload.
        self._words[end] = 0
        if tip is self._published:
            held = word
        else:
            self._words[index] = word
        position = (position + (step << WORD_SHIFT)) & U64
        self.tip = end, position, (sent + messages) & U64, (count + size) & U64, held

    # Publication

    def send(self, payload: bytes, message_type: int) -> bool:
        """Stages bytes as `put` does, and publishes all that is staged."""
        course = self._course
        size = len(payload)
        if self.tip is course.tip and size == course.size and message_type is course.message_type:
            # One turn at most.
            for start, head, tip in course.turns:
                course.pack(self._bodies, start, head, payload)
                self.tip = course.tip = tip
                self.publish()
                return True
        if not self.put(payload, type_word(message_type)):
            return False
        self.publish()
        course.learn(message_type, size, self.tip, self._bound)
        return True

    def publish(self) -> None:
        """Makes what is staged visible with one store, counts it, and wakes a sleeping consumer."""
        tip = self.tip
        if tip is not self._published:
            if WEAK_ORDER:
                full_fence()
            self._words[self._published[0]] = tip[4]
            self._published = tip
        _, position, sent, count, _ = tip
        sent_cell, bytes_cell, position_cell, control_cell = self._cells
        sent_cell[()] = sent
        bytes_cell[()] = count
        if WEAK_ORDER:
            full_fence()
        position_cell[()] = position
        control = control_cell[()]
        if control != self._quiet:
            # It may be asleep for long, or there may be none: time for a closer look.
            self.look_closer()
            self._quiet = self.link.notify(control)

    def recover(self, mark: Tip) -> None:
        """After an exception that may have come between any two steps: stages up to `mark` only.

        What was published stays so; it may not have been counted yet, and the consumer not woken.
        """
        self._course.forget()
        self._go_back(mark)
        if self.tip is self._published:
            self.publish()

    def discard(self) -> None:
        """Drops what is staged: nobody ever sees it."""
        self._go_back(self._published)

    def _go_back(self, mark: Tip) -> None:
        published, tip = self._published, self.tip
        if tip is published:
            return
        if self._words[published[0]]:
            # It was published just before something interrupted that.
            self._published = tip
            return
        staged = (tip[1] - published[1]) & U64
        if not 0 < (mark[1] - published[1]) & U64 <= staged:
            mark = published
        self.look_closer()
        # What is staged behind it must not become visible together with what is before.
        self._words[mark[0]] = 0
        self.tip = mark


def _as_words(values: array[int]) -> memoryview:
    return as_words(memoryview(values).cast("B"))
