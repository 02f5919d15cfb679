"""Where a side goes on after another one of its role, which may have died anywhere."""

from __future__ import annotations

import time
from typing import Final

from .._layout import (
    MESSAGES_SENT_OFFSET,
    READ_POSITION_OFFSET,
    WRITE_POSITION_OFFSET,
)
from ._errors import Corrupt
from ._memory import WEAK_ORDER, full_fence
from ._record import DATA_INDEX, U32, U64, WORD, check_word, id_of, type_of

_SENT: Final = MESSAGES_SENT_OFFSET // WORD
_READ: Final = READ_POSITION_OFFSET // WORD
_WRITE: Final = WRITE_POSITION_OFFSET // WORD
_ATTEMPTS: Final = 64


def _aligned(offset: int, value: int, name: str) -> None:
    if value % WORD:
        raise Corrupt.at(offset, value, f"{name} is not a multiple of {WORD}")


def _walk(
    words: memoryview, capacity: int, start: int, target: int | None
) -> tuple[int, int | None]:
    """Walks over published records from `start` to the first zero word, or until `target`.

    Returns where it stopped and the id of the last message.
    """
    position = start
    last_id = None
    while position != target:
        index = DATA_INDEX + position % capacity // WORD
        word = words[index]
        if not word:
            break
        if (position - start) & U64 >= capacity:
            raise Corrupt.at(position, word, "published records exceed a lap")
        if WEAK_ORDER:
            full_fence()
        stride = check_word(word, position, capacity) * WORD
        if type_of(word):
            last_id = id_of(words, index)
        position = (position + stride) & U64
    return position, last_id


def producer_position(words: memoryview, capacity: int) -> tuple[int, int]:
    """Where a new producer goes on, and how many messages were sent before.

    The dead one may have published records that it did not count any more: the walk finds them.
    What it wrote without publishing lies behind a zero word and is overwritten. The result is
    stored, the counter first, so that dying here changes nothing either.

    Raises:
        Corrupt: Positions or records are impossible.
    """
    start = words[_WRITE]
    if WEAK_ORDER:
        full_fence()
    sent = words[_SENT]
    _aligned(WRITE_POSITION_OFFSET, start, "write_position")
    position, last_id = _walk(words, capacity, start, None)
    if last_id is not None:
        # The 64-bit count whose low half follows the last id and that is not below the stored one.
        sent = (sent + ((last_id + 1 - sent) & U32)) & U64
    # Read after the walk, because a consumer may have received what the walk found.
    read = words[_READ]
    if (position - read) & U64 > capacity or read % WORD:
        why = "read_position is not within a lap behind write_position"
        raise Corrupt.at(READ_POSITION_OFFSET, read, why)
    if position != start:
        words[_SENT] = sent
        if WEAK_ORDER:
            full_fence()
        words[_WRITE] = position
    return position, sent


def consumer_position(words: memoryview, capacity: int) -> int:
    """Where a new consumer goes on: at `read_position`, if records start there.

    Raises:
        Corrupt: Positions or records are impossible.
    """
    read: int = words[_READ]
    _aligned(READ_POSITION_OFFSET, read, "read_position")
    bad = Corrupt.at(READ_POSITION_OFFSET, read, "read_position is beyond write_position")
    for _ in range(_ATTEMPTS):
        write = words[_WRITE]
        _aligned(WRITE_POSITION_OFFSET, write, "write_position")
        if (write - read) & U64 <= capacity:
            return read
        if (read - write) & U64 > capacity:
            raise Corrupt.at(READ_POSITION_OFFSET, read, "read_position is off by laps")
        # The last consumer had received what the producer has not counted yet, or died before
        # counting: then published records lead from there to here.
        try:
            if _walk(words, capacity, write, read)[0] == read:
                return read
        except Corrupt as error:
            bad = error
        # A live producer may be writing over what the walk read: look again.
        time.sleep(0)
    raise bad
