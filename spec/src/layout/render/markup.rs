//! Elements and texts of HTML and SVG. Every text and every value of an attribute is escaped.

use std::fmt::{self, Display, Write};

/// A document that grows element by element.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    text: String,
}

/// Names and values of attributes.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a dyn Display)];

impl Markup {
    /// What stands in the program itself, as it is.
    pub(crate) fn raw(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    pub(crate) fn open(&mut self, tag: &str, attributes: Attributes) {
        self.start(tag, attributes);
        self.text.push('>');
    }

    pub(crate) fn close(&mut self, tag: &str) {
        put(&mut self.text, format_args!("</{tag}>"));
    }

    /// An element that has no end of its own in HTML.
    pub(crate) fn void(&mut self, tag: &str, attributes: Attributes) {
        self.open(tag, attributes);
    }

    /// An element without content, as XML writes it.
    pub(crate) fn empty(&mut self, tag: &str, attributes: Attributes) {
        self.start(tag, attributes);
        self.text.push_str("/>");
    }

    pub(crate) fn text(&mut self, text: impl Display) {
        put(&mut Escaped(&mut self.text), format_args!("{text}"));
    }

    pub(crate) fn element(&mut self, tag: &str, attributes: Attributes, text: impl Display) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    /// Ends a line, for people who read the source.
    pub(crate) fn line(&mut self) {
        self.text.push('\n');
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn start(&mut self, tag: &str, attributes: Attributes) {
        put(&mut self.text, format_args!("<{tag}"));
        for (name, value) in attributes {
            put(&mut self.text, format_args!(" {name}=\""));
            put(&mut Escaped(&mut self.text), format_args!("{value}"));
            self.text.push('"');
        }
    }
}

fn put(out: &mut impl Write, text: fmt::Arguments) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}

struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c if is_forbidden(c) => self.0.push(char::REPLACEMENT_CHARACTER),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

/// What neither XML nor HTML takes, also when it is escaped.
fn is_forbidden(c: char) -> bool {
    let is_noncharacter = (c as u32) & 0xFFFE == 0xFFFE || matches!(c, '\u{FDD0}'..='\u{FDEF}');
    (c.is_control() && !matches!(c, '\n' | '\t')) || is_noncharacter
}

#[cfg(test)]
mod tests {
    use super::Markup;

    #[test]
    fn texts_and_attributes_are_escaped() {
        let mut markup = Markup::default();
        let hostile = "</p><script>\"'&\0\u{1b}\u{FFFF}";
        markup.element("p", &[("title", &hostile)], hostile);
        let escaped = "&lt;/p&gt;&lt;script&gt;&quot;&#39;&amp;\u{FFFD}\u{FFFD}\u{FFFD}";
        assert_eq!(markup.finish(), format!("<p title=\"{escaped}\">{escaped}</p>"));
    }
}
