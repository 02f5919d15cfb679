//! The layout as documents: text, JSON, Markdown, HTML and SVG.
//!
//! Three steps, each a pure function: a *map* says which bytes are what, a *page* puts maps, tables
//! and the spec's own words together, and a *printer* writes the page down. What depends on the
//! format is in the printer alone.

mod doc_page;
mod html;
mod items;
mod layout_page;
mod map;
mod markdown;
mod markup;
mod page;
mod prose;
pub(crate) mod rows;
mod svg;
mod users;

use std::collections::BTreeSet;

use super::Layout;
use crate::model::Spec;

pub use html::{SCRIPT, STYLE};
use map::{MESSAGE_HEADER, RING_HEADER};

/// The items of a layout that a document is about.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// `None` shows all.
    names: Option<BTreeSet<String>>,
}

impl Shown {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// The structs of these names, and the headers by theirs: `ring_header` and `message_header`.
    ///
    /// # Errors
    ///
    /// The first name that the layout does not have.
    pub fn only<'a>(
        layout: &Layout,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, &'a str> {
        let known: BTreeSet<_> = Self::choices(layout).collect();
        let mut chosen = BTreeSet::new();
        for name in names {
            if !known.contains(name) {
                return Err(name);
            }
            chosen.insert(name.to_owned());
        }
        Ok(Self { names: Some(chosen) })
    }

    /// The names that can be chosen.
    pub fn choices(layout: &Layout) -> impl Iterator<Item = &str> {
        let structs = layout.structs.iter().map(|item| item.name.as_str());
        [RING_HEADER, MESSAGE_HEADER].into_iter().chain(structs)
    }

    /// Whether nothing was left out.
    pub fn is_all(&self) -> bool {
        self.names.is_none()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(name))
    }

    pub(super) fn ring_header(&self) -> bool {
        self.has(RING_HEADER)
    }

    pub(super) fn message_header(&self) -> bool {
        self.has(MESSAGE_HEADER)
    }
}

/// The layout for terminals: tables, and pictures of bytes.
pub fn to_text(layout: &Layout, shown: &Shown) -> String {
    super::text::print(layout, shown)
}

/// The layout for machines: see [`to_json`](super::to_json()) for its keys. What is not shown of
/// the structs and headers is left out.
pub fn to_json(layout: &Layout, shown: &Shown) -> serde_json::Value {
    super::json::print(layout, shown)
}

/// The layout as Markdown: tables, and pictures of bytes in fenced blocks.
pub fn to_markdown(layout: &Layout, shown: &Shown) -> String {
    markdown::print(&layout_page::page(layout, shown))
}

/// The layout as one HTML file that needs nothing else.
pub fn to_html(layout: &Layout, shown: &Shown) -> String {
    html::print(&layout_page::page(layout, shown))
}

/// What stands between the tags of `<main>` in [`to_html`], for pages that have [`STYLE`] and
/// [`SCRIPT`] themselves.
pub fn to_html_fragment(layout: &Layout, shown: &Shown) -> String {
    html::fragment(&layout_page::page(layout, shown))
}

/// Byte maps as one picture.
pub fn to_svg(layout: &Layout, shown: &Shown) -> String {
    svg::print(layout, shown)
}

/// The whole protocol in the spec's own words, as Markdown. `layout` is that of `spec`.
pub fn doc_to_markdown(spec: &Spec, layout: &Layout) -> String {
    markdown::print(&doc_page::page(spec, layout))
}

/// The same as one HTML file that needs nothing else.
pub fn doc_to_html(spec: &Spec, layout: &Layout) -> String {
    html::print(&doc_page::page(spec, layout))
}
