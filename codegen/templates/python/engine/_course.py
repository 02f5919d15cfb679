"""Where the next messages of a stream go, if they are like the last ones.

Sending a message moves numbers on by the same steps as long as type and size stay the same, and
counting by iterators of C costs a fraction of what Python's additions do. A course is no state: it
is followed only from the very tip that it has foreseen, and is forgotten otherwise.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Final

from ._record import (
    ALIKE,
    ID_ONE,
    LENGTH_SHIFT,
    ROUND_UP,
    SIMPLE_HEADER,
    U32,
    WORD,
    WORD_SHIFT,
    body_packer,
    type_word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._writer import Tip

_PACKED: Final = 4096
"""Largest payload that is packed with its header: packing zeroes first what it writes."""
_NOWHERE: Final = (0, 0, 0, 0, 0)


class Course:
    """The places of messages of one type and size."""

    __slots__ = ("_alike", "message_type", "pack", "size", "tip", "turns")

    def __init__(self) -> None:
        """A course that leads nowhere."""
        self._alike = 0
        self.message_type = 0
        self.size = 0
        self.pack = body_packer(0)
        self.tip = _NOWHERE
        """From where it goes on."""
        # Byte where the record starts, its header word with the id, and the tip behind it.
        self.turns: Iterator[tuple[int, int, Tip]] = iter(())

    def forget(self) -> None:
        """Follows it no further."""
        self.tip = _NOWHERE
        self._alike = 0

    def learn(self, message_type: int, size: int, tip: Tip, bound: int) -> None:
        """A message was sent: if it was like those before, foresees more, up to a bound."""
        if size != self.size or message_type is not self.message_type:
            self.message_type, self.size = message_type, size
            self._alike = 0
            return
        self._alike += 1
        if self._alike < ALIKE:
            return
        self._alike = 0
        index, position, sent, count, _ = tip
        step = (size + ROUND_UP) >> WORD_SHIFT
        run = min((bound - 1 - index) // step, U32 - (sent & U32))
        if run < ALIKE or not 0 < size <= _PACKED or not SIMPLE_HEADER:
            return
        end, stride, head = index + run * step, step * WORD, (sent & U32) * ID_ONE
        tips = zip(
            range(index + step, end + 1, step),
            range(position + stride, position + run * stride + 1, stride),
            range(sent + 1, sent + run + 1),
            range(count + size, count + run * size + 1, size),
            repeat((size << LENGTH_SHIFT) + type_word(message_type)),
        )
        heads = range(head, head + run * ID_ONE, ID_ONE)
        self.turns = zip(range(index * WORD, end * WORD, stride), heads, tips)
        self.pack = body_packer(size)
        self.tip = tip
