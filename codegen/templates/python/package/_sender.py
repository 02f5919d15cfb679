"""Sending on the long way: every check, waiting, batches, claims, and the end of a lap."""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING, Final
from weakref import ref

from ._claim import Claim
from ._errors import PeerError, RingError
from ._layout import FLAG_URGENT, HAS_TIMESTAMP, MESSAGE_HEADER_SIZE, TIMESTAMP_OFFSET, TYPE_DATA
from ._memory import WEAK_ORDER, full_fence
from ._message import SharedMemoryMessage, as_bytes
from ._payload import Payload
from ._platform import now_ns
from ._record import (
    ALIKE,
    FLAGS_ONE,
    ID_INDEX,
    ID_ONE,
    LENGTH_SHIFT,
    ROUND_UP,
    SIMPLE_HEADER,
    U32,
    USER_FLAGS,
    WORD,
    WORD_MASK,
    WORD_SHIFT,
    as_words,
    body_packer,
    payloads_struct,
    publication_word,
    write_header,
)
from ._writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Union

    from ._times import Patience, Wait
    from ._typing import BytesLike

    Sendable = Union[BytesLike, SharedMemoryMessage, Payload]

_PACKED: Final = 4096
"""Largest payload that is packed with its header: packing zeroes first what it writes."""
_CHUNK: Final = 256
"""Messages of a batch that are looked at together."""


