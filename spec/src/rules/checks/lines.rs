//! Lines of the ring header: what stands beside what, and how large they are.

use super::Subject;
use crate::diagnostic::Finding;
use crate::layout::header::{least_ring, line_of, ring_size};
use crate::layout::place::Place;
use crate::model::{Field, RingRole, Writer};
use crate::rules;

/// Bytes that processors fetch together: lines of 64 in pairs.
const FETCHED: u64 = 128;

/// L202: what never changes on a line that is written all the time.
pub(super) fn constant(subject: &Subject, findings: &mut Vec<Finding>) {
    let line = line_of(&subject.spec.ring_header);
    let fields = subject.ring_standing();
    let on = |number: u64, writes: fn(Writer) -> bool| {
        let is_there =
            move |(_, place): &&(&Field<RingRole>, &Place)| place.offset / line == number;
        let field = move |(field, _): &(&Field<RingRole>, &Place)| {
            field.role.as_ref().is_some_and(|role| writes(role.value.writer()))
        };
        fields.iter().filter(is_there).filter(move |found| field(found)).map(|(field, _)| *field)
    };
    let mut numbers: Vec<u64> = fields.iter().map(|(_, place)| place.offset / line).collect();
    numbers.dedup();
    for number in numbers {
        let written = on(number, |writer| writer != Writer::Creator).next();
        let constant = on(number, |writer| writer == Writer::Creator).next();
        let (Some(written), Some(constant)) = (written, constant) else { continue };
        let message = format!("`{}` is constant on a written line", constant.name.value);
        findings.push(
            Finding::new(rules::CONSTANT_ON_LINE, message)
                .at(constant.name.span, format!("stands on line {number}"))
                .also(written.name.span, "is stored again and again on that line")
                .expected("what the creator writes on lines of its own"),
        );
    }
}

/// L203: lines that processors fetch in pairs.
pub(super) fn small(subject: &Subject, findings: &mut Vec<Finding>) {
    let line = &subject.spec.ring_header.line;
    let Some(span) = line.span.filter(|_| line.value == 64) else { return };
    findings.push(
        Finding::new(rules::SMALL_LINE, format!("lines of {} bytes", line.value))
            .at(span, "two of them are fetched together")
            .expected(format!("{FETCHED}, or more")),
    );
}

/// L505: nothing can be added without moving what is there.
pub(super) fn room(subject: &Subject, findings: &mut Vec<Finding>) {
    let header = &subject.spec.ring_header;
    let end = subject.ring_standing().last().map_or(0, |(_, place)| place.end);
    let size = ring_size(header, end).unwrap_or(least_ring(end));
    let line = line_of(header);
    if end + line > size {
        let span = header.size.as_ref().map_or(header.span, |size| size.span);
        findings.push(
            Finding::new(rules::NO_ROOM, "a ring header without room for another line")
                .at(span, format!("the fields end at {end} of {size}"))
                .expected(format!("at least {line} bytes behind the last field")),
        );
    }
    let types = &subject.spec.message_types.list;
    let Some(first) = types.iter().find(|named| named.name.value == super::ids::FIRST_ID) else {
        return;
    };
    let taken = types.iter().map(|named| named.value.value);
    let reserved = subject.spec.reserved.ids.iter().map(|id| id.value);
    let mut taken: Vec<i128> =
        taken.chain(reserved).filter(|id| (1..first.value.value).contains(id)).collect();
    taken.sort_unstable();
    taken.dedup();
    if taken.len() as i128 + 1 >= first.value.value {
        findings.push(
            Finding::new(rules::NO_ROOM, "no number is left for another message type")
                .at(first.value.span, "all numbers below are taken or reserved")
                .expected("room for message types that the protocol does not have yet"),
        );
    }
}
