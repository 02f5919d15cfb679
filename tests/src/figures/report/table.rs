//! Tables for terminals.

use comfy_table::{CellAlignment, Table, presets};

use super::super::Figures;
use super::super::aims::Aim;
use super::{Row, headings};

/// Medians: a row for each contestant, a column for each case.
pub fn table(figures: &Figures) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    // The unit on a line of its own keeps the columns narrow.
    table.set_header(headings().iter().map(|heading| heading.replace(", ", "\n")));
    table.add_rows(Row::all(figures).iter().map(|row| row.cells(figures)));
    for number in 1..=super::Case::ALL.len() {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Each aim, what came out, and whether that is enough.
pub fn aims_table(aims: &[Aim]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["aim", "wanted", "found", ""]);
    for aim in aims {
        let found = aim.found.clone().unwrap_or_default();
        table.add_row([aim.what.clone(), aim.wanted.clone(), found, aim.verdict()]);
    }
    table
}
