//! What every backend needs to turn a layout into a view.

use bitrpc_spec::layout::{FieldLayout, Layout};

/// Message types that the engine itself sends or accepts, by their names in the spec.
pub(super) const ENGINE_TYPES: [&str; 2] = ["data", "heartbeat"];

/// Flags that the engine itself sets and reads, by their names in the spec.
pub(super) const ENGINE_FLAGS: [&str; 3] = ["urgent", "fragment", "last_fragment"];

/// Value of one of [`ENGINE_TYPES`].
pub(super) fn engine_type(layout: &Layout, name: &str) -> i128 {
    let found = layout.message_types.iter().find(|ty| ty.name == name);
    found.expect("a checked spec has the engine's message types").value
}

/// Value of one of [`ENGINE_FLAGS`].
pub(super) fn engine_flag(layout: &Layout, name: &str) -> i128 {
    let found = layout.flags.bits.iter().find(|bit| bit.name == name);
    found.expect("a checked spec has the engine's flags").value
}

/// A field, or the padding that a struct shows where the layout leaves a gap.
pub(super) enum Slot<'a, R> {
    /// A field of the spec.
    Field(&'a FieldLayout<R>),
    /// Bytes that belong to no field.
    Padding {
        /// Counts the paddings of one struct from 0.
        index: usize,
        /// Bytes from the start of the struct.
        offset: u64,
        /// Number of bytes.
        size: u64,
    },
}

/// The fields of a struct of `end` bytes, without gaps.
pub(super) fn slots<R>(fields: &[FieldLayout<R>], end: u64) -> Vec<Slot<'_, R>> {
    let mut slots = Vec::new();
    let (mut index, mut used) = (0, 0);
    let mut pad_to = |slots: &mut Vec<Slot<'_, R>>, used: u64, offset: u64| {
        if used < offset {
            slots.push(Slot::Padding { index, offset: used, size: offset - used });
            index += 1;
        }
    };
    for field in fields {
        pad_to(&mut slots, used, field.offset);
        slots.push(Slot::Field(field));
        used = field.offset + field.size;
    }
    pad_to(&mut slots, used, end);
    slots
}

/// Whether `align` has to be stated because no field asks for it.
pub(super) fn needs_align<R>(fields: &[FieldLayout<R>], align: u64) -> bool {
    fields.iter().all(|field| field.align < align)
}

/// Doc texts as comment lines of one language.
pub(super) struct Prose {
    /// Makes a doc text harmless in a comment of the language.
    pub(super) escape: fn(&str) -> String,
    /// Columns that a line of source may take, the comment sign and its indentation included.
    pub(super) width: usize,
}

/// Columns of `    /// `, the deepest comment that generated code has.
const COMMENT_MARGIN: usize = 8;

impl Prose {
    /// Paragraphs of `doc`, wrapped, an empty line between two paragraphs.
    pub(super) fn wrap(&self, doc: &str) -> Vec<String> {
        let width = self.width - COMMENT_MARGIN;
        let options = || textwrap::Options::new(width).break_words(false);
        let mut lines = Vec::new();
        for paragraph in doc.split("\n\n").map(str::trim).filter(|p| !p.is_empty()) {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            let joined = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            let text = (self.escape)(&joined);
            lines.extend(textwrap::wrap(&text, options()).into_iter().map(|l| l.into_owned()));
        }
        lines
    }

    /// The doc text, or a sentence made of the name when the spec gives none.
    pub(super) fn wrap_or(&self, doc: &str, fallback: impl FnOnce() -> String) -> Vec<String> {
        if doc.trim().is_empty() { self.wrap(&fallback()) } else { self.wrap(doc) }
    }

    /// The doc text of a field or tail, with what an older sender's message holds instead.
    pub(super) fn field(
        &self,
        name: &str,
        doc: &str,
        since: Option<(u16, u16)>,
        absent: &str,
    ) -> Vec<String> {
        let mut lines = self.wrap_or(doc, || format!("The `{name}` field."));
        if let Some((major, minor)) = since {
            lines.push(String::new());
            lines.push(format!("Since version {major}.{minor}; {absent} in older messages."));
        }
        lines
    }
}

/// `0x` and at least `digits` upper-case digits.
pub(super) fn hex(value: i128, digits: usize) -> String {
    format!("0x{value:0digits$X}")
}
