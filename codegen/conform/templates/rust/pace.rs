//! Random gaps between messages, and the sleeps that they bring about.

use std::time::{Duration, Instant};

use crate::rng::Rng;

/// Keeps the gaps apart from the messages, which the same seed makes.
const STREAM: u64 = 0x6761_702D_7573;

/// Random times that a producer lets pass between messages, without sleeping.
pub struct Gaps {
    rng: Rng,
    most: Duration,
}

impl Gaps {
    pub fn new(seed: u64, most: Duration) -> Self {
        Self {
            rng: Rng::new(seed ^ STREAM, 0),
            most,
        }
    }

    /// Spins for 0 to the longest gap.
    pub fn pass(&mut self) {
        if self.most.is_zero() {
            return;
        }
        let end = self.rng.next() % (self.most.as_nanos() as u64 + 1);
        let start = Instant::now();
        while (start.elapsed().as_nanos() as u64) < end {
            std::hint::spin_loop();
        }
    }
}

/// How often this thread gave up the processor of its own will; `None` where nobody counts.
pub fn sleeps() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    let mut lines = status.lines();
    lines.find_map(|line| {
        line.strip_prefix("voluntary_ctxt_switches:")?
            .trim()
            .parse()
            .ok()
    })
}
