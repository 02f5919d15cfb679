"""What message number `index` is: the same in every language, so that both sides know it."""

from __future__ import annotations

from typing import Any, NamedTuple

import samples
from protocol import Payload, layout
from rng import TEXTS, Rng

LONGEST = 65536
"""Longest payload that the script asks for, in bytes."""

_FRAGMENTED_EVERY = 97


class Planned(NamedTuple):
    """One message as both sides expect it."""

    message_type: int
    flags: int
    payload: bytes
    text: str | None = None
    """The text that the payload is, if it is sent as text."""
    sample: samples.Sample | None = None
    """Which struct the payload is, if it is sent as such."""
    value: Any = None
    """That struct."""
    is_fragmented: bool = False
    route: int = 0
    """How the producer sends it: plain, claimed or in a batch."""


class Script:
    """Decides what each message is."""

    def __init__(self, seed: int, plan: str, size: int) -> None:
        """The script of a plan: mixed, records or stream."""
        self.seed = seed
        self.plan = plan
        self.size = size

    def is_fragmented(self, index: int) -> bool:
        """Whether message number `index` goes in pieces."""
        return self.plan == "mixed" and index % _FRAGMENTED_EVERY == _FRAGMENTED_EVERY - 1

    def message(self, index: int, largest: int) -> Planned:
        """Message number `index` on a ring whose largest payload is `largest` bytes."""
        if self.plan == "stream":
            payload = index.to_bytes(8, "little")[: self.size].ljust(self.size, b"\0")
            return Planned(layout.TYPE_DATA, 0, payload)
        most = min(largest, LONGEST)
        rng = Rng(self.seed, index)
        draw = rng.next()
        if self.is_fragmented(index):
            payload = rng.raw(most * 2 + draw % 1000)
            return Planned(layout.TYPE_DATA, 0, payload, is_fragmented=True)
        route = (draw >> 40) % 4
        return self._whole(rng, draw, most)._replace(route=route)

    def _whole(self, rng: Rng, draw: int, most: int) -> Planned:
        kind = draw % 8
        if kind == 0:
            text = TEXTS[(draw >> 8) % len(TEXTS)]
            return Planned(layout.TYPE_DATA, 0, text.encode(), text=text)
        if kind == 2:  # noqa: PLR2004 - kinds are numbered
            return Planned(layout.TYPE_HEARTBEAT, 0, b"")
        if kind == 3:  # noqa: PLR2004 - kinds are numbered
            flags = layout.FLAG_URGENT if draw >> 63 else 0
            size = min((draw >> 8) % 65, most)
            return Planned(0x70000000 + (draw >> 8) % 100, flags, rng.raw(size))
        if kind > 3 and samples.MESSAGES:  # noqa: PLR2004 - kinds are numbered
            sample = samples.MESSAGES[(draw >> 8) % len(samples.MESSAGES)]
            if sample.size <= most:
                value = sample.draw(rng, most)
                message_type = sample.kind.MESSAGE_TYPE
                return Planned(message_type, 0, Payload.pack(value), sample=sample, value=value)
        size = most if draw >> 56 == 0 else (draw >> 8) % (min(most, 512) + 1)
        return Planned(layout.TYPE_DATA, 0, rng.raw(size))


def encoded(sample: samples.Sample, k: int) -> bytes:
    """Golden sample `k` of a struct: a tail takes at most 64 bytes."""
    packed: bytes = Payload.pack(sample.draw(Rng(7, k), sample.size + 64))
    return packed


def recoded(sample: samples.Sample, payload: bytes) -> bytes:
    """A payload decoded and encoded again."""
    packed: bytes = Payload.pack(sample.kind._unpack(payload))
    return packed
