//! Every producer against every consumer, over every spec of the repository.
//!
//! The peers themselves verify content, order, ids and counts of every message: texts, raw bytes,
//! structs with tails, flags, fragments, batches and claims, received in every way there is. Here
//! both must agree with each other and with the task, and no wake-up may be missed.
//!
//! The default spec gets every scenario, the others those that differ by spec.

use std::process::ExitCode;
use std::time::Duration;

use bitrpc_conform::runner::{Arena, Failure, Order, RING, Task, run_pair_in};
use bitrpc_conform::toolchain::Program;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::names::Language;
use bitrpc_tests::harness;
use bitrpc_tests::matrix::{Member, Subject, engines, subjects};
use libtest_mimic::Trial;
use serde_json::Value;

/// Capacity of the rings that must be lapped often.
const SMALL: u64 = 4096;

/// How often a small ring has to be lapped, at least.
const LAPS: u64 = 100;

/// Messages that lap a small ring often enough, whatever the spec.
const ENOUGH: u64 = 8_000;

/// Messages of each pair, and of a pair with Python.
const MANY: u64 = 1_000_000;
const MANY_WITH_PYTHON: u64 = 50_000;

/// One way to exchange messages.
struct Scenario {
    name: &'static str,
    /// Whether the ring is lapped [`LAPS`] times.
    laps: bool,
    /// Whether every spec gets it.
    every_spec: bool,
    task: fn(&Layout, [&Member; 2]) -> Task,
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "laps_consumer_first", laps: true, every_spec: true, task: consumer_first },
    Scenario { name: "laps_producer_first", laps: true, every_spec: false, task: producer_first },
    Scenario { name: "slow_reader", laps: true, every_spec: false, task: slow_reader },
    Scenario { name: "slow_writer", laps: true, every_spec: false, task: slow_writer },
    Scenario { name: "largest_payloads", laps: true, every_spec: false, task: largest_payloads },
    Scenario { name: WATCHED, laps: false, every_spec: false, task: watched },
    Scenario { name: "many_messages", laps: false, every_spec: false, task: many_messages },
];

/// The scenario in which a third process reads the statistics.
const WATCHED: &str = "statistics_by_a_third";

/// Both wait asleep.
fn consumer_first(_: &Layout, _: [&Member; 2]) -> Task {
    let order = Order::ConsumerFirst;
    Task { count: ENOUGH, capacity: SMALL, seed: 11, order, ..Task::default() }
}

/// Both poll.
fn producer_first(_: &Layout, _: [&Member; 2]) -> Task {
    let order = Order::ProducerFirst;
    Task { count: ENOUGH, capacity: SMALL, seed: 12, order, wait: "spin", ..Task::default() }
}

fn slow_reader(_: &Layout, _: [&Member; 2]) -> Task {
    let order = Order::ProducerFirst;
    Task { count: ENOUGH, capacity: SMALL, seed: 13, slow_consumer: 50, order, ..Task::default() }
}

fn slow_writer(_: &Layout, _: [&Member; 2]) -> Task {
    let order = Order::ConsumerFirst;
    Task { count: ENOUGH, capacity: SMALL, seed: 14, slow_producer: 50, order, ..Task::default() }
}

/// The largest payload that a ring takes, which leaves no room for a second one; that a byte more
/// is refused is a case of `bad_input`.
fn largest_payloads(layout: &Layout, _: [&Member; 2]) -> Task {
    let size = SMALL / 2 - layout.message_header.size;
    Task { count: 1_000, capacity: SMALL, seed: 15, plan: "stream", size, ..Task::default() }
}

/// Slow enough for somebody to look on.
fn watched(_: &Layout, _: [&Member; 2]) -> Task {
    Task { count: 10_000, capacity: SMALL, seed: 16, slow_producer: 5, ..Task::default() }
}

