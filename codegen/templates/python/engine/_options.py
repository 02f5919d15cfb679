"""What a caller may choose when attaching to a ring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from ._times import nanoseconds

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


class Start(Enum):
    """Which message a consumer that attaches gets first."""

    OLDEST = "oldest"
    """The oldest that nobody has received: a ring keeps what it holds while nobody reads."""
    NEWEST = "newest"
    """The first that is sent from now on; what was there is discarded, and counts as received."""


@dataclass(frozen=True)
class Options:
    """How to attach to a ring; the defaults suit most programs.

    Times are seconds; None, inf and more than a century are without bound.

    ::

        options = Options(capacity=1 << 20, send_timeout=0.5)
        producer = SharedMemoryProducer("prices", options=options)

    Attributes:
        capacity: Bytes in the data area, 1 KiB to 1 TiB, rounded up to a power of two. None takes
            an existing ring as it is and makes a new one with `DEFAULT_CAPACITY`.
        mode: Make the ring, open it, or either.
        directory: Folder of the ring's file; None is `BITRPC_SHM_DIR` if set, else the system's.
        any_schema: Accept a ring of the same version whose message types or structs differ. Of
            another minor version they may always differ.
        any_owner: Accept a file of another user. Whoever can write it can write anything into it.
        permissions: Permission bits of a new file (POSIX).
        wait_strategy: How blocking calls wait.
        distance: Has no effect in Python; see :class:`Distance`.
        spin: How long a blocking call looks before it sleeps in the kernel; 0 sleeps at once.
        send_timeout: How long sends and claims wait for room; 0 is not at all.
        max_message_size: Largest message in pieces that a consumer puts together, in bytes.
        fragment_size: Largest piece of a message sent in pieces, in bytes, its 8-byte prefix
            included; 0 is as large as lets two pieces fit the ring, which is also the most.
        start: Which message a consumer gets first.
        exact_size: Refuse payloads that are longer than their struct in typed receives. Otherwise
            they come from a newer version, and are read as far as the struct is known.
        diagnose_wakeups: For tests: count sleeps that nobody ended although there was a reason to.
            A call that finds one returns up to a second later.

    Raises:
        ValueError: A time is negative, or not a number.
    """

    capacity: int | None = None
    mode: Mode = Mode.CREATE_OR_OPEN
    directory: str | os.PathLike[str] | None = None
    any_schema: bool = False
    any_owner: bool = False
    permissions: int = 0o600
    wait_strategy: WaitStrategy = WaitStrategy.ADAPTIVE
    distance: Distance = Distance.ADAPTIVE
    spin: float | None = 50e-6
    send_timeout: float | None = None
    max_message_size: int = 64 << 20
    fragment_size: int = 0
    start: Start = Start.OLDEST
    exact_size: bool = False
    diagnose_wakeups: bool = False

    def __post_init__(self) -> None:
        """Refuses impossible times here, and not in the first call that waits."""
        nanoseconds(self.spin)
        nanoseconds(self.send_timeout)


def with_capacity(options: Options | None, capacity: int | None) -> Options:
    """Options with a capacity that was given apart from them."""
    if capacity is None:
        return options or Options()
    return replace(options or Options(), capacity=capacity)
