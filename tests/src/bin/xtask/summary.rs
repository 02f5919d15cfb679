//! What a run found: counts, failures and skips, all by name.

use std::time::{Duration, Instant};

/// What one step found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, by name.
    pub(crate) failed: Vec<String>,
    /// Tests that could not run, by name and reason.
    pub(crate) skipped: Vec<String>,
}

impl Outcome {
    /// One check that passed or failed.
    pub(crate) fn of(name: &str, passed: bool) -> Self {
        match passed {
            true => Self { passed: 1, ..Self::default() },
            false => Self { failed: vec![name.to_owned()], ..Self::default() },
        }
    }

    /// Both outcomes in one.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.skipped.extend(other.skipped);
        self
    }
}

/// Prints what comes next.
pub(crate) fn heading(name: &str, about: &str) {
    println!("\n=== {name}: {about}");
}

/// Runs a step and takes its time.
pub(crate) fn timed(run: impl FnOnce() -> Outcome) -> (Outcome, Duration) {
    let start = Instant::now();
    (run(), start.elapsed())
}

/// What all steps found.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    steps: Vec<(&'static str, Outcome, Duration)>,
}

impl Summary {
    pub(crate) fn add(&mut self, name: &'static str, (outcome, time): (Outcome, Duration)) {
        self.steps.push((name, outcome, time));
    }

    pub(crate) fn is_fine(&self) -> bool {
        self.steps.iter().all(|(_, outcome, _)| outcome.failed.is_empty())
    }

    /// A line a step, every skip and failure by name, and the sum as the last line.
    pub(crate) fn print(&self) {
        heading("summary", "passed, failed and skipped by step");
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for (name, outcome, time) in &self.steps {
            let counts = (outcome.passed, outcome.failed.len(), outcome.skipped.len());
            let seconds = time.as_secs_f64();
            println!("{name:<16} {:>5} {:>4} {:>4} {seconds:>7.1} s", counts.0, counts.1, counts.2);
            passed += counts.0;
            failed += counts.1;
            skipped += counts.2;
        }
        for (name, outcome, _) in &self.steps {
            outcome.skipped.iter().for_each(|test| println!("skipped {name}: {test}"));
        }
        for (name, outcome, _) in &self.steps {
            outcome.failed.iter().for_each(|test| println!("FAILED {name}: {test}"));
        }
        println!("{passed} passed, {failed} failed, {skipped} skipped");
    }
}
