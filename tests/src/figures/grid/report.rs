//! What is shown and written of the grid.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::{Cell, Flow, Grid, MODES, Sample, contestants, is_saturated, typical};
use crate::figures::aims::Aim;
use crate::figures::{Contestant, Machine};

/// Of each contestant's samples in one cell, by its word.
type Samples = BTreeMap<&'static str, Vec<Sample>>;

/// A row for each cell, a column for each contestant: median latency, 99th percentile, rate.
pub fn table(grid: &Grid) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let columns: Vec<_> = contestants().filter(|who| takes_part(grid, who)).collect();
    let heading = |who: &&Contestant| format!("{}\np50 p99 | M/s", who.title.replace(", ", "\n"));
    table.set_header(["".to_owned()].into_iter().chain(columns.iter().map(heading)));
    for (cell, samples) in &grid.cells {
        let mark = if is_saturated_for_all(cell, samples) { " *" } else { "" };
        let shown = columns.iter().map(|who| shown(cell, samples, who));
        table.add_row([cell.id() + mark].into_iter().chain(shown));
    }
    for number in 1..=columns.len() {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn takes_part(grid: &Grid, who: &Contestant) -> bool {
    grid.cells.iter().any(|(_, samples)| samples.contains_key(who.id))
}

/// Whether no ring's latency mode carries what is sent.
fn is_saturated_for_all(cell: &Cell, samples: &Samples) -> bool {
    let mut known = MODES.iter().filter_map(|modes| samples.get(modes.latency.id)).peekable();
    known.peek().is_some() && known.all(|latency| is_saturated(cell, latency))
}

fn shown(cell: &Cell, samples: &Samples, who: &Contestant) -> String {
    let Some(samples) = samples.get(who.id) else { return String::new() };
    let (p50, p99) = (time(typical(samples, |s| s.p50)), time(typical(samples, |s| s.p99)));
    format!("{p50} {p99} | {:.2}", rate(cell, samples))
}

/// Millions of messages a second.
fn rate(cell: &Cell, samples: &[Sample]) -> f64 {
    let each = typical(samples, |sample| sample.each);
    match cell.flow {
        Flow::Turns(count) => 2e3 * count as f64 / each,
        Flow::Stream { .. } => 1e3 / each,
    }
}

/// Nanoseconds up to four digits, then microseconds.
fn time(ns: f64) -> String {
    match ns {
        ns if ns >= 99_950.0 => format!("{:.0}us", ns / 1e3),
        ns if ns >= 9999.5 => format!("{:.1}us", ns / 1e3),
        ns => format!("{ns:.0}"),
    }
}

/// Every sample, with the machine and the aims.
pub fn json(grid: &Grid, machine: &Machine, aims: &[Aim]) -> Value {
    let sample = |sample: &Sample| json!([sample.each, sample.p50, sample.p99]);
    let cells = grid.cells.iter().map(|(cell, samples)| {
        let of = samples.iter().map(|(id, samples)| {
            let samples: Vec<_> = samples.iter().map(sample).collect();
            ((*id).to_owned(), Value::from(samples))
        });
        json!({
            "cell": cell.id(),
            "bytes": cell.size,
            "saturated": is_saturated_for_all(cell, samples),
            "each_p50_p99_ns": of.collect::<serde_json::Map<_, _>>(),
        })
    });
    json!({
        "machine": machine,
        "cells": cells.collect::<Vec<_>>(),
        "aims": aims,
        "skipped": grid.skipped,
        "failed": grid.failed,
    })
}

/// The beginning of the block in the README.
pub const BEGIN: &str = "<!-- grid: written by `cargo xtask bench --grid --readme` -->\n";
/// Its end.
pub const END: &str = "<!-- end of grid -->\n";

/// The block for the README, markers included: messages of 64 bytes that nobody works on.
pub fn block(grid: &Grid, machine: &Machine, aims: &[Aim]) -> String {
    let columns: Vec<_> = contestants().filter(|who| takes_part(grid, who)).collect();
    let rounds = grid.cells.iter().flat_map(|(_, samples)| samples.values()).map(Vec::len).max();
    let mut text = format!(
        "{BEGIN}\nMessages of 64 bytes, default options: median latency in ns; where latency \
         mode cannot carry what is sent, M msg/s\ninstead. Measured on {}: {} ({} cores), {}. \
         Medians of {} rounds.\n\n",
        machine.date,
        machine.processor,
        machine.cores,
        machine.kernel,
        rounds.unwrap_or(0)
    );
    let titles: Vec<_> = columns.iter().map(|who| who.title.to_owned()).collect();
    text += &format!("|  | {} |\n| --- |{}\n", titles.join(" | "), " ---: |".repeat(columns.len()));
    for (cell, samples) in grid.cells.iter().filter(|(cell, _)| cell.is_basic()) {
        let saturated = is_saturated_for_all(cell, samples);
        let shown = columns.iter().map(|who| match samples.get(who.id) {
            None => String::new(),
            Some(samples) if saturated => format!("{:.1} M/s", rate(cell, samples)),
            Some(samples) => time(typical(samples, |sample| sample.p50)),
        });
        let shown: Vec<_> = shown.collect();
        text += &format!("| {} | {} |\n", cell.title(), shown.join(" | "));
    }
    text += "\n| aim, over the whole grid | wanted | found | |\n| --- | --- | --- | --- |\n";
    for aim in aims {
        let found = aim.found.clone().unwrap_or_default();
        text += &format!("| {} | {} | {found} | {} |\n", aim.what, aim.wanted, aim.verdict());
    }
    text + "\n" + END
}

#[cfg(test)]
mod tests {
    use super::{block, json, table};
    use crate::figures::Machine;
    use crate::figures::grid::{Cell, Grid, Sample, aims, contestants};

    fn grid() -> Grid {
        let sample = Sample { each: 100.0, p50: 250.0, p99: 12_345.0 };
        let of = |cell: &Cell| {
            let who = contestants().filter(|who| who.is_in(cell));
            who.map(|who| (who.id, vec![sample; 3])).collect()
        };
        let cells = Cell::all().into_iter().map(|cell| (cell, of(&cell))).collect();
        Grid { cells, ..Grid::default() }
    }

    #[test]
    fn every_report_names_every_cell_it_is_about() {
        let grid = grid();
        let text = table(&grid).to_string();
        let machine = Machine::here();
        let value = json(&grid, &machine, &aims::all(&grid));
        assert_eq!(value["cells"].as_array().map(Vec::len), Some(grid.cells.len()));
        let block = block(&grid, &machine, &aims::all(&grid));
        for (cell, _) in &grid.cells {
            assert!(text.contains(&cell.id()), "{}", cell.id());
            assert!(!cell.is_basic() || block.contains(&cell.title()), "{}", cell.title());
        }
        assert!(text.contains("250 12.3us | 10.00"), "{text}");
    }
}
