//! Numbers of the protocol that are no layout, with the same names in all engines.

// Sizes.

/// Words, strides and positions are multiples of this.
pub(crate) const WORD: u64 = 8;
/// The smallest data area, in bytes.
pub(crate) const MIN_CAPACITY: u64 = 1 << 10;
/// The largest data area.
pub(crate) const MAX_CAPACITY: u64 = 1 << 40;
/// No record is longer, so that its length fits 32 bits with room to spare.
pub(crate) const MAX_FRAME: u64 = 1 << 31;
/// The longest name of a ring.
pub(crate) const MAX_NAME_LENGTH: usize = 200;
/// What a piece of a message starts with: its index and their count, both `u32`.
pub(crate) const PREFIX_SIZE: usize = 8;
/// The smallest piece that is worth its header.
pub(crate) const MIN_PIECE: usize = 64;

// Bytes whose locks tell that somebody lives: far beyond the data, so that mandatory locks block
// nothing.

/// The producer's role.
pub(crate) const PRODUCER_LOCK: u64 = 1 << 62;
/// The consumer's role.
pub(crate) const CONSUMER_LOCK: u64 = (1 << 62) + 1;
/// A temporary file that is being made into a ring.
pub(crate) const MAKING_LOCK: u64 = (1 << 62) + 2;

// What a side's state field says.

/// Nobody ever had the role.
pub(crate) const STATE_NEVER: u32 = 0;
/// Attached, or died without saying so.
pub(crate) const STATE_ATTACHED: u32 = 1;
/// Closed in good order.
pub(crate) const STATE_CLOSED: u32 = 2;

// The control word of a sleeper.

/// Its owner sleeps, or is about to.
pub(crate) const WAITING: u32 = 1;
/// Its owner issues a membarrier before it sleeps.
pub(crate) const CAN_MEMBARRIER: u32 = 2;
/// Where the low 30 bits of the sequence stand that is slept on.
pub(crate) const SEQUENCE_SHIFT: u32 = 2;

// Times, in nanoseconds, and how often.

/// How often the peer's life is checked, and the bound of every sleep.
pub(crate) const LIVENESS_NS: u64 = 100_000_000;
/// Looks in vain between two looks at the clock of a side that polls.
pub(crate) const POLL_LOOKS: u32 = 4096;
/// A role found taken is tried again so long: its holder may be tidying up.
pub(crate) const ROLE_RETRY_NS: u64 = 50_000_000;
/// The same while its holder does not say that it is attached: it is about to attach, or to close,
/// or tidies up, and will be through soon unless it is paused.
pub(crate) const TRANSITION_RETRY_NS: u64 = 5_000_000_000;
/// How long a sleep lasts at most that begins so soon after a membarrier was refused: longer than
/// any store takes to become visible.
pub(crate) const REFUSED_NAP_NS: u64 = 1_000_000;
/// How often a sleep goes on that is looked into, for as long as peers are checked after.
pub(crate) const DIAGNOSIS_SLICES: u32 = 10;
/// Time between two heartbeats of a manager, unless it is told another one.
pub(crate) const HEARTBEAT_NS: u64 = 1_000_000_000;
/// So many heartbeats late, a peer is stalled.
pub(crate) const STALLED_BEATS: u32 = 3;
/// Looks of a short wait, before anything else is thought of: a microsecond or two.
pub(crate) const SHORT_WAIT: u32 = 64;
/// How often positions that do not fit are looked at again by who attaches.
pub(crate) const START_LOOKS: u32 = 64;

// How a producer writes: policy, no part of the wire format.

/// A pause before a full ring, so long that a fast consumer makes room for many messages.
pub(crate) const STEP_BACK_NS: u64 = 1500;
/// Less room than this, or a quarter of the ring, is tight: producer and consumer are at each
/// other's heels.
pub(crate) const TIGHT_ROOM: u64 = 16 << 10;
/// Bytes, or an eighth of the ring, that are published before a producer looks around.
pub(crate) const STRETCH: u64 = 16 << 10;
/// Bytes that come into a cache at a time.
pub(crate) const LINE: u64 = 64;
/// How far ahead of the record being written lines are asked for, at most: what the consumer has
/// read last lies in its caches, and takes a while to come.
pub(crate) const PREFETCH_DISTANCE: u64 = 2048;
/// How far beyond the end of the next record, if that is as large as this one, a producer prepares
/// lines that is waited for.
pub(crate) const BEYOND: u64 = 64;
/// A producer is waited for if the consumer had taken everything, but for one record that it may
/// be reading, when the last four stretches began: one bit for each.
pub(crate) const WAITED_FOR: u8 = 0b1111;
