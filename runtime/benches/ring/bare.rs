//! What no ring can beat: the same exchanges without one.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use crate::median;
use crate::pinned::pin;

/// Bare figures of this machine, now.
pub(crate) struct Bare {
    /// Round trip of a cache line, nanoseconds.
    pub(crate) line_ns: f64,
    /// Round trip of two sleeping threads that wake each other, nanoseconds.
    pub(crate) futex_ns: f64,
    /// Copy of 64 KiB, bytes a nanosecond.
    pub(crate) copy_gb: f64,
}

impl Bare {
    /// Medians of so many runs.
    pub(crate) fn measure(runs: usize) -> Self {
        let median_of = |f: fn() -> f64| median((0..runs).map(|_| f()).collect());
        Self {
            line_ns: median_of(line),
            futex_ns: median_of(futex),
            copy_gb: median_of(memory_copy),
        }
    }
}

/// The round trip of a bare cache line between two pinned threads, in nanoseconds: what no
/// protocol can beat.
fn line() -> f64 {
    #[repr(align(128))]
    struct Line(AtomicU64);
    const ROUNDS: u64 = 1_000_000;
    let (there, back) = (Line(AtomicU64::new(0)), Line(AtomicU64::new(0)));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(1);
            for round in 1..=ROUNDS {
                // Acquire and release: the two threads hand each other the turn.
                while there.0.load(Ordering::Acquire) != round {
                    std::hint::spin_loop();
                }
                back.0.store(round, Ordering::Release);
            }
        });
        let timed = scope.spawn(|| {
            pin(0);
            let start = Instant::now();
            for round in 1..=ROUNDS {
                // As above.
                there.0.store(round, Ordering::Release);
                while back.0.load(Ordering::Acquire) != round {
                    std::hint::spin_loop();
                }
            }
            start.elapsed().as_nanos() as f64 / ROUNDS as f64
        });
        timed.join().expect("no panic")
    })
}

/// Bytes a nanosecond of a plain copy of 64 KiB, which stays in the nearest caches.
fn memory_copy() -> f64 {
    const ROUNDS: usize = 20_000;
    let from = vec![1u8; 65536];
    let mut to = vec![0u8; 65536];
    let start = Instant::now();
    for _ in 0..ROUNDS {
        to.copy_from_slice(black_box(&from));
        black_box(&mut to);
    }
    (ROUNDS * from.len()) as f64 / start.elapsed().as_nanos() as f64
}

/// The round trip of two pinned threads that sleep in the kernel and wake each other, in
/// nanoseconds.
fn futex() -> f64 {
    const ROUNDS: u32 = 20_000;
    let (there, back) = (AtomicU32::new(0), AtomicU32::new(0));
    let await_round = |word: &AtomicU32, round: u32| {
        // Acquire: pairs with the store below.
        while word.load(Ordering::Acquire) != round {
            wait(word, round - 1);
        }
    };
    let finish_round = |word: &AtomicU32, round: u32| {
        // Release: pairs with the load above.
        word.store(round, Ordering::Release);
        wake(word);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(1);
            for round in 1..=ROUNDS {
                await_round(&there, round);
                finish_round(&back, round);
            }
        });
        let timed = scope.spawn(|| {
            pin(0);
            let start = Instant::now();
            for round in 1..=ROUNDS {
                finish_round(&there, round);
                await_round(&back, round);
            }
            start.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
        });
        timed.join().expect("no panic")
    })
}

#[cfg(target_os = "linux")]
fn wait(word: &AtomicU32, expected: u32) {
    let forever = core::ptr::null::<libc::timespec>();
    // SAFETY: `word` is valid for the call; a null timeout waits without bound (futex(2)).
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, forever) };
}

#[cfg(target_os = "linux")]
fn wake(word: &AtomicU32) {
    // SAFETY: FUTEX_WAKE only uses the address as a key (futex(2)).
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1) };
}

#[cfg(not(target_os = "linux"))]
fn wait(_word: &AtomicU32, _expected: u32) {
    std::thread::yield_now();
}

#[cfg(not(target_os = "linux"))]
fn wake(_word: &AtomicU32) {}
