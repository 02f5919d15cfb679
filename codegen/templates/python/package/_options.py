"""What a caller may choose when attaching to a ring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


class Mode(Enum):
    """How to come by a ring."""

    CREATE_OR_OPEN = "create_or_open"
    """Open it, or make it if it is not there: either side may start first."""
    CREATE_ONLY = "create_only"
    """Make it; :class:`AlreadyExists` if it is there."""
    OPEN_ONLY = "open_only"
    """Open it; :class:`NotFound` if it is not there."""


class WaitStrategy(Enum):
    """How blocking calls wait."""

    ADAPTIVE = "adaptive"
    """Look for a while, then sleep in the kernel. Other threads run meanwhile."""
    SPIN = "spin"
    """Look all the time: the shortest delay, at the price of a processor."""


class Distance(Enum):
    """Whether a consumer in a stream lets its producer get ahead.

    Python accepts the choice, so that options mean the same in every language, but has no use for
    it: its consumers are too slow to get in the way of the cache line being written.
    """

    ADAPTIVE = "adaptive"
    """Keep a distance where that carries more messages."""
    LATENCY = "latency"
    """Look again at once, always."""


@dataclass(frozen=True)
class Options:
    """How to attach to a ring; the defaults suit most programs.

    ::

        options = Options(capacity=1 << 20, send_timeout_ms=500)
        producer = SharedMemoryProducer("prices", options=options)

    Attributes:
        capacity: Bytes in the data area, 1 KiB to 1 TiB, rounded up to a power of two. None takes
            an existing ring as it is and makes a new one with `DEFAULT_CAPACITY`.
        mode: Make the ring, open it, or either.
        directory: Folder of the ring's file; None is `BITRPC_SHM_DIR` if set, else the system's.
        strict_schema: Refuse a ring whose message types or structs differ, instead of logging it.
        any_owner: Accept a file of another user. Whoever can write it can write anything into it.
        permissions: Permission bits of a new file (POSIX).
        wait_strategy: How blocking calls wait.
        distance: Has no effect in Python; see :class:`Distance`.
        send_timeout_ms: How long sends and claims wait for room: -1 without bound, 0 not at all.
        max_message_size: Largest message in pieces that a consumer puts together, in bytes.
        fragment_size: Largest piece of a message sent in pieces, in bytes, its 8-byte prefix
            included; 0 is as large as lets two pieces fit the ring, which is also the most.
        spin_budget: How often a blocking call looks before it sleeps. A receive looks so often
            twice: first at the ring alone, then after the producer, too.
    """

    capacity: int | None = None
    mode: Mode = Mode.CREATE_OR_OPEN
    directory: str | os.PathLike[str] | None = None
    strict_schema: bool = False
    any_owner: bool = False
    permissions: int = 0o600
    wait_strategy: WaitStrategy = WaitStrategy.ADAPTIVE
    distance: Distance = Distance.ADAPTIVE
    send_timeout_ms: int = -1
    max_message_size: int = 64 << 20
    fragment_size: int = 0
    spin_budget: int = 200


def with_capacity(options: Options | None, capacity: int | None) -> Options:
    """Options with a capacity that was given apart from them."""
    if capacity is None:
        return options or Options()
    return replace(options or Options(), capacity=capacity)