fn many_messages(_: &Layout, pair: [&Member; 2]) -> Task {
    let python = pair.iter().any(|member| member.toolchain.language() == Language::PYTHON);
    let count = if python { MANY_WITH_PYTHON } else { MANY };
    let limit = Duration::from_secs(600);
    Task { count, capacity: 1 << 20, seed: 17, limit, ..Task::default() }
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for (number, subject) in subjects().iter().enumerate() {
        for from in engines() {
            for to in engines() {
                let wanted = SCENARIOS.iter().filter(|s| number == 0 || s.every_spec);
                trials.extend(wanted.map(|scenario| trial(subject, from, to, scenario)));
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
        _ => harness::trial(name, move || exchange(subject, [from, to], scenario)),
    }
}

fn exchange(subject: &Subject, pair: [&Member; 2], scenario: &Scenario) -> Result<(), Failure> {
    let layout = subject.layout()?;
    let task = (scenario.task)(layout, pair);
    let peers = [subject.peer(pair[0])?, subject.peer(pair[1])?];
    if scenario.name == WATCHED {
        return exchange_watched(layout, peers, subject.peer(third(pair[1]))?, task);
    }
    let consumer = run_pair_in(&Arena::new()?, layout, peers, &task, &mut |_| true)?.consumer;
    let least = least_ring_bytes(layout, consumer.messages, consumer.bytes);
    if scenario.laps && least < LAPS * task.capacity {
        let laps = least / task.capacity;
        return Err(Failure::new(format!("only {laps} laps of the ring, {LAPS} are wanted")));
    }
    Ok(())
}

/// While a third process looks on. A pair that ended before that process could start gets more to
/// do: on a busy machine it may take a while.
fn exchange_watched(
    layout: &Layout,
    peers: [&Program; 2],
    third: &Program,
    mut task: Task,
) -> Result<(), Failure> {
    loop {
        let arena = Arena::new()?;
        let mut watcher = Watcher::new(&arena, layout, &task, third);
        let outcome = run_pair_in(&arena, layout, peers, &task, &mut |_| watcher.look());
        if let Some(failure) = watcher.failure {
            return Err(Failure::new(format!("the third process: {failure}")));
        }
        outcome?;
        if watcher.looks > 0 {
            return Ok(());
        }
        task.count *= 4;
    }
}

/// Bytes of the ring that so many messages take at least: headers and payloads without padding.
fn least_ring_bytes(layout: &Layout, messages: u64, payload: u64) -> u64 {
    messages * layout.message_header.size + payload
}

/// The member that looks on: the next one that is there.
fn third(member: &Member) -> &'static Member {
    let here = || engines().iter().filter(|member| member.found.is_ok());
    let behind = here().skip_while(|other| other.id() != member.id()).nth(1);
    behind.or_else(|| here().next()).expect("the pair is there")
}

/// A third process that reads the statistics of a ring in use.
struct Watcher<'a> {
    arena: &'a Arena,
    layout: &'a Layout,
    task: &'a Task,
    peer: &'a Program,
    /// Messages sent and received as they were last read.
    seen: [u64; 2],
    looks: u64,
    failure: Option<String>,
}

impl<'a> Watcher<'a> {
    fn new(arena: &'a Arena, layout: &'a Layout, task: &'a Task, peer: &'a Program) -> Self {
        Self { arena, layout, task, peer, seen: [0; 2], looks: 0, failure: None }
    }

    /// Reads once, if there is a ring; `false` if what it says cannot be.
    fn look(&mut self) -> bool {
        let file = self.arena.ring_file(self.layout);
        if file.exists()
            && let Err(failure) = self.read()
        {
            // The ring goes when its consumer has received all.
            self.failure = file.exists().then_some(failure);
        }
        self.failure.is_none()
    }

    fn read(&mut self) -> Result<(), String> {
        let mut command = self.peer.command();
        command.args(["statistics", "--name", RING]).env("BITRPC_SHM_DIR", self.arena.folder());
        let output = command.output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found: Value = serde_json::from_str(text.trim_end()).unwrap_or_default();
        let number = |name: &str| found[name].as_u64();
        let counts = number("messages_sent").zip(number("messages_received"));
        let Some((sent, received)) = counts.filter(|_| number("capacity") == Some(SMALL)) else {
            return Err(format!(
                "{}: {text}{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ));
        };
        // A message in pieces counts as several.
        let limit = 64 * self.task.count;
        if sent < self.seen[0] || received < self.seen[1] || sent > limit || received > limit {
            return Err(format!("{text} after {:?} sent and received", self.seen));
        }
        self.seen = [sent, received];
        self.looks += 1;
        Ok(())
    }
}
