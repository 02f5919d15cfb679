//! The checks of the rules: each a function over what was understood of a text.
//!
//! A rule is here when a text that breaks it can still be understood: then it is checked over the
//! model, apart from all others. What cannot be a model (an unknown type, a number out of its
//! range) is reported where it is [parsed](crate::model::parse). Some rules have both sides; the
//! column in the [table of rules](super) says so.

mod growth;
mod headers;
mod identity;
mod ids;
mod lengths;
mod lines;
mod mend;
mod names;
mod padding;
mod places;
mod structs;
mod values;

use super::Rule;
use crate::diagnostic::Finding;
use crate::layout::header::{
    MAX_RING_HEADER, least_message, message_places, message_size, ring_places,
};
use crate::layout::place::{Extent, Place};
use crate::layout::structs::Placed;
use crate::model::parse::Draft;
use crate::model::{Field, MessageRole, RingRole, Spec, Struct};
use crate::source::Span;

/// No payload is larger: lengths are 32-bit numbers.
const MAX_PAYLOAD: u64 = 1 << 31;

/// A capacity that lets everything in, so that nothing is called too large for a wrong number.
const ANY_CAPACITY: u64 = 1 << 40;

/// Finds what breaks one rule.
type Check = fn(&Subject, &mut Vec<Finding>);

/// Every check with its rule, in the order in which findings of the same place are reported.
const CHECKS: &[(&Rule, Check)] = &[
    (super::LANGUAGE_VERSION, values::language),
    (super::CAPACITY, values::capacity),
    (super::PADDING_VALUE, ids::padding),
    (super::DUPLICATE_VALUE, values::duplicates),
    (super::FLAGS_OVERLAP, values::overlaps),
    (super::TOO_DEEP, structs::deep),
    (super::TAIL_NOT_LAST, structs::tails),
    (super::BAD_GROWTH, structs::growth),
    (super::BAD_VERSION, structs::since),
    (super::EMPTY_TYPE, structs::empty),
    (super::NOT_ATOMIC, headers::not_atomic),
    (super::NO_EFFECT, headers::atomic_without_role),
    (super::ROLE_TYPE, headers::flags_type),
    (super::ID_CLASH, ids::clashes),
    (super::OUT_OF_RANGE, values::reserved_range),
    (super::RESERVED_NAME, ids::names),
    (super::HELPER_CLASH, names::helpers),
    (super::SAME_NAME, names::same),
    (super::ESCAPED, names::escaped),
    (super::ENCLOSING_TYPE, names::enclosing),
    (super::MACRO, names::macros),
    (super::SHADOWS, names::shadows),
    (super::STATED, places::stated),
    (super::MISALIGNED, places::misaligned),
    (super::OVERLAP, places::overlaps),
    (super::DATA_AREA, headers::data_area),
    (super::SHARED_LINE, headers::shared_lines),
    (super::PUBLICATION_WORD, headers::publication_word),
    (super::RECORD_SIZE, headers::record_size),
    (super::TOO_LARGE, structs::too_large),
    (super::LARGE_VALUE, structs::large_value),
    (super::IMPLICIT_PADDING, padding::implicit),
    (super::TAIL_PADDING, padding::tail),
    (super::NARROW_LENGTH, lengths::narrow),
    (super::FIELD_ORDER, padding::order),
    (super::EXTRA_LINES, padding::lines),
    (super::NO_ENDIANNESS, identity::endianness),
    (super::CONSTANT_ON_LINE, lines::constant),
    (super::SMALL_LINE, lines::small),
    (super::NO_ZERO, growth::no_zero),
    (super::NO_GROWTH, growth::full),
    (super::NO_MAGIC, identity::magic),
    (super::NO_VERSION, identity::version),
    (super::PALINDROME, identity::palindrome),
    (super::NO_ROOM, lines::room),
    (super::UNDOCUMENTED, identity::docs),
    (super::SINCE_FIRST, growth::since),
];

/// Runs every check.
pub(crate) fn run(draft: &Draft, findings: &mut Vec<Finding>) {
    let subject = Subject::new(draft);
    for (_, check) in CHECKS {
        check(&subject, findings);
    }
}

/// A field with its place and, when it shares bytes with an earlier one, that one.
type Met<'a, R> = (&'a Field<R>, &'a Place, Option<(&'a Field<R>, &'a Place)>);

/// What the checks look at: what was understood, and where its bytes come to lie.
pub(crate) struct Subject<'a> {
    draft: &'a Draft,
    spec: &'a Spec,
    /// Places of the ring header's fields, in the order of the text.
    ring: Vec<Place>,
    /// The same for the message header.
    message: Vec<Place>,
    /// The structs that were understood, with their fields placed.
    structs: Vec<Option<Placed>>,
    /// Largest payload of a ring of the default capacity.
    room: u64,
}

impl<'a> Subject<'a> {
    fn new(draft: &'a Draft) -> Self {
        let spec = &draft.spec;
        let ring = ring_places(&spec.ring_header);
        let message = message_places(&spec.message_header);
        let mut subject = Self { draft, spec, ring, message, structs: Vec::new(), room: 0 };
        let size = subject.header_size();
        let stated = Some(spec.default_capacity.value).filter(|size| values::is_capacity(*size));
        let capacity = stated.unwrap_or(ANY_CAPACITY);
        subject.room = MAX_PAYLOAD.min(capacity / 2).saturating_sub(size);
        subject.place_structs();
        subject
    }

