//! A receiver that sleeps is woken: random gaps let it sleep between messages, and no wake-up is
//! missed. The number of sleeps, which the kernel counts, shows that the test is not empty.
//!
//! `BITRPC_SLEEPS` sets the sleeps that each pair has to come to.

use std::process::ExitCode;
use std::time::Duration;

use bitrpc_conform::runner::{Failure, Task, run_pair};
use bitrpc_tests::matrix::{Member, Subject, members, subjects};
use bitrpc_tests::random::{SEED, seed};
use bitrpc_tests::{harness, tally};

/// Messages of one run. A gap takes 100 microseconds on average.
const MESSAGES: u64 = 2_000;
const MESSAGES_WHEN_LONG: u64 = 50_000;

/// Sleeps that each pair has to come to.
const SLEEPS: u64 = 100;
const SLEEPS_WHEN_LONG: u64 = 100_000;

/// A pair that takes longer hangs: on a busy machine each of its messages may wait for a processor.
const HANG: Duration = Duration::from_secs(900);

/// Longest gap in microseconds: shorter and longer than the time for which receivers look around
/// before they sleep, so that messages come at every stage of falling asleep.
const GAP_US: u64 = 200;

fn main() -> ExitCode {
    let seed = seed();
    println!("{SEED}={seed}");
    let subject = subjects().first().expect("the default spec comes first");
    let sleeps = harness::amount("BITRPC_SLEEPS", SLEEPS, SLEEPS_WHEN_LONG);
    let mut trials = Vec::new();
    for from in members() {
        for to in members() {
            let name = format!("{}_to_{}", from.id(), to.id());
            trials.push(match (&from.found, &to.found) {
                (Err(missing), _) | (_, Err(missing)) => harness::skipped(name, missing),
                _ => harness::trial(name, move || sleep(subject, [from, to], sleeps, seed)),
            });
        }
    }
    harness::run(trials)
}

/// Runs the pair until its receiver has slept often enough.
fn sleep(
    subject: &Subject,
    [from, to]: [&Member; 2],
    wanted: u64,
    seed: u64,
) -> Result<(), Failure> {
    let count = if harness::is_long() { MESSAGES_WHEN_LONG } else { MESSAGES };
    let mut slept = 0;
    for round in 0.. {
        let seed = seed.wrapping_add(round);
        let task =
            Task { count, plan: "stream", gap_us: GAP_US, seed, limit: HANG, ..Task::default() };
        let (from, to) = (subject.peer(from)?, subject.peer(to)?);
        // That no wake-up was missed is part of every verdict.
        let outcome = run_pair(subject.layout()?, from, to, &task, &mut |_| true)?;
        let sleeps = outcome.consumer.sleeps.ok_or("the consumer counts no sleeps".to_owned())?;
        slept += sleeps;
        tally::add("sleeps", sleeps);
        tally::add("messages", count);
        if slept >= wanted {
            break;
        }
        // Some rounds may fall into a time when others use the processors; most do not.
        if slept < (round + 1) * count / 100 {
            return Err(Failure::new(format!("only {slept} sleeps in {} rounds", round + 1)));
        }
    }
    Ok(())
}
