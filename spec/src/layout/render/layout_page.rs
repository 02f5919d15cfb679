//! The document of `bitrpc layout`: where every byte is.

use super::Shown;
use super::items::{enumeration, message, ring, structure};
use super::page::{Block, Group, Item, Page};
use super::prose::{Words, code, plain};
use super::users::Users;
use crate::layout::{EnumLayout, Layout, StructLayout};

pub(crate) fn page<'a>(layout: &'a Layout, shown: &Shown) -> Page<'a> {
    let (major, minor) = layout.version;
    let users = Users::new(layout);
    let structs = || layout.structs.iter().filter(|item| shown.has(&item.name));
    let section = |is_message| -> Vec<Item<'a>> {
        let chosen = structs().filter(|item: &&StructLayout| item.id.is_some() == is_message);
        chosen.map(|item| structure(layout, &users, item)).collect()
    };
    let mut headers = Vec::new();
    if shown.ring_header() {
        headers.push(ring(layout));
    }
    if shown.message_header() {
        headers.push(message(layout));
    }
    let enums: Vec<_> = match shown.is_all() {
        true => layout.enums.iter().map(|item: &EnumLayout| enumeration(&users, item)).collect(),
        false => Vec::new(),
    };
    let groups = [
        group("messages", "Messages", section(true)),
        group("structs", "Structs", section(false)),
        group("enums", "Enums and flag sets", enums),
        group("headers", "Headers", headers),
    ];
    let mut page = Page {
        title: format!("{} {major}.{minor}: layout", layout.name),
        intro: vec![Block::Facts(hashes(layout))],
        groups: groups.into_iter().filter(|group| !group.items.is_empty()).collect(),
    };
    page.unlink_what_is_not_here();
    page
}

pub(crate) fn group<'a>(key: &'static str, title: &'static str, items: Vec<Item<'a>>) -> Group<'a> {
    Group { key, title, intro: Vec::new(), items }
}

pub(crate) fn hashes(layout: &Layout) -> Vec<(&'static str, Words)> {
    vec![
        ("layout_hash", hash(layout.layout_hash)),
        ("schema_hash", hash(layout.schema_hash)),
        ("Numbers", plain("little-endian; offsets and sizes are in bytes")),
    ]
}

fn hash(value: u64) -> Words {
    code(format!("{value:#018x}"))
}
