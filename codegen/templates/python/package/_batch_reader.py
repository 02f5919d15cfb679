"""Receiving on the short way, in runs of like messages, and many at once with few releases."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Final

from ._errors import RingError
from ._layout import MESSAGE_HEADER_SIZE
from ._memory import WEAK_ORDER, full_fence
from ._reader import NO_RUN, Reader
from ._record import ALIKE, DATA_INDEX, ID_INDEX, ID_ONE, U64, WORD, body_struct

if TYPE_CHECKING:
    from ._attach import Attachment
    from ._message import SharedMemoryMessage
    from ._options import Options
    from ._reader import Run

_EVERYTHING: Final = 1 << 62
_PROBE: Final = 16
"""Messages that are looked at together at first."""
_CHUNK: Final = 256
"""Messages that are looked at together when there are many."""


class BatchReader(Reader):
    """What :class:`SharedMemoryConsumer` is made of."""

    __slots__ = ("_ahead", "_alike", "_bodies", "_like")

    def __init__(self, attachment: Attachment, options: Options) -> None:
        """Goes on where the last consumer was, and tells the producer."""
        super().__init__(attachment, options)
        self._bodies = attachment.bodies
        # How many messages of one shape came after each other, and that shape.
        self._alike = 0
        self._like: tuple[int, int, int] | None = None
        # How many messages are looked at together.
        self._ahead = _PROBE

    def _look_short(self) -> tuple[int, int, int] | None:
        """Words, payload size and type of the next message if it can go the short way."""
        shape = self._shapes.get(self._words[self._index])
        if shape is None:
            return None
        if WEAK_ORDER:
            full_fence()
        if self._index + shape[0] >= self._last:
            return None
        return shape if self._words[self._index + ID_INDEX] == self._tail else None

    def _take_short(self, step: int, size: int) -> None:
        """Takes and releases the message that `_look_short` found."""
        self._run = NO_RUN
        self._tail += ID_ONE
        self._index = end = self._index + step
        self._received = received = self._received + 1
        self._bytes = count = self._bytes + size
        received_cell, bytes_cell, position_cell, control_cell = self._cells
        received_cell[()] = received
        bytes_cell[()] = count
        if WEAK_ORDER:
            full_fence()
        position_cell[()] = end * WORD + self._base
        control = control_cell[()]
        if control != self._quiet:
            self._quiet = self._link.notify(control)

    def _receive_long(self, timeout_ms: int) -> bytes | None:
        """Receives with every check, and waits; None when the time is over."""
        self._run = NO_RUN
        if not self._await(timeout_ms):
            return None
        payload = self._type_and_payload()[1]
        self._finish()
        return payload

    def _look_ahead(self, word: int, step: int, size: int) -> Run:
        """After messages of one shape: looks whether many more of it follow the next one.

        What differs from one to the next is counted by iterators of C, which costs a fraction of
        what Python's additions do. The bytes are not looked at before their turn.
        """
        index = self._index + step
        if WEAK_ORDER or not size or self._words[index] != word:
            self._alike = 0
            return NO_RUN
        most = min(self._ahead, (self._last - 1 - index) // step)
        run = self._count_alike(index, word, step, most)
        self._ahead = min(2 * self._ahead, _CHUNK) if run == most else max(run, _PROBE)
        if run < ALIKE:
            self._alike = 0
            return NO_RUN
        end = index + run * step
        received, count, base = self._received + 1, self._bytes + size, self._base
        return zip(
            map(
                body_struct(size).unpack_from,
                repeat(self._bodies),
                range(index * WORD, end * WORD, step * WORD),
            ),
            range(index + step, end + step, step),
            range(received + 1, received + run + 1),
            range(count + size, count + run * size + 1, size),
            range(base + (index + step) * WORD, base + (end + step) * WORD, step * WORD),
        )

    def _count_alike(self, index: int, word: int, step: int, most: int) -> int:
        """How many records from an index on, one after the other, have a publication word.

        Words are read in the order in which they lie, up to one that differs; the one behind the
        last published record is zero. So whatever old bytes lie further on, they are not looked at.
        That holds where loads are not reordered.
        """
        found = self._words[index : index + most * step : step].tolist()
        count: int = found.count(word)
        if count < len(found):
            count = next(at for at, other in enumerate(found) if other != word)
        return count

    def drain(self, max_messages: int = _EVERYTHING) -> list[bytes]:
        """Receives copies of all payloads that are there, at most `max_messages`. Never waits.

        At most a lap of them, so that it ends however fast the producer is. Their room is given
        back together, or in parts where they fill a quarter of the ring.

        Raises:
            RingError: As for one message, and only if there was no message before: otherwise the
                next call raises it.
        """
        payloads: list[bytes] = []
        begin = self._position
        try:
            while len(payloads) < max_messages and self._is_within_a_lap(begin):
                left = max_messages - len(payloads)
                if self._drain_equals(payloads, left) or self._drain_run(payloads, left):
                    continue
                if not (self._find() if payloads else self._poll()):
                    break
                payloads.append(self._type_and_payload()[1])
                self._finish()
        except BaseException as error:
            self._after_failure(error)
            if not payloads or not isinstance(error, RingError):
                raise
            self._withhold(error)
        return payloads

    def _is_within_a_lap(self, begin: int) -> bool:
        """Whether less than a lap was received since the position `begin`."""
        return (self._position - begin) & U64 < self.capacity

    def _drain_run(self, payloads: list[bytes], limit: int) -> bool:
        """Receives what can go the short way, up to a quarter of the ring; False if nothing."""
        words, memory, known = self._words, self._memory, self._shapes
        index, tail, total, run = self._index, self._tail, 0, 0
        last = min(self._last, index + (self._end - DATA_INDEX) // 4)
        while run < limit:
            shape = known.get(words[index])
            if shape is None:
                break
            if WEAK_ORDER:
                full_fence()
            step, size, _ = shape
            end = index + step
            if end >= last or words[index + ID_INDEX] != tail:
                break
            start = index * WORD + MESSAGE_HEADER_SIZE
            payloads.append(memory[start : start + size])
            tail += ID_ONE
            total += size
            index = end
            run += 1
        return self._end_run(index, run, total)

    def _drain_equals(self, payloads: list[bytes], limit: int) -> bool:
        """Receives a run of like messages: their headers are read many at a time.

        See `_count_alike` for where that works.
        """
        words, index, tail, known = self._words, self._index, self._tail, self._shapes
        word = words[index]
        shape = known.get(word)
        if shape is None or WEAK_ORDER:
            return False
        step, size, _ = shape
        last = min(self._last, index + (self._end - DATA_INDEX) // 4)
        most = min(limit, (last - 1 - index) // step)
        probe, run = _PROBE, 0
        while run < most:
            start = index + run * step
            wanted = min(probe, most - run)
            count = self._count_alike(start, word, step, wanted)
            ids = words[start + ID_INDEX : start + count * step : step].tolist()
            if ids != list(range(tail, tail + count * ID_ONE, ID_ONE)):
                break
            tail += count * ID_ONE
            run += count
            if count < wanted:
                break
            probe = _CHUNK
        memory, at = self._memory, index * WORD + MESSAGE_HEADER_SIZE
        starts = range(at, at + run * step * WORD, step * WORD)
        payloads.extend([memory[start : start + size] for start in starts])
        return self._end_run(index + run * step, run, run * size)

    def _end_run(self, index: int, run: int, total: int) -> bool:
        """Releases a run of messages together."""
        if run:
            self._tail += run * ID_ONE
            self._index = index
            self._received += run
            self._bytes += total
            self._run = NO_RUN
            self._release()
        return run > 0

    def receive_batch(
        self, max_messages: int = _EVERYTHING, timeout_ms: int = -1
    ) -> list[SharedMemoryMessage]:
        """Receives copies of all messages that are there, at most `max_messages`.

        Waits for the first one only; an empty list says that the time is over. At most a lap of
        them, so that it ends however fast the producer is. Their room is given back together, or in
        parts where they fill a quarter of the ring.

        Raises:
            RingError: As for one message, and only if there was no message before: otherwise the
                next call raises it.
        """
        messages: list[SharedMemoryMessage] = []
        try:
            if not self._await(timeout_ms if max_messages > 0 else 0):
                return messages
            released = begin = self._position
            while len(messages) < max_messages and self._is_within_a_lap(begin) and self._find():
                messages.append(self._copy())
                self._take()
                if (self._position - released) & U64 >= self.capacity // 4:
                    self._release()
                    released = self._position
            self._release()
        except BaseException as error:
            self._after_failure(error)
            if not messages or not isinstance(error, RingError):
                raise
            self._withhold(error)
            self._release()
        return messages
