//! ASCII pictures of bytes, eight to a row, for docs and for `bitrpc layout`.
//!
//! ```text
//!       0       1       2       3       4       5       6       7
//!      +-------------------------------+-------------------------------+
//!    0 | frame_length                  | message_type                  |
//!      +-------------------------------+-------+-----------------------+
//!    8 | message_id                    | flags | (padding)             |
//!      +-------------------------------+-------+-----------------------+
//! ```

use super::render::rows::{Extent, ROW, Row, rows};
use super::{FieldLayout, HeaderLayout, StructLayout};

/// Characters that a byte takes.
const CELL: usize = 8;

/// A field or padding, and what is written into it.
pub(super) struct Part<'a> {
    pub(super) extent: Extent,
    pub(super) label: &'a str,
}

/// The picture of a header, one string a line.
pub fn of_header<R>(header: &HeaderLayout<R>) -> Vec<String> {
    draw(&parts(&header.fields, header.size), None)
}

/// The picture of a struct, one string a line; a variable tail is an open row at its end.
pub fn of_struct(item: &StructLayout) -> Vec<String> {
    let tail = item.tail.as_ref().map(|tail| (item.size, tail.name.as_str()));
    draw(&parts(&item.fields, item.size), tail)
}

fn parts<R>(fields: &[FieldLayout<R>], size: u64) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut end = 0;
    for field in fields {
        pad(&mut parts, end, field.offset);
        end = field.offset + field.size;
        parts.push(Part { extent: Extent { start: field.offset, end }, label: &field.name });
    }
    pad(&mut parts, end, size);
    parts
}

fn pad(parts: &mut Vec<Part>, start: u64, end: u64) {
    if start < end {
        parts.push(Part { extent: Extent { start, end }, label: "(padding)" });
    }
}

pub(super) fn draw(parts: &[Part], tail: Option<(u64, &str)>) -> Vec<String> {
    let extents: Vec<_> = parts.iter().map(|part| part.extent).collect();
    let tail_label = tail.map(|(_, name)| format!("{name} ...")).unwrap_or_default();
    let mut labels: Vec<_> = parts.iter().map(|part| part.label).collect();
    labels.push(&tail_label);
    let rows = rows(&extents, tail.map(|(start, _)| start));
    let mut lines = Vec::new();
    if rows.is_empty() {
        return lines;
    }
    let numbers: String = (0..ROW).map(|byte| format!("{byte:<CELL$}")).collect();
    lines.push(format!("       {}", numbers.trim_end()));
    let mut above = None;
    for row in &rows {
        lines.push(rule(above, Some(row)));
        lines.push(text(row, &labels));
        above = Some(row);
    }
    lines.push(rule(above, None));
    lines
}

fn text(row: &Row, labels: &[&str]) -> String {
    let mut line = match row.is_gap() {
        false => format!("{:>5} ", row.start),
        true => " ".repeat(6),
    };
    for cell in &row.cells {
        let label = match (row.is_gap(), cell.is_first) {
            (true, _) => "...",
            (_, true) => labels[cell.part],
            (_, false) => "",
        };
        let width = (cell.to - cell.from) as usize * CELL - 2;
        let label: String = label.chars().take(width).collect();
        line.push_str(&format!("| {label:<width$}"));
    }
    line.push('|');
    line
}

/// The line between two rows, with a `+` wherever a cell above or below ends.
fn rule(above: Option<&Row>, below: Option<&Row>) -> String {
    let mut line = vec![b' '; ROW as usize * CELL + 1];
    for cell in above.into_iter().chain(below).flat_map(|row| &row.cells) {
        let (from, to) = (cell.from as usize * CELL, cell.to as usize * CELL);
        for byte in &mut line[from..=to] {
            if *byte == b' ' {
                *byte = b'-';
            }
        }
        line[from] = b'+';
        line[to] = b'+';
    }
    format!("      {}", String::from_utf8_lossy(&line).trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(cells: &[(u64, u64, &str)], tail: Option<(u64, &str)>) -> String {
        let part =
            |&(start, end, label): &(u64, u64, _)| Part { extent: Extent { start, end }, label };
        draw(&cells.iter().map(part).collect::<Vec<_>>(), tail).join("\n")
    }

    #[test]
    fn a_header_is_drawn_as_in_the_docs() {
        let cells = [
            (0, 4, "frame_length"),
            (4, 8, "message_type"),
            (8, 12, "message_id"),
            (12, 13, "flags"),
            (13, 16, "(padding)"),
        ];
        insta::assert_snapshot!(lines(&cells, None));
    }

    #[test]
    fn long_fields_are_cut_short_and_tails_are_open() {
        let cells = [(0, 4, "id"), (4, 70, "text"), (70, 72, "(padding)"), (72, 74, "n")];
        insta::assert_snapshot!(lines(&cells, Some((74, "rest"))));
    }

    #[test]
    fn nothing_has_no_picture() {
        assert_eq!(lines(&[], None), "");
        insta::assert_snapshot!(lines(&[], Some((0, "text"))));
    }
}
