"""The consumer's half of the ring: looking at records, taking them, releasing them.

Whatever lies in the ring counts as hostile until it was checked: lengths stay within the lap, and
what a record claims to be is never believed beyond that. A publication word is read once; what it
said is handed on as the record's *shape*. What was taken and not released is still in the ring, and
comes again after `resume`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._layout import (
    BYTES_RECEIVED_OFFSET,
    MESSAGE_HEADER_SIZE,
    MESSAGES_RECEIVED_OFFSET,
    READ_POSITION_OFFSET,
    RECEIVE_ERRORS_OFFSET,
)
from ._errors import Corrupt
from ._memory import WEAK_ORDER, full_fence
from ._record import (
    ALIKE,
    COMPACT_HEADER,
    DATA_INDEX,
    ID_INDEX,
    ID_ONE,
    ID_SHIFT,
    IN_TURN,
    U32,
    U64,
    WORD,
    WORD_SHIFT,
    check_word,
    flags_of,
    payloads_struct,
    publication_word,
    shape_of,
)
from ._recover import consumer_position
from ._roles import PRODUCER
from ._wait import NEVER_QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._attachment import Attachment
    from ._record import Shape
    from ._wait import Link

    # The word where the next record starts, that place in bytes since the ring's creation, how many
    # messages and bytes of payload came before it, and the id that is due.
    Tip = tuple[int, int, int, int, int]

_RECEIVED: Final = MESSAGES_RECEIVED_OFFSET // WORD
_BYTES_RECEIVED: Final = BYTES_RECEIVED_OFFSET // WORD
_RECEIVE_ERRORS: Final = RECEIVE_ERRORS_OFFSET // WORD
_ANY_ID: Final = -1
_AHEAD: Final = 64
"""Most messages that are copied before they are wanted."""
_COPIED: Final = 1 << 16
"""Most bytes that they have."""


class RingReader:
    """Where a consumer is in the ring, and all that it does there."""

    __slots__ = (
        "_ahead",
        "_alike",
        "_cells",
        "_corrupt_at",
        "_end",
        "_foreseen",
        "_like",
        "_memory",
        "_quiet",
        "_tip",
        "capacity",
        "link",
        "view",
        "words",
    )

    def __init__(self, attachment: Attachment) -> None:
        """Goes on where the last consumer was, which may have died anywhere."""
        self.link: Link
        """What wakes the other side: to be set before anything is released."""
        self._memory = attachment.memory
        self.words = attachment.words
        """The mapping's words."""
        self.view = attachment.readonly
        """The mapping's bytes, read-only."""
        self.capacity = attachment.capacity
        """Bytes of the data area."""
        self._cells = attachment.cells(
            MESSAGES_RECEIVED_OFFSET,
            BYTES_RECEIVED_OFFSET,
            READ_POSITION_OFFSET,
            half=PRODUCER.control_offset,
        )
        # The producer's control word as long as it asks for nothing.
        self._quiet = NEVER_QUIET
        # One past the data area's last word.
        self._end = DATA_INDEX + attachment.capacity // WORD
        # Where a corrupt word was counted.
        self._corrupt_at = -1
        # What the last message looked like, and how many like that came after each other.
        self._like: Shape = (0, 0, 0)
        self._alike = 0
        # Payloads of more of them, each with the tip behind it, and the tip before the first.
        self._ahead: Iterator[tuple[bytes, Tip]] = iter(())
        self._foreseen: Tip | None = None
        self._tip: Tip
        self.resume()

    def resume(self) -> None:
        """Goes on where the ring says: at what was not released."""
        words = self.words
        position = consumer_position(words, self.capacity)
        index = DATA_INDEX + position % self.capacity // WORD
        self._tip = index, position, words[_RECEIVED], words[_BYTES_RECEIVED], _ANY_ID
        self._foreseen = None

    @property
    def position(self) -> int:
        """Where the next record starts, in bytes since the ring's creation."""
        return self._tip[1]

    @property
    def index(self) -> int:
        """The word of the mapping where the next record starts."""
        return self._tip[0]

    @property
    def start(self) -> int:
        """The byte of the mapping where the next record starts."""
        return self._tip[0] << WORD_SHIFT

    # Looking

    def is_ready(self) -> bool:
        """Whether something is published; looks at nothing else, and changes nothing."""
        word: int = self.words[self._tip[0]]
        return word != 0

    def look(self) -> Shape | None:
        """The shape of the next message; None if there is none, which may stop being so any moment.

        Padding before it is skipped.

        Raises:
            Corrupt: No producer writes such a word.
        """
        index = self._tip[0]
        word = self.words[index]
        if not word:
            return None
        if WEAK_ORDER:
            full_fence()
        shape = shape_of(word)
        return shape if index + shape[0] <= self._end else self._skip(word)

    def _skip(self, word: int) -> Shape | None:
        """Skips padding, which is all that may end so, and looks on."""
        _, position, received, count, due = self._tip
        try:
            step = check_word(word, position, self.capacity)
        except Corrupt:
            if self._corrupt_at != position:
                # Counted once, however often it is looked at.
                self._corrupt_at = position
                self.count_errors(1)
            raise
        self._tip = DATA_INDEX, (position + step * WORD) & U64, received, count, due
        self.release()
        # Padding never follows padding: the check refuses that.
        return self.look()

    def flags(self) -> int:
        """The flags of the record that was found."""
        return flags_of(self.view, self._tip[0] << WORD_SHIFT)

    def message_id(self) -> int:
        """The id of the record that was found."""
        message_id: int = (self.words[self._tip[0] + ID_INDEX] >> ID_SHIFT) & U32
        return message_id

    def header(self) -> bytes:
        """A copy of the header of the record that was found."""
        start = self._tip[0] << WORD_SHIFT
        return self._memory[start : start + MESSAGE_HEADER_SIZE]

    def payload(self, shape: Shape) -> bytes:
        """A copy of the payload of the record that was found."""
        start = (self._tip[0] << WORD_SHIFT) + MESSAGE_HEADER_SIZE
        return self._memory[start : start + shape[1]]

    # Taking

    def take_next(self) -> bytes | None:
        """Takes the next message; returns a copy of its payload.

        None if there is none, or one that takes a closer look, with `look` and `take`.
        """
        tip = self._tip
        if tip is self._foreseen:
            # One turn at most.
            for payload, tip in self._ahead:
                self._tip = self._foreseen = tip
                return payload
        # Flat, as those in their usual case: each call would cost a tenth of a whole receive.
        index, position, received, count, due = tip
        words = self.words
        word = words[index]
        if not word:
            return None
        if WEAK_ORDER:
            full_fence()
        shape = shape_of(word)
        step, size, _ = shape
        end = index + step
        if end >= self._end or (words[index + ID_INDEX] ^ due * ID_ONE) & IN_TURN:
            return None
        if not COMPACT_HEADER:
            # The flags are somewhere else.
            return None
        start = (index << WORD_SHIFT) + MESSAGE_HEADER_SIZE
        payload = self._memory[start : start + size]
        self._tip = end, position + (step << WORD_SHIFT), received + 1, count + size, due + 1
        if shape is not self._like:
            self._like = shape
            self._alike = 0
        elif self._alike < ALIKE:
            self._alike += 1
        else:
            self._look_ahead(shape)
        return payload

    def _look_ahead(self, shape: Shape) -> None:
        """After messages that were alike: copies the payloads of more of them, without taking any.

        What is taken so costs a fraction. It is no state: it counts only while the tip is the one
        that was foreseen.
        """
        self._alike = 0
        step, size, _ = shape
        stride = step << WORD_SHIFT
        payloads = self._payloads_alike(shape, min(_AHEAD, _COPIED // stride)) if size else ()
        run = len(payloads)
        if not run:
            return
        self._alike = ALIKE
        index, position, received, count, due = self._tip
        tips = zip(
            range(index + step, index + run * step + 1, step),
            range(position + stride, position + run * stride + 1, stride),
            range(received + 1, received + run + 1),
            range(count + size, count + run * size + 1, size),
            range(due + 1, due + run + 1),
        )
        self._ahead = zip(payloads, tips)
        self._foreseen = self._tip

    def take(self, shape: Shape) -> None:
        """Goes behind the record that was found: it stays this side's until `release`."""
        index, position, received, count, due = self._tip
        step, size, _ = shape
        message_id = (self.words[index + ID_INDEX] >> ID_SHIFT) & U32
        if message_id != due & U32 and due != _ANY_ID:
            self.count_errors(1)
        end = index + step
        if end == self._end:
            end = DATA_INDEX
        position = (position + (step << WORD_SHIFT)) & U64
        self._tip = end, position, received + 1, count + size, (message_id + 1) & U32

    def take_alike(self, shape: Shape, most: int) -> tuple[bytes, ...]:
        """Takes records that are like the one that was found, at most so many; their payloads.

        None of them if they are not many, or if one is not in turn or has flags.
        """
        payloads = self._payloads_alike(shape, most)
        run = len(payloads)
        if run:
            index, position, received, count, due = self._tip
            step, size, _ = shape
            position = (position + run * (step << WORD_SHIFT)) & U64
            index += run * step
            self._tip = index, position, received + run, count + run * size, due + run
        return payloads

    def _payloads_alike(self, shape: Shape, most: int) -> tuple[bytes, ...]:
        """Copies of the payloads of records that are alike and in turn; none if they are few."""
        index, _, _, _, due = self._tip
        step, size, message_type = shape
        most = min(most, (self._end - 1 - index) // step)
        if most < ALIKE or WEAK_ORDER or not COMPACT_HEADER:
            return ()
        word = publication_word(MESSAGE_HEADER_SIZE + size, message_type)
        if self.words[index + (ALIKE - 1) * step] != word:
            return ()
        run = self._count_alike(word, step, due * ID_ONE, most)
        return payloads_struct(size, run).unpack_from(self._memory, index * WORD) if run else ()

    def _count_alike(self, word: int, step: int, tail: int, most: int) -> int:
        """How many records have a publication word, and header words that count up from `tail`.

        0 where one of those does not. Words are read in the order in which they lie, up to one that
        differs; the one behind the last published record is zero. So whatever old bytes lie further
        on, they are not looked at. That holds where loads are not reordered.
        """
        index = self._tip[0]
        found = self.words[index : index + most * step : step].tolist()
        count: int = found.count(word)
        if word in found[count:]:
            count = next(at for at, other in enumerate(found) if other != word)
        found = self.words[index + ID_INDEX : index + count * step : step].tolist()
        return count if found == list(range(tail, tail + count * ID_ONE, ID_ONE)) else 0

    def release(self) -> None:
        """Gives what was taken back to the producer, and wakes it if it sleeps."""
        _, position, received, count, _ = self._tip
        received_cell, bytes_cell, position_cell, control_cell = self._cells
        received_cell[()] = received & U64
        bytes_cell[()] = count & U64
        if WEAK_ORDER:
            full_fence()
        position_cell[()] = position
        control = control_cell[()]
        if control != self._quiet:
            self._quiet = self.link.notify(control)

    def count_errors(self, count: int) -> None:
        """Counts messages that were lost or broken."""
        if count:
            self.words[_RECEIVE_ERRORS] = (self.words[_RECEIVE_ERRORS] + count) & U64
