//! Which structs a type is used in.

use std::collections::BTreeMap;

use super::map::refers_to;
use super::page::{Block, key_of_type};
use super::prose::{Inline, Words, plain};
use crate::layout::{Layout, TailKind};

/// The structs that have each type in them, in the order of the layout.
#[derive(Debug)]
pub(crate) struct Users<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> Users<'a> {
    pub(crate) fn new(layout: &'a Layout) -> Self {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for item in &layout.structs {
            let tail = item.tail.iter().filter_map(|tail| match &tail.kind {
                TailKind::Elements(ty) => Some(ty),
                TailKind::String | TailKind::Bytes => None,
            });
            let types = item.fields.iter().map(|field| &field.ty).chain(tail);
            for name in types.filter_map(|ty| refers_to(layout, ty)) {
                let users = all.entry(name).or_default();
                if users.last() != Some(&item.name.as_str()) {
                    users.push(&item.name);
                }
            }
        }
        Self(all)
    }

    /// A sentence with links to them, if there are any.
    pub(crate) fn of<'b>(&self, name: &str) -> Option<Block<'b>> {
        let mut words = Words::new();
        for user in self.0.get(name)? {
            words.extend(plain(if words.is_empty() { "Used in " } else { ", " }));
            words.push(Inline::Link { key: key_of_type(user), text: (*user).to_owned() });
        }
        words.extend(plain("."));
        Some(Block::Paragraph(words))
    }
}
