"""Looking over what a ring holds, without receiving it: for consumers that drop what is stale."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ._errors import Corrupt
from ._fragments import PREFIX, follow
from ._layout import FLAG_FRAGMENT, FLAG_LAST_FRAGMENT, MESSAGE_HEADER_SIZE
from ._memory import WEAK_ORDER, full_fence
from ._record import DATA_INDEX, U64, WORD, check_word, flags_of, frame_of, type_of

if TYPE_CHECKING:
    from ._fragments import Due


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


def survey(words: memoryview, view: memoryview, capacity: int, position: int, due: Due) -> Survey:
    """Looks over what is published from a position on, a lap at most.

    `due` is the piece that would go on with those which were gathered before.
    """
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
            piece = _piece(view, index * WORD, word)
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
