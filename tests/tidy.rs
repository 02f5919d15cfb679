//! Style that can be run: lengths of files and lines, and nothing of one machine in the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bitrpc_conform::toolchain::run;
use bitrpc_tests::{harness, repo};

/// Most lines of a file written by hand.
const MAX_LINES: usize = 520;

/// Most columns of a line.
const MAX_COLUMNS: usize = 100;

/// Files whose lines and lengths are somebody else's: made by tools, or prose.
const NOT_CODE: [&str; 9] =
    [".lock", ".snap", ".json", ".md", ".hex", ".txt", ".svg", ".toml", "LICENSE"];

/// Written so that this file is none of those that it finds.
const MACHINE_PATHS: [&str; 3] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/", "bash_jobs")];

/// What nobody leaves behind.
const LEFT_BEHIND: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

fn main() -> ExitCode {
    let trials = vec![
        harness::trial("files_are_short", || check(file_length)),
        harness::trial("lines_are_short", || check(line_lengths)),
        harness::trial("no_machine_paths", || check(machine_paths)),
        harness::trial("nothing_left_behind", || check(left_behind)),
        harness::trial("files_end_with_one_newline", || check(last_newline)),
        harness::trial("generated_folder_is_fresh", generated_is_fresh),
    ];
    harness::run(trials)
}

/// Applies `rule` to every text file of the repository and reports all that it finds.
fn check(rule: fn(&Path, &str) -> Vec<String>) -> Result<(), String> {
    let mut findings = Vec::new();
    for path in files()? {
        // What is not UTF-8 is no text.
        if let Ok(text) = fs::read_to_string(repo::root().join(&path)) {
            let found = rule(&path, &text).into_iter();
            findings.extend(found.map(|finding| format!("{}:{finding}", path.display())));
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n")) }
}

/// Every file that is, or is about to be, in the repository.
fn files() -> Result<Vec<PathBuf>, String> {
    let mut command = Command::new("git");
    command.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let text = run(command.current_dir(repo::root())).map_err(|error| error.to_string())?;
    Ok(text.lines().map(PathBuf::from).collect())
}

fn is_code(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let inputs = ["generated", "spec/tests/diagnostics", "tests/lint/awkward_names.yaml"];
    let is_input = inputs.iter().any(|input| path.starts_with(input));
    !is_input && !NOT_CODE.iter().any(|ending| name.ends_with(ending))
}

fn file_length(path: &Path, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    match lines > MAX_LINES && is_code(path) {
        true => vec![format!(" {lines} lines, at most {MAX_LINES} are wanted")],
        false => Vec::new(),
    }
}

fn line_lengths(path: &Path, text: &str) -> Vec<String> {
    // A template's lines are longer than what comes out of it, which the formatters check.
    if !is_code(path) || path.iter().any(|folder| folder == "templates") {
        return Vec::new();
    }
    let lines = text.lines().zip(1..).map(|(line, number)| (line.chars().count(), number));
    let long = lines.filter(|(columns, _)| *columns > MAX_COLUMNS);
    long.map(|(columns, number)| format!("{number}: {columns} columns")).collect()
}

fn machine_paths(_: &Path, text: &str) -> Vec<String> {
    mentions(text, &MACHINE_PATHS)
}

fn left_behind(path: &Path, text: &str) -> Vec<String> {
    if is_code(path) { mentions(text, &LEFT_BEHIND) } else { Vec::new() }
}

fn mentions(text: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let words = words.iter().filter(|word| line.contains(**word));
        found.extend(words.map(|word| format!("{number}: {word}")));
    }
    found
}

fn last_newline(_: &Path, text: &str) -> Vec<String> {
    let is_right = text.is_empty() || (text.ends_with('\n') && !text.ends_with("\n\n"));
    if is_right { Vec::new() } else { vec![" does not end with one newline".to_owned()] }
}

fn generated_is_fresh() -> Result<(), String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--package", "bitrpc-cli", "--", "generate", "--check"]);
    run(command.current_dir(repo::root())).map(drop).map_err(|error| error.to_string())
}
