"""Counters and states, as anyone who maps the header can read them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .._layout import (
    BYTES_RECEIVED_OFFSET,
    BYTES_SENT_OFFSET,
    MESSAGES_RECEIVED_OFFSET,
    MESSAGES_SENT_OFFSET,
    READ_POSITION_OFFSET,
    RECEIVE_ERRORS_OFFSET,
    SEND_FAILURES_OFFSET,
    WRITE_POSITION_OFFSET,
)
from ._platform import now_ns
from ._record import U64, WORD
from ._roles import CLOSED, CONSUMER, NEVER, PRODUCER, Role
from ._times import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._attachment import Attachment


class PeerState(Enum):
    """What one side of a ring is doing."""

    NEVER = "never"
    """Nobody ever took the role."""
    ALIVE = "alive"
    """The role is held."""
    STALLED = "stalled"
    """The role is held, but its holder's heartbeat is late: paused, stuck, or without a manager."""
    CLOSED = "closed"
    """The last holder closed."""
    DIED = "died"
    """The last holder ended without closing."""


@dataclass(frozen=True)
class Statistics:
    """Counters of a ring since its creation.

    Read without stopping anyone: values may be a few messages apart from each other.

    Attributes:
        messages_sent: Messages published.
        messages_received: Messages released.
        bytes_sent: Payload bytes published.
        bytes_received: Payload bytes released.
        errors: Calls that found no room to send, and errors that the receiver counted.
        avg_message_size: Payload bytes a message, of the side that counted more; 0.0 if none.
    """

    messages_sent: int = 0
    messages_received: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    errors: int = 0
    avg_message_size: float = 0.0


@dataclass(frozen=True)
class SideSnapshot:
    """One side of a ring at one moment.

    Attributes:
        state: What it is doing.
        pid: Its (last) holder's process id; 0 if there was none.
        epoch: How often the role was taken.
        heartbeat_ns: Monotonic time of its last heartbeat, or of its attaching, in nanoseconds.
        missed_wakeups: Sleeps that nobody ended although there was a reason to, as far as they are
            looked for (`Options.diagnose_wakeups`). Always 0 unless something is broken.
    """

    state: PeerState = PeerState.NEVER
    pid: int = 0
    epoch: int = 0
    heartbeat_ns: int = 0
    missed_wakeups: int = 0


@dataclass(frozen=True)
class Snapshot:
    """A ring at one moment.

    Attributes:
        statistics: Counters of both sides.
        capacity: Bytes in the data area.
        used_bytes: Bytes published and not released, headers and padding included.
        send_failures: Calls that found no room to send, however often they looked.
        receive_errors: Gaps, corrupt records and broken fragments that the receiver counted.
        created_unix_ns: When the ring was made, in nanoseconds since 1970-01-01 UTC.
        producer: The sending side.
        consumer: The receiving side.
    """

    statistics: Statistics
    capacity: int
    used_bytes: int
    send_failures: int
    receive_errors: int
    created_unix_ns: int
    producer: SideSnapshot
    consumer: SideSnapshot


def _reader(attachment: Attachment) -> Callable[[int], int]:
    words = attachment.words

    def read(offset: int) -> int:
        value: int = words[offset // WORD]
        return value

    return read


def statistics(attachment: Attachment) -> Statistics:
    """Reads the counters."""
    read = _reader(attachment)
    sent, received = read(MESSAGES_SENT_OFFSET), read(MESSAGES_RECEIVED_OFFSET)
    bytes_sent, bytes_received = read(BYTES_SENT_OFFSET), read(BYTES_RECEIVED_OFFSET)
    busier = (received, bytes_received) if received > sent else (sent, bytes_sent)
    return Statistics(
        messages_sent=sent,
        messages_received=received,
        bytes_sent=bytes_sent,
        bytes_received=bytes_received,
        errors=(read(SEND_FAILURES_OFFSET) + read(RECEIVE_ERRORS_OFFSET)) & U64,
        avg_message_size=busier[1] / busier[0] if busier[0] else 0.0,
    )


def state(attachment: Attachment, role: Role, stall: float | None) -> PeerState:
    """What the holder of a role is doing; stalled if its heartbeat is older than so many seconds.

    Raises:
        ValueError: The time is negative, or not a number.
    """
    limit = nanoseconds(stall)
    # The lock comes first: a holder that closes stores its state before it gives the lock back.
    held = role is attachment.role or attachment.is_held(role)
    said = attachment.halves[role.state]
    if held and said != CLOSED:
        age = now_ns() - attachment.words[role.heartbeat]
        return PeerState.STALLED if limit is not None and limit < age else PeerState.ALIVE
    if said == NEVER:
        return PeerState.NEVER
    return PeerState.CLOSED if said == CLOSED else PeerState.DIED


def _side(attachment: Attachment, role: Role) -> SideSnapshot:
    halves, words = attachment.halves, attachment.words
    return SideSnapshot(
        state=state(attachment, role, None),
        pid=halves[role.pid],
        epoch=halves[role.epoch],
        heartbeat_ns=words[role.heartbeat],
        missed_wakeups=words[role.missed_wakeups],
    )


def snapshot(attachment: Attachment) -> Snapshot:
    """Reads everything."""
    read = _reader(attachment)
    # The read position comes first: it only grows, so that the difference is not negative unless
    # the producer is between publishing and counting.
    read_position = read(READ_POSITION_OFFSET)
    write_position = read(WRITE_POSITION_OFFSET)
    used = min(max(0, write_position - read_position), attachment.capacity)
    return Snapshot(
        statistics=statistics(attachment),
        capacity=attachment.capacity,
        used_bytes=used,
        send_failures=read(SEND_FAILURES_OFFSET),
        receive_errors=read(RECEIVE_ERRORS_OFFSET),
        created_unix_ns=attachment.segment.created_unix_ns,
        producer=_side(attachment, PRODUCER),
        consumer=_side(attachment, CONSUMER),
    )
