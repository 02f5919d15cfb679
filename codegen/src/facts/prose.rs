//! Doc texts as comment lines.

use super::Doc;

/// How one language writes doc texts.
#[derive(Debug)]
pub struct Prose {
    /// Makes a doc text harmless in a comment of the language.
    pub escape: fn(&str) -> String,
    /// Columns that a line of source may take, the comment sign and its indentation included.
    pub width: usize,
}

/// Columns of `    /// `, the deepest comment that generated code has.
const COMMENT_MARGIN: usize = 8;

impl Prose {
    /// Paragraphs of `doc`, wrapped, an empty line between two paragraphs.
    pub fn wrap(&self, doc: &str) -> Vec<String> {
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

    /// The doc of a field or tail, with what an older sender's message holds as its last line.
    pub fn member(&self, doc: &Doc) -> Vec<String> {
        let mut lines = self.wrap(&doc.text);
        if let Some(since) = &doc.since {
            lines.push(String::new());
            lines.push(since.clone());
        }
        lines
    }
}
