//! Prints a page as Markdown, in the dialect of code hosts, which has tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::map::{Kind, Map};
use super::page::{Block, Page, Table};
use super::prose::{Inline, Words, code, plain};
use super::rows::Extent;
use crate::layout::diagram::{self, Part};

pub(crate) fn print(page: &Page) -> String {
    let mut printer = Printer { out: String::new(), slugs: slugs(page) };
    printer.heading(1, &plain(&*page.title));
    printer.blocks(&page.intro);
    for group in &page.groups {
        printer.heading(2, &plain(group.title));
        printer.blocks(&group.intro);
        for item in &group.items {
            printer.heading(3, &heading(item.sort, item.name));
            printer.blocks(&item.blocks);
        }
    }
    printer.out.truncate(printer.out.trim_end().len());
    printer.out.push('\n');
    printer.out
}

fn heading(sort: &str, name: &str) -> Words {
    [plain(format!("{sort} ")), code(name)].concat()
}

/// What code hosts call each heading, by the key of what stands below it.
fn slugs(page: &Page) -> BTreeMap<String, String> {
    let mut used = BTreeMap::new();
    let mut slug = |title: &str| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let slug: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let count = used.entry(slug.clone()).and_modify(|count| *count += 1).or_insert(0);
        if *count == 0 { slug } else { format!("{slug}-{count}") }
    };
    let mut slugs = BTreeMap::new();
    slug(&page.title);
    for group in &page.groups {
        slugs.insert(group.key.to_owned(), slug(group.title));
        for item in &group.items {
            slugs.insert(item.key.clone(), slug(&format!("{} {}", item.sort, item.name)));
        }
    }
    slugs
}

struct Printer {
    out: String,
    slugs: BTreeMap<String, String>,
}

impl Printer {
    /// Writing to a String does not fail.
    fn line(&mut self, text: impl std::fmt::Display) {
        let _ = writeln!(self.out, "{text}");
    }

    fn heading(&mut self, level: usize, words: &Words) {
        let text = self.words(words, Place::Line);
        self.line(format_args!("{} {text}\n", "#".repeat(level)));
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Paragraph(words) => {
                    let text = self.words(words, Place::Start);
                    self.line(text);
                }
                Block::Facts(facts) => {
                    for (name, words) in facts {
                        let (name, text) =
                            (escape(name, Place::Line), self.words(words, Place::Line));
                        self.line(format_args!("- {name}: {text}"));
                    }
                }
                Block::Table(table) => self.table(table),
                Block::Map(map) => self.picture(map),
            }
            self.out.push('\n');
        }
    }

    fn table(&mut self, table: &Table) {
        let caption = escape(&table.caption, Place::Start);
        self.line(format_args!("{caption}:\n"));
        let titles: Vec<_> = table.columns.iter().map(|column| column.title).collect();
        self.line(format_args!("| {} |", titles.join(" | ")));
        let rule = |is_number| if is_number { "---:" } else { "---" };
        let rules: Vec<_> = table.columns.iter().map(|column| rule(column.is_number)).collect();
        self.line(format_args!("| {} |", rules.join(" | ")));
        for row in &table.rows {
            let cells = row.cells.iter().map(|cell| self.words(cell, Place::Cell));
            // An empty cell is one space wide.
            let cells = cells.map(|cell| if cell.is_empty() { cell } else { format!("{cell} ") });
            let cells: Vec<_> = cells.collect();
            self.line(format_args!("| {}|", cells.join("| ")));
        }
    }

    fn picture(&mut self, map: &Map) {
        let part = |part: &super::map::Part| match part.size {
            Some(size) if part.kind != Kind::Padding => {
                Some((Extent { start: part.offset, end: part.offset + size }, part.name.to_owned()))
            }
            Some(size) => {
                let extent = Extent { start: part.offset, end: part.offset + size };
                Some((extent, "(padding)".to_owned()))
            }
            None => None,
        };
        let parts: Vec<_> = map.parts.iter().filter_map(part).collect();
        let parts: Vec<_> =
            parts.iter().map(|(extent, label)| Part { extent: *extent, label }).collect();
        let tail = map.parts.last().filter(|part| part.size.is_none());
        let lines = diagram::draw(&parts, tail.map(|part| (part.offset, part.name)));
        self.line("```text");
        lines.iter().for_each(|line| self.line(line));
        self.line("```");
    }

    fn words(&self, words: &Words, place: Place) -> String {
        let mut text = String::new();
        for (number, word) in words.iter().enumerate() {
            let place = if number > 0 && place == Place::Start { Place::Line } else { place };
            match word {
                Inline::Text(words) => text.push_str(&escape(words, place)),
                Inline::Code(code) => text.push_str(&fenced(code, place)),
                Inline::Link { key, text: code } => match self.slugs.get(key) {
                    Some(slug) => {
                        let _ = write!(text, "[{}](#{slug})", fenced(code, place));
                    }
                    None => text.push_str(&fenced(code, place)),
                },
            }
        }
        text.trim().to_owned()
    }
}

