"""Receiving on the short way: one by one, in runs of like messages, and many at once."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import ref

from ._errors import RingError
from ._finder import Finder
from ._headers import HEADER_HAS_FIELDS
from ._layout import HAS_TIMESTAMP, MESSAGE_HEADER_SIZE
from ._memory import WEAK_ORDER, full_fence
from ._message import ReceivedMessage, SharedMemoryMessage, judge_of
from ._reader import NO_RUN
from ._record import (
    ALIKE,
    DATA_INDEX,
    FLAGS_MASK,
    FLAGS_SHIFT,
    ID_INDEX,
    ID_ONE,
    ID_SHIFT,
    IN_TURN,
    SIMPLE_HEADER,
    U32,
    U64,
    WORD,
    frame_of,
    payloads_struct,
    publication_word,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Union

    from ._errors import MessageError
    from ._payload import Payload
    from ._reader import Shape, Turn
    from ._times import Patience

    # What is wrong with a message of a type and size; None if nothing is.
    Judge = Callable[[int, int], Union[MessageError, None]]

Value = TypeVar("Value")

_EVERYTHING: Final = 1 << 62
_GLANCE: Final = 64
"""Messages that are looked at together when there are some."""
_CHUNK: Final = 256
"""Messages that are looked at together when there are many."""
_COPIED: Final = 1 << 16
"""Most bytes of a run, all of which are copied before the first of them is wanted."""


class Receiver(Finder):
    """What :class:`SharedMemoryConsumer` is made of."""

    __slots__ = ()

    # One by one

    def _look_short(self, timeout: Patience) -> Shape | None:
        """The shape of the next message if it can go the short way; waits a little for one."""
        if self._run is not NO_RUN:
            self._end_run()
        words, index = self._words, self._index
        shape = self._shapes.get(words[index])
        if shape is None and timeout != 0 and self._spin():
            shape = self._shapes.get(words[index])
        if shape is None or index + shape[0] >= self._last:
            return None
        if WEAK_ORDER:
            full_fence()
        return None if (words[index + ID_INDEX] ^ self._tail) & IN_TURN else shape

    def _spin(self) -> bool:
        """Whether something comes soon that may go the short way, as the answer to a question does.

        Asking after the producer, and all else that a long wait needs, would take longer.
        """
        if not self._last:
            return False
        words, index = self._words, self._index
        for _ in self._glances:  # noqa: SIM110 - any() would look half as often
            if words[index]:
                return True
        return False

    def _message_at(self, index: int, shape: Shape) -> SharedMemoryMessage:
        """A copy of the message of a record."""
        _, size, message_type = shape
        start = index * WORD
        payload = self._memory[start + MESSAGE_HEADER_SIZE : start + MESSAGE_HEADER_SIZE + size]
        if HEADER_HAS_FIELDS or HAS_TIMESTAMP:
            header = self._memory[start : start + MESSAGE_HEADER_SIZE]
            return SharedMemoryMessage._with_header(message_type, header, payload)
        head = self._words[index + ID_INDEX]
        flags, message_id = (head >> FLAGS_SHIFT) & FLAGS_MASK, (head >> ID_SHIFT) & U32
        return SharedMemoryMessage(message_type, payload, flags, message_id)

    def _take_short(self, shape: Shape, *, may_run: bool = True) -> None:
        """Takes and releases the message that `_look_short` found.

        `may_run` says whether the caller would take those behind it out of a run.
        """
        step, size, _ = shape
        if shape is not self._like or not may_run:
            self._like = shape
            self._alike = 0
        elif self._alike < ALIKE:
            self._alike += 1
        else:
            self._start_run()
        self._tail += ID_ONE
        self._index = end = self._index + step
        self._received = received = self._received + 1
        self._bytes = count = self._bytes + size
        self._give_back(received, count, end * WORD + self._base)

    def _receive_single(self, timeout: Patience) -> bytes | None:
        """Receives a payload that is in no run; None when the time is over."""
        # As `_look_short` and `_take_short` do, in one flat function: where sizes are mixed, each
        # call of another one would cost a tenth of it.
        if self._run is not NO_RUN:
            self._end_run()
        words, index, tail = self._words, self._index, self._tail
        shape = self._shapes.get(words[index])
        if shape is None and timeout != 0 and self._spin():
            shape = self._shapes.get(words[index])
        if shape is None:
            return self._receive_long(timeout)
        if WEAK_ORDER:
            full_fence()
        step, size, _ = shape
        end = index + step
        if end >= self._last or (words[index + ID_INDEX] ^ tail) & IN_TURN:
            return self._receive_long(timeout)
        start = index * WORD + MESSAGE_HEADER_SIZE
        payload = self._memory[start : start + size]
        if shape is not self._like:
            self._like = shape
            self._alike = 0
        elif self._alike < ALIKE:
            self._alike += 1
        else:
            self._start_run()
        self._tail = tail + ID_ONE
        self._index = end
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
        return payload

    def _receive_as(self, make: Callable[[int, bytes], Value], timeout: Patience) -> Value | None:
        """Receives what `make` makes of the next type and payload; if it fails, the message stays.

        None when the time is over.
        """
        try:
            turn = next(self._run, None)
            if turn is not None:
                value = make(self._like[2], turn[0])
                self._take_turn(turn)
                return value
            shape = self._look_short(timeout)
            if shape is not None:
                start = self._index * WORD + MESSAGE_HEADER_SIZE
                value = make(shape[2], self._memory[start : start + shape[1]])
                self._take_short(shape)
                return value
            if not self._await(timeout):
                return None
            value = make(*self._type_and_payload())
            self._finish()
        except BaseException as error:
            self._after_failure(error)
            raise
        return value

    def _receive_long(self, timeout: Patience) -> bytes | None:
        """Receives a payload with every check, and waits; None when the time is over."""
        if not self._await(timeout):
            return None
        payload = self._type_and_payload()[1]
        self._finish()
        return payload

    def _copy(self) -> SharedMemoryMessage:
        """Copies the message that was found, without taking it."""
        if self._assembled is not None:
            return SharedMemoryMessage._with_header(*self._assembled)
        start, word = self._index * WORD, self._word
        header = self._memory[start : start + MESSAGE_HEADER_SIZE]
        payload = self._memory[start + MESSAGE_HEADER_SIZE : start + frame_of(word)]
        return SharedMemoryMessage._with_header(type_of(word), header, payload)

    def _type_and_payload(self) -> tuple[int, bytes]:
        """Type and a copy of the payload of the message that was found, without taking it."""
        if self._assembled is not None:
            return self._assembled[0], self._assembled[2]
        start, word = self._index * WORD + MESSAGE_HEADER_SIZE, self._word
        end = start - MESSAGE_HEADER_SIZE + frame_of(word)
        return type_of(word), self._memory[start:end]

    # In place

    def _lend_short(self, shape: Shape) -> ReceivedMessage:
        """Hands out the message that `_look_short` found, in place."""
        _, size, message_type = shape
        self._word = publication_word(size + MESSAGE_HEADER_SIZE, message_type)
        self._sync_id()
        self._lent = shape, self._last
        return self._lend_at(self._index * WORD, size, message_type)

    def _lend(self) -> ReceivedMessage:
        """Hands out the message that was found, in place."""
        if self._assembled is not None:
            message_type, header, whole = self._assembled
            self._take()
            return ReceivedMessage(None, message_type, memoryview(header), 0, memoryview(whole))
        size = frame_of(self._word) - MESSAGE_HEADER_SIZE
        self._sync_id()
        self._lent = None
        return self._lend_at(self._index * WORD, size, type_of(self._word))

    def _lend_at(self, start: int, size: int, message_type: int) -> ReceivedMessage:
        payload = self._view[start + MESSAGE_HEADER_SIZE : start + MESSAGE_HEADER_SIZE + size]
        message = ReceivedMessage(self, message_type, self._view, start, payload)
        self._borrowed = message._borrow = ref(message)
        self._leave_short_way()
        return message

    def _end_borrow(self, borrow: ref[ReceivedMessage] | None) -> None:
        """Takes and releases a message, if it is the one that is borrowed now."""
        if self._borrowed is None or self._borrowed is not borrow:
            return
        self._borrowed = None
        if not self._attachment.is_open:
            return
        if self._lent is None:
            self._finish()
            return
        shape, self._last = self._lent
        self._lent = None
        try:
            self._take_short(shape, may_run=False)
        except BaseException as error:
            self._after_failure(error)
            raise

    # Many like each other

    def _start_run(self) -> None:
        """After messages of one shape: prepares those behind the next one, if many are like it.

        Their payloads are copied by one call. What else differs from one to the next is counted by
        iterators of C, which costs a fraction of what Python's additions do. They are released one
        by one: if this process dies, those that were not handed out come again.
        """
        # If it comes to nothing, the next try is some messages away.
        self._alike = 0
        step, size, message_type = self._like
        if WEAK_ORDER or not size:
            return
        begin, stride = self._index + step, step * WORD
        most = min(self._ahead, (self._last - 1 - begin) // step, _COPIED // stride)
        word = publication_word(size + MESSAGE_HEADER_SIZE, message_type)
        run = self._count_alike(begin, word, step, self._tail + ID_ONE, most)
        self._ahead = min(2 * self._ahead, _CHUNK) if run == most else max(run, ALIKE)
        if run < ALIKE:
            return
        self._alike = ALIKE
        received, count = self._received + 1, self._bytes + size
        position = begin * WORD + self._base
        self._run_span = (received, received + run)
        self._run = zip(
            self._payloads_at(begin, size, run),
            range(received + 1, received + run + 1),
            range(count + size, count + run * size + 1, size),
            range(position + stride, position + run * stride + 1, stride),
        )

    def _id_in_run(self) -> int:
        """The id of the message that is the next one of the run."""
        return self._tail // ID_ONE + self._received - self._run_span[0]

    def _take_turn(self, turn: Turn) -> None:
        """Takes and releases the message that is the next one of the run."""
        _, received, count, position = turn
        self._received = received
        self._give_back(received, count, position)

    def _count_alike(self, index: int, word: int, step: int, tail: int, most: int) -> int:
        """How many records from an index on, one after the other, are alike and in turn.

        That is: have a publication word, and header words that count up from `tail`. Where one of
        those does not, the answer is 0, and they go the other ways.

        Words are read in the order in which they lie, up to one that differs; the one behind the
        last published record is zero. So whatever old bytes lie further on, they are not looked at.
        That holds where loads are not reordered.
        """
        if most <= 0:
            return 0
        found = self._words[index : index + most * step : step].tolist()
        count: int = found.count(word)
        if word in found[count:]:
            count = next(at for at, other in enumerate(found) if other != word)
        found = self._words[index + ID_INDEX : index + count * step : step].tolist()
        return count if found == list(range(tail, tail + count * ID_ONE, ID_ONE)) else 0

    def _payloads_at(self, index: int, size: int, count: int) -> tuple[Any, ...]:
        """Copies of the payloads of like records, one after the other."""
        return payloads_struct(size, count).unpack_from(self._memory, index * WORD)

    # Many at once

    def drain(
        self, max_messages: int = _EVERYTHING, *, kind: int | type[Payload] | None = None
    ) -> list[bytes]:
        """Receives copies of all payloads that are there, at most `max_messages`. Never waits.

        At most a lap of them, so that it ends however fast the producer is. Their room is given
        back together, or in parts where they fill a quarter of the ring, before this returns: a
        process that is killed then may lose what was given back, and what was not comes again.

        Args:
            max_messages: How many at most.
            kind: A message type, or one of the spec's structs: then only messages that are such,
                up to the first one that is not, which stays. None takes all, whose types are not
                told: `receive_batch` gives messages with theirs.

        Raises:
            TypeMismatch, SizeMismatch: The first message is not of this kind. It stays in the ring;
                see :meth:`SharedMemoryConsumer.skip`.
            RingError: As for one message, and only if there was no message before: otherwise the
                next call raises it.
        """
        judge = None if kind is None else judge_of(kind, exact=self._options.exact_size)
        payloads: list[bytes] = []
        self._receive_many(payloads, max_messages, 0, judge, whole=False)
        return payloads

    def receive_batch(
        self, max_messages: int = _EVERYTHING, timeout: float | None = None
    ) -> list[SharedMemoryMessage]:
        """Receives copies of all messages that are there, at most `max_messages`.

        Waits for the first one only; an empty list says that the time is over. At most a lap of
        them, so that it ends however fast the producer is. A kill loses and repeats what it does
        with :meth:`drain`.

        Raises:
            RingError: As for one message, and only if there was no message before: otherwise the
                next call raises it.
        """
        messages: list[SharedMemoryMessage] = []
        self._receive_many(messages, max_messages, timeout, None, whole=True)
        return messages

    def _receive_many(
        self, taken: list[Any], limit: int, timeout: Patience, judge: Judge | None, *, whole: bool
    ) -> None:
        """Receives messages, or their payloads if not `whole`; waits for the first one only."""
        try:
            self._check()
            begin = self._position
            while len(taken) < limit and (self._position - begin) & U64 < self.capacity:
                left = limit - len(taken)
                # The room that is given back together.
                last = min(self._last, self._index + (self._end - DATA_INDEX) // 4)
                if self._take_equals(taken, left, last, judge, whole=whole):
                    continue
                if self._take_others(taken, left, last, judge, whole=whole):
                    continue
                if taken and not self._words[self._index]:
                    break
                if not (self._find() if taken else self._await(timeout)):
                    break
                if judge is not None and not self._suits(judge, is_first=not taken):
                    break
                taken.append(self._copy() if whole else self._type_and_payload()[1])
                self._finish()
        except BaseException as error:
            self._after_failure(error)
            if not taken or not isinstance(error, RingError):
                raise
            self._withhold(error)

    def _suits(self, judge: Judge, *, is_first: bool) -> bool:
        """Whether nothing is wrong with the message that was found; the first one has to be right.

        Raises:
            MessageError: What is wrong with the first one.
        """
        if self._assembled is not None:
            found = self._assembled[0], len(self._assembled[2])
        else:
            found = type_of(self._word), frame_of(self._word) - MESSAGE_HEADER_SIZE
        error = judge(*found)
        if error is not None and is_first:
            raise error
        return error is None

    def _take_equals(
        self, taken: list[Any], limit: int, last: int, judge: Judge | None, *, whole: bool
    ) -> bool:
        """Receives many like messages before a last index; False if there are not many.

        Their headers are read together, and their payloads copied: see `_count_alike`.
        """
        words, index = self._words, self._index
        word = words[index]
        shape = self._shapes.get(word)
        if shape is None or WEAK_ORDER or (whole and not SIMPLE_HEADER):
            return False
        step, size, message_type = shape
        if judge is not None and judge(message_type, size) is not None:
            return False
        most = min(limit, (last - 1 - index) // step)
        if most < ALIKE or words[index + (ALIKE - 1) * step] != word:
            return False
        count, wanted = 0, min(_GLANCE, most)
        while wanted:
            start, tail = index + count * step, self._tail + count * ID_ONE
            found = self._count_alike(start, word, step, tail, wanted)
            if found:
                payloads = self._payloads_at(start, size, found)
                ids = range(tail // ID_ONE, tail // ID_ONE + found)
                taken.extend(_messages(message_type, payloads, ids) if whole else payloads)
                count += found
            wanted = min(_CHUNK, most - count) if found == wanted else 0
        return self._release_together(index + count * step, count, count * size)

    def _take_others(
        self, taken: list[Any], limit: int, last: int, judge: Judge | None, *, whole: bool
    ) -> bool:
        """Receives what can go the short way before a last index, some messages; False if none."""
        words, memory, known, tail = self._words, self._memory, self._shapes, self._tail
        index, count, total = self._index, 0, 0
        while count < min(limit, _CHUNK):
            shape = known.get(words[index])
            if shape is None:
                break
            if WEAK_ORDER:
                full_fence()
            if judge is not None and judge(shape[2], shape[1]) is not None:
                break
            end = index + shape[0]
            if end >= last or (words[index + ID_INDEX] ^ tail) & IN_TURN:
                break
            if whole:
                taken.append(self._message_at(index, shape))
            else:
                start = index * WORD + MESSAGE_HEADER_SIZE
                taken.append(memory[start : start + shape[1]])
            tail += ID_ONE
            total += shape[1]
            index = end
            count += 1
        return self._release_together(index, count, total)

    def _release_together(self, index: int, count: int, total: int) -> bool:
        """Takes and releases messages up to an index; False if there are none."""
        if count:
            self._tail += count * ID_ONE
            self._index = index
            self._received += count
            self._bytes += total
            self._release()
        return count > 0


def _messages(
    message_type: int, payloads: Iterable[bytes], ids: Iterable[int]
) -> Iterator[SharedMemoryMessage]:
    return map(SharedMemoryMessage, repeat(message_type), payloads, repeat(0), ids)
