//! A foreign record beside what a spec says, member by member.

use bitrpc_spec::layout::{FieldLayout, Layout, Scalar, Type};
use bitrpc_spec::names::words;

use super::{Member, Record};

/// What a spec says of a struct or a header.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its name in the spec, or `ring_header` or `message_header`.
    pub name: String,
    /// Size in bytes; that of the fixed part.
    pub size: u64,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    place: Place,
    scalar: Option<Scalar>,
    /// Bytes whose name says that they are nobody's: no member has to name them.
    is_spare: bool,
}

/// Names that begin so are of bytes that nobody uses.
const SPARE: [&str; 5] = ["padding", "pad", "reserved", "spare", "unused"];

/// Where a field is: its offset and its size in bytes.
pub type Place = (u64, u64);

impl Expected {
    /// Both headers and all structs of a layout.
    pub fn all(layout: &Layout) -> Vec<Self> {
        let (ring, message) = (&layout.ring_header, &layout.message_header);
        let mut all = vec![
            Self::new(layout, "ring_header", ring.size, &ring.fields),
            Self::new(layout, "message_header", message.size, &message.fields),
        ];
        let structs = layout.structs.iter();
        all.extend(structs.map(|item| Self::new(layout, &item.name, item.size, &item.fields)));
        all
    }

    fn new<R>(layout: &Layout, name: &str, size: u64, fields: &[FieldLayout<R>]) -> Self {
        let field = |field: &FieldLayout<R>| Field {
            name: field.name.clone(),
            place: (field.offset, field.size),
            scalar: scalar(layout, &field.ty),
            is_spare: matches!(field.ty, Type::Bytes(_))
                && words(&field.name).first().is_some_and(|word| SPARE.contains(&word.as_str())),
        };
        Self { name: name.to_owned(), size, fields: fields.iter().map(field).collect() }
    }
}

/// The scalar that a type is, or that its elements are.
fn scalar(layout: &Layout, ty: &Type) -> Option<Scalar> {
    match ty {
        Type::Scalar(scalar) => Some(*scalar),
        Type::Enum(index) => Some(layout.enums[*index].scalar),
        Type::Array(element, _) => scalar(layout, element),
        Type::Char(_) | Type::Bytes(_) | Type::Struct(_) => None,
    }
}

/// How a member stands to what the spec says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// At its place.
    Same,
    /// At its place under another name.
    Renamed(String),
    /// Its bytes are said by several members, or several fields' bytes by one: `x, y, z`.
    Covered(String),
    /// A member that the spec has no field for, in bytes that are padding; or bytes of the spec
    /// that nobody uses, called `reserved`, `unused` or alike, which no member names.
    Padding,
    /// It is elsewhere, or has another size.
    Moved,
    /// At its place, but another type: what the spec says and what was found.
    Retyped(Scalar, Scalar),
    /// The spec has it, the record does not.
    Missing,
    /// The record has it, the spec does not.
    Extra,
}

impl State {
    /// Whether both sides read the same bytes for the same thing.
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same | Self::Renamed(_) | Self::Covered(_) | Self::Padding)
    }

    /// The word for it in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Renamed(_) => "renamed",
            Self::Covered(_) => "covered",
            Self::Padding => "padding",
            Self::Moved => "moved",
            Self::Retyped(..) => "retyped",
            Self::Missing => "missing",
            Self::Extra => "extra",
        }
    }
}

/// One field of the spec, or a member that the spec does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The field's name in the spec; the member's where there is no field.
    pub name: String,
    /// Where the spec has it.
    pub expected: Option<Place>,
    /// Where the record has it.
    pub found: Option<Place>,
    /// How the two stand to each other.
    pub state: State,
}

/// A record compared with what the spec says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The record's name.
    pub foreign: String,
    /// The name in the spec.
    pub spec: String,
    /// Size in bytes that the spec says.
    pub expected_size: u64,
    /// Size in bytes of the record.
    pub found_size: u64,
    /// All fields and members in the order of their bytes.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// Compares `record` with what the spec says.
    ///
    /// Members go with fields by their names, in whatever case and with or without a prefix `m_`;
    /// those without a name go in their order. What is left goes by its place.
    pub fn of(record: &Record, expected: &Expected) -> Self {
        let mut fields: Vec<_> = expected.fields.iter().collect();
        let mut members: Vec<_> = record.members.iter().collect();
        let mut rows = Vec::new();
        let is_nameless = record.members.iter().all(|member| member.name.is_empty());
        let goes_with = |field: &Field, member: &Member| is_nameless || is_called(field, member);
        for (field, member) in take_pairs(&mut fields, &mut members, goes_with) {
            rows.push(paired(field, member));
        }
        let by_place = |field: &Field, member: &Member| field.place == place(member);
        for (field, member) in take_pairs(&mut fields, &mut members, by_place) {
            let row = paired(field, member);
            let state = match row.state {
                State::Same => State::Renamed(member.name.clone()),
                state => state,
            };
            rows.push(Row { state, ..row });
        }
        rows.extend(unpaired(&fields, &members, expected));
        rows.sort_by_key(|row| (row.expected.or(row.found), row.expected.is_none()));
        Self {
            foreign: record.name.clone(),
            spec: expected.name.clone(),
            expected_size: expected.size,
            found_size: record.size,
            rows,
        }
    }

    /// Whether both sides read the same bytes for the same things.
    pub fn is_same(&self) -> bool {
        self.expected_size == self.found_size && self.first_off().is_none()
    }

    /// The first field that is off, in the order of the bytes: usually what was forgotten, where
    /// the others only follow.
    pub fn first_off(&self) -> Option<&Row> {
        self.rows.iter().find(|row| !row.state.is_same())
    }
}

