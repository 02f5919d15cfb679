//! The document of `bitrpc doc`: the whole protocol in the spec's own words.

use std::collections::BTreeMap;

use super::items::{MASKS, VALUES, bytes, docs, enumeration, message, ring, structure, values};
use super::layout_page::{group, hashes};
use super::page::{Block, Column, Group, Item, Page, Row, Table, key_of_type};
use super::prose::{Inline, Words, code, plain, sentence};
use super::users::Users;
use crate::layout::{ConstantLayout, Layout, StructLayout};
use crate::model::{ConstantValue, Reserved, Spec};

const MESSAGES: &[Column] = &[
    Column::number("Type"),
    Column::name("Message"),
    Column::number("Size"),
    Column::text("Meaning"),
];

const CONSTANTS: &[Column] = &[
    Column::name("Constant"),
    Column::text("Type"),
    Column::text("Value"),
    Column::text("Meaning"),
];

const HISTORY: &[Column] = &[Column::name("Version"), Column::text("What it brought")];

const RESERVED: &[Column] = &[Column::name("What"), Column::text("Never used again")];

pub(crate) fn page<'a>(spec: &Spec, layout: &'a Layout) -> Page<'a> {
    let (major, minor) = layout.version;
    let users = Users::new(layout);
    let chosen = |is_message| {
        let is_chosen = move |item: &&StructLayout| item.id.is_some() == is_message;
        let mut list: Vec<_> = layout.structs.iter().filter(is_chosen).collect();
        list.sort_by_key(|item| item.id);
        list
    };
    let section = |list: &[&'a StructLayout]| -> Vec<Item<'a>> {
        list.iter().map(|item| structure(layout, &users, item)).collect()
    };
    let messages = chosen(true);
    let mut of_messages = group("messages", "Messages", section(&messages));
    of_messages.intro.extend(index(&messages));
    let mut of_headers = group("headers", "Headers", vec![ring(layout), message(layout)]);
    of_headers.intro.push(Block::Paragraph(plain(
        "The ring header is the head of a ring's file. The message header stands in front of each \
         payload.",
    )));
    let enums = layout.enums.iter().map(|item| enumeration(&users, item)).collect();
    let groups = [
        of_messages,
        group("structs", "Structs", section(&chosen(false))),
        group("enums", "Enums and flag sets", enums),
        constants(&layout.constants),
        of_headers,
        message_types(layout),
        flags(layout),
        evolution(layout, &spec.reserved),
    ];
    let mut intro = docs(&layout.doc);
    intro.push(Block::Facts(facts(layout)));
    let has_content = |group: &Group| !group.items.is_empty() || !group.intro.is_empty();
    let mut page = Page {
        title: format!("{} {major}.{minor}", layout.name),
        intro,
        groups: groups.into_iter().filter(has_content).collect(),
    };
    page.unlink_what_is_not_here();
    page
}

fn facts(layout: &Layout) -> Vec<(&'static str, Words)> {
    let mut facts = vec![
        ("Wire version", code(format!("{}.{}", layout.version.0, layout.version.1))),
        ("Magic", code(format!("{:#010X}", layout.magic))),
        (
            "File of a ring",
            [
                code(format!("{}<name>", layout.file_prefix)),
                plain(
                    ", of one producer and one \
                consumer",
                ),
            ]
            .concat(),
        ),
        ("Capacity unless stated", plain(bytes(layout.default_capacity))),
    ];
    facts.extend(hashes(layout));
    facts
}

fn index<'a>(messages: &[&StructLayout]) -> Option<Block<'a>> {
    let row = |item: &&StructLayout| {
        let link = Inline::Link { key: key_of_type(&item.name), text: item.name.clone() };
        let id = item.id.map(|id| id.to_string()).unwrap_or_default();
        let more = if item.tail.is_some() { " and more" } else { "" };
        // The first paragraph says what it is; the rest is below.
        let summary = item.doc.split("\n\n").next().unwrap_or_default();
        Row::new(vec![
            code(id),
            vec![link],
            plain(format!("{}{more}", item.size)),
            sentence(summary),
        ])
    };
    let rows: Vec<_> = messages.iter().map(row).collect();
    let table = Table { caption: "All messages".to_owned(), columns: MESSAGES, rows };
    (!messages.is_empty()).then_some(Block::Table(table))
}

