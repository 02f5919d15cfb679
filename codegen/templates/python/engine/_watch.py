"""What one side knows of the other's life, and of the ring's name.

*Closed* and *died* are events, told once for each time that the other side attached; *removed* is a
state, and comes first. Told means that the caller has heard of it: an end that was noticed and then
held back, because the ring had something after all, is still to be told.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from ._platform import now_ns
from ._roles import ATTACHED, CLOSED, CONSUMER, Role

if TYPE_CHECKING:
    from typing import Optional

    from ._attachment import Attachment

    # How often the other side had attached when it ended; None if there is nothing to tell.
    Epoch = Optional[int]

LIVENESS_NS: Final = 100_000_000
"""How often it is checked whether the other side lives and the file has its name."""


class Ended(Enum):
    """Why there is no point in waiting any longer."""

    CLOSED = "closed"
    """The other side closed, and the caller was not told yet."""
    DIED = "died"
    """The other side died, and the caller was not told yet."""
    REMOVED = "removed"
    """No name leads to the file any more."""
    TIMED_OUT = "timed out"
    """The time is over, or interrupt() was called."""


class Watch:
    """Watches the other side of a ring."""

    __slots__ = (
        "_attachment",
        "_before",
        "_checked_ns",
        "_closed",
        "_dead",
        "_named_ns",
        "_peer",
        "_role",
        "_seen",
        "_told",
        "removed",
    )

    def __init__(self, attachment: Attachment, role: Role, *, tells_past: bool) -> None:
        """Starts to watch for a side that has just taken its role.

        An end that lies before now is told only with `tells_past`: to a consumer that found
        something to read. To all others it is as if nobody had been there yet.
        """
        self._attachment = attachment
        self._role = role
        self._peer = peer = role.peer
        self._checked_ns = self._named_ns = now_ns()
        self._closed: Epoch = None
        self._dead: Epoch = None
        epoch: int = attachment.halves[peer.epoch]
        is_past = not tells_past and not attachment.is_attached(peer)
        self._told: Epoch = epoch if is_past else None
        self._before = self._told
        self.removed = False
        """Whether it was noticed that the file has lost its name: that stays so."""
        self._seen = self.sequence
        self._look_at_state()

    @property
    def sequence(self) -> int:
        """The other side's sequence, which moves whenever its state changes."""
        sequence: int = self._attachment.halves[self._peer.sequence]
        return sequence

    def look(self, now: int) -> Ended | None:
        """After a look at the ring in vain: why there is no point in waiting, if that is so.

        The caller looks at the ring once more before it believes it.
        """
        sequence = self.sequence
        if sequence != self._seen:
            self._seen = sequence
            self._look_at_state()
        if self._closed is not None:
            return Ended.REMOVED if self._notice_removal(now) else Ended.CLOSED
        if self.look_at_name(now):
            return Ended.REMOVED
        if now - self._checked_ns < LIVENESS_NS:
            return None
        self._checked_ns = now
        return Ended.DIED if self._is_dead() else None

    def look_at_name(self, now: int) -> bool:
        """Whether the file has lost its name, as far as that is known: it is looked up each 100 ms.

        Python can afford to ask the clock in each look that finds nothing.
        """
        if self.removed or now - self._named_ns < LIVENESS_NS:
            return self.removed
        return self._notice_removal(now)

    def told(self, ended: Ended) -> None:
        """To be called when the caller is told how the other side ended."""
        self._before = self._told
        if ended is Ended.CLOSED:
            self._told, self._closed = self._closed, None
        elif ended is Ended.DIED:
            self._told = self._dead

    def untold(self) -> None:
        """The caller did not hear of it after all: it is still to be told."""
        self._told = self._before
        self._look_at_state()

    def _look_at_state(self) -> None:
        # The epoch comes first: who attaches counts it up before it changes the state.
        halves = self._attachment.halves
        epoch = halves[self._peer.epoch]
        closed = halves[self._peer.state] == CLOSED and epoch != self._told
        self._closed = epoch if closed else None

    def _notice_removal(self, now: int) -> bool:
        self._named_ns = now
        if not self.removed and self._attachment.is_removed():
            self.removed = True
            if self._role is CONSUMER:
                # Its producer may have room, and never look: it sees this, and looks.
                self._attachment.stop_membarrier()
        return self.removed

    def _is_dead(self) -> bool:
        """Whether the other side died and this was not told yet."""
        attachment, peer = self._attachment, self._peer
        halves = attachment.halves
        if halves[peer.state] != ATTACHED:
            return False
        epoch = halves[peer.epoch]
        if epoch == self._told or attachment.is_held(peer):
            return False
        # The lock is free. Did it close, or a new one attach, between the two looks?
        if halves[peer.state] != ATTACHED or halves[peer.epoch] != epoch:
            return False
        self._dead = epoch
        return True
