"""Receiving many messages at once, with few releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._errors import RingError
from ._layout import MESSAGE_HEADER_SIZE
from ._memory import WEAK_ORDER, full_fence
from ._reader import Reader
from ._record import DATA_INDEX, ID_INDEX, ID_ONE, U64, WORD

if TYPE_CHECKING:
    from ._message import SharedMemoryMessage

_EVERYTHING: Final = 1 << 62
_PROBE: Final = 16
"""Messages of a drain that are looked at together at first."""
_CHUNK: Final = 256
"""Messages of a drain that are looked at together when there are many."""


class BatchReader(Reader):
    """What :class:`SharedMemoryConsumer` is made of."""

    __slots__ = ()

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

        Words are read in the order in which they lie, up to one that differs; the one behind the
        last published record is zero. So whatever old bytes lie further on, they are not looked at.
        That holds where loads are not reordered.
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
            found = words[start : index + min(most, run + probe) * step : step].tolist()
            count = found.count(word)
            if count < len(found):
                count = next(at for at, other in enumerate(found) if other != word)
            ids = words[start + ID_INDEX : start + count * step : step].tolist()
            if ids != list(range(tail, tail + count * ID_ONE, ID_ONE)):
                break
            tail += count * ID_ONE
            run += count
            if count < len(found):
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
