"""Waiting for the other side, waking it, and knowing whether it lives.

Each direction has two words: a *control word*, written by its sleeper alone, and a *sequence*,
written by its waker alone, so that neither needs an atomic read-modify-write. The danger is that
sleeper and waker each look before the other one's store arrives: the sleeper announces itself and
then looks at the ring, the waker publishes and then looks at the announcement. A full fence on both
sides excludes that. The waker's would be paid for each message; so where both sides can, the
sleeper executes it for the waker with `membarrier`.
"""

from __future__ import annotations

import time
from enum import Enum
from typing import TYPE_CHECKING, Final

from ._attach import ATTACHED, CAN_MEMBARRIER, CLOSED, WAITING, Attachment, Role
from ._log import logger
from ._memory import full_fence
from ._options import Options, WaitStrategy
from ._platform import membarrier, now_ns
from ._record import U32, U64

if TYPE_CHECKING:
    from collections.abc import Callable

LIVENESS_NS: Final = 100_000_000
"""How often liveness is checked: also the bound of every sleep."""
MILLISECOND_NS: Final = 1_000_000

_LOOKS: Final = 4096
"""How many looks in vain lie between two looks at the clock."""
_GRACE: Final = 10
"""Bounds for which a sleep whose reason came in time goes on before it counts as missed."""
_SEQUENCE_SHIFT: Final = 2
_SEQUENCE_MASK: Final = U32 >> _SEQUENCE_SHIFT
NEVER_QUIET: Final = -1
"""No control word: all need attention."""


class Ended(Enum):
    """Why there is no point in waiting any longer."""

    CLOSED = "closed"
    """The peer closed, and nobody has taken its place."""
    DIED = "died"
    """The peer died. Said until the caller was told: see :meth:`Link.told`."""
    REMOVED = "removed"
    """The file has no name any more."""
    TIMED_OUT = "timed out"
    """The time is over, or interrupt() was called."""


class Deadline:
    """When a blocking call gives up: -1 never, 0 at once, else after so many milliseconds."""

    __slots__ = ("_end",)

    def __init__(self, timeout_ms: int) -> None:
        """Starts the time."""
        self._end = None if timeout_ms < 0 else now_ns() + int(timeout_ms * MILLISECOND_NS)

    def left_ns(self, now: int) -> int:
        """Nanoseconds left, at most the time between two liveness checks; 0 when it is over."""
        if self._end is None:
            return LIVENESS_NS
        return max(0, min(self._end - now, LIVENESS_NS))

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and now_ns() >= self._end

    def at_most(self, timeout_ms: int) -> Deadline:
        """The earlier one of this deadline and one from now on."""
        sooner = Deadline(timeout_ms)
        if self._end is not None and sooner._end is not None:
            sooner._end = min(sooner._end, self._end)
        return sooner