    fn place_structs(&mut self) {
        let mut extents = Vec::new();
        for (item, whole) in self.spec.structs.iter().zip(&self.draft.whole) {
            let placed = Placed::of(item, &self.spec.enums, &extents);
            // What is too large counts as nothing in others, which would be reported for the same.
            let fits = placed.size <= self.room;
            let size = if fits { placed.size } else { 0 };
            extents.push(Extent { size, align: placed.align });
            self.structs.push(whole.then_some(placed));
        }
    }

    /// The structs that were understood.
    fn placed(&self) -> impl Iterator<Item = (&'a Struct, &Placed)> {
        let all = self.spec.structs.iter().zip(&self.structs);
        all.filter_map(|(item, placed)| Some((item, placed.as_ref()?)))
    }

    /// Whether a struct was understood.
    fn is_whole(&self, item: &Struct) -> bool {
        self.placed().any(|(placed, _)| std::ptr::eq(placed, item))
    }

    /// All structs in the order of the text.
    fn in_order(&self) -> Vec<&'a Struct> {
        let mut structs: Vec<_> = self.spec.structs.iter().collect();
        structs.sort_by_key(|item| item.order);
        structs
    }

    /// Every struct that is part of another one, with the place where that says so.
    fn nested(&self) -> impl Iterator<Item = (&'a Struct, Span)> {
        self.draft.nested.iter().map(|(part, span)| (&self.spec.structs[*part], *span))
    }

    /// The fields of the ring header by their offsets, but for those that lie too far.
    fn ring_in_order(&self) -> Vec<Met<'_, RingRole>> {
        let all = self.spec.ring_header.fields.iter().zip(&self.ring);
        let mut fields: Vec<_> = all.filter(|(_, place)| place.end <= MAX_RING_HEADER).collect();
        fields.sort_by_key(|(_, place)| place.offset);
        let mut last: Option<(&Field<RingRole>, &Place)> = None;
        let mut met = Vec::new();
        for (field, place) in fields {
            let before = last.filter(|(_, before)| place.offset < before.end);
            if before.is_none() {
                last = Some((field, place));
            }
            met.push((field, place, before));
        }
        met
    }

    /// The fields of the ring header by their offsets, each with bytes of its own.
    fn ring_standing(&self) -> Vec<(&Field<RingRole>, &Place)> {
        let met = self.ring_in_order().into_iter();
        met.filter(|(_, _, before)| before.is_none()).map(|(f, place, _)| (f, place)).collect()
    }

    /// The fields of the message header in the order of the text.
    fn message_in_text(&self) -> impl Iterator<Item = Met<'_, MessageRole>> {
        let mut standing: Vec<(&Field<MessageRole>, &Place)> = Vec::new();
        self.spec.message_header.fields.iter().zip(&self.message).map(move |(field, place)| {
            let before = standing.iter().find(|(_, other)| other.meets(place)).copied();
            if before.is_none() {
                standing.push((field, place));
            }
            (field, place, before)
        })
    }

    /// The bytes in front of each payload.
    fn header_size(&self) -> u64 {
        let end = self.message_end();
        message_size(&self.spec.message_header, end).unwrap_or(least_message(end))
    }

    /// Where the fields of the message header end.
    fn message_end(&self) -> u64 {
        let standing = self.message_in_text().filter(|(_, _, before)| before.is_none());
        standing.map(|(_, place, _)| place.end).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{ALL, Found};
    use super::*;
    use crate::model::parse;
    use crate::source::Memory;

    #[test]
    fn the_table_says_who_finds_what() {
        for rule in ALL.iter().filter(|rule| rule.class().is_none()) {
            let has_check = CHECKS.iter().any(|(checked, _)| checked == rule);
            let checked = matches!(rule.found, Found::Check | Found::Both);
            assert_eq!(checked, has_check, "{}", rule.id);
        }
    }

    #[test]
    fn each_check_finds_what_breaks_its_rule_alone() {
        for bad in ALL {
            let Some(text) = bad.bad() else { continue };
            let files = Memory::new().with("example.yaml", text);
            let parsed = parse::read(Path::new("example.yaml"), &files, &[]);
            let by_parser = parsed.findings.iter().any(|finding| finding.rule == *bad);
            let mut by_check = false;
            if let Some(draft) = &parsed.draft {
                let subject = Subject::new(draft);
                for (rule, check) in CHECKS {
                    let mut findings = Vec::new();
                    check(&subject, &mut findings);
                    assert!(findings.iter().all(|finding| finding.rule == *rule), "{}", rule.id);
                    by_check |= *rule == *bad && !findings.is_empty();
                }
            }
            match bad.found {
                Found::Parser => assert!(by_parser && !by_check, "{}", bad.id),
                Found::Check => assert!(by_check && !by_parser, "{}", bad.id),
                Found::Both => assert!(by_check || by_parser, "{}", bad.id),
                Found::Levels => assert!(!by_check && !by_parser, "{}", bad.id),
                Found::Diff(_) => panic!("{} is about edits", bad.id),
            }
        }
    }
}
