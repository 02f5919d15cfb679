//! Every producer against every consumer, over every spec of the repository.
//!
//! The peers themselves verify content, order, ids and counts of every message; here both must
//! agree with each other and with the task, and no wake-up may be missed.

use std::process::ExitCode;

use bitrpc_codegen::demo::runner::{Failure, Order, Task, run_pair};
use bitrpc_codegen::layout::Layout;
use bitrpc_tests::bench::{Member, Subject, members, subjects};
use bitrpc_tests::harness;
use libtest_mimic::Trial;

/// Capacity of the rings that must be lapped often.
const SMALL: u64 = 4096;

/// How often a small ring has to be lapped, at least.
const LAPS: u64 = 100;

/// One way to exchange messages.
struct Scenario {
    name: &'static str,
    /// Whether the ring is lapped [`LAPS`] times.
    laps: bool,
    task: fn() -> Task,
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "laps_consumer_first", laps: true, task: laps_consumer_first },
    Scenario { name: "laps_producer_first_spinning", laps: true, task: laps_producer_first },
    Scenario { name: "slow_reader", laps: true, task: slow_reader },
    Scenario { name: "slow_writer", laps: true, task: slow_writer },
    Scenario { name: "roomy_ring", laps: false, task: roomy_ring },
];

fn laps_consumer_first() -> Task {
    let order = Order::ConsumerFirst;
    Task { count: 20_000, capacity: SMALL, seed: 11, order, ..Task::default() }
}

fn laps_producer_first() -> Task {
    let order = Order::ProducerFirst;
    Task { count: 20_000, capacity: SMALL, seed: 12, order, wait: "spin", ..Task::default() }
}

fn slow_reader() -> Task {
    let order = Order::ProducerFirst;
    Task { count: 20_000, capacity: SMALL, seed: 13, slow_consumer: 50, order, ..Task::default() }
}

fn slow_writer() -> Task {
    let order = Order::ConsumerFirst;
    Task { count: 20_000, capacity: SMALL, seed: 14, slow_producer: 50, order, ..Task::default() }
}

fn roomy_ring() -> Task {
    Task { count: 10_000, capacity: 1 << 20, seed: 15, ..Task::default() }
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for subject in subjects() {
        for from in members() {
            for to in members() {
                trials.extend(SCENARIOS.iter().map(|scenario| trial(subject, from, to, scenario)));
            }
        }
    }
    harness::run(trials)
}

fn trial(
    subject: &'static Subject,
    from: &'static Member,
    to: &'static Member,
    scenario: &'static Scenario,
) -> Trial {
    let name = format!("{}/{}_to_{}/{}", subject.name, from.id(), to.id(), scenario.name);
    match (&from.found, &to.found) {
        (Err(missing), _) | (_, Err(missing)) => harness::skipped(name, missing),
        _ => harness::trial(name, move || exchange(subject, from, to, scenario)),
    }
}

fn exchange(
    subject: &Subject,
    from: &Member,
    to: &Member,
    scenario: &Scenario,
) -> Result<(), Failure> {
    let (layout, task) = (subject.layout()?, (scenario.task)());
    let (from, to) = (subject.peer(from)?, subject.peer(to)?);
    let outcome = run_pair(layout, from, to, &task, &mut |_| true)?;
    let least = least_ring_bytes(layout, outcome.consumer.messages, outcome.consumer.bytes);
    if scenario.laps && least < LAPS * task.capacity {
        let laps = least / task.capacity;
        return Err(Failure::new(format!("only {laps} laps of the ring, {LAPS} are wanted")));
    }
    Ok(())
}

/// Bytes of the ring that so many messages take at least: headers and payloads without padding.
fn least_ring_bytes(layout: &Layout, messages: u64, payload: u64) -> u64 {
    messages * layout.message_header.size + payload
}
