//! How fast a ring carries messages between two pinned processes.
//!
//! `cargo bench -p bitrpc-shm [-- --runs N]` prints medians of several runs; every measurement is
//! set against a bare cache line (round trips) or a plain copy (streams) of the same run, because
//! absolute figures of a shared machine mean little.
//!
//! The second process is this program again, started with the name of its part.

#[path = "../../tests/common/layout.rs"]
mod layout;

mod bare;
mod parts;
mod pinned;

use std::process::ExitCode;

use bare::Bare;
use parts::{Case, Kind};

/// What is measured, in the order of the table.
const CASES: &[Case] = &[
    Case::stream(Kind::Send, 8, 40_000_000),
    Case::stream(Kind::Send, 64, 20_000_000),
    Case::stream(Kind::Send, 1024, 4_000_000),
    Case::stream(Kind::Send, 65536, 60_000),
    Case::stream(Kind::SendLatency, 8, 20_000_000),
    Case::stream(Kind::SendLatency, 64, 10_000_000),
    Case::stream(Kind::SendLatency, 1024, 4_000_000),
    Case::stream(Kind::Drain, 8, 40_000_000),
    Case::stream(Kind::Drain, 64, 20_000_000),
    Case::stream(Kind::Batch, 8, 40_000_000),
    Case::stream(Kind::Batch, 64, 20_000_000),
    Case::round_trip(Kind::Spin, 64, 1_000_000),
    Case::round_trip(Kind::Blocking, 64, 30_000),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == "part") {
        parts::child(&args[1..]);
        return ExitCode::SUCCESS;
    }
    let Some(plan) = Plan::parse(&args) else {
        eprintln!("usage: cargo bench -p bitrpc-shm [-- [--runs N] [--shorter N] [--only TEXT]]");
        return ExitCode::from(2);
    };
    let runs = plan.runs;
    let bare = Bare::measure(runs);
    println!(
        "bare round trips: cache line {:.0} ns, futex {:.0} ns; copy of 64 KiB: {:.1} GB/s",
        bare.line_ns, bare.futex_ns, bare.copy_gb
    );
    println!("medians of {runs} runs; in brackets the best run");
    println!("{:<18} {:>30} {:>9} {:>16}", "case", "M msg/s", "GB/s", "against bare");
    for case in CASES.iter().filter(|case| case.name().contains(&plan.only)) {
        let case = case.shorter(plan.shorter);
        let values: Vec<f64> = (0..runs).map(|_| parts::measure(&case)).collect();
        let best = values.iter().copied().fold(f64::INFINITY, f64::min);
        println!("{}", case.row(median(values), best, &bare));
    }
    ExitCode::SUCCESS
}

/// What the command line asks for.
struct Plan {
    runs: usize,
    /// How many times fewer messages than usual.
    shorter: u64,
    /// Only cases whose name contains this.
    only: String,
}

impl Plan {
    fn parse(args: &[String]) -> Option<Self> {
        let mut plan = Self { runs: 5, shorter: 1, only: String::new() };
        for pair in args.chunks(2) {
            let [flag, value] = pair else { return None };
            match flag.as_str() {
                "--runs" => plan.runs = value.parse().ok().filter(|runs| *runs > 0)?,
                "--shorter" => plan.shorter = value.parse().ok().filter(|n| *n > 0)?,
                "--only" => plan.only.clone_from(value),
                _ => return None,
            }
        }
        Some(plan)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
