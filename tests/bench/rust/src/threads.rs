//! `rtrb`, a ring for two threads of one process: both sides run here.

use std::hint::spin_loop;
use std::thread;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::args::Args;
use crate::pace;
use crate::parts::{self, Receiver, Result, Sender, Timing};
use crate::ring::CAPACITY;

/// Runs both parts.
pub(crate) fn run<const N: usize>(args: &Args) -> Result<Timing> {
    let [(mut there, mut here), (mut back, mut home)] = [ways::<N>(), ways::<N>()];
    let [first, second] = args.cpus;
    let plan = &args.plan;
    let (sending, timed): (Part<'_>, Timed<'_>) = match args.part.as_str() {
        "stream" => (
            Box::new(move || parts::send(&mut there, plan).is_ok()),
            Box::new(move || parts::receive(&mut here, plan).map(Timing::from)),
        ),
        "paced" => (
            Box::new(move || pace::pace(&mut there, args).is_ok()),
            Box::new(move || pace::arrive(&mut here, args)),
        ),
        "round-trip" => (
            Box::new(move || parts::answer(&mut back, &mut here, plan).is_ok()),
            Box::new(move || parts::ask(&mut there, &mut home, plan).map(Timing::from)),
        ),
        "turns" => (
            Box::new(move || pace::answer_in_turns(&mut back, &mut here, args).is_ok()),
            Box::new(move || pace::ask_in_turns(&mut there, &mut home, args)),
        ),
        other => return Err(format!("unknown part {other} for threads").into()),
    };
    thread::scope(|scope| {
        scope.spawn(move || pinned(first, sending));
        let timed =
            scope.spawn(move || pinned(second, || timed().map_err(|error| error.to_string())));
        Ok(timed.join().map_err(|_| "a panic")??)
    })
}

/// What one thread does; whether it went well.
type Part<'a> = Box<dyn FnOnce() -> bool + Send + 'a>;
/// What the other one does, which takes the time.
type Timed<'a> = Box<dyn FnOnce() -> Result<Timing> + Send + 'a>;

fn ways<const N: usize>() -> (Producer<[u8; N]>, Consumer<[u8; N]>) {
    RingBuffer::new(CAPACITY / N)
}

/// Runs `work` on one processor.
fn pinned<T>(cpu: usize, work: impl FnOnce() -> T) -> T {
    // SAFETY: cpu_set_t is a plain bit set for which zero is a value; the call gets a valid pointer
    // and the set's size, and refuses what it does not like.
    unsafe {
        let mut set: libc::cpu_set_t = core::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set);
    }
    work()
}

impl<const N: usize> Sender<N> for Producer<[u8; N]> {
    #[inline(always)]
    fn send(&mut self, message: &[u8; N]) -> Result<()> {
        while self.push(*message).is_err() {
            spin_loop();
        }
        Ok(())
    }
}

impl<const N: usize> Receiver<N> for Consumer<[u8; N]> {
    #[inline(always)]
    fn receive(&mut self, message: &mut [u8; N]) -> Result<()> {
        loop {
            if let Ok(received) = self.pop() {
                *message = received;
                return Ok(());
            }
            spin_loop();
        }
    }
}
