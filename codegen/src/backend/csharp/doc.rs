//! Doc texts as XML comments.

use super::super::common::Prose;
use bitrpc_spec::layout::{FieldLayout, TailLayout};

/// Columns that are left in the deepest comment between `<para>` and `</para>`.
const PROSE: Prose = Prose { escape, width: WIDTH - "<para></para>".len() - "    ".len() };

/// Columns of a line.
const WIDTH: usize = 100;

/// A doc text, or the fallback, as a `<summary>`; without the `/// ` in front.
pub(super) fn doc(text: &str, fallback: impl FnOnce() -> String) -> Vec<String> {
    summary(&PROSE.wrap_or(text, fallback))
}

/// The doc of a field, with what it is in messages of older senders.
pub(super) fn field_doc<R>(field: &FieldLayout<R>) -> Vec<String> {
    summary(&PROSE.field(&field.name, &field.doc, field.since, "zero"))
}

/// The doc of a tail, with what it is in messages of older senders.
pub(super) fn tail_doc(tail: &TailLayout) -> Vec<String> {
    summary(&PROSE.field(&tail.name, &tail.doc, tail.since, "empty"))
}

/// Wrapped paragraphs, an empty line between two, as an XML element.
fn summary(lines: &[String]) -> Vec<String> {
    const LONGEST: usize = WIDTH - "        /// <summary></summary>".len();
    if let [line] = lines
        && line.len() <= LONGEST
    {
        return vec![format!("<summary>{line}</summary>")];
    }
    let paragraphs: Vec<_> = lines.split(String::is_empty).collect();
    let mut out = vec!["<summary>".to_owned()];
    for paragraph in &paragraphs {
        for (at, line) in paragraph.iter().enumerate() {
            let several = paragraphs.len() > 1;
            let open = if several && at == 0 { "<para>" } else { "" };
            let close = if several && at + 1 == paragraph.len() { "</para>" } else { "" };
            out.push(format!("{open}{line}{close}"));
        }
    }
    out.push("</summary>".to_owned());
    out
}

/// Text inside an XML element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_one_line_and_its_markup_is_harmless() {
        let lines = doc("a < b & c", String::new);
        assert_eq!(lines, ["<summary>a &lt; b &amp; c</summary>"]);
    }

    #[test]
    fn paragraphs_stay_apart() {
        let lines = doc("one\n\ntwo", String::new);
        assert_eq!(lines, ["<summary>", "<para>one</para>", "<para>two</para>", "</summary>"]);
    }

    #[test]
    fn without_a_text_the_fallback_stands() {
        assert_eq!(doc("  ", || "f".to_owned()), ["<summary>f</summary>"]);
    }
}
