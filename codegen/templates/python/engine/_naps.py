"""Sleeping where the system has nothing to sleep on."""

from __future__ import annotations

import time
from typing import Final

_SHORTEST: Final = 50e-6
_LONGEST: Final = 1e-3


def nap_until_changed(words: memoryview, index: int, expected: int, timeout_ns: int) -> bool:
    """Naps while a word is `expected`; False if only the time ended it.

    Naps double from 50 microseconds to 1 millisecond: an idle receiver costs next to nothing, a
    busy one wakes soon.
    """
    end = time.monotonic() + timeout_ns / 1e9
    nap = _SHORTEST
    while words[index] == expected:
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(nap, left))
        nap = min(nap * 2, _LONGEST)
    return True
