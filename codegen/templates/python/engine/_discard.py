"""Dropping what a ring holds, without receiving it: for consumers that have no use for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._layout import FLAG_FRAGMENT, FLAG_LAST_FRAGMENT, MESSAGE_HEADER_SIZE
from ._errors import Corrupt
from ._fragments import PREFIX, follow
from ._memory import WEAK_ORDER, full_fence
from ._record import DATA_INDEX, U64, WORD, check_word, flags_of, frame_of, type_of

if TYPE_CHECKING:
    from ._fragments import Due
    from ._reader import RingReader
    from ._receiver import Receiver


def discard(receiver: Receiver, *, keep_latest: bool) -> int:
    """Drops the messages that are there, but for the last one if that is to be kept.

    Returns how many. A lap of them at most; all count as received.
    """
    try:
        receiver.check()
        reader = receiver.reader
        seen = survey(reader, receiver.assembler.due)
        dropped, end = seen.whole, seen.end
        if keep_latest:
            if not seen.whole:
                return 0
            dropped, end = seen.whole - 1, seen.latest
        if end != reader.position or not keep_latest:
            dropped += receiver.forget_pieces(more=seen.due is not None)
        _take_to(reader, end)
        reader.release()
    except BaseException as error:
        receiver.recover(error)
        raise
    return dropped


def _take_to(reader: RingReader, end: int) -> None:
    while 0 < (end - reader.position) & U64 <= reader.capacity:
        shape = reader.look()
        # Padding may have been all that was left.
        if shape is None or reader.position == end:
            return
        reader.take(shape)


class Survey(NamedTuple):
    """What there is from a position on."""

    end: int
    """Position behind it: of the first word that is not published, or that nobody writes."""
    whole: int
    """Messages of which everything is there."""
    latest: int
    """Position where the last of those begins."""
    due: Due
    """The piece that the last message still lacks."""


def survey(reader: RingReader, due: Due) -> Survey:
    """Looks over what is published where a reader is, a lap at most.

    `due` is the piece that would go on with those which were gathered before.
    """
    words, capacity, position = reader.words, reader.capacity, reader.position
    begin = first = latest = position
    whole = 0
    while (position - begin) & U64 < capacity:
        index = DATA_INDEX + position % capacity // WORD
        word = words[index]
        if not word:
            break
        if WEAK_ORDER:
            full_fence()
        try:
            step = check_word(word, position, capacity)
        except Corrupt:
            break
        if type_of(word):
            piece = _piece(reader.view, index * WORD, word)
            if piece is None or piece[0] == 0:
                first = position
            due = None if piece is None else follow(due, type_of(word), piece)
            if piece is None or (due is not None and piece[2]):
                whole += 1
                latest = first
                due = None
        position = (position + step * WORD) & U64
    return Survey(position, whole, latest, due)


def _piece(view: memoryview, start: int, word: int) -> tuple[int, int, bool] | None:
    """Index, count, and whether it is the last one; None for a message that is not in pieces."""
    flags = flags_of(view, start)
    if not flags & FLAG_FRAGMENT:
        return None
    if frame_of(word) < MESSAGE_HEADER_SIZE + PREFIX.size:
        # A broken one: it goes on with nothing.
        return 1, 0, False
    index, count = PREFIX.unpack_from(view, start + MESSAGE_HEADER_SIZE)
    return index, count, bool(flags & FLAG_LAST_FRAGMENT)
