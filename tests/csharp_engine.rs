//! The C# engine from inside, on every runtime: messages, ends, broken rings, waiting, and that
//! sending and receiving allocates nothing.

use std::process::ExitCode;
use std::time::Duration;

use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::{Member, members};
use bitrpc_tests::{harness, programs, repo};

/// A program of many tests that takes longer hangs.
const HANG: Duration = Duration::from_secs(600);

fn main() -> ExitCode {
    let speaks = |member: &&Member| member.toolchain.language() == Language::Csharp;
    let trial = |member: &'static Member| match &member.found {
        Err(missing) => harness::skipped(member.id(), missing),
        Ok(_) => harness::trial(member.id(), move || run(member)),
    };
    harness::run(members().iter().filter(speaks).map(trial).collect())
}

fn run(member: &Member) -> Result<(), String> {
    let program = programs::build_folder(member, repo::root().join("tests/csharp_engine"))?;
    programs::run_within(HANG, &mut program.command()).map(drop)
}
