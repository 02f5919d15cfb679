//! The places of header fields, and the rules of the wire that depend on them.

use super::place::{
    Extent, MAX_ALIGN, align_up, check_size, field_align, fill_padding, offset, placed,
    plain_extent,
};
use super::{FieldLayout, HeaderLayout};
use crate::diagnostic::Finding;
use crate::model::{Field, Header, MessageRole, RingRole, Writer};
use crate::rules;
use crate::source::{Span, Spanned};

/// The data area starts at a multiple of this.
const PAGE: u64 = 4096;

/// Largest ring header.
const MAX_RING_HEADER: u64 = 1 << 20;

/// Largest message header.
const MAX_MESSAGE_HEADER: u64 = 256;

/// Least and greatest line, in bytes.
const LINES: std::ops::RangeInclusive<u64> = 64..=4096;

pub(super) fn ring(header: &Header<RingRole>, out: &mut Vec<Finding>) -> HeaderLayout<RingRole> {
    let line = line_size(&header.line, out);
    let mut fields = ring_fields(header, line, out);
    refuse_overlaps(&mut fields, out);
    shared_lines(&fields, line, out);
    let mut fields: Vec<_> = fields.into_iter().map(|(field, _)| field).collect();
    let end = fill_padding(&mut fields);
    let size = ring_size(header, end, out);
    HeaderLayout {
        doc: header.doc.clone(),
        size,
        align: MAX_ALIGN,
        line,
        fields,
        padding_after: size.saturating_sub(end),
    }
}

fn line_size(line: &Spanned<u64>, out: &mut Vec<Finding>) -> u64 {
    if line.value.is_power_of_two() && LINES.contains(&line.value) {
        return line.value;
    }
    out.push(
        Finding::new(rules::DATA_AREA, format!("lines of {} bytes", line.value))
            .at(line.span, "not a power of two from 64 to 4096")
            .expected("128, or the size that the target processors fetch together"),
    );
    128
}

type Placed = (FieldLayout<RingRole>, Span);

/// Each field goes on the line that it names, after what is there; without a line it follows the
/// field before it.
fn ring_fields(header: &Header<RingRole>, line: u64, out: &mut Vec<Finding>) -> Vec<Placed> {
    let mut fields: Vec<Placed> = Vec::new();
    let mut cursor = 0;
    for field in &header.fields {
        let own = plain_extent(&field.ty.value, &[]).unwrap_or(Extent { size: 1, align: 1 });
        check_size(field, own.size, out);
        let align = field_align(field, own.align, out);
        if let Some(stated) = &field.line {
            let (start, end) = (stated.value * line, (stated.value + 1) * line);
            let on_line = |(other, _): &&Placed| (start..end).contains(&other.offset);
            let ends = fields.iter().filter(on_line).map(|(other, _)| other.offset + other.size);
            cursor = ends.max().unwrap_or(start);
        }
        let at = offset(field, 0, cursor, align, out);
        cursor = at.saturating_add(own.size);
        check_line(field, at, cursor, line, out);
        if cursor > MAX_RING_HEADER {
            out.push(
                Finding::new(rules::DATA_AREA, format!("`{}` lies too far", field.name.value))
                    .at(field.name.span, format!("ends at {cursor}"))
                    .expected(format!("a ring header of at most {MAX_RING_HEADER} bytes")),
            );
            continue;
        }
        fields.push((placed(field, at, own), field.name.span));
    }
    fields.sort_by_key(|(field, _)| field.offset);
    fields
}

fn check_line(field: &Field<RingRole>, start: u64, end: u64, line: u64, out: &mut Vec<Finding>) {
    let Some(stated) = &field.line else { return };
    let (first, last) = (stated.value * line, (stated.value + 1) * line);
    if start >= first && end <= last {
        return;
    }
    let message = format!("`{}` does not stand on line {}", field.name.value, stated.value);
    out.push(
        Finding::new(rules::STATED, message)
            .at(stated.span, format!("the line has the bytes {first} to {}", last - 1))
            .expected(format!("a place for the bytes {start} to {}", end.saturating_sub(1))),
    );
}

fn refuse_overlaps(fields: &mut Vec<Placed>, out: &mut Vec<Finding>) {
    let mut end = 0;
    let mut last: Option<(String, Span)> = None;
    fields.retain(|(field, span)| {
        if let Some((name, other)) = last.as_ref().filter(|_| field.offset < end) {
            out.push(
                Finding::new(rules::OVERLAP, format!("`{}` overlaps `{name}`", field.name))
                    .at(*span, format!("starts at {}", field.offset))
                    .also(*other, format!("ends at {end}")),
            );
            return false;
        }
        end = field.offset + field.size;
        last = Some((field.name.clone(), *span));
        true
    });
}

