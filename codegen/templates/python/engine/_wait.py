"""Waiting for the other side, and waking it.

Each direction has two words: a *control word*, written by its sleeper alone, and a *sequence*,
written by its waker alone, so that neither needs an atomic read-modify-write. The danger is that
sleeper and waker each look before the other one's store arrives: the sleeper announces itself and
then looks at the ring, the waker publishes and then looks at the announcement. A full fence on both
sides excludes that. The waker's would be paid for each message; so where both sides can, the
sleeper executes it for the waker with `membarrier`.
"""

from __future__ import annotations

import time
from threading import get_ident
from typing import TYPE_CHECKING, Final

from . import _platform
from ._errors import Busy
from ._log import logger
from ._memory import full_fence
from ._options import Options, WaitStrategy
from ._platform import now_ns
from ._record import U32, U64
from ._roles import CAN_MEMBARRIER, WAITING, Role
from ._sleeper import Sleeper
from ._times import SECOND_NS, Deadline, nanoseconds
from ._watch import LIVENESS_NS, Ended, Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._attachment import Attachment

NEVER_QUIET: Final = -1
"""No control word: all need attention."""

_LOOKS: Final = range(64)
"""Looks at the ring between two looks at everything else, until the first sleep."""
_ONE_LOOK: Final = range(1)
_NAP_NS: Final = 1_000_000
"""How long a sleep lasts at most that begins so soon after a membarrier was refused."""
_DIAGNOSIS_NS: Final = SECOND_NS
_SEQUENCE_SHIFT: Final = 2
_SEQUENCE_MASK: Final = U32 >> _SEQUENCE_SHIFT
_NUDGE: Final = 0.0001
"""Seconds between two tries to wake a thread that may not have slept yet at the first."""
_PATIENCE: Final = 1.0
"""Seconds after which a thread that was to leave its wait counts as gone: no sleep is so long."""


