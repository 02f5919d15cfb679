//! How far a consumer lets itself fall behind in a stream.
//!
//! A consumer as fast as its producer polls the line that is being written, and both slow down to
//! a cache-line transfer or two for each message. Pausing a little whenever the ring is found
//! empty lets several lines gather, which then move at the speed of the prefetcher. It also makes
//! messages wait. So a pause has to pay, in bytes for each unit of time, or it is not made; whether
//! it does, only a comparison can tell: stretches of the stream with the pause against stretches
//! without it. PROTOCOL.md, section 7, has the rule, which all engines share.

use core::hint::spin_loop;

use crate::options::Distance;
use crate::platform;

/// The shortest pause, and the longest.
const SHORTEST_PAUSE_NS: u64 = 800;
const LONGEST_PAUSE_NS: u64 = 25_600;
/// Spin-loop hints between two looks at the clock in a pause.
const HINTS: u32 = 4;

/// With a distance, a run shorter than this (or a quarter of the ring) doubles the pause,
const SHORT_RUN: u64 = 64 << 10;
/// and a run longer than this takes a quarter off.
const LONG_RUN: u64 = 256 << 10;
/// So many runs of a single message in a row say that nothing gathers in the pauses.
const LONE_RUNS: u32 = 3;

/// Runs between two looks at the clock while there is no distance. A try may begin if these took
/// no longer than so many nanoseconds.
const RUNS_NEAR: u32 = 64;
const FAST_NS: u64 = 64_000;
/// The pause that is tried is as long as these took, divided by this, but not longer than that.
const PAUSE_PART: u64 = 4;
const LONGEST_TRY_NS: u64 = 6400;

/// A stretch is at least this long, and so many runs with the pause or a multiple of so many
/// without it.
const STRETCH_NS: u64 = 16_000;
const RUNS_WITH: u32 = 4;
const RUNS_WITHOUT: u32 = 16;
/// A stretch without the pause that took longer than this was no part of a busy stream.
const LONGEST_STRETCH_NS: u64 = 64_000;
/// With the pause, a stretch has to carry so many tenths of what the one before it carried.
const GAIN_TENTHS: u64 = 11;

/// A try, which leads to the distance, takes so many better stretches before so many worse ones.
const TRY_WINS: u32 = 6;
const TRY_LOSSES: u32 = 2;
/// A check, which follows now and then, takes so many of each.
const CHECK_WINS: u32 = 4;
const CHECK_LOSSES: u32 = 4;
/// A check begins as long after the last comparison as that one was after the try began, at most
/// this long.
const CHECK_NS: u64 = 10_000_000;
/// After a failure, no try begins for this many times as long as it took, nor for less than twice
/// as long as after the last failure, but at most for so long.
const COST: u64 = 100;
const LONGEST_WAIT_NS: u64 = 1_000_000_000;

/// What the consumer does at each empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Looks again at once.
    Near,
    /// The same for a single run, which no stretch contains: in a stream of bursts, the stretch
    /// before it ended with a burst, and it begins with the silence up to the next one.
    Between,
    /// The same for a stretch, which shows what the stream carries without the pause.
    Without,
    /// Pauses for a stretch, which shows what it carries with it.
    With,
    /// Pauses.
    Far,
}

/// Waits so many nanoseconds by the clock, as hints alone cannot: one takes 40 to 140 cycles on
/// x86, and next to nothing on some other processors.
pub(crate) fn pause(ns: u64) {
    let start_ns = platform::now_ns();
    while platform::now_ns().saturating_sub(start_ns) < ns {
        for _ in 0..HINTS {
            spin_loop();
        }
    }
}

/// The distance of one consumer.
#[derive(Debug)]
pub(crate) struct Pace {
    adaptive: bool,
    short_run: u64,
    phase: Phase,
    pause_ns: u64,
    /// The messages and the position when the ring was last found empty.
    messages: u64,
    position: u64,
    /// Where and when the stretch began, the runs since, and those of a single message at its end.
    stretch_position: u64,
    stretch_ns: u64,
    runs: u32,
    lone_runs: u32,
    /// The comparison: when it began, and how it stands.
    compared_ns: u64,
    rate_without: u64,
    wins_left: u32,
    losses_left: u32,
    /// When the try began that led to the distance.
    tried_ns: u64,
    /// When the next comparison may begin.
    due_ns: u64,
    /// How long the last failure put off the next try.
    wait_ns: u64,
}

impl Pace {
    /// A pace for a ring of this capacity, starting without a distance.
    pub(crate) fn new(distance: Distance, capacity: u64, messages: u64, position: u64) -> Self {
        Self {
            adaptive: distance == Distance::Adaptive,
            short_run: SHORT_RUN.min(capacity / 4),
            phase: Phase::Near,
            pause_ns: SHORTEST_PAUSE_NS,
            messages,
            position,
            stretch_position: position,
            stretch_ns: 0,
            runs: 0,
            lone_runs: 0,
            compared_ns: 0,
            rate_without: 0,
            wins_left: 0,
            losses_left: 0,
            tried_ns: 0,
            due_ns: 0,
            wait_ns: 0,
        }
    }

