"""Times: callers give seconds, the engine counts nanoseconds of the host's monotonic clock."""

from __future__ import annotations

from enum import Enum
from typing import Final, Union

from ._platform import now_ns

SECOND_NS: Final = 1_000_000_000
_LONGEST: Final = 1 << 32
"""Seconds that nobody waits for: from here on, a time is without bound."""


class Wait(Enum):
    """What a send takes instead of a time."""

    AS_OPTIONS = "as long as Options.send_timeout says"
    LOOK = "not at all; and it is no failure, because the caller tries again"


def nanoseconds(seconds: float | None) -> int | None:
    """A time in nanoseconds; None, which is without bound, for None, inf and more than a century.

    Raises:
        ValueError: It is negative, or not a number.
    """
    if seconds is None:
        return None
    if not seconds >= 0:
        message = f"a time of {seconds!r} s: expected 0 or more, or None for without bound"
        raise ValueError(message)
    return None if seconds >= _LONGEST else int(seconds * SECOND_NS)


class Deadline:
    """When a blocking call gives up."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float | None) -> None:
        """Starts the time; None is without bound.

        Raises:
            ValueError: It is negative, or not a number.
        """
        left = nanoseconds(seconds)
        self._end = None if left is None else now_ns() + left

    @classmethod
    def of(cls, timeout: Patience) -> Deadline:
        """The deadline of a call: that of a larger call it belongs to, or one of its own."""
        return timeout if isinstance(timeout, Deadline) else cls(timeout)

    def left_ns(self, now: int, bound: int) -> int:
        """Nanoseconds left, at most `bound`; 0 when the time is over."""
        return bound if self._end is None else max(0, min(self._end - now, bound))

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and now_ns() >= self._end


Patience = Union[float, None, Deadline]
"""How long a call waits: seconds, without bound, or as long as a larger call does."""
