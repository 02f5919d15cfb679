//! Structs: what they may contain, how they grow, and how large they may be.

use super::Subject;
use crate::diagnostic::Finding;
use crate::layout::structs::Placed;
use crate::model::{Field, Struct, Version};
use crate::rules;
use crate::source::{Span, Spanned};

/// Most bytes of a message that is copied without a thought; some threads have 1 MiB of stack.
const LARGE_VALUE: u64 = 64 << 10;

/// Deepest nesting of structs; compilers limit the recursion of what they derive for types.
const MAX_DEPTH: usize = 32;

/// E035: structs in structs in structs.
pub(super) fn deep(subject: &Subject, findings: &mut Vec<Finding>) {
    let mut depths: Vec<usize> = Vec::new();
    for item in &subject.spec.structs {
        let parts = item.types().filter_map(|(ty, _)| ty.part());
        let depth = parts.map(|part| depths[part] + 1).max().unwrap_or(0);
        depths.push(depth);
        if depth == MAX_DEPTH {
            let finding = Finding::new(rules::TOO_DEEP, "structs nested too deeply");
            let label = format!("nests {MAX_DEPTH} others in each other");
            findings.push(finding.at(item.name.span, label));
        }
    }
}

/// E033: structs that hold nothing, and are no message either or are part of another one.
pub(super) fn empty(subject: &Subject, findings: &mut Vec<Finding>) {
    for (item, _) in subject.placed().filter(|(item, _)| is_empty(item) && item.id.is_none()) {
        let message = format!("the struct `{}` is empty", item.name.value);
        let finding = Finding::new(rules::EMPTY_TYPE, message);
        findings.push(finding.at(item.name.span, "has neither fields nor an id"));
    }
    let nested = subject.nested().filter(|(inner, _)| is_empty(inner));
    for (inner, span) in nested.filter(|(inner, _)| subject.is_whole(inner)) {
        findings.push(
            Finding::new(rules::EMPTY_TYPE, format!("`{}` has no fields", inner.name.value))
                .at(span, "is used inside another struct")
                .also(inner.name.span, "defined here"),
        );
    }
}

fn is_empty(item: &Struct) -> bool {
    item.fields.is_empty() && item.tail.is_none()
}

/// L108: tails where nobody knows where they end.
pub(super) fn tails(subject: &Subject, findings: &mut Vec<Finding>) {
    for (inner, span) in subject.nested().filter(|(inner, _)| inner.tail.is_some()) {
        findings.push(
            Finding::new(rules::TAIL_NOT_LAST, format!("`{}` has no fixed size", inner.name.value))
                .at(span, "is used inside another struct")
                .also(inner.name.span, "ends in a variable tail")
                .help("give it a fixed size, e.g. char[N], or send it as a message of its own"),
        );
    }
    for tail in subject.spec.structs.iter().filter(|item| item.id.is_none()).flat_map(|i| &i.tail) {
        findings.push(
            Finding::new(rules::TAIL_NOT_LAST, "a variable tail in a struct without `id`")
                .at(tail.kind.span, "only a message knows where it ends")
                .help("give the struct an id, or the field a fixed length"),
        );
    }
}

/// E034: what grows in the middle of something else.
pub(super) fn growth(subject: &Subject, findings: &mut Vec<Finding>) {
    for (inner, span) in subject.nested().filter(|(inner, _)| inner.tail.is_none()) {
        let Some(since) = inner.fields.iter().find_map(|field| field.since.as_ref()) else {
            continue;
        };
        findings.push(
            Finding::new(rules::BAD_GROWTH, format!("`{}` grew, and is nested", inner.name.value))
                .at(span, "in older payloads it takes less room here")
                .also(since.span, "added here")
                .help("make a new struct, and a new message that contains it"),
        );
    }
    for item in &subject.spec.structs {
        let Some(tail) = item.tail.as_ref().filter(|tail| tail.since.is_none()) else { continue };
        let newest = item.fields.iter().rev().find_map(|field| field.since.as_ref());
        let Some(earlier) = newest.filter(|_| older_field(item).is_none()) else { continue };
        findings.push(
            Finding::new(rules::BAD_GROWTH, "a fixed field added before a tail")
                .at(earlier.span, "moves the tail, which older payloads have earlier")
                .also(tail.name.span, "is the tail of the first version")
                .help("make a new message, or add the tail in the same version"),
        );
    }
}