/// Refuses lines that both sides write: each store of one would take the line from the other.
fn shared_lines(fields: &[Placed], line: u64, out: &mut Vec<Finding>) {
    let mut rest = fields;
    while let Some((first, _)) = rest.first() {
        let number = first.offset / line;
        let length = rest.iter().take_while(|(field, _)| field.offset / line == number).count();
        let (here, others) = rest.split_at(length);
        rest = others;
        let written_by = |writer: Writer| {
            let by = move |field: &&Placed| field.0.role.is_some_and(|r| r.writer() == writer);
            here.iter().filter(by).collect::<Vec<_>>()
        };
        let (sends, receives) = (written_by(Writer::Producer), written_by(Writer::Consumer));
        let (Some((a, a_span)), Some((b, b_span))) = (sends.first(), receives.first()) else {
            continue;
        };
        let is_wake_pair = sends.len() == 1
            && receives.len() == 1
            && a.role.and_then(RingRole::wake_partner) == b.role;
        if is_wake_pair {
            continue;
        }
        out.push(
            Finding::new(rules::SHARED_LINE, format!("both sides write line {number}"))
                .at(*b_span, "written by the consumer")
                .also(*a_span, "written by the producer")
                .expected("each line is written by one side, but for the two wake pairs")
                .help("give the fields different `line:` numbers"),
        );
    }
}

fn ring_size(header: &Header<RingRole>, end: u64, out: &mut Vec<Finding>) -> u64 {
    let least = align_up(end.max(1), PAGE);
    let Some(stated) = &header.size else { return least };
    let value = stated.value;
    if value.is_multiple_of(PAGE) && (least..=MAX_RING_HEADER).contains(&value) {
        return value;
    }
    out.push(
        Finding::new(rules::DATA_AREA, format!("a ring header of {value} bytes"))
            .at(stated.span, format!("the fields end at {end}"))
            .expected(format!("a multiple of {PAGE} from {least} to {MAX_RING_HEADER}")),
    );
    least
}

pub(super) fn message(
    header: &Header<MessageRole>,
    out: &mut Vec<Finding>,
) -> HeaderLayout<MessageRole> {
    let mut fields = Vec::new();
    let mut cursor = 0;
    // As in the ring header, a stated offset may go anywhere that is free, also in front.
    let mut places: Vec<(u64, u64, Span)> = Vec::new();
    for field in &header.fields {
        let own = plain_extent(&field.ty.value, &[]).unwrap_or(Extent { size: 1, align: 1 });
        check_size(field, own.size, out);
        let align = field_align(field, own.align, out);
        let at = offset(field, 0, cursor, align, out);
        let end = at.saturating_add(own.size);
        let overlapped = places.iter().find(|(start, stop, _)| at < *stop && *start < end);
        if let Some((start, stop, span)) = overlapped {
            let message = format!("`{}` overlaps another field", field.name.value);
            out.push(
                Finding::new(rules::OVERLAP, message)
                    .at(field.name.span, format!("takes the bytes {at} to {}", end - 1))
                    .also(*span, format!("takes the bytes {start} to {}", stop - 1)),
            );
            continue;
        }
        cursor = end;
        places.push((at, end, field.name.span));
        fields.push(placed(field, at, own));
    }
    fields.sort_by_key(|field| field.offset);
    publication_word(header, &fields, out);
    let end = fill_padding(&mut fields);
    let size = message_size(header, end, out);
    HeaderLayout {
        doc: header.doc.clone(),
        size,
        align: MAX_ALIGN,
        line: 0,
        fields,
        padding_after: size.saturating_sub(end),
    }
}

/// The first 8 bytes of a record are stored as one word, which publishes it.
fn publication_word(
    header: &Header<MessageRole>,
    fields: &[FieldLayout<MessageRole>],
    out: &mut Vec<Finding>,
) {
    for role in [MessageRole::FrameLength, MessageRole::MessageType] {
        let Some(field) = fields.iter().find(|field| field.role == Some(role)) else { continue };
        if field.offset <= 4 {
            continue;
        }
        let stated = header.fields.iter().find(|stated| stated.name.value == field.name);
        let span = stated.map_or(header.span, |stated| stated.name.span);
        let message = format!("{} lies outside the publication word", role.name());
        out.push(
            Finding::new(rules::PUBLICATION_WORD, message)
                .at(span, format!("stands at offset {}", field.offset))
                .expected("frame_length and message_type in the bytes 0 to 7, in either order"),
        );
    }
}

fn message_size(header: &Header<MessageRole>, end: u64, out: &mut Vec<Finding>) -> u64 {
    let least = align_up(end.max(1), 8);
    let (value, span) = match &header.size {
        Some(stated) => (stated.value, stated.span),
        None => (least, header.span),
    };
    if value.is_multiple_of(8) && value >= least && value <= MAX_MESSAGE_HEADER {
        return value;
    }
    out.push(
        Finding::new(rules::RECORD_SIZE, format!("a message header of {value} bytes"))
            .at(span, format!("the fields end at {end}"))
            .expected(format!("a multiple of 8 from {least} to {MAX_MESSAGE_HEADER}")),
    );
    least
}