class Link:
    """What one side has to do with the other: waking it, and waiting for it."""

    __slots__ = (
        "_asleep",
        "_attachment",
        "_closing",
        "_diagnoses",
        "_interrupted",
        "_naps_until",
        "_peer",
        "_role",
        "_sleeper",
        "_spin_ns",
        "_waiter",
        "watch",
    )

    def __init__(
        self, attachment: Attachment, role: Role, options: Options, *, tells_past: bool = False
    ) -> None:
        """The link of a side that has just taken its role."""
        self._attachment = attachment
        self._role = role
        self._peer = role.peer
        spins = options.wait_strategy is WaitStrategy.SPIN
        self._spin_ns = None if spins else nanoseconds(options.spin)
        self._diagnoses = options.diagnose_wakeups
        self._interrupted = False
        self._closing = False
        # The thread that waits, and whether it sleeps or is about to.
        self._waiter = 0
        self._asleep = False
        # Until when sleeps are short, because a membarrier was refused; 0: it never was.
        self._naps_until = 0
        # Where it is waited for the sake of asyncio.
        self._sleeper: Sleeper | None = None
        self.watch = Watch(attachment, role, tells_past=tells_past)

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

    # Ending a wait

    def interrupt(self) -> None:
        """Ends a wait of another thread, as if its time were over, or else the next one."""
        self._interrupted = True
        full_fence()
        end = time.monotonic() + _PATIENCE
        while self._asleep and self._interrupted and self._waiter != get_ident():
            # It may have been about to sleep: so wake it until it has left the kernel.
            self.end_sleep()
            time.sleep(_NUDGE)
            if time.monotonic() > end:
                break

    def forget_interrupt(self) -> None:
        """Takes an interrupt back that found nobody waiting."""
        self._interrupted = False

    def end_sleep(self) -> None:
        """Wakes a thread of this side that sleeps; one that is only about to sleep is missed."""
        if self._attachment.peer_point is not None:
            self._attachment.peer_point.wake()

    def close(self) -> None:
        """Ends the wait of another thread with an error, and returns when it has left it."""
        self._closing = True
        full_fence()
        end = time.monotonic() + _PATIENCE
        while self._waiter not in {0, get_ident()} and time.monotonic() < end:
            self.end_sleep()
            time.sleep(_NUDGE)
        if self._sleeper is not None:
            self._sleeper.close()

    # Waiting

    def wait(self, ready: Callable[[], object], deadline: Deadline) -> Ended | None:
        """Waits until `ready`, which looks at the ring and has no side effects.

        Returns None when it is, else why not. What it says of the peer may be older than what the
        ring has by now: the caller looks once more.

        Raises:
            Busy: Another thread or task waits.
            Disposed: Another thread closes this side.
        """
        self._take_turn()
        return self._wait(ready, deadline, self.watch.look)

    async def wait_async(self, ready: Callable[[], object], deadline: Deadline) -> Ended | None:
        """As `wait`, while other tasks run."""
        look = self.watch.look
        return await self._in_sleeper(
            lambda ends: self._wait(lambda: ends() or ready(), deadline, look)
        )

    def wait_for_peer(self, deadline: Deadline) -> Ended | None:
        """Waits until the other side is attached and alive; None when it is, else why not.

        Raises:
            Busy: Another thread or task waits.
            Disposed: Another thread closes this side.
        """
        self._take_turn()
        return self._wait(self._has_peer, deadline, self._look_at_name)

    async def wait_for_peer_async(self, deadline: Deadline) -> Ended | None:
        """As `wait_for_peer`, while other tasks run."""
        has_peer, look = self._has_peer, self._look_at_name
        return await self._in_sleeper(
            lambda ends: self._wait(lambda: ends() or has_peer(), deadline, look)
        )

    def _has_peer(self) -> bool:
        return self._attachment.is_attached(self._peer)

    def _look_at_name(self, now: int) -> Ended | None:
        return Ended.REMOVED if self.watch.look_at_name(now) else None

    def _take_turn(self) -> None:
        """Before a wait in this thread: ends one whose task was cancelled.

        Raises:
            Busy: A task waits.
        """
        if self._sleeper is not None:
            self._sleeper.give_way()

    async def _in_sleeper(self, wait: Callable[[Callable[[], bool]], Ended | None]) -> Ended | None:
        """Waits in a thread of its own."""
        if self._sleeper is None:
            self._sleeper = Sleeper(self)
        return await self._sleeper.run(wait)

    def _wait(
        self,
        ready: Callable[[], object],
        deadline: Deadline,
        look: Callable[[int], Ended | None],
    ) -> Ended | None:
        if self._waiter not in {0, get_ident()}:
            message = f"{self._attachment.target.path}: another thread or task waits already"
            raise Busy(message)
        spin_until, looks = None, _LOOKS
        try:
            self._waiter = get_ident()
            while True:
                seen = self.watch.sequence
                for _ in looks:
                    if ready():
                        return None
                now = now_ns()
                ended = look(now) or self._end(now, deadline)
                if ended is not None:
                    return ended
                if self._spin_ns is None:
                    time.sleep(0)  # lets other threads have the interpreter
                    continue
                if spin_until is None:
                    spin_until = now + self._spin_ns
                if now >= spin_until:
                    looks = _ONE_LOOK
                    self._sleep(ready, seen, deadline.left_ns(now, LIVENESS_NS))
        finally:
            self._waiter = 0

    def _end(self, now: int, deadline: Deadline) -> Ended | None:
        """Whether this side itself has no reason to go on waiting."""
        if self._closing:
            raise self._attachment.disposed()
        interrupted, self._interrupted = self._interrupted, False
        over = deadline.left_ns(now, LIVENESS_NS) == 0
        return Ended.TIMED_OUT if interrupted or over else None

    # Sleeping

    def _sleep(self, ready: Callable[[], object], seen: int, timeout_ns: int) -> None:
        """Sleeps while nothing is ready and the peer's sequence is `seen`."""
        attachment, point = self._attachment, self._attachment.peer_point
        if point is None:
            return
        try:
            self._asleep = True
            self._announce_sleep(seen)
            if attachment.can_membarrier and not _platform.membarrier():
                attachment.can_membarrier = False
                self._announce_sleep(seen)
                self._naps_until = now_ns() + _NAP_NS
            if self._naps_until and now_ns() <= self._naps_until:
                # A waker that has loaded the old word has its publication visible by the end of
                # this short sleep, and every later one sees that it has to fence.
                timeout_ns = min(timeout_ns, _NAP_NS)
            if self._interrupted or self._closing or ready():
                return
            if point.wait(seen, timeout_ns) or not self._diagnoses:
                return
            if timeout_ns >= LIVENESS_NS and ready() and self._nobody_wakes(seen):
                self._count_missed_wakeup()
        finally:
            self._asleep = False
            attachment.halves[self._role.control] = attachment.quiet

    def _announce_sleep(self, seen: int) -> None:
        attachment = self._attachment
        word = attachment.quiet | WAITING | (seen << _SEQUENCE_SHIFT) & U32
        attachment.halves[self._role.control] = word
        full_fence()

    def _nobody_wakes(self, seen: int) -> bool:
        """Whether a sleep that ended by its bound, though its reason was there, ends so again.

        That tells a waker that was merely between publishing and waking from one that forgot. One
        that died in between could not wake.
        """
        attachment, peer, point = self._attachment, self._peer, self._attachment.peer_point
        left = _DIAGNOSIS_NS
        while left > 0:
            ends = self._interrupted or self._closing
            if ends or point is None or not attachment.is_held(peer):
                return False
            if point.wait(seen, LIVENESS_NS):
                return False
            left -= LIVENESS_NS
        return attachment.is_held(peer)

    def _count_missed_wakeup(self) -> None:
        words, field = self._attachment.words, self._role.missed_wakeups
        words[field] = (words[field] + 1) & U64
        logger.error("%s: a wake-up was missed", self._attachment.target.path)