/// The first field without `since` behind one with it, and that one's.
fn older_field(item: &Struct) -> Option<(&Field, &Spanned<Version>)> {
    let mut last = None;
    for field in &item.fields {
        match (&field.since, last) {
            (None, Some(since)) => return Some((field, since)),
            (None, None) => {}
            (Some(since), _) => last = Some(since),
        }
    }
    None
}

/// E024, as far as it is about `since`: it only goes up, up to the version of the spec.
pub(super) fn since(subject: &Subject, findings: &mut Vec<Finding>) {
    for item in &subject.spec.structs {
        let older = older_field(item);
        let until = older.map(|(field, _)| field.name.span);
        check_order(item, until, subject.spec.version.value, findings);
        if let Some((field, since)) = older {
            findings.push(
                Finding::new(rules::BAD_VERSION, "a field without `since` after one with it")
                    .at(field.name.span, "is older than the field before it")
                    .also(since.span, "newer")
                    .help("fields are added at the end of a struct"),
            );
        }
    }
}

/// Checks the versions of fields up to the one at `until`, behind which their order says nothing.
fn check_order(item: &Struct, until: Option<Span>, newest: Version, findings: &mut Vec<Finding>) {
    let fields = item.fields.iter().take_while(|field| Some(field.name.span) != until);
    let fixed = fields.filter_map(|field| field.since.as_ref());
    let tail = item.tail.iter().filter(|_| until.is_none());
    let mut last: Option<&Spanned<Version>> = None;
    for since in fixed.chain(tail.filter_map(|tail| tail.since.as_ref())) {
        if let Some(earlier) = last.filter(|earlier| since.value < earlier.value) {
            findings.push(
                Finding::new(rules::BAD_VERSION, "`since` goes back")
                    .at(since.span, "is older than the field before it")
                    .also(earlier.span, "newer")
                    .help("fields are added at the end of a struct"),
            );
        }
        if since.value > newest {
            let (major, minor) = newest;
            findings.push(
                Finding::new(rules::BAD_VERSION, "`since` lies in the future")
                    .at(since.span, "is newer than the spec")
                    .expected(format!("at most the spec's version, {major}.{minor}")),
            );
        }
        last = Some(since);
    }
}

/// L111: what no ring of the default capacity carries.
pub(super) fn too_large(subject: &Subject, findings: &mut Vec<Finding>) {
    let room = subject.room;
    for (item, placed) in subject.placed() {
        let name = &item.name.value;
        let fits = placed.size <= room;
        if !fits {
            let finding = Finding::new(rules::TOO_LARGE, format!("`{name}` is too large"))
                .at(item.name.span, format!("takes {} bytes", amount(placed.size)))
                .expected(format!("at most {room}: half of the capacity less a header"))
                .help("state a greater segment.capacity, or send the data in pieces");
            findings.push(with_widest(finding, item, placed));
        }
        let start = if fits { placed.size } else { 0 };
        let element = placed.element.size;
        let Some(tail) = &item.tail else { continue };
        if start.saturating_add(element) > room {
            let name = &tail.name.value;
            findings.push(
                Finding::new(rules::TOO_LARGE, format!("`{name}` has room for no element"))
                    .at(tail.kind.span, format!("an element takes {element} bytes"))
                    .expected(format!("at most {room} bytes in all")),
            );
        }
    }
}

/// L112: what costs much by value.
pub(super) fn large_value(subject: &Subject, findings: &mut Vec<Finding>) {
    let is_large = |placed: &Placed| placed.size > LARGE_VALUE && placed.size <= subject.room;
    for (item, placed) in subject.placed().filter(|(_, placed)| is_large(placed)) {
        if item.id.is_none() {
            continue;
        }
        let (name, size) = (&item.name.value, placed.size);
        let finding = Finding::new(rules::LARGE_VALUE, format!("`{name}` is large"))
            .at(item.name.span, format!("each copy takes {size} bytes, on the stack too"))
            .expected(format!("at most {LARGE_VALUE} bytes by value"))
            .help("make the large field the tail (`bytes` or `T[]`), which is never on the stack")
            .help("or use the message where it lies, by its view, or boxed");
        findings.push(with_widest(finding, item, placed));
    }
}

/// Points at the field that takes most of a struct.
fn with_widest(finding: Finding, item: &Struct, placed: &Placed) -> Finding {
    let fields = item.fields.iter().zip(&placed.places);
    let Some((field, place)) = fields.max_by_key(|(_, place)| place.own.size) else {
        return finding;
    };
    finding.also(field.ty.span, format!("takes {} bytes of it", amount(place.own.size)))
}

fn amount(size: u64) -> String {
    if size == u64::MAX { "more than 2^64".to_owned() } else { size.to_string() }
}
