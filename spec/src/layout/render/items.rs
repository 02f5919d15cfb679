//! The sections of headers, structs and enums, as all documents have them.

use super::map::{Kind, MESSAGE_HEADER, Map, Part, RING_HEADER};
use super::page::{Block, Column, Item, Row, Table, key_of_type};
use super::prose::{Inline, Words, code, paragraphs, plain, sentence};
use super::users::Users;
use crate::layout::{EnumLayout, Layout, Lines, NamedValue, Scalar, StructLayout};
use crate::model::role::Writer;

const FIELDS: &[Column] = &[
    Column::number("Offset"),
    Column::number("Size"),
    Column::name("Field"),
    Column::text("Type"),
    Column::text("Meaning"),
];

const LINES: &[Column] =
    &[Column::name("Lines"), Column::text("Bytes"), Column::text("Use"), Column::text("Fields")];

pub(crate) const VALUES: &[Column] =
    &[Column::number("Value"), Column::name("Name"), Column::text("Meaning")];

pub(crate) const MASKS: &[Column] =
    &[Column::number("Mask"), Column::name("Name"), Column::text("Meaning")];

pub(crate) fn ring<'a>(layout: &'a Layout) -> Item<'a> {
    let header = &layout.ring_header;
    let map = Map::of_ring(layout);
    let size = format!(
        "{}, alignment {}, in lines of {}.",
        bytes(header.size),
        header.align,
        bytes(header.line)
    );
    let mut blocks = docs(&header.doc);
    blocks.push(Block::Paragraph(plain(size)));
    blocks.push(lines(&map));
    let fields = fields(&map);
    blocks.push(Block::Map(map));
    blocks.push(fields);
    item("ring-header", "Header", RING_HEADER, String::new(), blocks)
}

pub(crate) fn message<'a>(layout: &'a Layout) -> Item<'a> {
    let header = &layout.message_header;
    let map = Map::of_message(layout);
    let mut blocks = docs(&header.doc);
    let size = format!("{}, alignment {}.", bytes(header.size), header.align);
    blocks.push(Block::Paragraph(plain(size)));
    let fields = fields(&map);
    blocks.push(Block::Map(map));
    blocks.push(fields);
    item("message-header", "Header", MESSAGE_HEADER, String::new(), blocks)
}

pub(crate) fn structure<'a>(layout: &'a Layout, users: &Users, item: &'a StructLayout) -> Item<'a> {
    let map = Map::of_struct(layout, item);
    let mut blocks = docs(&item.doc);
    blocks.push(Block::Paragraph(plain(size(layout, item))));
    if !item.older_sizes.is_empty() {
        let sizes: Vec<_> = item.older_sizes.iter().map(u64::to_string).collect();
        let said = format!("Of older versions, payloads of {} bytes are taken.", sizes.join(", "));
        blocks.push(Block::Paragraph(plain(said)));
    }
    blocks.extend(users.of(&item.name));
    if !map.parts.is_empty() {
        let fields = fields(&map);
        blocks.push(Block::Map(map));
        blocks.push(fields);
    }
    let (sort, note) = match item.id {
        Some(id) => ("Message", id.to_string()),
        None => ("Struct", String::new()),
    };
    self::item(key_of_type(&item.name), sort, &item.name, note, blocks)
}

pub(crate) fn enumeration<'a>(users: &Users, item: &'a EnumLayout) -> Item<'a> {
    let mut blocks = docs(&item.doc);
    let (sort, columns, what) = match item.is_flags {
        true => ("Flag set", MASKS, "Bits that may be combined, in"),
        false => ("Enum", VALUES, "Carried by"),
    };
    let carrier = [Inline::Text(format!("{what} ")), Inline::Code(item.scalar.name().to_owned())];
    blocks.push(Block::Paragraph(carrier.into_iter().chain(plain(".")).collect()));
    blocks.extend(users.of(&item.name));
    let mask_of = item.is_flags.then_some(item.scalar);
    let caption = format!("Values of {}", item.name);
    blocks.push(Block::Table(values(caption, columns, &item.values, mask_of)));
    self::item(key_of_type(&item.name), sort, &item.name, String::new(), blocks)
}