fn place(member: &Member) -> Place {
    (member.offset, member.size)
}

/// Takes out those that belong together, each at most once.
fn take_pairs<'a>(
    fields: &mut Vec<&'a Field>,
    members: &mut Vec<&'a Member>,
    belong: impl Fn(&Field, &Member) -> bool,
) -> Vec<(&'a Field, &'a Member)> {
    let mut pairs = Vec::new();
    fields.retain(|field| {
        let found = members.iter().position(|member| belong(field, member));
        pairs.extend(found.map(|index| (*field, members.remove(index))));
        found.is_none()
    });
    pairs
}

/// Whether names say that the two are one.
fn is_called(field: &Field, member: &Member) -> bool {
    let plain = |words: Vec<String>| words.concat();
    let (wanted, mut found) = (plain(words(&field.name)), words(&member.name));
    let is_prefixed = found.len() > 1 && matches!(found[0].as_str(), "m" | "f" | "s");
    let as_written = plain(found.clone()) == wanted;
    as_written || is_prefixed && plain(found.split_off(1)) == wanted
}

fn paired(field: &Field, member: &Member) -> Row {
    let state = match (field.scalar, member.kind.scalar()) {
        _ if field.place != place(member) => State::Moved,
        (Some(wanted), Some(found)) if !reads_as(wanted, found) => State::Retyped(wanted, found),
        _ => State::Same,
    };
    Row { name: field.name.clone(), expected: Some(field.place), found: Some(place(member)), state }
}

/// Whether the same bytes are the same value in both types.
fn reads_as(wanted: Scalar, found: Scalar) -> bool {
    let is_byte = |scalar| matches!(scalar, Scalar::Bool | Scalar::U8);
    wanted == found || is_byte(wanted) && is_byte(found)
}

/// What is left of both sides: bytes that are cut in another way, padding with a name, and what
/// one of them lacks.
fn unpaired(fields: &[&Field], members: &[&Member], expected: &Expected) -> Vec<Row> {
    let mut rows = Vec::new();
    let member_parts: Vec<_> = members.iter().map(|m| (m.name.as_str(), place(m))).collect();
    let field_parts: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.place)).collect();
    for field in fields {
        let state = match tiles(field.place, &member_parts) {
            Some(names) => State::Covered(names),
            None => match members.iter().find(|m| tiles_include(place(m), field, &field_parts)) {
                Some(member) => State::Covered(member.name.clone()),
                None if field.is_spare && !is_touched(field.place, &member_parts) => State::Padding,
                None => State::Missing,
            },
        };
        rows.push(Row {
            name: field.name.clone(),
            expected: Some(field.place),
            found: None,
            state,
        });
    }
    for member in members {
        let (start, size) = place(member);
        let is_inside =
            |(_, (at, length)): &(&str, Place)| start >= *at && start + size <= at + length;
        let covers = tiles((start, size), &field_parts).is_some()
            || field_parts
                .iter()
                .any(|part| is_inside(part) && tiles(part.1, &member_parts).is_some());
        if covers {
            continue;
        }
        let overlaps =
            |field: &Field| start < field.place.0 + field.place.1 && field.place.0 < start + size;
        let is_padding = size == 0 && start == expected.size
            || start + size <= expected.size && !expected.fields.iter().any(overlaps);
        let state = if is_padding { State::Padding } else { State::Extra };
        rows.push(Row {
            name: member.name.clone(),
            expected: None,
            found: Some(place(member)),
            state,
        });
    }
    rows
}

fn overlap(a: Place, b: Place) -> bool {
    a.0 < b.0 + b.1 && b.0 < a.0 + a.1
}

fn is_touched(place: Place, parts: &[(&str, Place)]) -> bool {
    parts.iter().any(|(_, part)| overlap(place, *part))
}

