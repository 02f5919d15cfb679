//! The rule in a world of virtual time: what it does to streams whose producer is known.

use super::{
    CHECK_NS, COST, LONG_RUN, LONGEST_PAUSE_NS, LONGEST_WAIT_NS, Pace, Phase, SHORTEST_PAUSE_NS,
};
use crate::options::Distance;

const RECORD: u64 = 80;
/// What the consumer spends on each message.
const TAKE_NS: u64 = 4;
const MS: u64 = 1_000_000;

/// What a producer is asked for when its next message is there.
struct Last {
    /// When the one before it was there.
    came_ns: u64,
    /// When the consumer took that one.
    taken_ns: u64,
    now_ns: u64,
    /// The number of the next one.
    index: u64,
}

/// A consumer that never stops looking.
struct World {
    pace: Pace,
    now_ns: u64,
    last_ns: u64,
    taken_ns: u64,
    messages: u64,
    /// Messages that came in a pause.
    delayed: u64,
}

impl World {
    fn new() -> Self {
        let pace = Pace::new(Distance::Adaptive, 1 << 20, 0, 0);
        Self { pace, now_ns: 0, last_ns: 0, taken_ns: 0, messages: 0, delayed: 0 }
    }

    /// Goes on for this long with a producer whose next message comes at `next`.
    fn run(&mut self, ns: u64, next: impl Fn(&Last) -> u64) {
        let until_ns = self.now_ns + ns;
        let mut paused_ns = 0..0;
        while self.now_ns < until_ns {
            let (came_ns, taken_ns, now_ns) = (self.last_ns, self.taken_ns, self.now_ns);
            let came_ns = next(&Last { came_ns, taken_ns, now_ns, index: self.messages });
            if came_ns > now_ns {
                let position = self.messages * RECORD;
                let pause_ns = self.pace.on_empty(self.messages, position, || now_ns);
                if pause_ns > 0 {
                    self.now_ns += pause_ns;
                    paused_ns = now_ns..self.now_ns;
                    continue;
                }
                self.now_ns = came_ns;
            }
            self.delayed += u64::from(paused_ns.contains(&came_ns));
            self.now_ns += TAKE_NS;
            (self.last_ns, self.taken_ns) = (came_ns, self.now_ns);
            self.messages += 1;
        }
    }

    /// The same until the consumer keeps its distance.
    fn run_until_far(&mut self) {
        let until_ns = self.now_ns + MS;
        while self.pace.phase != Phase::Far && self.now_ns < until_ns {
            self.run(1000, saturated);
        }
        assert_eq!(self.pace.phase, Phase::Far);
    }

    /// The part of all messages that came in a pause.
    fn delayed_part(&self) -> f64 {
        self.delayed as f64 / self.messages as f64
    }
}

/// A message each `gap_ns`, whatever the consumer does.
fn each(gap_ns: u64) -> impl Fn(&Last) -> u64 {
    move |last| last.index * gap_ns
}

/// So many messages, and the next ones when those were taken and answered.
fn exchange(turn: u64) -> impl Fn(&Last) -> u64 {
    move |last| {
        if last.index.is_multiple_of(turn) { last.taken_ns + 250 } else { last.came_ns + 30 }
    }
}

/// As fast as it goes, which depends on the consumer: slow if that one looks on.
fn saturated(last: &Last) -> u64 {
    let (far_ns, near_ns) = (last.came_ns + 12, last.came_ns + 30);
    if far_ns <= last.now_ns { far_ns } else { near_ns }
}

/// Bursts, each so many nanoseconds after the one before; `near_ns` between two messages.
fn bursts(length: u64, period_ns: u64, near_ns: u64) -> impl Fn(&Last) -> u64 {
    move |last| (last.index / length * period_ns).max(last.came_ns + near_ns)
}

