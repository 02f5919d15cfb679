//! Offsets and sizes as each compiler says them, against `bitrpc layout --json`.

use std::process::{Command, ExitCode};

use bitrpc_conform::parity;
use bitrpc_conform::toolchain::run;
use bitrpc_tests::matrix::{Member, Subject, members, subjects};
use bitrpc_tests::{harness, repo};
use serde_json::Value;

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for subject in subjects() {
        for member in members() {
            let name = format!("{}/{}", subject.name, member.id());
            trials.push(match &member.found {
                Err(missing) => harness::skipped(name, missing),
                Ok(_) => harness::trial(name, move || compare(subject, member)),
            });
        }
    }
    harness::run_compilers(trials)
}

fn compare(subject: &Subject, member: &Member) -> Result<(), String> {
    let expected = from_command_line(subject)?;
    let peer = subject.peer(member)?;
    let text = run(peer.command().arg("layout")).map_err(|error| error.to_string())?;
    let found = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    match parity::differences(&expected, &found).first() {
        Some(difference) => Err(difference.clone()),
        None => Ok(()),
    }
}

/// What a user gets from the command line.
fn from_command_line(subject: &Subject) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--package", "bitrpc-cli", "--"]);
    command.arg("layout").arg(&subject.path).arg("--json").current_dir(repo::root());
    let text = run(&mut command).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
}
