//! Times of a few nanoseconds.

use std::hint::spin_loop;

use crate::parts::now_ns;

/// How long the counter is held against the clock.
const CALIBRATION_NS: u64 = 2_000_000;

/// A clock that all processors of this host share and that takes a few nanoseconds to read: the
/// time stamp counter on x86-64 (`rdtscp`, which waits until what was loaded before it is there),
/// `CLOCK_MONOTONIC` elsewhere.
pub(crate) struct Clock {
    ticks_per_ns: f64,
}

impl Clock {
    /// Finds out how fast it ticks.
    pub(crate) fn calibrated() -> Self {
        let (from_ns, from) = (now_ns(), Self::now());
        while now_ns() - from_ns < CALIBRATION_NS {
            spin_loop();
        }
        let (to_ns, to) = (now_ns(), Self::now());
        Self { ticks_per_ns: (to - from) as f64 / (to_ns - from_ns) as f64 }
    }

    /// Ticks since some time.
    #[inline(always)]
    pub(crate) fn now() -> u64 {
        #[cfg(target_arch = "x86_64")]
        {
            let mut processor = 0;
            // SAFETY: RDTSCP is there on every processor that runs this project's tests; it writes
            // nothing but its results.
            unsafe { core::arch::x86_64::__rdtscp(&mut processor) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        now_ns()
    }

    /// So many nanoseconds in ticks.
    pub(crate) fn ticks(&self, ns: u64) -> u64 {
        (ns as f64 * self.ticks_per_ns) as u64
    }

    /// So many ticks in nanoseconds.
    pub(crate) fn ns(&self, ticks: u64) -> f64 {
        ticks as f64 / self.ticks_per_ns
    }
}
