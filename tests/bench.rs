//! Every program that measures builds and carries a few messages right; nothing is timed.

use std::process::ExitCode;
use std::sync::{LazyLock, Mutex, PoisonError};

use bitrpc_tests::figures::grid::{self, Cell};
use bitrpc_tests::figures::{Contestant, Effort, Entry, Stage, measure, processors};
use bitrpc_tests::harness;
use libtest_mimic::Trial;

/// Shared by all trials, so that every program is built once.
static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(Mutex::default);

fn main() -> ExitCode {
    let cells = Cell::all().into_iter().filter(Cell::is_basic);
    let cells = cells.flat_map(|cell| {
        let who = grid::contestants().filter(move |who| who.is_in(&cell));
        who.map(move |who| grid_trial(cell, who))
    });
    harness::run(Entry::all().into_iter().map(trial).chain(cells).collect())
}

fn grid_trial(cell: Cell, who: &'static Contestant) -> Trial {
    let name = format!("grid/{}/{}", cell.id(), who.id);
    match who.missing() {
        Some(missing) => harness::skipped(name, &missing),
        None => harness::trial(name, move || {
            let mut stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
            let programs = stage.programs(who)?;
            grid::carry(&cell, who, programs, processors()?)
        }),
    }
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
