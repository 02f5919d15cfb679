"""Random numbers that are the same in every language."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = ("", "a", "Hello, ring!", "数据环 ¥", "🚀🛰\ufe0f", "naïve – “quotes”")

_MASK = 0xFFFFFFFFFFFFFFFF
_FLOAT = Struct("<f")
_FLOAT_BITS = Struct("<I")
_DOUBLE = Struct("<d")
_DOUBLE_BITS = Struct("<Q")
_TOP_THREE = 61

_STEP = 0x9E3779B97F4A7C15
_LANES = 512
_LANE_BITS = 128
_ONES = sum(1 << _LANE_BITS * lane for lane in range(_LANES))
_LANE_MASK = _ONES * _MASK
_STEPS = sum(((lane + 1) * _STEP & _MASK) << _LANE_BITS * lane for lane in range(_LANES))


class Rng:
    """SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)."""

    def __init__(self, seed: int, index: int) -> None:
        """The numbers for message `index`."""
        self._state = (seed ^ (index * 0xD1342543DE82EF95)) & _MASK

    def next(self) -> int:
        """64 random bits."""
        self._state = z = (self._state + _STEP) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def raw(self, size: int) -> bytes:
        """Random bytes."""
        words = -(-size // 8)
        parts = []
        while words > 0:
            count = min(words, _LANES)
            parts.append(self._draw_together(count))
            words -= count
        return b"".join(parts)[:size]

    def _draw_together(self, count: int) -> bytes:
        """What `count` draws give, computed in the lanes of one long integer.

        A lane has twice the bits of a number, so that no product reaches into the next one.
        """
        whole = (1 << _LANE_BITS * count) - 1
        ones, mask = _ONES & whole, _LANE_MASK & whole
        z = (self._state * ones + (_STEPS & whole)) & mask
        self._state = (self._state + count * _STEP) & _MASK
        z = ((z ^ (z >> 30 & mask)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27 & mask)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31 & mask
        lanes = memoryview(z.to_bytes(_LANE_BITS // 8 * count, "little")).cast("Q")
        return lanes[::2].tobytes()

    @staticmethod
    def to_unsigned(value: int, bits: int) -> int:
        """The low bits of a number."""
        return value & ((1 << bits) - 1)

    @staticmethod
    def to_signed(value: int, bits: int) -> int:
        """The low bits of a number, the highest of them as its sign."""
        value &= (1 << bits) - 1
        return value - (1 << bits) if value >> (bits - 1) else value

    def unsigned(self, bits: int) -> int:
        """An unsigned integer, often an extreme one."""
        draw = self.next()
        chosen = draw >> _TOP_THREE
        if chosen < 3:  # noqa: PLR2004 - zero, least, greatest
            return ((1 << bits) - 1) if chosen == 2 else 0  # noqa: PLR2004 - as above
        return self.to_unsigned(draw, bits)

    def signed(self, bits: int) -> int:
        """A signed integer, often an extreme one."""
        draw = self.next()
        chosen = draw >> _TOP_THREE
        if chosen < 3:  # noqa: PLR2004 - zero, least, greatest
            return (0, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)[chosen]
        return self.to_signed(draw, bits)

    def f32(self) -> float:
        """A float, often zero, negative zero, NaN or infinity."""
        draw = self.next()
        special = (0, 0x80000000, 0x7FC00000, 0x7F800000)
        chosen = draw >> _TOP_THREE
        bits = special[chosen] if chosen < len(special) else draw & 0xFF7FFFFF
        value: float = _FLOAT.unpack(_FLOAT_BITS.pack(bits))[0]
        return value

    def f64(self) -> float:
        """A double, often zero, negative zero, NaN or infinity."""
        draw = self.next()
        special = (0, 0x8000000000000000, 0x7FF8000000000000, 0x7FF0000000000000)
        chosen = draw >> _TOP_THREE
        bits = special[chosen] if chosen < len(special) else draw & 0xFFEFFFFFFFFFFFFF
        value: float = _DOUBLE.unpack(_DOUBLE_BITS.pack(bits))[0]
        return value

    def boolean(self) -> bool:
        """A truth value."""
        return self.next() & 1 == 1

    def text(self, size: int) -> str:
        """A text that fits into so many bytes."""
        text = TEXTS[self.next() % len(TEXTS)]
        return text if len(text.encode()) <= size else ""

    def tail_text(self, room: int) -> str:
        """A text that fits into the room for the tail."""
        draw = self.next()
        text = TEXTS[draw % len(TEXTS)] * ((draw >> 32) % 5)
        return text if len(text.encode()) <= room else ""

    def tail_bytes(self, room: int) -> bytes:
        """Bytes that fit into the room for the tail."""
        return self.raw(self._tail_count(room))

    def tail_elements(self, room: int, size: int, draw: Callable[[], Any]) -> tuple[Any, ...]:
        """Elements that fit into the room for the tail."""
        return tuple(draw() for _ in range(self._tail_count(room // size)))

    def _tail_count(self, most: int) -> int:
        draw = self.next()
        chosen = draw >> _TOP_THREE
        if chosen < 3:  # noqa: PLR2004 - none, one, all
            return (0, min(1, most), most)[chosen]
        return min(draw % 17, most)
