//! The command `bitrpc demo`, as a user starts it.

use std::env;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output};

use bitrpc_tests::matrix::members;
use bitrpc_tests::{harness, repo};
use serde_json::Value;

fn main() -> ExitCode {
    let trials = vec![
        harness::trial("every_pair_is_verified", every_pair),
        harness::trial("a_table_for_people", table),
        harness::trial("works_in_an_empty_folder", anywhere),
        harness::trial("only_rust_installed", only_rust),
        harness::trial("unknown_language_exits_with_2", unknown_language),
        harness::trial("no_spec_exits_with_2", no_spec),
    ];
    harness::run(trials)
}

/// `bitrpc demo` with rings and temporary files in a folder that must be empty at the end.
struct Demo {
    command: Command,
    temporary: tempfile::TempDir,
}

impl Demo {
    fn new(arguments: &str) -> Result<Self, String> {
        let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO"));
        command.args(["run", "--quiet", "--package", "bitrpc-cli", "--manifest-path"]);
        command.arg(repo::root().join("Cargo.toml")).args(["--", "demo"]);
        command.args(arguments.split_whitespace()).current_dir(repo::root());
        command.env("TMPDIR", temporary.path());
        Ok(Self { command, temporary })
    }

    fn run(mut self, code: i32) -> Result<Output, String> {
        let output = self.command.output().map_err(|error| error.to_string())?;
        if output.status.code() != Some(code) {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(format!("expected exit code {code}, got {}:\n{text}", output.status));
        }
        let left = self.temporary.path().read_dir().map_err(|error| error.to_string())?;
        let left: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
        if left.is_empty() { Ok(output) } else { Err(format!("left behind: {left:?}")) }
    }

    fn report(self, code: i32) -> Result<Value, String> {
        let output = self.run(code)?;
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }
}

fn every_pair() -> Result<(), String> {
    let report = Demo::new("--json --count 5000 --all-runtimes")?.report(0)?;
    let languages = members().iter().filter(|member| member.found.is_ok()).count();
    let pairs = report["pairs"].as_array().ok_or("no pairs")?;
    if pairs.len() != languages * languages {
        return Err(format!("expected {languages} languages in all pairs: {report}"));
    }
    for pair in pairs {
        let keys: Vec<_> = pair.as_object().ok_or("a pair is an object")?.keys().collect();
        let is_right = keys == ["from", "messages", "ok", "seconds", "to"]
            && pair["ok"] == true
            && pair["messages"] == 5000
            && pair["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0);
        if !is_right {
            return Err(format!("unexpected pair: {pair}"));
        }
    }
    Ok(())
}

fn table() -> Result<(), String> {
    let output = Demo::new("spec/bitrpc.yaml --pairs rust:rust --count 5000")?.run(0)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let is_right =
        ["rust -> rust", "5,000", "yes", "M msg/s"].iter().all(|word| text.contains(word));
    if is_right && !text.contains('\x1b') { Ok(()) } else { Err(format!("unexpected:\n{text}")) }
}

/// As installed: no checkout around it, and no spec at hand.
fn anywhere() -> Result<(), String> {
    let empty = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut demo = Demo::new("--json --pairs rust:rust --count 1000")?;
    demo.command.current_dir(empty.path());
    let report = demo.report(0)?;
    if report["pairs"][0]["ok"] == true { Ok(()) } else { Err(format!("unexpected: {report}")) }
}

/// Rust needs a linker besides itself; nothing else is on this PATH.
fn only_rust() -> Result<(), String> {
    let tools = tempfile::tempdir().map_err(|error| error.to_string())?;
    for name in ["cargo", "rustc", "cc", "ld", "as"] {
        let tool = on_path(name).ok_or_else(|| format!("no {name} on the PATH"))?;
        symlink(tool, tools.path().join(name)).map_err(|error| error.to_string())?;
    }
    let mut demo = Demo::new("--json --count 1000")?;
    demo.command.env("PATH", tools.path());
    let report = demo.report(0)?;
    let skipped = report["skipped"].to_string();
    let is_right = report["pairs"].as_array().is_some_and(|pairs| pairs.len() == 1)
        && report["pairs"][0]["ok"] == true
        && skipped.contains("\"language\":\"cpp\"")
        && skipped.contains("apt-get install g++");
    if is_right { Ok(()) } else { Err(format!("unexpected: {report}")) }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn unknown_language() -> Result<(), String> {
    Demo::new("--pairs rust:cobol")?.run(2).map(drop)
}

fn no_spec() -> Result<(), String> {
    Demo::new("no/such/file.yaml")?.run(2).map(drop)
}
