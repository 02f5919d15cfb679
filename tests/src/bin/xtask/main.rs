//! `cargo xtask`: the whole test suite in one command, and all figures in another.

mod bench;
mod grid;
mod install;
mod run;
mod steps;
mod summary;

use std::process::ExitCode;

use bitrpc_tests::harness::INSTALLED;
use bitrpc_tests::playground;
use clap::Parser;

/// The project's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Task {
    Test(TestArgs),
    Bench(bench::BenchArgs),
    /// Build target/playground.html: a spec, its findings, byte maps and code, without a server.
    Playground,
}

/// Run the whole suite and say what passed, failed and was skipped.
///
/// A test whose toolchain is missing is skipped by name. Every step runs, also after a failure.
/// Exit code 1 if anything failed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct TestArgs {
    /// Only these steps (see the headings of a run for their names).
    #[arg(value_name = "STEP", value_parser = steps::known)]
    steps: Vec<&'static steps::Step>,
    /// Install missing toolchains with apt-get first, and fail if one of those is missing then.
    #[arg(long)]
    install: bool,
    /// A missing toolchain is a failure.
    #[arg(long)]
    require_all: bool,
    /// Many more kills, mutations and sleeps.
    #[arg(long)]
    long: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask test --install        what continuous integration runs
  cargo xtask test                  with the toolchains that are there
  cargo xtask test exchange golden  only two steps";

fn main() -> ExitCode {
    let is_fine = match Task::parse() {
        Task::Test(args) => test(&args),
        Task::Bench(args) => bench::bench(&args),
        Task::Playground => build_playground(),
    };
    if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says where the page is, or why there is none.
fn build_playground() -> bool {
    let found = playground::find().map_err(|missing| missing.to_string());
    match found.and_then(|_| playground::build()) {
        Ok(page) => println!("wrote {}", page.display()),
        Err(error) => {
            eprintln!("error: {error}");
            return false;
        }
    }
    true
}

/// Runs the chosen steps; `true` when nothing failed.
fn test(args: &TestArgs) -> bool {
    let mut summary = summary::Summary::default();
    if args.install {
        let outcome = summary::timed(|| {
            summary::heading("install", "missing toolchains");
            install::install()
        });
        summary.add("install", outcome);
    }
    let required = match (args.require_all, args.install) {
        (true, _) => Some("1"),
        (false, true) => Some(INSTALLED),
        (false, false) => None,
    };
    let settings = run::Settings { required, long: args.long };
    for step in steps::ALL.iter().filter(|step| args.includes(step)) {
        let outcome = summary::timed(|| {
            summary::heading(step.name, step.about);
            (step.run)(&settings)
        });
        summary.add(step.name, outcome);
    }
    summary.print();
    summary.is_fine()
}

impl TestArgs {
    fn includes(&self, step: &steps::Step) -> bool {
        self.steps.is_empty() || self.steps.iter().any(|wanted| wanted.name == step.name)
    }
}
