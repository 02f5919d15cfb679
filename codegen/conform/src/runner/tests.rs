//! The runner against shell scripts that behave as peers do, or do not.

use std::time::Duration;

use super::{Task, run_pair};
use crate::toolchain::Program;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Memory;

const RIGHT: &str = r#"echo noise; echo '{"ok":true,"messages":5,"bytes":40,"seconds":0.1}'"#;

fn layout() -> Layout {
    let files = Memory::new().with("demo.yaml", "bitrpc: 1\nname: demo\nversion: \"1.0\"\n");
    Layout::of(&Spec::load("demo.yaml", &files).unwrap())
}

/// What becomes of a pair of scripts that were asked for 5 messages.
fn pair(producer: &str, consumer: &str) -> Result<(), String> {
    let program = |script: &str| Program::new("sh").with("-c").with(script);
    let task = Task { count: 5, limit: Duration::from_secs(1), ..Task::default() };
    let (from, to) = (program(producer), program(consumer));
    let outcome = run_pair(&layout(), &from, &to, &task, &mut |_| true);
    outcome.map(drop).map_err(|failure| failure.to_string())
}

#[test]
fn two_sides_that_agree_are_verified() {
    assert_eq!(pair(RIGHT, RIGHT), Ok(()));
}

#[test]
fn a_side_that_hangs_is_killed_at_the_limit() {
    let failure = pair(RIGHT, "exec sleep 1000").unwrap_err();
    assert!(failure.starts_with("no end after 1s"), "{failure}");
}

#[test]
fn a_side_that_reports_a_failure_ends_the_pair_at_once() {
    let wrong = r#"echo '{"ok":false,"error":"message 3: lost"}'; exit 1"#;
    assert_eq!(pair("exec sleep 1000", wrong), Err("consume: message 3: lost".to_owned()));
}

#[test]
fn a_side_that_dies_shows_all_that_it_printed() {
    let failure = pair("echo out; echo err >&2; exit 3", RIGHT).unwrap_err();
    assert!(failure.contains("exit status: 3\nout\nerr"), "{failure}");
}

#[test]
fn success_without_a_verdict_is_a_failure() {
    assert!(pair("exit 0", RIGHT).unwrap_err().starts_with("produce: exit status: 0"));
}

#[test]
fn verdicts_must_agree_with_the_task_and_each_other() {
    for (from, to, what) in [
        ("\"messages\":5", "\"messages\":4", "messages received: 4, expected 5"),
        ("\"bytes\":40", "\"bytes\":39", "bytes received: 39, expected 40"),
        ("\"seconds\"", "\"missed_wakeups\":2,\"seconds\"", "wake-ups missed by the consumer: 2"),
        ("\"seconds\"", "\"errors\":1,\"seconds\"", "errors counted by the consumer: 1"),
    ] {
        let failure = pair(RIGHT, &RIGHT.replace(from, to)).unwrap_err();
        assert!(failure.starts_with(what), "{failure}");
    }
}
