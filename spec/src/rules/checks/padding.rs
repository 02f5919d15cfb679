//! Bytes that nobody asked for, and the order of fields that would save them.

use super::Subject;
use super::mend::{self, Moved};
use crate::diagnostic::{Edit, Finding, Fix};
use crate::layout::place::{Place, align_up};
use crate::layout::structs::Placed;
use crate::model::{Field, Struct};
use crate::rules;

/// Bytes that a processor fetches at once.
const CACHE_LINE: u64 = 64;

/// Fields of an order that a message shows, at most.
const SHOWN: usize = 24;

/// L102: padding between fields that the text does not show. In the ring header `line` shows it.
pub(super) fn implicit(subject: &Subject, findings: &mut Vec<Finding>) {
    let spec = subject.spec;
    for (item, placed) in subject.placed() {
        gaps(subject, &item.fields, &placed.places, findings);
    }
    gaps(subject, &spec.message_header.fields, &subject.message, findings);
}

fn gaps<R>(subject: &Subject, fields: &[Field<R>], places: &[Place], findings: &mut Vec<Finding>) {
    for (field, place) in fields.iter().zip(places) {
        let is_stated = field.offset.is_some() || field.align.is_some();
        let gap = place.offset.saturating_sub(place.after);
        if is_stated || gap == 0 || place.offset == u64::MAX {
            continue;
        }
        let (name, offset) = (&field.name.value, place.offset);
        let message = format!("{} before `{name}`", bytes(gap, " of padding"));
        let edit = mend::key_behind(subject, field.span, field.ty.span, "offset", offset);
        findings.push(
            Finding::new(rules::IMPLICIT_PADDING, message)
                .at(field.name.span, format!("starts at {offset}, not at {}", place.after))
                .expected(format!("no padding, or a stated one: `offset: {offset}`"))
                .mend(Fix::new(format!("states that `{name}` starts at {offset}"), [edit])),
        );
    }
}

/// L103: padding at the end of a struct that the text does not show.
pub(super) fn tail(subject: &Subject, findings: &mut Vec<Finding>) {
    for (item, placed) in subject.placed().filter(|(item, _)| item.size.is_none()) {
        let gap = placed.size.saturating_sub(placed.end);
        if gap == 0 || placed.size > subject.room {
            continue;
        }
        let (name, size) = (&item.name.value, placed.size);
        let behind = item.id.as_ref().map_or(item.name.span, |id| id.span);
        let edit = mend::key_behind(subject, item.span, behind, "size", size);
        let message = format!("{} at the end of `{name}`", bytes(gap, " of padding"));
        findings.push(
            Finding::new(rules::TAIL_PADDING, message)
                .at(item.name.span, format!("takes {size} bytes, its fields {}", placed.end))
                .expected(format!("no padding, or a stated one: `size: {size}`"))
                .mend(Fix::new(format!("states that `{name}` takes {size} bytes"), [edit])),
        );
    }
}

/// L113: an order of the fields that would take fewer bytes.
pub(super) fn order(subject: &Subject, findings: &mut Vec<Finding>) {
    better_orders(subject, false, findings);
}

/// L114: an order of the fields with which a message would take fewer cache lines.
pub(super) fn lines(subject: &Subject, findings: &mut Vec<Finding>) {
    better_orders(subject, true, findings);
}

/// Reports the orders that save lines, or those that save bytes alone.
fn better_orders(subject: &Subject, save_lines: bool, findings: &mut Vec<Finding>) {
    let header = subject.header_size();
    for (item, placed) in subject.placed() {
        let Some(order) = better_order(item, placed) else { continue };
        let lines = |size: u64| (header + size).div_ceil(CACHE_LINE);
        let is_message = item.id.is_some() && item.tail.is_none();
        let saved = lines(placed.size).saturating_sub(lines(order.size));
        let saved = if is_message { saved } else { 0 };
        if (saved > 0) == save_lines {
            findings.push(order.finding(subject, item, placed, saved));
        }
    }
}

/// A better order of a struct's fields.
struct Order {
    /// For each place the field that goes there.
    fields: Vec<usize>,
    /// For each field where it comes to lie.
    offsets: Vec<u64>,
    size: u64,
}

/// The order that takes the fewest bytes, if the struct's own one does not and was not laid out by
/// hand.
fn better_order(item: &Struct, placed: &Placed) -> Option<Order> {
    let all = || item.fields.iter().zip(&placed.places);
    let by_hand = all().any(|(_, place)| place.offset != place.next());
    if by_hand || placed.size != placed.least || item.fields.len() < 2 {
        return None;
    }
    // What came later stays behind what was there before; the greatest alignment comes first.
    let mut fields: Vec<usize> = (0..item.fields.len()).collect();
    let since = |index: &usize| item.fields[*index].since.as_ref().map(|since| since.value);
    fields.sort_by_key(|index| (since(index), std::cmp::Reverse(placed.places[*index].align)));
    let (mut end, mut offsets) = (0, vec![0; fields.len()]);
    for index in &fields {
        let place = &placed.places[*index];
        offsets[*index] = align_up(end, place.align);
        end = offsets[*index].saturating_add(place.own.size);
    }
    let size = align_up(end, placed.align);
    (size < placed.size).then_some(Order { fields, offsets, size })
}

impl Order {
    fn finding(&self, subject: &Subject, item: &Struct, placed: &Placed, lines: u64) -> Finding {
        let (name, size, saved) = (&item.name.value, placed.size, placed.size - self.size);
        let rule = if lines > 0 { rules::EXTRA_LINES } else { rules::FIELD_ORDER };
        let mut names: Vec<_> =
            self.fields.iter().map(|index| item.fields[*index].name.value.as_str()).collect();
        let hidden = names.len().saturating_sub(SHOWN);
        names.truncate(SHOWN);
        let more = if hidden > 0 { format!(" and {hidden} more") } else { String::new() };
        let padding = size - placed.places.iter().map(|place| place.own.size).sum::<u64>();
        let message = match lines {
            0 => format!("`{name}` would take {} less in another order", bytes(saved, "")),
            1 => format!("`{name}` would take a cache line less in another order"),
            _ => format!("`{name}` would take {lines} cache lines less in another order"),
        };
        let mut finding = Finding::new(rule, message)
            .at(item.name.span, format!("takes {size} bytes, {padding} of them padding"))
            .expected(format!("{} bytes, in this order: {}{more}", self.size, names.join(", ")))
            .help("another order is a breaking change once payloads of this one are about");
        if let Some(edits) = self.edits(subject, item) {
            let what = format!("orders the fields of `{name}`, which changes its bytes");
            finding = finding.mend(Fix::new(what, edits).breaking());
        }
        finding
    }

    /// The changes of the text, those of stated offsets and of a stated size included.
    fn edits(&self, subject: &Subject, item: &Struct) -> Option<Vec<Edit>> {
        let moved = |(field, offset): (&Field, &u64)| Moved {
            item: field.span,
            number: field.offset.as_ref().map(|stated| (stated.span, *offset)),
        };
        let moved: Vec<Moved> = item.fields.iter().zip(&self.offsets).map(moved).collect();
        let mut edits = mend::reordered(subject, &moved, &self.fields)?;
        let size = item.size.as_ref();
        edits.extend(size.map(|size| Edit { span: size.span, text: self.size.to_string() }));
        Some(edits)
    }
}

/// `1 byte`, `2 bytes`, of something.
fn bytes(number: u64, of: &str) -> String {
    format!("{number} byte{}{of}", if number == 1 { "" } else { "s" })
}
