//! Runs Cargo and reads from its output what became of each test.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use bitrpc_tests::harness::{LONG, REQUIRE_ALL};
use bitrpc_tests::repo;

use crate::summary::Outcome;

/// How the suite is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// What must be there, as the harness takes it.
    pub(crate) required: Option<&'static str>,
    /// Take the time that a thorough run needs.
    pub(crate) long: bool,
}

impl Settings {
    /// Cargo in the repository's folder.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(repo::root());
        // Snapshots are compared, never written.
        command.env("INSTA_UPDATE", "no").env("INSTA_FORCE_PASS", "0");
        if let Some(what) = self.required {
            command.env(REQUIRE_ALL, what);
        }
        if self.long {
            command.env(LONG, "1");
        }
        command
    }
}

/// One check: it passes when `command` exits with 0.
pub(crate) fn check(name: &str, command: &mut Command) -> Outcome {
    show(command);
    let passed = command.stdin(Stdio::null()).status().is_ok_and(|status| status.success());
    Outcome::of(name, passed)
}

/// Many tests: runs `command` and counts what it prints of each test.
pub(crate) fn tests(name: &str, command: &mut Command) -> Outcome {
    show(command);
    let mut outcome = Outcome::default();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else { return Outcome::of(name, false) };
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            println!("{line}");
            count(&line, &mut outcome);
        }
    }
    let passed = child.wait().is_ok_and(|status| status.success());
    if !passed && outcome.failed.is_empty() {
        // It did not even compile, or died before it could name a test.
        outcome.failed.push(name.to_owned());
    }
    if passed && outcome == Outcome::default() {
        outcome.failed.push(format!("{name}: no test ran"));
    }
    outcome
}

/// Takes in one line of a test harness, e.g. `test net::retries ... ok`.
fn count(line: &str, outcome: &mut Outcome) {
    let Some((name, result)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "))
    else {
        return;
    };
    let name = name.trim_end();
    match result.split([' ', ',']).next() {
        Some("ok") => outcome.passed += 1,
        Some("FAILED") => outcome.failed.push(name.to_owned()),
        Some("ignored") => outcome.skipped.push(name.to_owned()),
        _ => {}
    }
}

fn show(command: &Command) {
    let words = command.get_args().map(|word| word.to_string_lossy());
    println!("cargo {}", words.collect::<Vec<_>>().join(" "));
}

#[cfg(test)]
mod tests {
    use super::{Outcome, count};

    #[test]
    fn each_test_is_counted_by_what_became_of_it() {
        let mut outcome = Outcome::default();
        let lines = [
            "running 4 tests",
            "test net::retries ... ok",
            "test [no g++; install it with: apt-get install g++] a/cpp  ... ignored",
            "test slow ... ignored, takes an hour",
            "test broken        ... FAILED",
            "test src/lib.rs - (line 9) - compile ... ok",
            "test result: FAILED. 2 passed; 1 failed; 2 ignored",
        ];
        lines.iter().for_each(|line| count(line, &mut outcome));
        assert_eq!(outcome.passed, 2);
        assert_eq!(outcome.failed, ["broken"]);
        let no_compiler = "[no g++; install it with: apt-get install g++] a/cpp";
        assert_eq!(outcome.skipped, [no_compiler, "slow"]);
    }
}
