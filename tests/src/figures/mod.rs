//! How fast messages are: the programs of `tests/bench`, measured against each other.
//!
//! Everything that is compared is measured in turns within the same run, because a machine that is
//! busy with other things is slow for all of them. The two sides of a measurement are two
//! processes, each on a processor of its own.

pub mod aims;
mod case;
mod contestant;
mod generation;
pub mod grid;
mod machine;
mod measure;
pub mod report;
mod stage;

use std::collections::BTreeMap;

pub use case::{Case, Wait};
pub use contestant::{ALL, Contestant};
pub use generation::generate_seconds;
pub use machine::{Machine, processors};
pub use measure::{Effort, measure};
pub use stage::Stage;

/// One thing that is measured: who, what and how it waits.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Who.
    pub contestant: &'static Contestant,
    /// What.
    pub case: Case,
    /// How its sides wait.
    pub wait: Wait,
}

impl Entry {
    /// Every entry of the table, ordered so that those of one case follow each other.
    pub fn all() -> Vec<Self> {
        let of_case = |case: &'static Case| {
            ALL.iter().flat_map(move |contestant| {
                let waits = contestant.waits(*case);
                waits.iter().map(move |&wait| Self { contestant, case: *case, wait })
            })
        };
        Case::ALL.iter().flat_map(of_case).collect()
    }

    /// What names it, e.g. `stream-64/rust/polling`.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.case.id(), self.contestant.id, self.wait.id())
    }
}

/// What came out.
#[derive(Debug, Default)]
pub struct Figures {
    /// Every entry that was measured, and the nanoseconds for each message in each run.
    pub series: Vec<(Entry, Vec<f64>)>,
    /// Seconds that generating the large spec took, by run; empty if that was not measured.
    pub generation: Vec<f64>,
    /// What could not be measured, and why.
    pub skipped: BTreeMap<String, String>,
    /// What failed, and why.
    pub failed: BTreeMap<String, String>,
}

impl Figures {
    /// The runs of one entry, nanoseconds for each message.
    pub fn runs(&self, contestant: &str, case: Case, wait: Wait) -> Option<&[f64]> {
        let matches = |entry: &Entry| {
            entry.contestant.id == contestant && entry.case == case && entry.wait == wait
        };
        self.series.iter().find(|(entry, _)| matches(entry)).map(|(_, runs)| runs.as_slice())
    }

    /// The median of one entry, nanoseconds for each message.
    pub fn median(&self, contestant: &str, case: Case, wait: Wait) -> Option<f64> {
        self.runs(contestant, case, wait).map(median)
    }
}

/// The middle one of `values`, the upper one if there are two.
///
/// # Panics
///
/// If there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The median of how many times smaller `values` are than `others` in the same run.
pub fn ratio(others: &[f64], values: &[f64]) -> f64 {
    let ratios: Vec<_> = others.iter().zip(values).map(|(other, value)| other / value).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Entry, median, ratio};

    #[test]
    fn every_entry_has_a_name_of_its_own() {
        let all = Entry::all();
        let names: BTreeSet<_> = all.iter().map(Entry::id).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn a_ratio_is_that_of_a_typical_run_not_that_of_the_medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(ratio(&[2.0, 20.0, 200.0], &[1.0, 10.0, 100.0]), 2.0);
    }
}