    /// The ring was found empty, after this many messages and bytes in all. Returns for how many
    /// nanoseconds to pause before looking again: 0 if nothing came since the last time.
    #[inline]
    pub(crate) fn on_empty(
        &mut self,
        messages: u64,
        position: u64,
        clock_ns: impl FnOnce() -> u64,
    ) -> u64 {
        let run = messages.wrapping_sub(self.messages);
        if run == 0 || !self.adaptive {
            return 0;
        }
        let bytes = position.wrapping_sub(self.position);
        self.messages = messages;
        self.position = position;
        self.runs = self.runs.wrapping_add(1);
        self.lone_runs = if run == 1 { self.lone_runs + 1 } else { 0 };
        let is_due = match self.phase {
            Phase::Near => self.runs == RUNS_NEAR,
            Phase::Without => self.runs.is_multiple_of(RUNS_WITHOUT),
            Phase::Between | Phase::With | Phase::Far => true,
        };
        if !is_due {
            return 0;
        }
        self.advance(bytes, clock_ns())
    }

    #[inline(never)]
    fn advance(&mut self, bytes: u64, now_ns: u64) -> u64 {
        match self.phase {
            Phase::Near => self.consider(now_ns),
            Phase::Between => self.enter(Phase::Without, now_ns),
            Phase::Without => self.go_on_without(now_ns),
            Phase::With => self.go_on_with(now_ns),
            Phase::Far => self.keep(bytes, now_ns),
        }
        if matches!(self.phase, Phase::With | Phase::Far) { self.pause_ns } else { 0 }
    }

    /// Begins a try if the ring is found empty often enough, and the last failure is long ago.
    fn consider(&mut self, now_ns: u64) {
        let took_ns = now_ns.saturating_sub(self.stretch_ns);
        if took_ns <= FAST_NS && now_ns >= self.due_ns {
            self.pause_ns = (took_ns / PAUSE_PART).clamp(SHORTEST_PAUSE_NS, LONGEST_TRY_NS);
            self.tried_ns = now_ns;
            self.begin(TRY_WINS, TRY_LOSSES, now_ns);
        } else {
            self.enter(Phase::Near, now_ns);
        }
    }

    fn begin(&mut self, wins: u32, losses: u32, now_ns: u64) {
        (self.wins_left, self.losses_left) = (wins, losses);
        self.compared_ns = now_ns;
        self.enter(Phase::Between, now_ns);
    }

    fn enter(&mut self, phase: Phase, now_ns: u64) {
        self.phase = phase;
        (self.stretch_position, self.stretch_ns) = (self.position, now_ns);
        (self.runs, self.lone_runs) = (0, 0);
    }

    fn go_on_without(&mut self, now_ns: u64) {
        let took_ns = now_ns.saturating_sub(self.stretch_ns);
        if took_ns > LONGEST_STRETCH_NS {
            self.fail(now_ns);
        } else if took_ns >= STRETCH_NS {
            self.rate_without = self.rate(took_ns);
            self.enter(Phase::With, now_ns);
        }
    }

    fn go_on_with(&mut self, now_ns: u64) {
        if self.lone_runs == LONE_RUNS {
            return self.fail(now_ns);
        }
        let took_ns = now_ns.saturating_sub(self.stretch_ns);
        if self.runs < RUNS_WITH || took_ns < STRETCH_NS {
            return;
        }
        let is_better = self.rate(took_ns) * 10 >= self.rate_without * GAIN_TENTHS;
        let left = if is_better { &mut self.wins_left } else { &mut self.losses_left };
        *left -= 1;
        match *left {
            0 if is_better => self.succeed(now_ns),
            0 => self.fail(now_ns),
            _ => self.enter(Phase::Between, now_ns),
        }
    }

    /// Bytes of the stretch for each 1024 ns.
    fn rate(&self, took_ns: u64) -> u64 {
        self.position.wrapping_sub(self.stretch_position) * 1024 / took_ns
    }

    fn succeed(&mut self, now_ns: u64) {
        if self.compared_ns != self.tried_ns {
            // Not for the first time: it has paid for some time.
            self.wait_ns = 0;
        }
        self.due_ns = now_ns + now_ns.saturating_sub(self.tried_ns).min(CHECK_NS);
        self.enter(Phase::Far, now_ns);
    }

    fn fail(&mut self, now_ns: u64) {
        let cost_ns = now_ns.saturating_sub(self.compared_ns).saturating_mul(COST);
        self.wait_ns = cost_ns.max(self.wait_ns * 2).min(LONGEST_WAIT_NS);
        self.due_ns = now_ns + self.wait_ns;
        self.enter(Phase::Near, now_ns);
    }

    /// Fits the pause to the run that it brought.
    fn keep(&mut self, bytes: u64, now_ns: u64) {
        if bytes < self.short_run {
            self.pause_ns = (self.pause_ns * 2).min(LONGEST_PAUSE_NS);
        } else if bytes > LONG_RUN {
            self.pause_ns = (self.pause_ns - self.pause_ns / 4).max(SHORTEST_PAUSE_NS);
        }
        if self.lone_runs == LONE_RUNS {
            self.enter(Phase::Near, now_ns);
        } else if now_ns >= self.due_ns {
            self.begin(CHECK_WINS, CHECK_LOSSES, now_ns);
        }
    }
}

#[cfg(test)]
mod tests;
