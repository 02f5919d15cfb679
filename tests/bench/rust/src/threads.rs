//! `rtrb`, a ring for two threads of one process: both sides run here.

use std::hint::spin_loop;
use std::thread;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::args::Args;
use crate::parts::{self, Receiver, Result, Sender};
use crate::ring::CAPACITY;

/// Runs both parts; nanoseconds for each message or round.
pub(crate) fn run<const N: usize>(args: &Args) -> Result<f64> {
    let [(mut there, mut here), (mut back, mut home)] = [ways::<N>(), ways::<N>()];
    let [first, second] = args.cpus;
    let plan = &args.plan;
    match args.part.as_str() {
        "stream" => thread::scope(|scope| {
            scope.spawn(move || pinned(first, || parts::send(&mut there, plan).is_ok()));
            let timed = scope.spawn(move || {
                pinned(second, || {
                    parts::receive(&mut here, plan).map_err(|error| error.to_string())
                })
            });
            Ok(timed.join().map_err(|_| "a panic")??)
        }),
        "round-trip" => thread::scope(|scope| {
            scope.spawn(move || {
                pinned(second, || parts::answer(&mut back, &mut here, plan).is_ok())
            });
            let timed = scope.spawn(move || {
                pinned(first, || {
                    parts::ask(&mut there, &mut home, plan).map_err(|error| error.to_string())
                })
            });
            Ok(timed.join().map_err(|_| "a panic")??)
        }),
        other => Err(format!("unknown part {other} for threads").into()),
    }
}

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