class Sender(Writer):
    """What :class:`SharedMemoryProducer` is made of."""

    __slots__ = ()

    def _send_anew(
        self,
        error: BaseException,
        payload: BytesLike,
        message_type: int,
        flags: int,
        wait: Patience | Wait,
    ) -> bool:
        """After a send that failed: puts things straight, and finds out what was wrong.

        Raises the error, or a clearer one; but sends once more when it was only that the payload's
        length is not counted in bytes.
        """
        if isinstance(error, (ValueError, OSError)):
            # What a ring gives that was closed meanwhile.
            self._attachment.check_usable()
        self._recover(error)
        if isinstance(error, (IndexError, struct.error)):
            try:
                return self._put(payload, message_type, flags, wait)
            except BaseException as other:
                self._recover(other)
                raise
        if isinstance(error, ValueError):
            self._admit(0, message_type)
        if isinstance(error, (BufferError, TypeError)):
            as_bytes(payload)
        try:
            raise error
        finally:
            # Its traceback leads here: the cycle would keep alive whatever the caller has.
            del error

    def _send_single(
        self, payload: BytesLike, message_type: int, flags: int, wait: Patience | Wait
    ) -> bool:
        """Sends a message that is in no run, on the short way or with every check."""
        # One flat function: each call of another one would cost a tenth of it.
        self._end_run()
        size = len(payload)
        index = self._index
        end = index + ((size + ROUND_UP) >> WORD_SHIFT)
        if end >= self._bound and not self._goes_on(end):
            return self._put(payload, message_type, flags, wait)
        words = self._words
        if size & WORD_MASK:
            words[end - 1] = 0
        start = index * WORD + MESSAGE_HEADER_SIZE
        self._memory[start : start + size] = payload
        sent = self._sent
        if SIMPLE_HEADER:
            tail = (sent & U32) * ID_ONE
            if flags:
                tail += (int(flags) & USER_FLAGS) * FLAGS_ONE
            words[index + ID_INDEX] = tail
        else:
            write_header(self._view, words, index, sent & U32, int(flags) & USER_FLAGS)
        words[end] = 0
        if WEAK_ORDER:
            full_fence()
        words[index] = (size << LENGTH_SHIFT) + self._type_word
        self._sent = sent = sent + 1
        self._bytes = count = self._bytes + size
        if size != self._like or flags:
            self._like = size
            self._alike = 0
        elif self._alike < ALIKE:
            self._alike += 1
        else:
            self._start_run(payload, end, sent, count)
        # Last of this object's own state: if something interrupts this method before, `_recover`
        # finds a word at the old index.
        self._index = end
        sent_cell, bytes_cell, position_cell, control_cell = self._cells
        sent_cell[()] = sent
        bytes_cell[()] = count
        if WEAK_ORDER:
            full_fence()
        position_cell[()] = end * WORD + self._base
        control = control_cell[()]
        if control != self._quiet:
            self._attend(control)
        return True

    def _start_run(self, payload: BytesLike, index: int, sent: int, count: int) -> None:
        """Prepares to send many messages that are like `payload`, the last one, if they have room.

        What differs from one to the next is counted by iterators of C, which costs a fraction of
        what Python's additions do. The numbers are those behind the last one.
        """
        size = self._like
        step = (size + ROUND_UP) >> WORD_SHIFT
        run = (self._bound - 1 - index) // step
        packs = payload.__class__ is bytes and 0 < size <= _PACKED
        if WEAK_ORDER or not packs or run < ALIKE:
            # The next try is some messages away.
            self._alike = 0
            return
        end, stride = index + run * step, step * WORD
        tail, position = (sent & U32) * ID_ONE, index * WORD + self._base
        word = (size << LENGTH_SHIFT) + self._type_word
        self._tools = (body_packer(size), self._attachment.bodies, self._words, word)
        self._run_begin = sent
        self._run = zip(
            range(index, end, step),
            range(index * WORD, end * WORD, stride),
            range(tail, tail + run * ID_ONE, ID_ONE),
            range(sent + 1, sent + run + 1),
            range(count + size, count + run * size + 1, size),
            range(position + stride, position + run * stride + 1, stride),
        )

    def _put(
        self,
        payload: BytesLike,
        message_type: int,
        flags: int,
        wait: Patience | Wait,
        fields: bytearray | bytes | None = None,
    ) -> bool:
        """Sends on the long way: every check, waiting, and records that cross the lap's end."""
        if self._first[1] or self._torn:
            self._publish()
        if not isinstance(payload, bytes):
            payload = as_bytes(payload)
        if not self._stage(payload, message_type, int(flags) & USER_FLAGS, wait, fields):
            return False
        self._flush()
        return True

    def _stage(
        self,
        payload: BytesLike,
        message_type: int,
        flags: int,
        wait: Patience | Wait,
        fields: bytearray | bytes | None = None,
    ) -> bool:
        """Adds a message to what is staged; False when there was no room within the time."""
        self._end_run()
        size = len(payload)
        self._admit(size, message_type)
        place = self._await_room(size, wait)
        if place is None:
            return False
        index = place[0]
        self._prepare(index, size, flags, fields)
        start = index * WORD + MESSAGE_HEADER_SIZE
        self._memory[start : start + size] = payload
        self._seal(place, size, message_type)
        if flags & FLAG_URGENT:
            self._flush()
        return True

    def _push(
        self, payload: BytesLike, message_type: int, flags: int, wait: Patience | Wait
    ) -> bool:
        """Adds a message to a batch."""
        try:
            return self._stage(payload, message_type, int(flags) & USER_FLAGS, wait)
        except BaseException as error:
            self._recover(error)
            raise

    def _publish(self) -> None:
        """Publishes a batch so far."""
        self._attachment.check_usable()
        self._check_name()
        self._end_run()
        self._flush()

    def _send_many(
        self,
        messages: Iterable[Sendable],
        message_type: int,
        flags: int,
        wait: Patience | Wait,
    ) -> int:
        items = messages if isinstance(messages, (list, tuple)) else list(messages)
        sent = 0
        try:
            self._admit(0, message_type)
            self._end_run()
            self._flush()
            flags = int(flags) & USER_FLAGS
            while sent < len(items):
                if items[sent].__class__ is bytes and not flags:
                    run = self._stage_chunk(items[sent : sent + _CHUNK], message_type)
                    sent += run
                    if run:
                        continue
                payload, own, own_flags, fields = outgoing(items[sent], message_type, flags)
                if not self._stage(payload, own, own_flags, wait, fields):
                    break
                sent += 1
            self._flush()
        except RingError as error:
            if not sent or not self.is_open:
                raise
            if isinstance(error, PeerError):
                # The count is what is told now; how the consumer ended is for the next call.
                self._watch.untold()
            self._flush()
        except BaseException as error:
            self._recover(error)
            self._flush()
            raise
        return sent

    def _stage_chunk(self, items: Sequence[Sendable], message_type: int) -> int:
        """Stages bytes on the short way, as many as there are one after the other: the first is.

        Returns how many.
        """
        if message_type is not self._type:
            self._use_type(message_type)
        return self._stage_equals(items) or self._stage_short(items)

    def _stage_short(self, items: Sequence[Sendable]) -> int:
        """Stages bytes of any length, one by one; returns how many."""
        words, memory, own = self._words, self._memory, self._type_word
        bound = self._staging_bound()
        index, message_id, total, run = self._index, self._sent & U32, 0, 0
        self._torn = True
        first = self._first
        if not first[1]:
            self._mark = (self._position, self._sent, self._bytes, index)
        for payload in items:
            if payload.__class__ is not bytes:
                break
            size = len(payload)
            end = index + ((size + ROUND_UP) >> WORD_SHIFT)
            if end >= bound:
                break
            if size & WORD_MASK:
                words[end - 1] = 0
            at = index * WORD + MESSAGE_HEADER_SIZE
            memory[at : at + size] = payload
            if SIMPLE_HEADER:
                words[index + ID_INDEX] = message_id * ID_ONE
            else:
                write_header(self._view, words, index, message_id, 0)
            if first[1]:
                words[index] = (size << LENGTH_SHIFT) + own
            else:
                first = (index, (size << LENGTH_SHIFT) + own)
            message_id += 1
            total += size
            index = end
            run += 1
        self._end_stretch(first, index, run, total)
        return run

    def _stage_equals(self, items: Sequence[Sendable]) -> int:
        """Stages bytes of one length, all that have room, together; 0 if they are not like that."""
        size = len(items[0])  # type: ignore[arg-type]
        step = (size + ROUND_UP) >> WORD_SHIFT
        index = self._index
        run = min(len(items), (self._staging_bound() - 1 - index) // step)
        if run < ALIKE:
            return 0
        try:
            if list(map(len, items)).count(size) < len(items):  # type: ignore[arg-type]
                return 0
            payloads_struct(size, run).pack_into(self._memory, index * WORD, *items[:run])
        except (TypeError, struct.error):
            # Not all of them are bytes.
            return 0
        self._torn = True
        words, word = self._words, (size << LENGTH_SHIFT) + self._type_word
        tail = (self._sent & U32) * ID_ONE
        end = index + run * step
        first = self._first
        if not first[1]:
            self._mark = (self._position, self._sent, self._bytes, index)
            first = (index, word)
        else:
            words[index] = word
        # Packing has zeroed the headers.
        tails = array("Q", range(tail, tail + run * ID_ONE, ID_ONE))
        words[index + ID_INDEX : end : step] = _as_words(tails)
        if HAS_TIMESTAMP:
            times = array("Q", (now_ns(),)) * run
            words[index + TIMESTAMP_OFFSET // WORD : end : step] = _as_words(times)
        words[index + step : end : step] = _as_words(array("Q", (word,)) * (run - 1))
        self._end_stretch(first, end, run, run * size)
        return run

    def _end_stretch(self, first: tuple[int, int], index: int, run: int, total: int) -> None:
        if run:
            self._words[index] = 0
            self._first = first
            self._sent += run
            self._bytes += total
            self._index = index
            self._leave_short_way()
        self._torn = False

    def _claim(self, size: int, message_type: int, wait: Patience | Wait) -> Claim | None:
        if size < 0:
            message = f"a claim of {size} bytes"
            raise ValueError(message)
        try:
            self._end_run()
            self._admit(size, message_type)
            self._flush()
            place = self._await_room(size, wait)
            if place is None:
                return None
            claim = Claim(self, place, size, message_type)
            self._claimed = claim._claim = ref(claim)
            self._leave_short_way()
        except BaseException as error:
            self._recover(error)
            raise
        return claim

    def _end_claim(self, claim: ref[Claim] | None) -> None:
        """Ends a claim, if it is the one that is open now."""
        if self._claimed is None or self._claimed is not claim:
            return
        self._claimed = None
        if self._attachment.is_open:
            self._return_to_short_way()

    def _commit(self, place: tuple[int, int], size: int, message_type: int, flags: int) -> None:
        """Publishes a record that was filled in place."""
        index = place[0]
        start = index * WORD
        self._prepare(index, size, flags, self._view[start : start + MESSAGE_HEADER_SIZE])
        end = index + ((size + ROUND_UP) >> WORD_SHIFT)
        if place[1] or end >= self._room_end:
            self._seal(place, size, message_type)
            self._flush()
            return
        words = self._words
        words[end] = 0
        if WEAK_ORDER:
            full_fence()
        words[index] = publication_word(size + MESSAGE_HEADER_SIZE, message_type)
        self._sent += 1
        self._bytes += size
        self._index = end
        self._count()


def _as_words(values: array[int]) -> memoryview:
    return as_words(memoryview(values).cast("B"))


def outgoing(
    item: Sendable, message_type: int, flags: int
) -> tuple[BytesLike, int, int, bytearray | bytes | None]:
    """Payload, type, flags and header fields of something to be sent."""
    if isinstance(item, Payload):
        return item._pack(), item.MESSAGE_TYPE or TYPE_DATA, flags, None
    if isinstance(item, SharedMemoryMessage):
        own_flags = int(item.flags) & USER_FLAGS
        return item.payload, item.message_type, own_flags, item._header_fields
    return as_bytes(item), message_type, flags, None
