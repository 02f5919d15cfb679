//! One record: the publication word, its checks, and the rest of the header.

use super::{Memory, align_up};
use crate::constants::MAX_FRAME;
use crate::error::Corrupt;
use crate::layout::MessageHeaderLayout;

/// A published record that was checked: it lies inside one lap of the data area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Position of its first byte.
    pub(crate) position: u64,
    /// Header and payload, without padding.
    pub(crate) frame: u32,
    /// Never 0.
    pub(crate) message_type: u32,
}

impl Record {
    /// Position of the record after it.
    #[inline(always)]
    pub(crate) fn end(&self) -> u64 {
        self.position.wrapping_add(align_up(u64::from(self.frame)))
    }

    /// Payload bytes.
    #[inline(always)]
    pub(crate) fn payload_len(&self, header: &MessageHeaderLayout) -> usize {
        // The check made `frame` at least the header's size.
        self.frame as usize - header.size
    }

    /// Position of the first payload byte.
    #[inline(always)]
    pub(crate) fn payload_position(&self, header: &MessageHeaderLayout) -> u64 {
        self.position.wrapping_add(header.size as u64)
    }
}

/// What a nonzero publication word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// A message.
    Message(Record),
    /// Padding up to the end of the lap: this many bytes.
    Padding(u64),
}

/// Most payload bytes of one record: it fits at any position of an empty ring.
pub(crate) const fn largest_payload(header: &MessageHeaderLayout, capacity: u64) -> u64 {
    let half = capacity / 2;
    let frame = if half < MAX_FRAME { half } else { MAX_FRAME };
    frame - header.size as u64
}

/// The publication word of a record.
#[inline(always)]
pub(crate) const fn pack(header: &MessageHeaderLayout, frame: u32, message_type: u32) -> u64 {
    (frame as u64) << (8 * header.frame_length) | (message_type as u64) << (8 * header.message_type)
}

/// `frame_length` and `message_type` of a publication word.
#[inline(always)]
pub(crate) const fn unpack(header: &MessageHeaderLayout, word: u64) -> (u32, u32) {
    ((word >> (8 * header.frame_length)) as u32, (word >> (8 * header.message_type)) as u32)
}

/// Checks a nonzero publication word as if an enemy had written it.
#[inline]
pub(crate) fn check(
    header: &MessageHeaderLayout,
    word: u64,
    position: u64,
    capacity: u64,
) -> Result<Published, Corrupt> {
    if let Some(record) = sound_message(header, word, position, capacity) {
        return Ok(Published::Message(record));
    }
    let (frame, message_type) = unpack(header, word);
    if message_type == 0 {
        let rest = capacity - (position & (capacity - 1));
        return padding(word, position, u64::from(frame), rest, capacity);
    }
    Err(bad_length(header, word, position))
}

/// The record that a publication word announces, if it is a whole and sound message: the common
/// case of [`check`], without its reasons.
#[inline(always)]
pub(crate) fn sound_message(
    header: &MessageHeaderLayout,
    word: u64,
    position: u64,
    capacity: u64,
) -> Option<Record> {
    let (frame, message_type) = unpack(header, word);
    let rest = capacity - (position & (capacity - 1));
    // A word of 0 is no message either. In 64 bits, rounding a length up cannot wrap.
    let sound =
        message_type != 0 && frame as usize >= header.size && align_up(u64::from(frame)) <= rest;
    sound.then_some(Record { position, frame, message_type })
}

/// Padding reaches exactly to the end of the lap, and no producer needs more than half a lap of
/// it; so two padding records never follow each other, and a reader cannot be kept busy by them.
fn padding(
    word: u64,
    position: u64,
    frame: u64,
    rest: u64,
    capacity: u64,
) -> Result<Published, Corrupt> {
    if frame == rest && rest <= capacity / 2 {
        return Ok(Published::Padding(rest));
    }
    Err(Corrupt { position, value: word, why: "padding does not end with the lap" })
}

fn bad_length(header: &MessageHeaderLayout, word: u64, position: u64) -> Corrupt {
    let why = if (unpack(header, word).0 as usize) < header.size {
        "frame_length is below the header's size"
    } else {
        "frame_length reaches beyond the lap"
    };
    Corrupt { position, value: word, why }
}

/// Writes every header word but the first of a reserved record.
///
/// With constant offsets this is one store for each eight bytes of header.
#[inline(always)]
pub(crate) fn write_header<M: Memory>(memory: &M, position: u64, id: u32, flags: u32) {
    let layout = memory.message_header();
    let timestamp = if layout.timestamp.is_some() { crate::platform::now_ns() } else { 0 };
    let mut at = 8;
    while at < layout.size {
        let mut word = 0;
        if layout.message_id & !7 == at {
            word |= u64::from(id) << (8 * (layout.message_id & 7));
        }
        if layout.flags & !7 == at {
            word |= u64::from(flags & flag_mask(layout.flags_size)) << (8 * (layout.flags & 7));
        }
        if layout.timestamp == Some(at) {
            word = timestamp;
        }
        memory.write_plain(position.wrapping_add(at as u64), word);
        at += 8;
    }
}

/// Overwrites the engine's own header fields of a reserved record and keeps all others: for
/// claims, whose caller may have set fields of its own.
pub(crate) fn amend_header<M: Memory>(memory: &M, position: u64, id: u32, flags: u32) {
    let layout = memory.message_header();
    let set = |at: usize, width: usize, value: u64| {
        set_header_bytes(memory, position, at, width, value);
    };
    set(layout.message_id, 4, u64::from(id));
    set(layout.flags, layout.flags_size, u64::from(flags));
    if let Some(at) = layout.timestamp {
        set(at, 8, crate::platform::now_ns());
    }
}

/// Sets `width` (1, 2, 4 or 8) aligned bytes of a reserved record's header.
pub(crate) fn set_header_bytes<M: Memory>(
    memory: &M,
    position: u64,
    at: usize,
    width: usize,
    value: u64,
) {
    let word = position.wrapping_add((at & !7) as u64);
    let shift = 8 * (at & 7);
    let mask = if width == 8 { u64::MAX } else { (1 << (8 * width)) - 1 };
    let old = memory.read_plain(word);
    memory.write_plain(word, old & !(mask << shift) | (value & mask) << shift);
}

/// Reads `width` (1, 2, 4 or 8) aligned bytes of a record's header.
#[inline(always)]
pub(crate) fn read_header<M: Memory>(memory: &M, position: u64, at: usize, width: usize) -> u64 {
    let word = memory.read_plain(position.wrapping_add((at & !7) as u64));
    let mask = if width == 8 { u64::MAX } else { (1 << (8 * width)) - 1 };
    (word >> (8 * (at & 7))) & mask
}

/// `message_id` of a published record.
#[inline(always)]
pub(crate) fn message_id<M: Memory>(memory: &M, position: u64) -> u32 {
    read_header(memory, position, memory.message_header().message_id, 4) as u32
}

/// The bits that fit the flags field.
#[inline(always)]
const fn flag_mask(flags_size: usize) -> u32 {
    if flags_size == 4 { u32::MAX } else { (1 << (8 * flags_size)) - 1 }
}
