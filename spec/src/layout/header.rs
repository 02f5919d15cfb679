//! The places of header fields.

use super::HeaderLayout;
use super::place::{self, Extent, MAX_ALIGN, Place, align_up};
use crate::model::{Header, MessageRole, RingRole};

/// The data area starts at a multiple of this.
pub(crate) const PAGE: u64 = 4096;

/// Largest ring header.
pub(crate) const MAX_RING_HEADER: u64 = 1 << 20;

/// Largest message header, and what its size is a multiple of.
pub(crate) const MAX_MESSAGE_HEADER: u64 = 256;
pub(crate) const RECORD_ALIGN: u64 = 8;

/// Bytes that `line: n` counts in, when what is stated is no line.
const DEFAULT_LINE: u64 = 128;

/// Whether lines can have this size.
pub(crate) fn is_line(bytes: u64) -> bool {
    bytes.is_power_of_two() && (64..=4096).contains(&bytes)
}

pub(crate) fn line_of(header: &Header<RingRole>) -> u64 {
    Some(header.line.value).filter(|line| is_line(*line)).unwrap_or(DEFAULT_LINE)
}

/// The places of a ring header's fields, in the order of the text: each goes on the line that it
/// names, after what is there; without a line it follows the field before it.
pub(crate) fn ring_places(header: &Header<RingRole>) -> Vec<Place> {
    let line = line_of(header);
    let mut places: Vec<Place> = Vec::new();
    let mut after = 0;
    for field in &header.fields {
        if let Some(stated) = &field.line {
            let start = stated.value.saturating_mul(line);
            let bytes = start..start.saturating_add(line);
            let on_line =
                |place: &&Place| place.end <= MAX_RING_HEADER && bytes.contains(&place.offset);
            let ends = places.iter().filter(on_line).map(|place| place.end);
            after = ends.max().unwrap_or(start);
        }
        let place = Place::of(field, Extent::of(&field.ty.value, &[], &[]), 0, after);
        after = place.end;
        places.push(place);
    }
    places
}

/// The places of a message header's fields, in the order of the text. As in the ring header, a
/// stated offset may go anywhere, also in front; one that overlaps another field, which no finished
/// spec has, does not move those after it.
pub(crate) fn message_places(header: &Header<MessageRole>) -> Vec<Place> {
    let (mut places, mut free): (Vec<Place>, Vec<Place>) = (Vec::new(), Vec::new());
    for field in &header.fields {
        let after = free.last().map_or(0, |last| last.end);
        let place = Place::of(field, Extent::of(&field.ty.value, &[], &[]), 0, after);
        if !free.iter().any(|other| other.meets(&place)) {
            free.push(place);
        }
        places.push(place);
    }
    places
}

impl Place {
    /// Whether two fields share a byte.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.offset < other.end && other.offset < self.end
    }
}

/// The stated size of a ring header whose fields end at `end`, when it can have it.
pub(crate) fn ring_size(header: &Header<RingRole>, end: u64) -> Option<u64> {
    let least = least_ring(end);
    let possible =
        |size: &u64| size.is_multiple_of(PAGE) && (least..=MAX_RING_HEADER).contains(size);
    header.size.as_ref().map(|stated| stated.value).filter(possible)
}

pub(crate) fn least_ring(end: u64) -> u64 {
    align_up(end.max(1), PAGE)
}

/// The stated size of a message header whose fields end at `end`, when it can have it.
pub(crate) fn message_size(header: &Header<MessageRole>, end: u64) -> Option<u64> {
    let least = least_message(end);
    let possible = |size: &u64| {
        size.is_multiple_of(RECORD_ALIGN) && (least..=MAX_MESSAGE_HEADER).contains(size)
    };
    header.size.as_ref().map(|stated| stated.value).filter(possible)
}

pub(crate) fn least_message(end: u64) -> u64 {
    align_up(end.max(1), RECORD_ALIGN)
}

pub(super) fn ring(header: &Header<RingRole>) -> HeaderLayout<RingRole> {
    let (fields, end) = place::fields(&header.fields, &ring_places(header));
    let size = ring_size(header, end).unwrap_or(least_ring(end));
    HeaderLayout {
        doc: super::text_of(&header.doc),
        size,
        align: MAX_ALIGN,
        line: line_of(header),
        fields,
        padding_after: size.saturating_sub(end),
    }
}

pub(super) fn message(header: &Header<MessageRole>) -> HeaderLayout<MessageRole> {
    let (fields, end) = place::fields(&header.fields, &message_places(header));
    let size = message_size(header, end).unwrap_or(least_message(end));
    HeaderLayout {
        doc: super::text_of(&header.doc),
        size,
        align: MAX_ALIGN,
        line: 0,
        fields,
        padding_after: size.saturating_sub(end),
    }
}
