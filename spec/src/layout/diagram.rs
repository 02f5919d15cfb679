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

use super::{FieldLayout, HeaderLayout, StructLayout};

/// Bytes in a row.
const ROW: u64 = 8;

/// Characters that a byte takes.
const CELL: usize = 8;

/// Bytes that belong together: a field, padding, or what stands for a longer stretch of them.
struct Cell<'a> {
    start: u64,
    end: u64,
    label: &'a str,
}

/// The picture of a header, one string a line.
pub fn of_header<R>(header: &HeaderLayout<R>) -> Vec<String> {
    draw(&cells(&header.fields, header.size), None)
}

/// The picture of a struct, one string a line; a variable tail is an open row at its end.
pub fn of_struct(item: &StructLayout) -> Vec<String> {
    let tail = item.tail.as_ref().map(|tail| (item.size, tail.name.as_str()));
    draw(&cells(&item.fields, item.size), tail)
}

fn cells<R>(fields: &[FieldLayout<R>], size: u64) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    let mut end = 0;
    for field in fields {
        pad(&mut cells, end, field.offset);
        end = field.offset + field.size;
        cells.push(Cell { start: field.offset, end, label: &field.name });
    }
    pad(&mut cells, end, size);
    cells
}

fn pad(cells: &mut Vec<Cell>, start: u64, end: u64) {
    if start < end {
        cells.push(Cell { start, end, label: "(padding)" });
    }
}

/// A row of the picture: where it starts, and the columns and text of its cells.
struct Row<'a> {
    start: Option<u64>,
    parts: Vec<(u64, u64, &'a str)>,
}

fn draw(cells: &[Cell], tail: Option<(u64, &str)>) -> Vec<String> {
    let mut rows: Vec<Row> = Vec::new();
    for cell in cells {
        add_cell(&mut rows, cell);
    }
    let tail_label = tail.map(|(_, name)| format!("{name} ..."));
    if let (Some((start, _)), Some(label)) = (tail, &tail_label) {
        // The tail starts inside a row when the fixed part ends there.
        let column = start % ROW;
        match rows.last_mut() {
            Some(row) if column != 0 => row.parts.push((column, ROW, label)),
            _ => rows.push(Row { start: Some(start), parts: vec![(0, ROW, label)] }),
        }
    }
    let mut lines = Vec::new();
    if rows.is_empty() {
        return lines;
    }
    let numbers: String = (0..ROW).map(|byte| format!("{byte:<CELL$}")).collect();
    lines.push(format!("       {}", numbers.trim_end()));
    let mut above: &[(u64, u64, &str)] = &[];
    for row in &rows {
        lines.push(rule(above, &row.parts));
        lines.push(text(row));
        above = &row.parts;
    }
    lines.push(rule(above, &[]));
    lines
}

/// Cuts a cell into rows. Its first part carries the label; of the whole rows after that, two and
/// more become a single `...`.
fn add_cell<'a>(rows: &mut Vec<Row<'a>>, cell: &Cell<'a>) {
    let mut at = cell.start;
    while at < cell.end {
        let row_start = at - at % ROW;
        let whole_rows = (cell.end - row_start) / ROW;
        if at > cell.start && whole_rows >= 2 {
            rows.push(Row { start: None, parts: vec![(0, ROW, "...")] });
            at += whole_rows * ROW;
            continue;
        }
        let stop = cell.end.min(row_start + ROW);
        let label = if at == cell.start { cell.label } else { "" };
        let part = (at - row_start, stop - row_start, label);
        match rows.last_mut() {
            Some(row) if at > row_start => row.parts.push(part),
            _ => rows.push(Row { start: Some(row_start), parts: vec![part] }),
        }
        at = stop;
    }
}

fn text(row: &Row) -> String {
    let mut line = match row.start {
        Some(start) => format!("{start:>5} "),
        None => " ".repeat(6),
    };
    for (from, to, label) in &row.parts {
        let width = (to - from) as usize * CELL - 2;
        let label: String = label.chars().take(width).collect();
        line.push_str(&format!("| {label:<width$}"));
    }
    line.push('|');
    line
}

/// The line between two rows, with a `+` wherever a cell above or below ends.
fn rule(above: &[(u64, u64, &str)], below: &[(u64, u64, &str)]) -> String {
    let mut line = vec![b' '; ROW as usize * CELL + 1];
    for (from, to, _) in above.iter().chain(below) {
        let (from, to) = (*from as usize * CELL, *to as usize * CELL);
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
        let cells: Vec<_> =
            cells.iter().map(|&(start, end, label)| Cell { start, end, label }).collect();
        draw(&cells, tail).join("\n")
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
