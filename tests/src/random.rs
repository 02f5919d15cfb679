//! Random numbers that can be had again from a printed seed.

use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Names the variable that repeats a run.
pub const SEED: &str = "BITRPC_SEED";

/// The seed of this run: `BITRPC_SEED`, else the clock. The caller prints it.
pub fn seed() -> u64 {
    let given = env::var(SEED).ok().and_then(|text| text.parse().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    given.unwrap_or_else(|| clock().as_micros() as u64)
}

/// SplitMix64: small, and good enough to choose moments.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A sequence of its own for each pair of `seed` and `stream`.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A time below `limit`; short ones are as likely as long ones, in orders of magnitude.
    pub fn moment(&mut self, limit: Duration) -> Duration {
        let halvings = self.bits() % 10;
        let limit = (limit.as_nanos() as u64 >> halvings).max(1);
        Duration::from_nanos(self.bits() % limit)
    }
}
