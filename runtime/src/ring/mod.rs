//! The ring algorithm: what both sides do to the bytes, whatever holds the bytes.
//!
//! Everything here is generic over [`Memory`]: the same code runs over a mapped file
//! ([`Mapped`]) and under the model checker (`loom_tests`), which explores the interleavings and
//! the stale reads that the memory model allows.

mod distance;
#[cfg(all(test, loom))]
mod loom_tests;
mod memory;
mod reader;
mod record;
mod recover;
mod wake;
mod writer;

use crate::constants::WORD;

pub(crate) use distance::{Pace, pause};
pub(crate) use memory::{Mapped, Memory};
pub(crate) use reader::Reader;
pub(crate) use record::{
    Published, Record, largest_payload, message_id, read_header, set_header_bytes,
};
pub(crate) use recover::{consumer_position, producer_position};
pub(crate) use wake::{Direction, Fenced, Sleeper, Waker, announce};
pub(crate) use writer::{Place, Staged, Writer};

/// Rounds a length up to the next record boundary.
#[inline(always)]
pub(crate) const fn align_up(bytes: u64) -> u64 {
    (bytes + (WORD - 1)) & !(WORD - 1)
}
