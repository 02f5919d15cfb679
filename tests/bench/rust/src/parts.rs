//! What the sides of each measurement do, whatever carries the messages.
//!
//! The content is touched as a user's would be: the sender writes the index into its own buffer and
//! sends that; the receiver has the whole message copied into a buffer of its own, and checks the
//! index.

use std::error::Error;
use std::fs::File;
use std::hint::{black_box, spin_loop};
use std::thread;
use std::time::{Duration, Instant};

use crate::args::{Args, Plan};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What a part found out that takes the time, in nanoseconds.
pub(crate) struct Timing {
    /// For each message, round or turn.
    pub(crate) each: f64,
    /// The latency that half of the messages had at most, and that 99 of 100 had.
    pub(crate) percentiles: Option<[f64; 2]>,
}

impl From<f64> for Timing {
    fn from(each: f64) -> Self {
        Self { each, percentiles: None }
    }
}

/// Carries messages of `N` bytes from one side to the other.
pub(crate) trait Transport<const N: usize> {
    type Sender: Sender<N>;
    type Receiver: Receiver<N>;

    /// Makes or opens the sending end of the way called `name`.
    fn sender(name: &str, args: &Args) -> Result<Self::Sender>;
    /// Makes or opens the receiving end of the way called `name`.
    fn receiver(name: &str, args: &Args) -> Result<Self::Receiver>;
}

/// The sending end.
pub(crate) trait Sender<const N: usize> {
    /// Sends a copy of `message`; waits for room.
    fn send(&mut self, message: &[u8; N]) -> Result<()>;
}

/// The receiving end.
pub(crate) trait Receiver<const N: usize> {
    /// Waits for the next message and copies it into `message`.
    fn receive(&mut self, message: &mut [u8; N]) -> Result<()>;
}

/// Between two messages of [`wake`]: long enough for the other side to fall asleep.
const GAP_NS: u64 = 200_000;

/// The file that says that the sleeper is there: what is sent before that waits for it.
const READY: &str = "ready";

/// Sends the stream.
pub(crate) fn send<const N: usize>(sender: &mut impl Sender<N>, plan: &Plan) -> Result<()> {
    let mut message = [7; N];
    for index in 0..plan.warm_up + plan.count {
        write_index(&mut message, index);
        sender.send(&message)?;
    }
    Ok(())
}

/// Receives the stream; nanoseconds for each message.
pub(crate) fn receive<const N: usize>(receiver: &mut impl Receiver<N>, plan: &Plan) -> Result<f64> {
    receive_some(receiver, 0, plan.warm_up)?;
    let start = Instant::now();
    receive_some(receiver, plan.warm_up, plan.count)?;
    Ok(each(start, plan.count))
}

fn receive_some<const N: usize>(
    receiver: &mut impl Receiver<N>,
    first: u64,
    count: u64,
) -> Result<()> {
    let mut message = [0; N];
    for index in first..first + count {
        receiver.receive(&mut message)?;
        check_index(&message, index)?;
        // Whatever a user does with it, it is there now.
        black_box(&message);
    }
    Ok(())
}

/// Asks and waits for the answer; nanoseconds for each round.
pub(crate) fn ask<const N: usize>(
    sender: &mut impl Sender<N>,
    receiver: &mut impl Receiver<N>,
    plan: &Plan,
) -> Result<f64> {
    let mut ask_some = |first: u64, count: u64| -> Result<()> {
        let (mut question, mut answer) = ([7; N], [0; N]);
        for index in first..first + count {
            write_index(&mut question, index);
            sender.send(&question)?;
            receiver.receive(&mut answer)?;
            check_index(&answer, index)?;
            black_box(&answer);
        }
        Ok(())
    };
    ask_some(0, plan.warm_up)?;
    let start = Instant::now();
    ask_some(plan.warm_up, plan.count)?;
    Ok(each(start, plan.count))
}

/// Answers each message with a copy of it.
pub(crate) fn answer<const N: usize>(
    sender: &mut impl Sender<N>,
    receiver: &mut impl Receiver<N>,
    plan: &Plan,
) -> Result<()> {
    let mut message = [0; N];
    for _ in 0..plan.warm_up + plan.count {
        receiver.receive(&mut message)?;
        sender.send(&message)?;
    }
    Ok(())
}

/// Sends the time, now and then, from when the other side is ready to sleep.
pub(crate) fn wake<const N: usize>(sender: &mut impl Sender<N>, args: &Args) -> Result<()> {
    let plan = &args.plan;
    while !args.folder.join(READY).exists() {
        thread::sleep(Duration::from_millis(1));
    }
    let mut message = [7; N];
    for _ in 0..plan.warm_up + plan.count {
        let start = now_ns();
        while now_ns() - start < GAP_NS {
            spin_loop();
        }
        write_index(&mut message, now_ns());
        sender.send(&message)?;
    }
    Ok(())
}

/// Receives times of sending; the median of how long ago that was, in nanoseconds.
pub(crate) fn sleep<const N: usize>(receiver: &mut impl Receiver<N>, args: &Args) -> Result<f64> {
    let plan = &args.plan;
    File::create(args.folder.join(READY))?;
    let mut message = [0; N];
    for _ in 0..plan.warm_up {
        receiver.receive(&mut message)?;
    }
    let mut delays = Vec::new();
    for _ in 0..plan.count {
        receiver.receive(&mut message)?;
        delays.push(now_ns().saturating_sub(read_index(&message)));
    }
    delays.sort_unstable();
    Ok(delays.get(delays.len() / 2).copied().unwrap_or(0) as f64)
}

fn each(start: Instant, count: u64) -> f64 {
    start.elapsed().as_nanos() as f64 / count.max(1) as f64
}

pub(crate) fn write_index<const N: usize>(message: &mut [u8; N], index: u64) {
    message[..8].copy_from_slice(&index.to_le_bytes());
}

pub(crate) fn read_index<const N: usize>(message: &[u8; N]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&message[..8]);
    u64::from_le_bytes(bytes)
}

#[inline(always)]
fn check_index<const N: usize>(message: &[u8; N], index: u64) -> Result<()> {
    let found = read_index(message);
    if found == index { Ok(()) } else { Err(wrong_index(found, index)) }
}

#[cold]
fn wrong_index(found: u64, expected: u64) -> Box<dyn Error> {
    format!("message {expected} says that it is {found}").into()
}

/// Nanoseconds of the clock that all processes of this host share.
pub(crate) fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes; CLOCK_MONOTONIC cannot fail (clock_gettime(2)).
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
