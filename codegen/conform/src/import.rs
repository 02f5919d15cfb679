//! A first spec out of the structs that somebody has already.
//!
//! The bytes come first: every struct of the spec has the size and the offsets that the compiler
//! gave it, also where the spec language has no type for a member. Such a member becomes `bytes[N]`
//! and its doc says what it was; space that no member takes and no alignment explains is spelled
//! out, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::foreign::{Enum, Kind, Member, Record, last_part};
use bitrpc_spec::model::is_trap;
use bitrpc_spec::names::{pascal, snake};

/// Message types that users may take begin here.
const FIRST_ID: u32 = 1001;

/// Writes the spec `name` of `records`, those that they contain included.
///
/// A struct that no other one contains becomes a message. Enums that the structs use come along.
pub fn spec(name: &str, origin: &str, records: &[Record], wanted: &[&Record]) -> String {
    let mut import = Import::new(records);
    for record in wanted {
        import.add(record);
    }
    import.print(name, origin)
}

/// What goes into the spec.
struct Import<'a> {
    records: BTreeMap<&'a str, &'a Record>,
    /// In the order in which a spec reads best: each behind those that it contains.
    structs: Vec<Struct>,
    enums: Vec<(String, Enum)>,
    /// Names of the spec by those of the source.
    names: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    /// Those inside of another one, which are no messages.
    parts: BTreeSet<String>,
}

struct Struct {
    name: String,
    origin: String,
    size: u64,
    align: u64,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    ty: String,
    doc: Option<String>,
}

/// A type of the spec with what a compiler asks of it.
struct Typed {
    ty: String,
    align: u64,
    doc: Option<String>,
}

impl<'a> Import<'a> {
    fn new(records: &'a [Record]) -> Self {
        Self {
            records: records.iter().map(|record| (record.name.as_str(), record)).collect(),
            structs: Vec::new(),
            enums: Vec::new(),
            names: BTreeMap::new(),
            taken: BTreeSet::new(),
            parts: BTreeSet::new(),
        }
    }

    /// Adds a record and those that it contains; says under which name.
    fn add(&mut self, record: &Record) -> String {
        if let Some(name) = self.names.get(&record.name) {
            return name.clone();
        }
        let name = self.name_for(&record.name);
        let mut laid = Laid::new(record.size);
        for member in &record.members {
            self.lay(&mut laid, member);
        }
        if laid.fields.is_empty() || laid.end.next_multiple_of(laid.align) != record.size {
            laid.fill(record.size, "Bytes at the end that no member takes.");
        }
        let Laid { fields, align, .. } = laid;
        let origin = record.name.clone();
        self.structs.push(Struct { name: name.clone(), origin, size: record.size, align, fields });
        name
    }

    fn lay(&mut self, laid: &mut Laid, member: &Member) {
        let end = member.offset + member.size;
        if member.size == 0 || member.offset < laid.end {
            // A flexible end, or bits in bytes that are taken already.
            return;
        }
        let typed = self.typed(&member.kind, member.size);
        // A struct of a size that its alignment does not divide is a packed one.
        let is_aligned =
            member.offset.is_multiple_of(typed.align) && laid.size.is_multiple_of(typed.align);
        let typed = if is_aligned {
            typed
        } else {
            let doc = format!("Was `{}`, not aligned.", typed.ty);
            Typed { ty: format!("bytes[{}]", member.size), align: 1, doc: Some(doc) }
        };
        if laid.end.next_multiple_of(typed.align) != member.offset {
            laid.fill(member.offset, "Bytes that no member takes.");
        }
        let (name, doc) = match member.kind {
            Kind::Bits(_) => ("bits", Some(format!("Bit fields, lowest first: {}.", member.name))),
            _ => (member.name.as_str(), typed.doc),
        };
        let name = laid.name_for(name, member.offset);
        let typed = Typed { doc, ..typed };
        laid.push(Field { name, ty: typed.ty, doc: typed.doc }, end, typed.align);
    }

    fn typed(&mut self, kind: &Kind, size: u64) -> Typed {
        let plain = |ty: &str, align| Typed { ty: ty.to_owned(), align, doc: None };
        let raw = |what: &str| Typed {
            ty: format!("bytes[{size}]"),
            align: 1,
            doc: Some(format!("Was {what}, which a spec has no type for.")),
        };
        match kind {
            Kind::Scalar(scalar) => plain(scalar.name(), scalar.size()),
            Kind::Bits(Some(scalar)) => plain(scalar.name(), scalar.size()),
            Kind::Bits(None) => plain(&format!("bytes[{size}]"), 1),
            Kind::Char => plain("i8", 1),
            Kind::Enum(item) => {
                let name = self.add_enum(item);
                name.map_or_else(
                    || plain(item.scalar.name(), item.scalar.size()),
                    |name| plain(&name, item.scalar.size()),
                )
            }
            Kind::Record(name) => match self.records.get(name.as_str()).copied() {
                Some(record) if record.size > 0 => {
                    let name = self.add(record);
                    self.parts.insert(name.clone());
                    let align = self.structs.iter().find(|item| item.name == name);
                    plain(&name, align.map_or(1, |item| item.align))
                }
                _ => raw(&format!("`{name}`")),
            },
            Kind::Array(element, count) => self.array(element, *count, size),
            Kind::Other(what) => raw(what),
            Kind::Unknown => raw("of an unknown type"),
        }
    }

