//! The grid: latencies and rates of many flows, in the default mode of the rings, in their latency
//! mode, and of what others have.
//!
//! All that is compared in a cell is measured in turns, in short rounds, before the next cell is
//! begun: a virtual machine's processors move closer to each other and away within minutes.

pub mod aims;
mod cell;
pub mod report;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use bitrpc_conform::toolchain::Program;

pub use cell::{Cell, Flow};

use super::contestant::{other, ring};
use super::measure::{Task, run};
use super::{Contestant, Wait, median};

/// How long a side is not timed, and is, in microseconds.
const WARM_UP_US: u64 = 15_000;
const TIMED_US: u64 = 25_000;
/// .NET compiles what is hot once more in the background, some tenths of a second later.
const DOTNET_WARM_UP_US: u64 = 500_000;
/// Between two measurements: Linux stops real-time processes that leave it no time.
const REST: Duration = Duration::from_millis(8);
/// A stream is saturated if latency mode carries less than this part of what is sent.
const SATURATED: f64 = 0.97;

/// The rings of one language in both modes.
#[derive(Debug, Clone, Copy)]
pub struct Modes {
    /// The default.
    pub adaptive: &'static Contestant,
    /// Without a distance.
    pub latency: &'static Contestant,
}

const POLLING: &[Wait] = &[Wait::Polling];

const RUST: Contestant = ring("rust", "Rust", ["rust", "rust"]);
const CPP: Contestant = ring("cpp", "C++", ["cpp", "cpp"]);
const DOTNET: Contestant = ring("dotnet", "C# on .NET", ["csharp-dotnet", "csharp-dotnet"]);

/// Those whose modes are compared.
pub const MODES: [Modes; 3] = [
    Modes { adaptive: &RUST, latency: &latency("rust-latency", "Rust, latency mode", RUST) },
    Modes { adaptive: &CPP, latency: &latency("cpp-latency", "C++, latency mode", CPP) },
    Modes {
        adaptive: &DOTNET,
        latency: &latency("dotnet-latency", "C# on .NET, latency mode", DOTNET),
    },
];

const fn latency(id: &'static str, title: &'static str, ring: Contestant) -> Contestant {
    Contestant { id, title, transport: "ring-latency", ..ring }
}

/// Those that they are held against.
pub const OTHERS: [&Contestant; 2] = [
    &other("boost", "boost::lockfree::spsc_queue", "cpp", POLLING),
    &Contestant { is_one_process: true, ..other("rtrb", "rtrb, two threads", "rust", POLLING) },
];

/// All of them, in the order of the table.
pub fn contestants() -> impl Iterator<Item = &'static Contestant> {
    MODES.iter().flat_map(|modes| [modes.adaptive, modes.latency]).chain(OTHERS)
}

/// What one measurement says, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// For each message of a stream, or each turn.
    pub each: f64,
    /// The latency that half of the messages had at most: from sending to having received, or from
    /// the first question to the last answer.
    pub p50: f64,
    /// The latency that 99 of 100 had at most.
    pub p99: f64,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Grid {
    /// What each contestant did in each round, by its word.
    pub cells: Vec<(Cell, BTreeMap<&'static str, Vec<Sample>>)>,
    /// What could not be measured, and why.
    pub skipped: BTreeMap<String, String>,
    /// What failed, and why.
    pub failed: BTreeMap<String, String>,
}

impl Contestant {
    /// Whether it is measured in `cell`: .NET, which has to be warmed up for long, in a few.
    pub fn is_in(&self, cell: &Cell) -> bool {
        let is_typical = match cell.flow {
            Flow::Turns(count) => [1, 2, 8].contains(&count),
            Flow::Stream { gap_ns, .. } => [0, 100, 300, 1000, 20_000].contains(&gap_ns),
        };
        self.from != DOTNET.from || cell.is_basic() && is_typical
    }
}

/// Measures once.
///
/// # Errors
///
/// When a program fails or hangs.
pub fn measure(
    cell: &Cell,
    contestant: &'static Contestant,
    programs: [&Program; 2],
    processors: [usize; 2],
) -> Result<Sample, String> {
    thread::sleep(REST);
    let is_dotnet = contestant.from == DOTNET.from;
    let warm_up_us = if is_dotnet { DOTNET_WARM_UP_US } else { WARM_UP_US };
    sample(cell, contestant, programs, processors, [warm_up_us, TIMED_US])
}

/// Shows that a cell works; what it says means nothing.
///
/// # Errors
///
/// When a program fails or hangs.
pub fn carry(
    cell: &Cell,
    contestant: &'static Contestant,
    programs: [&Program; 2],
    processors: [usize; 2],
) -> Result<(), String> {
    sample(cell, contestant, programs, processors, [100, 1000]).map(drop)
}

fn sample(
    cell: &Cell,
    contestant: &'static Contestant,
    programs: [&Program; 2],
    processors: [usize; 2],
    [warm_up_us, timed_us]: [u64; 2],
) -> Result<Sample, String> {
    let wait = if contestant.is_ring { Wait::Blocking } else { Wait::Polling };
    let mut arguments = cell.arguments();
    arguments.push(("--wait", wait.id().to_owned()));
    arguments.push(("--warm-up-us", warm_up_us.to_string()));
    arguments.push(("--timed-us", timed_us.to_string()));
    let (parts, whole) = cell.parts();
    let task = Task { contestant, parts, whole, size: cell.size, arguments: &arguments };
    let found = run(&task, programs, processors)?;
    let number = |key| found[key].as_f64().ok_or_else(|| format!("no {key} in: {found}"));
    Ok(Sample { each: number("ns")?, p50: number("p50")?, p99: number("p99")? })
}

/// The median of something that samples have.
pub fn typical(samples: &[Sample], what: impl Fn(&Sample) -> f64) -> f64 {
    median(&samples.iter().map(what).collect::<Vec<_>>())
}

/// Whether the flow is more than latency mode can carry, whose samples these are: then a latency
/// says how much waits, not how long one message takes.
pub fn is_saturated(cell: &Cell, latency: &[Sample]) -> bool {
    match (cell.flow, cell.nominal_ns()) {
        (Flow::Turns(_), _) => false,
        (_, None) => true,
        (_, Some(nominal)) => nominal / typical(latency, |sample| sample.each) < SATURATED,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Cell, Flow, Sample, contestants, is_saturated};

    #[test]
    fn every_cell_and_every_contestant_has_a_name_of_its_own() {
        let cells = Cell::all();
        let names: BTreeSet<_> = cells.iter().map(Cell::id).collect();
        assert_eq!((cells.len(), names.len()), (108, 108));
        let names: BTreeSet<_> = contestants().map(|contestant| contestant.id).collect();
        assert_eq!(names.len(), contestants().count());
    }

    #[test]
    fn a_stream_is_saturated_if_latency_mode_falls_behind() {
        let stream = |gap_ns| Cell { flow: Flow::Stream { gap_ns, burst: 1, work_ns: 0 }, size: 8 };
        let sample = |each| [Sample { each, p50: 0.0, p99: 0.0 }];
        assert!(!is_saturated(&stream(100), &sample(101.0)));
        assert!(is_saturated(&stream(100), &sample(110.0)));
        assert!(is_saturated(&stream(0), &sample(10.0)));
        assert!(!is_saturated(&Cell { flow: Flow::Turns(2), size: 8 }, &sample(400.0)));
    }
}
