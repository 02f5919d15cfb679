//! What a document says, before it is Markdown or HTML.

use std::collections::BTreeSet;

use super::map::{Kind, Map};
use super::prose::{Inline, Words};

/// A whole document.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) title: String,
    pub(crate) intro: Vec<Block<'a>>,
    pub(crate) groups: Vec<Group<'a>>,
}

/// Items of one sort, below a heading.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// What links lead to.
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) intro: Vec<Block<'a>>,
    pub(crate) items: Vec<Item<'a>>,
}

/// A header, struct or enum, with everything that is said of it.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    /// What links lead to.
    pub(crate) key: String,
    /// What it is, e.g. `Message`.
    pub(crate) sort: &'static str,
    pub(crate) name: &'a str,
    /// Behind the name in lists, e.g. an id.
    pub(crate) note: String,
    pub(crate) blocks: Vec<Block<'a>>,
}

#[derive(Debug)]
pub(crate) enum Block<'a> {
    Paragraph(Words),
    /// Short statements with a name each.
    Facts(Vec<(&'static str, Words)>),
    Table(Table),
    Map(Map<'a>),
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) columns: &'static [Column],
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// Numbers end at the right; the others begin at the left.
    pub(crate) is_number: bool,
    /// The column that says what the row is about.
    pub(crate) is_name: bool,
}

impl Column {
    pub(crate) const fn text(title: &'static str) -> Self {
        Self { title, is_number: false, is_name: false }
    }

    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, is_number: true, is_name: false }
    }

    pub(crate) const fn name(title: &'static str) -> Self {
        Self { title, is_number: false, is_name: true }
    }
}

#[derive(Debug)]
pub(crate) struct Row {
    /// Of a part of a byte map.
    pub(crate) kind: Option<Kind>,
    pub(crate) cells: Vec<Words>,
}

impl Row {
    pub(crate) fn new(cells: Vec<Words>) -> Self {
        Self { kind: None, cells }
    }
}

/// The key of a type's section.
pub(crate) fn key_of_type(name: &str) -> String {
    format!("type-{name}")
}

impl Page<'_> {
    /// Turns links to what the page does not have into code.
    pub(crate) fn unlink_what_is_not_here(&mut self) {
        let groups = self.groups.iter().map(|group| group.key.to_owned());
        let items = self.groups.iter().flat_map(|group| &group.items).map(|item| item.key.clone());
        let here: BTreeSet<String> = groups.chain(items).collect();
        for group in &mut self.groups {
            for blocks in
                group.items.iter_mut().map(|item| &mut item.blocks).chain([&mut group.intro])
            {
                blocks.iter_mut().for_each(|block| unlink(block, &here));
            }
        }
        self.intro.iter_mut().for_each(|block| unlink(block, &here));
    }
}

fn unlink(block: &mut Block, here: &BTreeSet<String>) {
    let mut all: Vec<&mut Words> = match block {
        Block::Paragraph(words) => vec![words],
        Block::Facts(facts) => facts.iter_mut().map(|(_, words)| words).collect(),
        Block::Table(table) => table.rows.iter_mut().flat_map(|row| &mut row.cells).collect(),
        Block::Map(_) => Vec::new(),
    };
    for word in all.iter_mut().flat_map(|words| words.iter_mut()) {
        if let Inline::Link { key, text } = word
            && !here.contains(key.as_str())
        {
            *word = Inline::Code(std::mem::take(text));
        }
    }
}
