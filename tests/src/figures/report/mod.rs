//! What is shown and written of the figures.

mod files;
mod plot;
mod readme;
mod table;

pub use files::{csv, json};
pub use plot::svg;
pub use readme::{DRAWING, MARKERS, block, replace_block};
pub use table::{aims_table, table};

use super::{Case, Contestant, Figures, Wait};

/// One row of the tables: everything of one contestant and one way of waiting.
struct Row {
    contestant: &'static Contestant,
    wait: Wait,
}

impl Row {
    /// Those that were measured at all, in the order of the contestants.
    fn all(figures: &Figures) -> Vec<Self> {
        let waits = |contestant| {
            [Wait::Polling, Wait::Blocking].into_iter().map(move |wait| Self { contestant, wait })
        };
        let rows = super::ALL.iter().flat_map(waits);
        rows.filter(|row| Case::ALL.iter().any(|&case| row.ns(figures, case).is_some())).collect()
    }

    fn ns(&self, figures: &Figures, case: Case) -> Option<f64> {
        figures.median(self.contestant.id, case, self.wait)
    }

    fn title(&self) -> String {
        format!("{}, {}", self.contestant.title, self.wait.id())
    }

    fn cells(&self, figures: &Figures) -> Vec<String> {
        let cell = |&case: &Case| {
            self.ns(figures, case).map_or_else(String::new, |ns| shown(case.figure(ns)))
        };
        std::iter::once(self.title()).chain(Case::ALL.iter().map(cell)).collect()
    }
}

/// The heading of each column.
fn headings() -> Vec<String> {
    let heading = |case: &Case| format!("{}, {}", case.title(), case.unit());
    std::iter::once(String::new()).chain(Case::ALL.iter().map(heading)).collect()
}

/// Three digits that count, or all before the point.
fn shown(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
