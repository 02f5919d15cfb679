//! Counters and states, as anyone who maps the header can read them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::constants::{HEARTBEAT_NS, STALLED_BEATS, STATE_CLOSED, STATE_NEVER};
use crate::layout::LayoutSource;
use crate::platform;
use crate::ring::{Mapped, Memory};
use crate::role::{Role, RoleFields};
use crate::segment::Segment;

/// When a heartbeat counts as late unless a manager says otherwise.
pub(crate) const DEFAULT_STALL: Duration =
    Duration::from_nanos(HEARTBEAT_NS * STALLED_BEATS as u64);

/// How often a side is looked at again because it changed meanwhile.
const ROUNDS: u32 = 8;

/// Counters of a ring since its creation.
///
/// Read without stopping anyone: values may be a few messages apart from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Messages published.
    pub messages_sent: u64,
    /// Messages released.
    pub messages_received: u64,
    /// Payload bytes published.
    pub bytes_sent: u64,
    /// Payload bytes released.
    pub bytes_received: u64,
    /// Sends that found no room, and errors that the receiver counted.
    pub errors: u64,
    /// Payload bytes for each message, on the side that counted more of them; 0 if none did.
    pub avg_message_size: f64,
}

/// What one side of a ring is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Nobody ever took the role.
    Never,
    /// The role is held.
    Alive,
    /// The role is held, but its holder's heartbeat is late: paused, stuck, or without a manager.
    Stalled,
    /// The last holder closed.
    Closed,
    /// The last holder died.
    Died,
}

/// One side of a ring at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SideSnapshot {
    /// What it is doing.
    pub state: PeerState,
    /// Its (last) holder's process id; 0 if there was none.
    pub pid: u32,
    /// How often the role was taken.
    pub epoch: u32,
    /// When it last gave a sign of life, attaching included, in nanoseconds of the host's monotonic
    /// clock.
    pub heartbeat_ns: u64,
    /// Sleeps that nobody ended although there was a reason to. 0 unless something is broken.
    pub missed_wakeups: u64,
}

/// A ring at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Counters.
    pub statistics: Statistics,
    /// Sends that found no room.
    pub send_failures: u64,
    /// Gaps, corrupt records and broken fragments that the receiver counted.
    pub receive_errors: u64,
    /// Bytes published and not released, at most the capacity.
    pub used_bytes: u64,
    /// Bytes in the data area.
    pub capacity: u64,
    /// When the ring was made, in nanoseconds since 1970.
    pub created_unix_ns: u64,
    /// The producer.
    pub producer: SideSnapshot,
    /// The consumer.
    pub consumer: SideSnapshot,
}

/// Reads the counters. Relaxed throughout: each value stands for itself.
pub(crate) fn statistics<L: LayoutSource>(memory: &Mapped<L>) -> Statistics {
    let header = memory.ring_header();
    let read = |field| memory.load_u64(field, Ordering::Relaxed);
    let (messages_sent, messages_received) =
        (read(header.messages_sent), read(header.messages_received));
    let (bytes_sent, bytes_received) = (read(header.bytes_sent), read(header.bytes_received));
    let (bytes, messages) = if messages_received > messages_sent {
        (bytes_received, messages_received)
    } else {
        (bytes_sent, messages_sent)
    };
    Statistics {
        messages_sent,
        messages_received,
        bytes_sent,
        bytes_received,
        errors: read(header.send_failures).wrapping_add(read(header.receive_errors)),
        avg_message_size: if messages == 0 { 0.0 } else { bytes as f64 / messages as f64 },
    }
}

/// Reads everything. `own` is the role that `segment` holds, whose lock cannot be asked after.
pub(crate) fn snapshot<L: LayoutSource>(
    segment: &Segment<L>,
    own: Option<Role>,
    stall: Duration,
) -> Snapshot {
    let memory = segment.mapped();
    let header = memory.ring_header();
    let read = |field| memory.load_u64(field, Ordering::Relaxed);
    // The read position comes first: it only grows, so the difference is not negative unless
    // the producer is between publishing and counting.
    let read_position = read(header.read_position);
    let write_position = read(header.write_position);
    let side = |role| side(segment, role, own == Some(role), stall);
    Snapshot {
        statistics: statistics(&memory),
        send_failures: read(header.send_failures),
        receive_errors: read(header.receive_errors),
        used_bytes: write_position.saturating_sub(read_position).min(segment.capacity()),
        capacity: segment.capacity(),
        created_unix_ns: segment.created_unix_ns(),
        producer: side(Role::Producer),
        consumer: side(Role::Consumer),
    }
}

/// The state of one side, whose lock somebody else than `segment` may hold.
pub(crate) fn state<L: LayoutSource>(
    segment: &Segment<L>,
    role: Role,
    stall: Duration,
) -> PeerState {
    side(segment, role, false, stall).state
}

fn side<L: LayoutSource>(
    segment: &Segment<L>,
    role: Role,
    own: bool,
    stall: Duration,
) -> SideSnapshot {
    let memory = segment.mapped();
    let fields = RoleFields::of(role, memory.ring_header());
    let heartbeat_ns = memory.load_u64(fields.heartbeat_ns, Ordering::Relaxed);
    let age = Duration::from_nanos(platform::now_ns().saturating_sub(heartbeat_ns));
    let (said, held) = holder(segment, &fields, role, own);
    let state = match said {
        _ if held && age > stall => PeerState::Stalled,
        _ if held => PeerState::Alive,
        STATE_NEVER => PeerState::Never,
        STATE_CLOSED => PeerState::Closed,
        _ => PeerState::Died,
    };
    SideSnapshot {
        state,
        pid: fields.load_pid(&memory),
        epoch: memory.load_u32(fields.epoch, Ordering::Relaxed),
        heartbeat_ns,
        missed_wakeups: memory.load_u64(fields.missed_wakeups, Ordering::Relaxed),
    }
}

/// What the holder of a role says of itself, and whether it lives; both of the same holder.
fn holder<L: LayoutSource>(
    segment: &Segment<L>,
    fields: &RoleFields,
    role: Role,
    own: bool,
) -> (u32, bool) {
    let memory = segment.mapped();
    let is_held = || own || segment.file().is_held(role);
    let mut before = fields.said(&memory);
    // Each round more takes another attaching or closing while the lock is asked for.
    for _ in 0..ROUNDS {
        let held = is_held();
        let after = fields.said(&memory);
        if before == after {
            return (after.state, held);
        }
        before = after;
    }
    (before.state, is_held())
}
