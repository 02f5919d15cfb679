//! The C++ engine from inside: errors, wrap, batches, claims, fragments, death and hostile memory,
//! compiled with the sanitizers where one process plays both sides.

#[path = "cpp_engine/text.rs"]
mod text;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use bitrpc_codegen::names::Language;
use bitrpc_tests::matrix::{Subject, subjects};
use bitrpc_tests::tools::GXX;
use bitrpc_tests::{harness, programs, repo};

const SANITIZED: &[&str] = &["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"];
const PLAIN: &[&str] = &["-O2"];

/// A program of many tests that takes longer hangs.
const HANG: Duration = Duration::from_secs(600);

/// Program, spec whose header it includes, flags.
const PROGRAMS: &[(&str, &str, &[&str])] = &[
    ("errors", "bitrpc", SANITIZED),
    ("ring", "bitrpc", SANITIZED),
    ("hostile", "bitrpc", SANITIZED),
    ("manager", "bitrpc", SANITIZED),
    ("custom", "custom_headers", SANITIZED),
    ("process", "bitrpc", PLAIN),
    ("distance", "bitrpc", PLAIN),
];

fn main() -> ExitCode {
    let trial = |&(program, spec, flags): &(&'static str, &str, &'static [&'static str])| {
        let subject = subjects().iter().find(|subject| subject.name == spec);
        let subject = subject.unwrap_or_else(|| panic!("no spec {spec}"));
        match GXX.find() {
            Err(missing) => harness::skipped(program, &missing),
            Ok(_) => harness::trial(program, move || run(program, subject, flags)),
        }
    };
    harness::run(PROGRAMS.iter().map(trial).chain(text::trials()).collect())
}

fn run(program: &str, subject: &Subject, flags: &[&str]) -> Result<(), String> {
    let binary = build(program, subject, flags)?;
    programs::run_within(HANG, &mut Command::new(binary)).map(drop)
}

fn build(program: &str, subject: &Subject, flags: &[&str]) -> Result<PathBuf, String> {
    let folder = repo::cache().join("cpp_engine");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let binary = folder.join(program);
    let source = repo::root().join("tests/cpp_engine").join(program).with_extension("cpp");
    let library = subject.job(Language::Cpp)?.library;
    let mut command = Command::new(GXX.program);
    command.args(["-std=c++17", "-Wall", "-Wextra"]).args(flags).arg("-I").arg(library);
    command.arg(source).arg("-o").arg(&binary).arg("-pthread");
    bitrpc_codegen::demo::toolchain::run(&mut command).map_err(|error| error.to_string())?;
    Ok(binary)
}
