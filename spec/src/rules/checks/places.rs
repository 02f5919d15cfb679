//! What is stated about bytes, held against what comes out: a statement that the layout had to pass
//! over is wrong.

use super::Subject;
use crate::diagnostic::Finding;
use crate::layout::header::line_of;
use crate::layout::place::{MAX_ALIGN, Place, align_up, raised};
use crate::layout::structs::Placed;
use crate::model::{Field, RingRole, Struct};
use crate::rules;
use crate::source::Spanned;

/// A field with its place, and the least offset that it may state.
type Item<'a, R> = (&'a Field<R>, &'a Place, u64);

/// Calls `$check` with every field that has a place.
macro_rules! each_field {
    ($subject:ident, $findings:ident, $check:ident) => {
        for (field, place) in $subject.spec.ring_header.fields.iter().zip(&$subject.ring) {
            $check((field, place, 0), $findings);
        }
        for (field, place) in $subject.spec.message_header.fields.iter().zip(&$subject.message) {
            $check((field, place, 0), $findings);
        }
        for (item, placed) in $subject.placed() {
            for (field, place) in item.fields.iter().zip(&placed.places) {
                $check((field, place, place.after), $findings);
            }
        }
    };
}

/// L101: stated offsets that are no multiple of the alignment.
pub(super) fn misaligned(subject: &Subject, findings: &mut Vec<Finding>) {
    each_field!(subject, findings, check_alignment);
}

fn check_alignment<R>((field, place, _): Item<R>, findings: &mut Vec<Finding>) {
    let Some(stated) = &field.offset else { return };
    if !stated.value.is_multiple_of(place.align) {
        let (name, value, align) = (&field.name.value, stated.value, place.align);
        findings.push(
            Finding::new(rules::MISALIGNED, format!("`{name}` is misaligned at {value}"))
                .at(stated.span, format!("not a multiple of {align}"))
                .expected(format!("{}, or a greater multiple of {align}", place.next())),
        );
    }
}

/// E030: fields that share bytes.
pub(super) fn overlaps(subject: &Subject, findings: &mut Vec<Finding>) {
    each_field!(subject, findings, check_offset);
    check_ring(subject, findings);
    check_message(subject, findings);
}

fn check_offset<R>((field, place, least): Item<R>, findings: &mut Vec<Finding>) {
    let Some(stated) = &field.offset else { return };
    if stated.value.is_multiple_of(place.align) && stated.value < least {
        let name = &field.name.value;
        findings.push(
            Finding::new(rules::OVERLAP, format!("`{name}` overlaps the field before it"))
                .at(stated.span, format!("the field before it ends at {}", place.after))
                .expected(format!("{} or more", place.next())),
        );
    }
}

fn check_ring(subject: &Subject, findings: &mut Vec<Finding>) {
    for (field, place, before) in subject.ring_in_order() {
        let Some((other, before)) = before else { continue };
        let (name, other_name) = (&field.name.value, &other.name.value);
        findings.push(
            Finding::new(rules::OVERLAP, format!("`{name}` overlaps `{other_name}`"))
                .at(field.name.span, format!("starts at {}", place.offset))
                .also(other.name.span, format!("ends at {}", before.end)),
        );
    }
}

fn check_message(subject: &Subject, findings: &mut Vec<Finding>) {
    for (field, place, before) in subject.message_in_text() {
        let Some((other, before)) = before else { continue };
        let message = format!("`{}` overlaps another field", field.name.value);
        let bytes =
            |place: &Place| format!("takes the bytes {} to {}", place.offset, place.end - 1);
        findings.push(
            Finding::new(rules::OVERLAP, message)
                .at(field.name.span, bytes(place))
                .also(other.name.span, bytes(before)),
        );
    }
}

/// L105: stated sizes, alignments and lines that are not what comes out.
pub(super) fn stated(subject: &Subject, findings: &mut Vec<Finding>) {
    each_field!(subject, findings, check_field);
    let line = line_of(&subject.spec.ring_header);
    for (field, place) in subject.spec.ring_header.fields.iter().zip(&subject.ring) {
        check_line(field, place, line, findings);
    }
    for (item, placed) in subject.placed() {
        let what = format!("`{}`", item.name.value);
        check_align(item.align.as_ref(), placed.natural, &what, findings);
        check_struct_size(item, placed, findings);
    }
}

fn check_field<R>((field, place, _): Item<R>, findings: &mut Vec<Finding>) {
    let (name, size) = (&field.name.value, place.own.size);
    if let Some(stated) = field.size.as_ref().filter(|stated| stated.value != size) {
        findings.push(
            Finding::new(rules::STATED, format!("`{name}` has not {} bytes", stated.value))
                .at(stated.span, "differs from the type")
                .expected(format!("{size}, the size of its type")),
        );
    }
    check_align(field.align.as_ref(), place.own.align, &format!("`{name}`"), findings);
}

fn check_align(
    stated: Option<&Spanned<u64>>,
    natural: u64,
    what: &str,
    findings: &mut Vec<Finding>,
) {
    let Some(stated) = stated.filter(|_| raised(stated, natural).is_none()) else { return };
    findings.push(
        Finding::new(rules::STATED, format!("{what} cannot be aligned to {}", stated.value))
            .at(stated.span, "not possible")
            .expected(format!("its own alignment, {natural}, or a power of two up to {MAX_ALIGN}")),
    );
}

fn check_line(field: &Field<RingRole>, place: &Place, line: u64, findings: &mut Vec<Finding>) {
    let Some(stated) = &field.line else { return };
    let first = stated.value * line;
    let last = first + line;
    if place.offset >= first && place.end <= last {
        return;
    }
    let message = format!("`{}` does not stand on line {}", field.name.value, stated.value);
    let (start, end) = (place.offset, place.end.saturating_sub(1));
    findings.push(
        Finding::new(rules::STATED, message)
            .at(stated.span, format!("the line has the bytes {first} to {}", last - 1))
            .expected(format!("a place for the bytes {start} to {end}")),
    );
}

fn check_struct_size(item: &Struct, placed: &Placed, findings: &mut Vec<Finding>) {
    let Some(stated) = &item.size else { return };
    let (name, value, align) = (&item.name.value, stated.value, placed.align);
    if value < placed.least {
        let last = item.fields.last().map_or("", |field| &field.name.value);
        findings.push(
            Finding::new(rules::STATED, format!("`{name}` does not fit {value} bytes"))
                .at(stated.span, format!("`{last}` ends at {}", placed.end))
                .expected(format!("{}, or more for padding", placed.least)),
        );
    } else if !value.is_multiple_of(align) {
        findings.push(
            Finding::new(rules::STATED, format!("`{name}` cannot have {value} bytes"))
                .at(stated.span, format!("not a multiple of its alignment, {align}"))
                .expected(format!("{}, for example", align_up(value, align))),
        );
    }
}
