//! Changes of the text that mend a finding, with the layout that the text has.

use std::fmt::Display;

use super::Subject;
use crate::diagnostic::Edit;
use crate::source::Span;

/// A key of the mapping `item` behind the value at `behind`, in braces or on a line of its own.
pub(super) fn key_behind(
    subject: &Subject,
    item: Span,
    behind: Span,
    key: &str,
    value: impl Display,
) -> Edit {
    let text = subject.spec.sources.get(item.source).text();
    let at = |at: usize| Span { source: item.source, start: at, end: at };
    if text[item.start..].starts_with('{') {
        let end = behind.start + text[behind.range()].trim_end().len();
        return Edit { span: at(end), text: format!(", {key}: {value}") };
    }
    let line_start = text[..item.start].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = text[line_start..item.start].chars().count();
    let end = line_end(text, behind.start + text[behind.range()].trim_end().len());
    let newline = if text[end..].starts_with('\r') { "\r\n" } else { "\n" };
    Edit { span: at(end), text: format!("{newline}{}{key}: {value}", " ".repeat(indent)) }
}

/// Where the line of a byte ends, its line break not included.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |length| at + length)
}

/// An item of a list that moves.
pub(super) struct Moved {
    /// The item.
    pub(super) item: Span,
    /// A number in it that is another one at its new place.
    pub(super) number: Option<(Span, u64)>,
}

/// Puts items of a list into another order: on place `n` goes the item `order[n]`, with the
/// comments above it and behind it.
pub(super) fn reordered(subject: &Subject, items: &[Moved], order: &[usize]) -> Option<Vec<Edit>> {
    let source = items.first()?.item.source;
    let text = subject.spec.sources.get(source).text();
    let meet = |pair: &[Moved]| line_of(text, pair[0].item).1 >= line_of(text, pair[1].item).0;
    let shared = items.windows(2).any(meet);
    let mut chunks: Vec<Span> = Vec::new();
    for Moved { item, .. } in items {
        let after = chunks.last().map(|chunk| chunk.end);
        chunks.push(if shared { exact(text, *item) } else { lines(text, *item, after) });
    }
    let edit = |(place, index): (usize, &usize)| {
        let mut chunk = text[chunks[*index].range()].to_owned();
        if let Some((span, number)) = items[*index].number {
            let from = span.start - chunks[*index].start;
            chunk.replace_range(from..from + (span.end - span.start), &number.to_string());
        }
        Edit { span: chunks[place], text: chunk }
    };
    let is_change = |edit: &Edit| text[edit.span.range()] != edit.text;
    Some(order.iter().enumerate().map(edit).filter(is_change).collect())
}

/// An item without what stands between it and the next one.
fn exact(text: &str, item: Span) -> Span {
    Span { end: content_end(text, item), ..item }
}

/// First and last byte of the lines of an item.
fn line_of(text: &str, item: Span) -> (usize, usize) {
    let start = text[..item.start].rfind('\n').map_or(0, |newline| newline + 1);
    (start, line_end(text, content_end(text, item)))
}

/// Whole lines, from the comments above an item, but behind `after`, to the one behind it.
fn lines(text: &str, item: Span, after: Option<usize>) -> Span {
    let (mut start, end) = line_of(text, item);
    while start > 0 {
        let above = text[..start - 1].rfind('\n').map_or(0, |newline| newline + 1);
        let is_free = after.is_some_and(|after| above > after);
        if !is_free || !text[above..start].trim_start().starts_with('#') {
            break;
        }
        start = above;
    }
    Span { start, end, ..item }
}

/// Where the last value of an item ends: a mapping on lines of its own reaches up to what follows.
fn content_end(text: &str, item: Span) -> usize {
    let mut end = item.start;
    let mut at = item.start;
    for line in text[item.range()].split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with('#') {
            end = at + line.trim_end().len();
        }
        at += line.len();
    }
    end
}