/// Gaps of all lengths, this long on average.
fn random(mean_ns: u64) -> impl Fn(&Last) -> u64 {
    move |last| {
        // SplitMix64: the same gap for the same message.
        let mut bits = last.index.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let part = ((bits >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
        last.came_ns + (-part.ln() * mean_ns as f64) as u64
    }
}

#[test]
fn an_exchange_of_k_messages_never_pays() {
    for turn in [1, 2, 3, 4, 8, 32, 100] {
        let mut world = World::new();
        world.run(200 * MS, exchange(turn));
        assert!(world.delayed_part() < 0.01, "{turn}: {}", world.delayed_part());
    }
}

#[test]
fn a_stream_with_a_message_each_n_ns_never_pays() {
    for gap in [30, 50, 100, 200, 300, 500, 1000, 3000, 10_000] {
        let mut world = World::new();
        world.run(200 * MS, each(gap));
        assert!(world.delayed_part() < 0.01, "{gap}: {}", world.delayed_part());
    }
}

#[test]
fn bursts_never_pay() {
    for (length, period) in [(2, 500), (3, 1000), (10, 1000), (10, 10_000), (100, 20_000)] {
        for near in [20, 120] {
            let mut world = World::new();
            world.run(200 * MS, bursts(length, period, near));
            let part = world.delayed_part();
            assert!(part < 0.01, "{length} each {period} ns, {near}: {part}");
        }
    }
}

#[test]
fn random_gaps_never_pay() {
    for mean in [50, 100, 200, 500, 1000] {
        let mut world = World::new();
        world.run(500 * MS, random(mean));
        assert!(world.delayed_part() < 0.01, "{mean}: {}", world.delayed_part());
    }
}

#[test]
fn a_saturated_stream_climbs() {
    let mut world = World::new();
    world.run_until_far();
    let before = world.messages;
    world.run(100 * MS, saturated);
    assert!(world.pace.pause_ns > 8 * SHORTEST_PAUSE_NS, "{:?}", world.pace);
    // 30 ns near, 12 ns far; the checks take a little.
    let each = 100.0 * MS as f64 / (world.messages - before) as f64;
    assert!(each < 12.5, "{each}");
}

#[test]
fn a_run_that_is_long_enough_shortens_the_pause() {
    let mut world = World::new();
    world.run_until_far();
    world.pace.due_ns = u64::MAX;
    world.pace.pause_ns = LONGEST_PAUSE_NS;
    let messages = world.messages + LONG_RUN / RECORD + 1;
    let pause = world.pace.on_empty(messages, messages * RECORD, || world.now_ns);
    assert_eq!(pause, LONGEST_PAUSE_NS * 3 / 4);
    assert_eq!(world.pace.on_empty(messages, messages * RECORD, || 0), 0, "nothing came");
}

#[test]
fn a_failed_try_waits_a_hundred_times_as_long_doubling_up_to_a_second() {
    let mut world = World::new();
    let (mut waits, mut cost_ns) = (Vec::new(), 0);
    while waits.last() != Some(&LONGEST_WAIT_NS) {
        world.run(1000, each(100));
        if world.pace.phase != Phase::Near {
            cost_ns = world.now_ns - world.pace.compared_ns;
        } else if world.pace.wait_ns != waits.last().copied().unwrap_or(0) {
            let wait_ns = world.pace.wait_ns;
            waits.push(wait_ns);
            assert!(waits.len() > 1 || wait_ns >= cost_ns * COST, "{wait_ns} for {cost_ns}");
            // Nothing happens before that.
            world.run(wait_ns - 10_000, each(100));
            assert_eq!(world.pace.phase, Phase::Near);
        }
    }
    let doubled = waits.windows(2).all(|pair| pair[1] == (2 * pair[0]).min(LONGEST_WAIT_NS));
    assert!(doubled, "{waits:?}");
}

#[test]
fn a_stream_that_is_no_longer_saturated_comes_near_again() {
    let mut world = World::new();
    for next in [each(100), each(300)] {
        world.run(10 * MS, saturated);
        world.run_until_far();
        let start_ns = world.now_ns;
        world.run(2 * CHECK_NS, |last| {
            start_ns.max(last.came_ns) + next(&Last { index: 1, ..*last })
        });
        assert_eq!(world.pace.phase, Phase::Near);
        (world.pace.due_ns, world.pace.wait_ns) = (0, 0);
    }
}

#[test]
fn an_exchange_after_a_saturated_stream_is_noticed_at_once() {
    let mut world = World::new();
    world.run(10 * MS, saturated);
    world.run_until_far();
    let before = world.delayed;
    world.run(MS, |last| last.taken_ns + 250);
    assert_eq!(world.pace.phase, Phase::Near);
    assert!(world.delayed - before < 20, "{}", world.delayed - before);
}

#[test]
fn latency_never_pauses() {
    let mut world = World::new();
    world.pace = Pace::new(Distance::Latency, 1 << 20, 0, 0);
    world.run(10 * MS, saturated);
    assert_eq!(world.delayed, 0);
}