fn constants<'a>(list: &[ConstantLayout]) -> Group<'a> {
    let row = |constant: &ConstantLayout| {
        let (ty, value) = match &constant.value {
            ConstantValue::Int(scalar, value) => (scalar.name(), value.to_string()),
            ConstantValue::Float(scalar, value) => (scalar.name(), format!("{value:?}")),
            ConstantValue::Bool(value) => ("bool", value.to_string()),
            ConstantValue::Text(text) => ("string", text.clone()),
        };
        let shown = if value.trim().is_empty() { plain(format!("{value:?}")) } else { code(value) };
        Row::new(vec![code(&*constant.name), code(ty), shown, sentence(&constant.doc)])
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    let mut group = group("constants", "Constants", Vec::new());
    if !rows.is_empty() {
        let caption = "Constants".to_owned();
        group.intro.push(Block::Table(Table { caption, columns: CONSTANTS, rows }));
    }
    group
}

fn message_types<'a>(layout: &Layout) -> Group<'a> {
    let mut group = group("message-types", "Message types", Vec::new());
    let words = "What `message_type` of the header holds, besides the ids of the messages. 0 is \
                 padding.";
    group.intro.push(Block::Paragraph(sentence(words)));
    let caption = "Message types of the protocol itself".to_owned();
    group.intro.push(Block::Table(values(caption, VALUES, &layout.message_types, None)));
    group
}

fn flags<'a>(layout: &Layout) -> Group<'a> {
    let flags = &layout.flags;
    let mut group = group("message-flags", "Message flags", Vec::new());
    group.intro.extend(docs(&flags.doc));
    let carrier = [plain("Bits that may be combined, in "), code(flags.scalar.name()), plain(".")];
    group.intro.push(Block::Paragraph(carrier.concat()));
    let caption = "Message flags".to_owned();
    group.intro.push(Block::Table(values(caption, MASKS, &flags.bits, Some(flags.scalar))));
    group
}

fn evolution<'a>(layout: &Layout, reserved: &Reserved) -> Group<'a> {
    let mut group = group("evolution", "How it evolves", Vec::new());
    let paragraphs = [
        "Fields that come later are added at the end of a message, with the version that brought \
         them. A receiver takes older, shorter payloads: fields that are not there read as zero. \
         Of a longer payload it reads what it knows.",
        "Two programs attach to one ring when their major versions and their `layout_hash` are \
         equal. Where the whole versions are equal, `schema_hash` has to be equal, too, unless a \
         program allows otherwise.",
    ];
    group.intro.extend(paragraphs.map(|text| Block::Paragraph(sentence(text))));
    group.intro.extend(history(layout));
    group.intro.extend(never_again(reserved));
    group
}

/// What each version brought, the newest first.
fn history<'a>(layout: &Layout) -> Option<Block<'a>> {
    let mut versions: BTreeMap<(u16, u16), Words> = BTreeMap::new();
    for item in &layout.structs {
        let fields = item.fields.iter().map(|field| (field.since, &field.name));
        let tail = item.tail.iter().map(|tail| (tail.since, &tail.name));
        let mut last = None;
        for (since, name) in fields.chain(tail) {
            let Some(version) = since else { continue };
            let words = versions.entry(version).or_default();
            if last == Some(version) {
                words.extend(plain(", "));
            } else {
                words.extend(plain(if words.is_empty() { "" } else { "; " }));
                words.push(Inline::Link { key: key_of_type(&item.name), text: item.name.clone() });
                words.extend(plain(": "));
            }
            words.extend(code(&**name));
            last = Some(version);
        }
    }
    let row = |((major, minor), words): ((u16, u16), Words)| {
        Row::new(vec![code(format!("{major}.{minor}")), words])
    };
    let rows: Vec<_> = versions.into_iter().rev().map(row).collect();
    let caption = "Fields that versions brought".to_owned();
    (!rows.is_empty()).then_some(Block::Table(Table { caption, columns: HISTORY, rows }))
}

fn never_again<'a>(reserved: &Reserved) -> Option<Block<'a>> {
    let list = |items: Vec<String>| {
        let mut words = Words::new();
        for item in items {
            words.extend(plain(if words.is_empty() { "" } else { ", " }));
            words.extend(code(item));
        }
        words
    };
    let names = reserved.names.iter().map(|name| match &name.value.owner {
        Some(owner) => format!("{owner}.{}", name.value.name),
        None => name.value.name.clone(),
    });
    let of = [
        ("Message types", list(reserved.ids.iter().map(|id| id.value.to_string()).collect())),
        ("Flags", list(reserved.flags.iter().map(|bits| format!("{:#X}", bits.value)).collect())),
        ("Names", list(names.collect())),
    ];
    let rows = of.into_iter().filter(|(_, words)| !words.is_empty());
    let rows: Vec<_> = rows.map(|(what, words)| Row::new(vec![plain(what), words])).collect();
    let caption = "Reserved".to_owned();
    (!rows.is_empty()).then_some(Block::Table(Table { caption, columns: RESERVED, rows }))
}
