//! How stretches of bytes fall into rows of eight: what every picture of bytes is drawn from.

/// Bytes in a row.
pub(crate) const ROW: u64 = 8;

/// Bytes that belong together, from their first to the one behind their last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// Up to eight bytes side by side, or what stands for several whole rows of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Bytes from the start to the first column of the row.
    pub(crate) start: u64,
    /// How many rows it stands for: 1, unless the middle of a long part is left out.
    pub(crate) count: u64,
    /// What lies in it, from left to right.
    pub(crate) cells: Vec<Cell>,
}

/// The piece of a part that lies in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The number of the part.
    pub(crate) part: usize,
    /// First column.
    pub(crate) from: u64,
    /// The column behind the last one.
    pub(crate) to: u64,
    /// Whether the part starts here.
    pub(crate) is_first: bool,
}

impl Row {
    /// Whether rows are left out for which this one stands.
    pub(crate) fn is_gap(&self) -> bool {
        self.count > 1
    }
}

/// The rows of parts that follow each other without gaps. Of the whole rows behind a part's first,
/// two and more become one. With `tail`, the part behind the last one has no end.
pub(crate) fn rows(parts: &[Extent], tail: Option<u64>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (part, extent) in parts.iter().enumerate() {
        add(&mut rows, part, *extent);
    }
    if let Some(start) = tail {
        // The tail starts inside a row when the fixed part ends there.
        let column = start % ROW;
        let cell = Cell { part: parts.len(), from: column, to: ROW, is_first: true };
        match rows.last_mut() {
            Some(row) if column != 0 => row.cells.push(cell),
            _ => rows.push(Row { start, count: 1, cells: vec![cell] }),
        }
    }
    rows
}

fn add(rows: &mut Vec<Row>, part: usize, extent: Extent) {
    let mut at = extent.start;
    while at < extent.end {
        let start = at - at % ROW;
        let whole = (extent.end - start) / ROW;
        if at > extent.start && whole >= 2 {
            let cell = Cell { part, from: 0, to: ROW, is_first: false };
            rows.push(Row { start, count: whole, cells: vec![cell] });
            at += whole * ROW;
            continue;
        }
        let stop = extent.end.min(start + ROW);
        let is_first = at == extent.start;
        let cell = Cell { part, from: at - start, to: stop - start, is_first };
        match rows.last_mut() {
            Some(row) if at > start => row.cells.push(cell),
            _ => rows.push(Row { start, count: 1, cells: vec![cell] }),
        }
        at = stop;
    }
}
