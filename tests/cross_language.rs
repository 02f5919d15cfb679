//! `cross_language_test`, the program that users were promised, in all languages that it has.

use std::process::{Command, ExitCode};
use std::time::Duration;

use bitrpc_conform::runner::{Arena, Finished, Running};
use bitrpc_conform::toolchain::Program;
use bitrpc_tests::matrix::{Member, members};
use bitrpc_tests::{harness, programs, repo};
use libtest_mimic::Trial;
use serde_json::{Value, json};

/// A program that takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for from in members() {
        for to in members() {
            for (name, test) in PAIR_TESTS {
                trials.push(trial(
                    &format!("{}_to_{}/{name}", from.id(), to.id()),
                    [from, to],
                    test,
                ));
            }
        }
        for (name, test) in TESTS {
            trials.push(trial(&format!("{}/{name}", from.id()), [from, from], test));
        }
    }
    harness::run(trials)
}

type Test = fn(&Arena, &[Program; 2]) -> Result<(), String>;

const PAIR_TESTS: [(&str, Test); 3] = [
    ("consumer_first", consumer_first),
    ("producer_long_gone", producer_long_gone),
    ("large_texts_through_a_small_ring", large_texts),
];

const TESTS: [(&str, Test); 3] = [
    ("fewer_rounds_than_expected_fail", fewer_rounds),
    ("silence_ends_by_the_timeout", silence),
    ("wrong_usage_exits_with_2", wrong_usage),
];

fn trial(name: &str, members: [&'static Member; 2], test: Test) -> Trial {
    if let Some(missing) = members.iter().find_map(|member| member.found.as_ref().err()) {
        return harness::skipped(name, missing);
    }
    harness::trial(name, move || {
        let [from, to] = members;
        let programs = [program(from)?, program(to)?];
        let arena = Arena::new().map_err(|error| error.to_string())?;
        test(&arena, &programs)
    })
}

fn program(member: &Member) -> Result<Program, String> {
    let language = member.toolchain.language();
    let folder = repo::root().join("tests/peers").join(language.id());
    programs::build_folder(member, folder)
}

fn start(arena: &Arena, program: &Program, mode: &str, options: &str) -> Result<Running, String> {
    let mut command: Command = program.command();
    command.args(["--mode", mode, "--name", "CrossLangTest"]).args(options.split_whitespace());
    arena.spawn(mode, &mut command).map_err(|error| error.to_string())
}

fn end(peer: &mut Running) -> Result<Finished, String> {
    peer.wait(HANG).cloned().ok_or_else(|| "the program hangs".to_owned())
}

fn succeeds(peer: &mut Running) -> Result<String, String> {
    let end = end(peer)?;
    if end.status.success() { Ok(end.text) } else { Err(format!("{}\n{}", end.status, end.text)) }
}

fn consumer_first(arena: &Arena, [from, to]: &[Program; 2]) -> Result<(), String> {
    let mut consumer = start(arena, to, "consumer", "")?;
    let mut producer = start(arena, from, "producer", "")?;
    let (sent, received) = (succeeds(&mut producer)?, succeeds(&mut consumer)?);
    for (text, verb) in [(&sent, "sent"), (&received, "received")] {
        for what in ["text: Hello from ", "TestData: id=1 value=3.14159", "heartbeat"] {
            if !text.contains(&format!("{verb} {what}")) {
                return Err(format!("no `{verb} {what}` in:\n{text}"));
            }
        }
    }
    Ok(())
}

fn producer_long_gone(arena: &Arena, [from, to]: &[Program; 2]) -> Result<(), String> {
    succeeds(&mut start(arena, from, "producer", "--count 25 --json")?)?;
    let text = succeeds(&mut start(arena, to, "consumer", "--count 25 --json")?)?;
    let found: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    let counts = ["texts", "test_data", "heartbeats"].map(|name| found[name].as_u64());
    if found["ok"] != json!(true) || counts != [Some(25); 3] {
        return Err(format!("unexpected verdict: {text}"));
    }
    Ok(())
}

fn large_texts(arena: &Arena, [from, to]: &[Program; 2]) -> Result<(), String> {
    let options = "--count 2000 --size 1000 --capacity 4096 --json";
    let mut producer = start(arena, from, "producer", options)?;
    let mut consumer = start(arena, to, "consumer", options)?;
    succeeds(&mut producer)?;
    succeeds(&mut consumer).map(drop)
}

fn fewer_rounds(arena: &Arena, [from, to]: &[Program; 2]) -> Result<(), String> {
    succeeds(&mut start(arena, from, "producer", "--count 3 --json")?)?;
    fails(&mut start(arena, to, "consumer", "--count 4 --json")?, 1, "expected 4 rounds, got 3")
}

fn silence(arena: &Arena, [_, to]: &[Program; 2]) -> Result<(), String> {
    fails(&mut start(arena, to, "consumer", "--timeout-ms 50 --json")?, 1, "\"ok\":false")
}

fn wrong_usage(arena: &Arena, [from, _]: &[Program; 2]) -> Result<(), String> {
    fails(&mut start(arena, from, "spectator", "")?, 2, "--mode")
}

fn fails(peer: &mut Running, code: i32, text: &str) -> Result<(), String> {
    let end = end(peer)?;
    if end.status.code() == Some(code) && end.text.contains(text) {
        return Ok(());
    }
    Err(format!("expected exit code {code} and `{text}`, got {}:\n{}", end.status, end.text))
}