/// The names of the parts that fill `whole` without a gap, if there are several that do.
fn tiles((start, size): Place, parts: &[(&str, Place)]) -> Option<String> {
    let end = start + size;
    let inside = parts.iter().filter(|(_, (at, length))| *at >= start && at + length <= end);
    let mut names = Vec::new();
    let mut next = start;
    for (name, (at, length)) in inside {
        if *at != next {
            return None;
        }
        next += length;
        names.push(*name);
    }
    (next == end && names.len() > 1).then(|| names.join(", "))
}

/// Whether `whole` is filled by fields of which `field` is one.
fn tiles_include(whole: Place, field: &Field, parts: &[(&str, Place)]) -> bool {
    let (start, size) = whole;
    let (at, length) = field.place;
    at >= start && at + length <= start + size && tiles(whole, parts).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::document;
    use super::*;

    /// Compares the record `A` of a document with the struct `A` of these fields.
    fn compared(fields: &[(&str, u64, u64, Option<Scalar>)], document_text: &str) -> Comparison {
        let field = |(name, offset, size, scalar): &(&str, u64, u64, Option<Scalar>)| Field {
            name: (*name).to_owned(),
            place: (*offset, *size),
            scalar: *scalar,
            is_spare: false,
        };
        let size =
            fields.last().map_or(0, |(_, offset, size, _)| (offset + size).next_multiple_of(8));
        let fields = fields.iter().map(field).collect();
        let expected = Expected { name: "A".to_owned(), size, fields };
        Comparison::of(&document(document_text).unwrap()[0], &expected)
    }

    fn states(comparison: &Comparison) -> Vec<String> {
        let row = |row: &Row| format!("{} {}", row.name, row.state.word());
        comparison.rows.iter().map(row).collect()
    }

    const THREE: [(&str, u64, u64, Option<Scalar>); 3] = [
        ("speed_kmh", 0, 8, Some(Scalar::F64)),
        ("load", 8, 8, Some(Scalar::F64)),
        ("gear", 16, 4, Some(Scalar::I32)),
    ];

    #[test]
    fn names_are_found_in_any_case() {
        let text = r#"{"A": {"size": 24, "fields":
            {"mSpeedKmh": [0, 8], "m_load": [8, 8], "GEAR": [16, 4]}}}"#;
        let comparison = compared(&THREE, text);
        assert!(comparison.is_same(), "{comparison:?}");
        assert!(comparison.rows.iter().all(|row| row.state == State::Same));
    }

    #[test]
    fn a_lost_field_is_the_first_that_is_off() {
        let text = r#"{"A": {"size": 16, "fields": {"speed_kmh": [0, 8], "gear": [8, 4]}}}"#;
        let comparison = compared(&THREE, text);
        assert_eq!(comparison.first_off().map(|row| row.name.as_str()), Some("load"));
        assert_eq!(states(&comparison), ["speed_kmh same", "load missing", "gear moved"]);
    }

    #[test]
    fn a_sign_is_no_small_matter() {
        let text = r#"{"A": {"size": 24, "fields":
            {"speed_kmh": [0, 8], "load": [8, 8, "i64"], "gear": [16, 4, "u32"]}}}"#;
        let comparison = compared(&THREE, text);
        assert_eq!(states(&comparison), ["speed_kmh same", "load retyped", "gear retyped"]);
        assert!(!comparison.is_same());
    }

    #[test]
    fn another_name_another_cut_and_named_padding_are_the_same_bytes() {
        let text = r#"{"A": {"size": 24, "fields": {"velocity": [0, 8], "load_front": [8, 4],
            "load_rear": [12, 4], "gear": [16, 4], "_pad": [20, 4]}}}"#;
        let comparison = compared(&THREE, text);
        assert!(comparison.is_same(), "{comparison:?}");
        let expected = ["speed_kmh renamed", "load covered", "gear same", "_pad padding"];
        assert_eq!(states(&comparison), expected);
        let text = r#"{"A": {"size": 24, "fields": {"both": [0, 16], "gear": [16, 4]}}}"#;
        let comparison = compared(&THREE, text);
        assert_eq!(states(&comparison), ["speed_kmh covered", "load covered", "gear same"]);
    }

    #[test]
    fn members_without_names_go_in_their_order() {
        let text = r#"{"A": {"size": 24, "fields": [["", 0, 8], ["", 8, 4], ["", 16, 4]]}}"#;
        assert_eq!(states(&compared(&THREE, text)), ["speed_kmh same", "load moved", "gear same"]);
    }

    #[test]
    fn a_size_of_its_own_and_a_member_too_many_are_told() {
        let text = r#"{"A": {"size": 32, "fields": {"speed_kmh": [0, 8], "load": [8, 8],
            "gear": [16, 4], "more": [24, 8]}}}"#;
        let comparison = compared(&THREE, text);
        assert_eq!((comparison.expected_size, comparison.found_size), (24, 32));
        assert_eq!(comparison.first_off().map(|row| row.name.as_str()), Some("more"));
    }
}