    /// Arrays of arrays become one row of the same bytes.
    fn array(&mut self, element: &Kind, count: u64, size: u64) -> Typed {
        let (mut element, mut count, mut rows) = (element, count, Vec::from([count]));
        while let Kind::Array(inner, more) = element {
            rows.push(*more);
            count *= more;
            element = inner;
        }
        let was = rows.iter().map(|count| format!("[{count}]")).collect::<String>();
        if *element == Kind::Char {
            let (width, text) = (rows.last().copied().unwrap_or(count), rows.len() == 1);
            let doc = (!text).then(|| format!("Texts of {width} bytes each: `char{was}`."));
            let ty = if text { format!("char[{count}]") } else { format!("bytes[{count}]") };
            return Typed { ty, align: 1, doc };
        }
        let inner = self.typed(element, size.checked_div(count).unwrap_or(0));
        if inner.ty.contains('[') {
            let doc = Some(format!("Elements of `{}`: `{was}`.", inner.ty));
            return Typed { ty: format!("bytes[{size}]"), align: 1, doc };
        }
        let doc =
            (rows.len() > 1).then(|| format!("Rows of `{}{was}`, one after the other.", inner.ty));
        Typed { ty: format!("{}[{count}]", inner.ty), align: inner.align, doc }
    }

    /// Adds an enum; `None` for one that a spec cannot say: without a name or values.
    fn add_enum(&mut self, item: &Enum) -> Option<String> {
        if item.name.is_empty() || item.values.is_empty() {
            return None;
        }
        if let Some(name) = self.names.get(&item.name) {
            return Some(name.clone());
        }
        let name = self.name_for(&item.name);
        self.enums.push((name.clone(), item.clone()));
        Some(name)
    }

    fn name_for(&mut self, origin: &str) -> String {
        let plain: String = pascal(last_part(origin)).replace('_', "");
        let plain = plain.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let plain = if plain.is_empty() { "Unnamed" } else { plain };
        let name = free_name(plain, "", &self.taken);
        self.taken.insert(name.clone());
        self.names.insert(origin.to_owned(), name.clone());
        name
    }

    fn print(&self, name: &str, origin: &str) -> String {
        let mut out = String::new();
        let mut line = |text: std::fmt::Arguments| {
            let _ = writeln!(out, "{text}");
        };
        line(format_args!("# Made of {origin}. The bytes are its own; names, docs and ids are"));
        line(format_args!("# yours to mend. `bitrpc conform` says whether both still agree."));
        line(format_args!("bitrpc: 1"));
        line(format_args!("name: {name}"));
        line(format_args!("version: \"1.0\""));
        if !self.enums.is_empty() {
            line(format_args!("\nenums:"));
        }
        for (name, item) in &self.enums {
            line(format_args!("  - name: {}", quoted(name)));
            line(format_args!("    doc: \"`{}`\"", item.name));
            line(format_args!("    type: {}", item.scalar.name()));
            line(format_args!("    values:"));
            for (name, value) in value_names(name, item) {
                let name = quoted(&name);
                line(format_args!("      - {{ name: {name}, value: {value} }}"));
            }
        }
        line(format_args!("\nstructs:"));
        let mut id = FIRST_ID;
        for item in &self.structs {
            line(format_args!("  - name: {}", quoted(&item.name)));
            if !self.parts.contains(&item.name) {
                line(format_args!("    id: {id}"));
                id += 1;
            }
            line(format_args!("    doc: \"`{}`\"", item.origin));
            line(format_args!("    size: {}", item.size));
            line(format_args!("    fields:"));
            for Field { name, ty, doc } in &item.fields {
                let ty = if ty.contains('[') { format!("\"{ty}\"") } else { quoted(ty) };
                let doc = doc.iter().map(|doc| format!(", doc: \"{doc}\"")).collect::<String>();
                let name = quoted(name);
                line(format_args!("      - {{ name: {name}, type: {ty}{doc} }}"));
            }
        }
        out
    }
}

/// A struct in the making: its fields, and where the next one would start.
struct Laid {
    fields: Vec<Field>,
    names: BTreeSet<String>,
    end: u64,
    align: u64,
    /// Of the whole struct.
    size: u64,
}