class Link:
    """What one side has to do with the other: waking it, sleeping, watching it."""

    __slots__ = (
        "_attachment",
        "_checked_ns",
        "_closed",
        "_dead_epoch",
        "_interrupted",
        "_looks",
        "_peer",
        "_role",
        "_seen",
        "_spin_budget",
        "_spin_only",
        "_told_epoch",
    )

    def __init__(self, attachment: Attachment, role: Role, options: Options) -> None:
        """The link of a side that has just taken its role."""
        self._attachment = attachment
        self._role = role
        self._peer = role.peer
        self._spin_only = options.wait_strategy is WaitStrategy.SPIN
        self._spin_budget = max(1, options.spin_budget)
        self._checked_ns = now_ns()
        self._looks = 0
        self._interrupted = False
        self._dead_epoch: int | None = None
        self._told_epoch: int | None = None
        self._seen = 0
        self._closed = False
        self._look_at_state(self.sequence)

    @property
    def sequence(self) -> int:
        """The peer's sequence, which moves whenever its state changes."""
        sequence: int = self._attachment.halves[self._peer.sequence]
        return sequence

    # Waking

    def notify(self, control: int) -> int:
        """After a publication that found the peer's control word other than expected.

        Returns the control word that needs no attention: the caller compares with it next time.
        """
        attachment = self._attachment
        fenced = attachment.registered and control & CAN_MEMBARRIER
        if not fenced:
            # The peer does not fence for this side.
            full_fence()
            control = attachment.halves[self._peer.control]
        if not control & WAITING:
            return CAN_MEMBARRIER if fenced else NEVER_QUIET
        # A sleeper that was woken already, and has not run yet, still names the old sequence.
        sequence = attachment.halves[self._role.sequence]
        if control >> _SEQUENCE_SHIFT == sequence & _SEQUENCE_MASK:
            attachment.ring_bell(self._role)
        # It cannot fall asleep again with this very word: that names the sequence it sleeps on.
        return control if fenced else NEVER_QUIET

    # Watching

    def _look_at_state(self, sequence: int) -> None:
        self._seen = sequence
        self._closed = self._attachment.halves[self._peer.state] == CLOSED

    def look(self) -> Ended | None:
        """After each look at the ring in vain: notices a close at once.

        Now and then it looks at the clock and checks whether the peer lives. If it says that
        waiting is over, the caller looks at the ring once more before it believes it.
        """
        sequence = self.sequence
        if sequence != self._seen:
            self._look_at_state(sequence)
        if self._closed:
            return Ended.CLOSED
        self._looks += 1
        if self._looks < _LOOKS:
            return None
        self._looks = 0
        return self.check_if_due(now_ns())

    def check_if_due(self, now: int) -> Ended | None:
        """Checks liveness if the last check is 100 ms old."""
        if now - self._checked_ns < LIVENESS_NS:
            return None
        self._checked_ns = now
        if self._is_dead():
            return Ended.DIED
        return Ended.REMOVED if self._attachment.is_removed() else None

    def told(self, ended: Ended) -> None:
        """To be called when the caller is told how the peer ended: a death is told once.

        Until then it is found again: a message that turned up after it was noticed comes first.
        """
        if ended is Ended.DIED:
            self._told_epoch = self._dead_epoch

    def untold(self) -> None:
        """The caller did not hear of it after all."""
        self._told_epoch = None

    def _is_dead(self) -> bool:
        """Whether the peer died and this was not told yet."""
        attachment, peer = self._attachment, self._peer
        halves = attachment.halves
        if halves[peer.state] != ATTACHED:
            return False
        epoch = halves[peer.epoch]
        if epoch == self._told_epoch or attachment.is_held(peer):
            return False
        # The lock is free. Did the peer close, or a new one attach, between the two looks?
        if halves[peer.state] != ATTACHED or halves[peer.epoch] != epoch:
            return False
        self._dead_epoch = epoch
        return True

    # Sleeping

    def interrupt(self) -> None:
        """Ends a wait of another thread, as if its time were over."""
        self._interrupted = True
        self.end_sleep()

    def forget_interrupt(self) -> None:
        """Takes an interrupt back that found nobody waiting."""
        self._interrupted = False

    def end_sleep(self) -> None:
        """Wakes a thread of this side that sleeps; one that is only about to sleep is missed."""
        if self._attachment.peer_point is not None:
            self._attachment.peer_point.wake()

    def wait(self, ready: Callable[[], object], deadline: Deadline) -> Ended | None:
        """Waits until `ready`, which looks at the ring and has no side effects.

        Returns None when it is, else why not. What it says of the peer may be older than what the
        ring has by now: the caller looks once more.
        """
        budget = self._spin_budget
        while True:
            for _ in range(budget):
                if ready():
                    return None
            ended = self.look()
            if ended is not None:
                return ended
            seen = self._seen
            now = now_ns()
            ended = self.check_if_due(now)
            if ended is not None:
                return ended
            left = deadline.left_ns(now)
            if left == 0 or self._take_interrupt():
                return Ended.TIMED_OUT
            if self._spin_only:
                time.sleep(0)  # lets other threads have the interpreter
            else:
                self.sleep(ready, seen, left)
                budget = 1

    def _take_interrupt(self) -> bool:
        interrupted, self._interrupted = self._interrupted, False
        return interrupted

    def sleep(self, ready: Callable[[], object], seen: int, timeout_ns: int) -> None:
        """Sleeps while nothing is ready and the peer's sequence is `seen`; one thread at a time."""
        attachment, role = self._attachment, self._role
        halves, point = attachment.halves, attachment.peer_point
        if point is None or self._interrupted:
            return
        quiet = attachment.quiet
        halves[role.control] = quiet | WAITING | (seen << _SEQUENCE_SHIFT) & U32
        try:
            full_fence()
            if attachment.registered:
                membarrier()
            if ready() or point.wait(seen, timeout_ns):
                return
            if timeout_ns >= LIVENESS_NS and ready() and self._nobody_wakes(seen):
                self._count_missed_wakeup()
        finally:
            halves[role.control] = quiet

    def _nobody_wakes(self, seen: int) -> bool:
        """After a sleep that ended by its bound although its reason was there.

        Sleeps on, to tell a waker that was merely between publishing and waking from one that
        forgot.
        """
        attachment, peer, point = self._attachment, self._peer, self._attachment.peer_point
        for _ in range(_GRACE):
            # A waker that died in between could not wake.
            if not attachment.is_held(peer) or point is None or self._interrupted:
                return False
            if point.wait(seen, LIVENESS_NS):
                return False
        return attachment.is_held(peer)

    def _count_missed_wakeup(self) -> None:
        words, field = self._attachment.words, self._role.missed_wakeups
        words[field] = (words[field] + 1) & U64
        logger.error("%s: a wake-up was missed", self._attachment.target.path)
