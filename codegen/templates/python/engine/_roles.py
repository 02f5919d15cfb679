"""The two sides of a ring: where each keeps its fields, and what they may say."""

from __future__ import annotations

from typing import Final

from .._layout import (
    CONSUMER_CONTROL_OFFSET,
    CONSUMER_EPOCH_OFFSET,
    CONSUMER_HEARTBEAT_NS_OFFSET,
    CONSUMER_MISSED_WAKEUPS_OFFSET,
    CONSUMER_PID_OFFSET,
    CONSUMER_STATE_OFFSET,
    DATA_SEQUENCE_OFFSET,
    PRODUCER_CONTROL_OFFSET,
    PRODUCER_EPOCH_OFFSET,
    PRODUCER_HEARTBEAT_NS_OFFSET,
    PRODUCER_MISSED_WAKEUPS_OFFSET,
    PRODUCER_PID_OFFSET,
    PRODUCER_STATE_OFFSET,
    SPACE_SEQUENCE_OFFSET,
)
from ._files import LOCK_BASE
from ._record import HALF, WORD

NEVER: Final = 0
"""State of a side: nobody ever had the role."""
ATTACHED: Final = 1
"""State of a side: attached, or ended without saying so."""
CLOSED: Final = 2
"""State of a side: closed in good order."""

WAITING: Final = 1
"""Control word: its owner is about to sleep, or sleeps."""
CAN_MEMBARRIER: Final = 2
"""Control word: its owner issues a membarrier before it sleeps."""


class Role:
    """One side of a ring: where its fields are, as indices of words or halves."""

    __slots__ = (
        "control",
        "control_offset",
        "epoch",
        "event",
        "heartbeat",
        "lock",
        "missed_wakeups",
        "name",
        "pid",
        "sequence",
        "sequence_offset",
        "state",
    )

    def __init__(
        self,
        name: str,
        event: str,
        lock: int,
        *,
        pid: int,
        state: int,
        epoch: int,
        heartbeat: int,
        missed_wakeups: int,
        control: int,
        sequence: int,
    ) -> None:
        """Takes byte offsets from the header's start."""
        self.name = name
        self.event = event
        self.lock = lock
        self.pid = pid // HALF
        self.state = state // HALF
        self.epoch = epoch // HALF
        self.heartbeat = heartbeat // WORD
        self.missed_wakeups = missed_wakeups // WORD
        self.control = control // HALF
        self.sequence = sequence // HALF
        self.control_offset = control
        self.sequence_offset = sequence

    @property
    def peer(self) -> Role:
        """The other side."""
        return CONSUMER if self is PRODUCER else PRODUCER


PRODUCER: Final = Role(
    "producer",
    "data",
    LOCK_BASE,
    pid=PRODUCER_PID_OFFSET,
    state=PRODUCER_STATE_OFFSET,
    epoch=PRODUCER_EPOCH_OFFSET,
    heartbeat=PRODUCER_HEARTBEAT_NS_OFFSET,
    missed_wakeups=PRODUCER_MISSED_WAKEUPS_OFFSET,
    control=PRODUCER_CONTROL_OFFSET,
    sequence=DATA_SEQUENCE_OFFSET,
)
"""The sending side; its sequence is the one that consumers sleep on."""

CONSUMER: Final = Role(
    "consumer",
    "space",
    LOCK_BASE + 1,
    pid=CONSUMER_PID_OFFSET,
    state=CONSUMER_STATE_OFFSET,
    epoch=CONSUMER_EPOCH_OFFSET,
    heartbeat=CONSUMER_HEARTBEAT_NS_OFFSET,
    missed_wakeups=CONSUMER_MISSED_WAKEUPS_OFFSET,
    control=CONSUMER_CONTROL_OFFSET,
    sequence=SPACE_SEQUENCE_OFFSET,
)
"""The receiving side; its sequence is the one that producers sleep on."""