impl Laid {
    fn new(size: u64) -> Self {
        Self { fields: Vec::new(), names: BTreeSet::new(), end: 0, align: 1, size }
    }

    fn push(&mut self, field: Field, end: u64, align: u64) {
        self.names.insert(field.name.clone());
        self.fields.push(field);
        self.end = end;
        self.align = self.align.max(align);
    }

    /// Takes the bytes up to `end`.
    fn fill(&mut self, end: u64, doc: &str) {
        let name = free_name(&format!("unused_{}", self.end), "_", &self.names);
        let ty = format!("bytes[{}]", end - self.end);
        self.push(Field { name, ty, doc: Some(doc.to_owned()) }, end, 1);
    }

    fn name_for(&self, origin: &str, offset: u64) -> String {
        let name = snake(origin);
        let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let name = if name.is_empty() { format!("at_{offset}") } else { name.to_owned() };
        free_name(&name, "_", &self.names)
    }
}

/// `name`; where that is taken, with a number behind `joint`.
fn free_name(name: &str, joint: &str, taken: &BTreeSet<String>) -> String {
    let more = (2..).map(|number| format!("{name}{joint}{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(more);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

/// A name as YAML needs it: what its readers take for something else is quoted.
fn quoted(name: &str) -> String {
    if is_trap(name) { format!("\"{name}\"") } else { name.to_owned() }
}

/// The values without what all of them begin with, which C needs and a spec does not; of several
/// names for one number the first.
fn value_names(name: &str, item: &Enum) -> Vec<(String, i128)> {
    let words: Vec<Vec<String>> =
        item.values.iter().map(|(name, _)| bitrpc_spec::names::words(name)).collect();
    let own = bitrpc_spec::names::words(name);
    let shared = (0..)
        .take_while(|at| {
            let word = words.first().and_then(|words| words.get(*at));
            word.is_some() && words.iter().all(|words| words.get(*at) == word)
        })
        .count();
    let is_long = |cut: usize| {
        words.iter().all(|words| {
            let first = words.get(cut);
            first.is_some_and(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
        })
    };
    // One value alone shares everything with itself; its type's name is what it may lose.
    let own = own.iter().zip(words.first().into_iter().flatten()).take_while(|(a, b)| a == b);
    let cut = if words.len() > 1 { shared } else { own.count() };
    let cut = (0..=cut).rev().find(|cut| is_long(*cut)).unwrap_or(0);
    let mut taken = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    let mut values = Vec::new();
    for (words, (_, value)) in words.iter().zip(&item.values) {
        if numbers.insert(*value) {
            let name = free_name(&words[cut..].join("_"), "_", &taken);
            taken.insert(name.clone());
            values.push((name, *value));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitrpc_spec::model::Scalar;

    fn member(name: &str, offset: u64, size: u64, kind: Kind) -> Member {
        Member { name: name.to_owned(), offset, size, kind }
    }

    fn record(name: &str, size: u64, members: Vec<Member>) -> Record {
        Record { name: name.to_owned(), size, members, is_own: true }
    }

    fn imported(records: &[Record], wanted: usize) -> String {
        spec("made", "the test", records, &records[..wanted].iter().collect::<Vec<_>>())
    }

    #[test]
    fn what_a_spec_has_no_type_for_keeps_its_bytes() {
        let scalar = |scalar: Scalar| Kind::Scalar(scalar);
        let rows = Kind::Array(Box::new(scalar(Scalar::F32)), 3);
        let records = [record(
            "acme::Wheel",
            64,
            vec![
                member("mId", 0, 1, scalar(Scalar::U8)),
                member("mSpeed", 1, 4, scalar(Scalar::F32)),
                member("next", 8, 8, Kind::Other("a pointer".to_owned())),
                member("grip", 16, 24, Kind::Array(Box::new(rows), 2)),
                member("name", 40, 10, Kind::Array(Box::new(Kind::Char), 10)),
                member("class", 56, 8, scalar(Scalar::I64)),
            ],
        )];
        insta::assert_snapshot!(imported(&records, 1));
    }

    #[test]
    fn enums_and_parts_come_along_and_parts_are_no_messages() {
        let values = [("COLOR_RED", -1), ("COLOR_DARK_RED", 2), ("COLOR_BLOOD", 2)];
        let values = values.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let color = Enum { name: "acme::Color".to_owned(), scalar: Scalar::I32, values };
        let records = [
            record(
                "Lamp",
                8,
                vec![
                    member("color", 0, 4, Kind::Enum(color)),
                    member("at", 4, 4, Kind::Record("Point".to_owned())),
                ],
            ),
            record(
                "Point",
                4,
                vec![
                    member("x", 0, 2, Kind::Scalar(Scalar::I16)),
                    member("y", 2, 2, Kind::Scalar(Scalar::I16)),
                ],
            ),
        ];
        insta::assert_snapshot!(imported(&records, 1));
    }
}