/// Names with their numbers; masks with all digits of the scalar that carries them.
pub(crate) fn values(
    caption: String,
    columns: &'static [Column],
    list: &[NamedValue],
    mask_of: Option<Scalar>,
) -> Table {
    let number = |value: &NamedValue| match mask_of {
        Some(scalar) => format!("{:#0width$X}", value.value, width = scalar.hex_digits() + 2),
        None => value.value.to_string(),
    };
    let row = |value: &NamedValue| {
        Row::new(vec![code(number(value)), code(&*value.name), sentence(&value.doc)])
    };
    Table { caption, columns, rows: list.iter().map(row).collect() }
}

pub(crate) fn docs<'a>(doc: &str) -> Vec<Block<'a>> {
    paragraphs(doc).into_iter().map(Block::Paragraph).collect()
}

fn item<'a>(
    key: impl Into<String>,
    sort: &'static str,
    name: &'a str,
    note: String,
    blocks: Vec<Block<'a>>,
) -> Item<'a> {
    Item { key: key.into(), sort, name, note, blocks }
}

/// What the fixed part takes, alone and as a record of the ring.
fn size(layout: &Layout, item: &StructLayout) -> String {
    let id = item.id.map(|id| format!("Message type {id}. ")).unwrap_or_default();
    let own = format!("{id}{}, alignment {}", bytes(item.size), item.align);
    match (&item.id, &item.tail) {
        (None, _) => format!("{own}."),
        (Some(_), None) => {
            format!("{own}; {} of the ring with its header.", bytes(layout.record_size(item)))
        }
        (Some(_), Some(tail)) => format!(
            "{own}, and the tail behind it, a multiple of {}; at least {} of the ring.",
            bytes(tail.element_size),
            bytes(layout.record_size(item))
        ),
    }
}

pub(crate) fn bytes(number: u64) -> String {
    format!("{number} byte{}", if number == 1 { "" } else { "s" })
}

fn lines<'a>(map: &Map) -> Block<'a> {
    let row = |line: &Lines| {
        let range = |first: u64, last: u64, word: &str| match first == last {
            true => format!("{first}"),
            false => format!("{first} {word} {last}"),
        };
        let is_inside = |part: &&Part| {
            part.kind != Kind::Padding && (line.start..line.end).contains(&part.offset)
        };
        let mut fields = Words::new();
        for part in map.parts.iter().filter(is_inside) {
            if !fields.is_empty() {
                fields.extend(plain(", "));
            }
            fields.extend(code(part.name));
        }
        Row::new(vec![
            plain(range(line.first, line.last, "to")),
            plain(range(line.start, line.end - 1, "to")),
            plain(line.usage()),
            fields,
        ])
    };
    let rows = map.lines.iter().map(row).collect();
    Block::Table(Table { caption: "Who writes each line".to_owned(), columns: LINES, rows })
}

/// The parts of a map, one row each and in their order: documents rely on that.
fn fields<'a>(map: &Map) -> Block<'a> {
    let row = |part: &Part| {
        let size = part.size.map_or("rest".to_owned(), |size| size.to_string());
        let name = match part.kind {
            Kind::Padding => plain(part.name),
            _ => code(part.name),
        };
        let ty = match part.refers_to {
            Some(name) => {
                vec![Inline::Link { key: key_of_type(name), text: part.ty.clone() }]
            }
            None if part.ty.is_empty() => Words::new(),
            None => code(&*part.ty),
        };
        let cells = vec![plain(part.offset.to_string()), plain(size), name, ty, meaning(part)];
        Row { kind: Some(part.kind), cells }
    };
    let caption = format!("Fields of {}", map.name);
    Block::Table(Table { caption, columns: FIELDS, rows: map.parts.iter().map(row).collect() })
}

fn meaning(part: &Part) -> Words {
    if part.kind == Kind::Padding {
        return plain("Zero on the wire.");
    }
    let mut words = sentence(part.doc);
    let mut add = |more: Words| {
        if !words.is_empty() {
            words.extend(plain(" "));
        }
        words.extend(more);
    };
    if part.kind == Kind::Tail {
        add(plain("Up to the payload's end."));
    }
    if let Some((major, minor)) = part.since {
        let absent = if part.kind == Kind::Tail { "empty" } else { "zero" };
        add(plain(format!("Since version {major}.{minor}; {absent} in older messages.")));
    }
    if let Some(role) = part.role {
        add([plain("Role "), code(role), plain(".")].concat());
    }
    if let Some(writer) = part.writer {
        add(plain(match writer {
            Writer::Creator => "Written once, by the creator.",
            Writer::Producer => "Written by the producer.",
            Writer::Consumer => "Written by the consumer.",
        }));
    }
    words
}
