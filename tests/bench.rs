//! Every program that measures builds and carries a few messages right; nothing is timed.

use std::process::ExitCode;
use std::sync::{LazyLock, Mutex, PoisonError};

use bitrpc_tests::figures::{Effort, Entry, Stage, measure, processors};
use bitrpc_tests::harness;
use libtest_mimic::Trial;

/// Shared by all trials, so that every program is built once.
static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(Mutex::default);

fn main() -> ExitCode {
    harness::run(Entry::all().into_iter().map(trial).collect())
}

fn trial(entry: Entry) -> Trial {
    match entry.contestant.missing() {
        Some(missing) => harness::skipped(entry.id(), &missing),
        None => harness::trial(entry.id(), move || carry(&entry)),
    }
}

fn carry(entry: &Entry) -> Result<(), String> {
    let mut stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let programs = stage.programs(entry.contestant)?;
    measure(entry, programs, processors()?, Effort::TINY).map(drop)
}