/// Where words stand, which tells what has a meaning there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of a line of its own.
    Start,
    /// Later in a line.
    Line,
    /// In a table.
    Cell,
}

/// Code between more backticks than it has in a row.
fn fenced(code: &str, place: Place) -> String {
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let runs = code.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    let room = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    let text = format!("{fence}{room}{code}{room}{fence}");
    // A table is cut into cells before its code is read.
    if place == Place::Cell { text.replace('|', "\\|") } else { text }
}

/// Text that means itself.
fn escape(text: &str, place: Place) -> String {
    let mut out = String::new();
    for (number, word) in text.split(' ').enumerate() {
        if number > 0 {
            out.push(' ');
        }
        let is_url = ["http://", "https://"].iter().any(|start| word.starts_with(start));
        let is_plain = |c: char| c.is_ascii_graphic() && !"<>|\\`\"".contains(c);
        let is_first = number == 0 && place == Place::Start;
        if is_url && word.chars().all(is_plain) {
            let end = word.trim_end_matches(['.', ',', ';', ':', ')', '!', '?']).len();
            let _ = write!(out, "<{}>", &word[..end]);
            escape_word(&mut out, &word[end..], false);
        } else {
            escape_word(&mut out, word, is_first);
        }
    }
    out
}

fn escape_word(out: &mut String, word: &str, is_first: bool) {
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    let mut before = None;
    let mut chars = word.chars().enumerate().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let is_inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let has_meaning = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' => true,
            '_' => !(is_inside(before) && is_inside(next)),
            '&' => is_inside(next) || next == Some('#'),
            // Headings, lists, rules and quotes begin with these.
            '#' | '-' | '+' | '=' => is_first && at == 0,
            '.' | ')' => is_first && digits > 0 && at == digits,
            _ => false,
        };
        if has_meaning {
            out.push('\\');
        }
        out.push(if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
        before = Some(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_markdown_is_escaped() {
        let cases = [
            ("a_b _c_ *d* `e` <f> [g](h)", r"a_b \_c\_ \*d\* \`e\` \<f\> \[g\](h)"),
            ("- no list", r"\- no list"),
            ("1. no list", r"1\. no list"),
            ("# no heading", r"\# no heading"),
            ("at 1. and - and #", "at 1. and - and #"),
            ("a|b &lt; & c", r"a\|b \&lt; & c"),
            ("see https://example.org/a_b.", "see <https://example.org/a_b>."),
            ("see https://x.org/<script>", r"see https://x.org/\<script\>"),
        ];
        for (text, expected) in cases {
            assert_eq!(escape(text, Place::Start), expected);
        }
        assert_eq!(fenced("a|`b`", Place::Cell), r"`` a\|`b` ``");
    }
}
