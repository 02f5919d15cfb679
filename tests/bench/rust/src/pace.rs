//! The parts of the grid: streams at a pace, and turns of several messages.
//!
//! Messages carry the time at which they were sent; the last one carries [`LAST`]. Both parts run
//! for a time, not for a count, so that nobody has to find out first how fast they are.

use std::hint::black_box;

use crate::args::{Args, Pace};
use crate::clock::Clock;
use crate::parts::{Receiver, Result, Sender, Timing, read_index, write_index};

/// Instead of a time: nothing follows.
const LAST: u64 = u64::MAX;
/// A stream as fast as it goes tells the time with every so manieth message: reading the clock for
/// each would slow it down.
const RUN: u64 = 64;
/// Latencies that are kept.
const MOST: usize = 1 << 19;

/// Sends bursts of messages, one burst each `gap_ns`, until the time is over.
pub(crate) fn pace<const N: usize>(sender: &mut impl Sender<N>, args: &Args) -> Result<()> {
    let (clock, Pace { gap_ns, burst, .. }) = (Clock::calibrated(), args.pace);
    let is_saturated = gap_ns == 0;
    let (gap, burst) = (clock.ticks(gap_ns), if is_saturated { RUN } else { burst });
    let mut message = [7; N];
    let mut due = Clock::now();
    let end = due + clock.ticks(args.pace.total_ns());
    while due < end {
        let mut now = Clock::now();
        while now < due {
            now = Clock::now();
        }
        for index in 0..burst {
            if index == 0 || !is_saturated {
                write_index(&mut message, Clock::now());
            }
            sender.send(&message)?;
        }
        // Who was late by more than a gap does not make up for it.
        due = (due + gap).max(now);
    }
    write_index(&mut message, LAST);
    sender.send(&message)
}

/// Receives them, and works for a while on each.
pub(crate) fn arrive<const N: usize>(
    receiver: &mut impl Receiver<N>,
    args: &Args,
) -> Result<Timing> {
    let (clock, mut latencies) = (Clock::calibrated(), Latencies::new());
    let work = clock.ticks(args.pace.work_ns);
    let mut message = [0; N];
    receiver.receive(&mut message)?;
    let mut last = read_index(&message);
    let from = Clock::now() + clock.ticks(args.pace.warm_up_us * 1000);
    let (mut begin, mut latest, mut count, mut counted) = (None, from, 0, 0);
    loop {
        receiver.receive(&mut message)?;
        let sent = read_index(&message);
        black_box(&message);
        count += 1;
        if sent != last {
            last = sent;
            if sent == LAST {
                break;
            }
            let now = Clock::now();
            if begin.is_some() {
                latencies.add(now.saturating_sub(sent));
                (latest, counted) = (now, count);
            } else if now >= from {
                (begin, count) = (Some(now), 0);
            }
        }
        if work > 0 {
            let until = Clock::now() + work;
            while Clock::now() < until {}
        }
    }
    let each = clock.ns(latest - begin.unwrap_or(latest)) / f64::max(counted as f64, 1.0);
    Ok(latencies.timing(&clock, each))
}

/// Sends so many messages, then waits for as many answers, and so on until the time is over.
pub(crate) fn ask_in_turns<const N: usize>(
    sender: &mut impl Sender<N>,
    receiver: &mut impl Receiver<N>,
    args: &Args,
) -> Result<Timing> {
    let (clock, mut latencies) = (Clock::calibrated(), Latencies::new());
    let mut message = [7; N];
    let mut now = Clock::now();
    let from = now + clock.ticks(args.pace.warm_up_us * 1000);
    let end = now + clock.ticks(args.pace.total_ns());
    let (mut begin, mut turns) = (now, 0);
    while now < end {
        let start = now;
        write_index(&mut message, start);
        for _ in 0..args.pace.turn {
            sender.send(&message)?;
        }
        for _ in 0..args.pace.turn {
            receiver.receive(&mut message)?;
            black_box(&message);
        }
        now = Clock::now();
        if read_index(&message) != start {
            return Err("an answer to another question".into());
        }
        if start >= from {
            latencies.add(now - start);
            turns += 1;
        } else {
            begin = now;
        }
    }
    write_index(&mut message, LAST);
    for _ in 0..args.pace.turn {
        sender.send(&message)?;
    }
    Ok(latencies.timing(&clock, clock.ns(now - begin) / f64::max(turns as f64, 1.0)))
}

/// Receives so many messages, then sends as many, and so on.
pub(crate) fn answer_in_turns<const N: usize>(
    sender: &mut impl Sender<N>,
    receiver: &mut impl Receiver<N>,
    args: &Args,
) -> Result<()> {
    let mut message = [0; N];
    loop {
        for _ in 0..args.pace.turn {
            receiver.receive(&mut message)?;
        }
        if read_index(&message) == LAST {
            return Ok(());
        }
        for _ in 0..args.pace.turn {
            sender.send(&message)?;
        }
    }
}

/// Ticks, the first [`MOST`] of them. Their room is touched beforehand.
struct Latencies {
    ticks: Vec<u32>,
    count: usize,
}

impl Latencies {
    fn new() -> Self {
        Self { ticks: vec![1; MOST], count: 0 }
    }

    #[inline(always)]
    fn add(&mut self, ticks: u64) {
        if let Some(slot) = self.ticks.get_mut(self.count) {
            *slot = u32::try_from(ticks).unwrap_or(u32::MAX);
            self.count += 1;
        }
    }

    fn timing(&mut self, clock: &Clock, each: f64) -> Timing {
        let sorted = &mut self.ticks[..self.count];
        sorted.sort_unstable();
        let part = |hundredth: usize| {
            let at = sorted.len() * hundredth / 100;
            sorted.get(at).map_or(0.0, |&ticks| clock.ns(u64::from(ticks)))
        };
        Timing { each, percentiles: Some([part(50), part(99)]) }
    }
}
