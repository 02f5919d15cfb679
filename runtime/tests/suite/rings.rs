//! Helpers: rings in folders of their own, random numbers from a printed seed, processes.

use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bitrpc_shm::{Consumer, Layout, Options, Producer};
use memmap2::MmapRaw;
use tempfile::TempDir;

/// Longest wait of a test: only a hang takes longer.
pub(crate) const PATIENCE: Option<Duration> = Some(Duration::from_secs(60));

/// A folder for rings, removed with everything in it.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Options for rings in this folder.
pub(crate) fn options(folder: &TempDir, capacity: u64) -> Options {
    Options::new()
        .directory(folder.path())
        .capacity(capacity)
        .send_timeout(PATIENCE)
        .diagnose_wakeups(true)
}

/// Both sides of a fresh ring.
pub(crate) fn pair<L: Layout>(capacity: u64) -> (Producer<L>, Consumer<L>, TempDir) {
    pair_with(|options| options, capacity)
}

/// Both sides of a fresh ring, with options changed.
pub(crate) fn pair_with<L: Layout>(
    change: impl Fn(Options) -> Options,
    capacity: u64,
) -> (Producer<L>, Consumer<L>, TempDir) {
    let folder = folder();
    let options = change(options(&folder, capacity));
    let producer = Producer::create("ring", &options).expect("a producer");
    let consumer = Consumer::open("ring", &options).expect("a consumer");
    (producer, consumer, folder)
}

/// Names of all files in a folder.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    entries.map(|e| e.expect("an entry").file_name().into_string().expect("text")).collect()
}

/// Random numbers (xorshift64*), the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    /// From a seed of the clock, which is printed: a failing test can be run again.
    pub(crate) fn new(test: &str) -> Self {
        let seed = std::env::var("BITRPC_TEST_SEED").ok().and_then(|s| s.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |now| now.as_nanos() as u64)
        });
        println!("{test}: BITRPC_TEST_SEED={seed}");
        Self(seed | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A ring's file in the hands of somebody who may do anything to it.
pub(crate) struct Mapping(MmapRaw);

impl Mapping {
    pub(crate) fn of(path: &Path) -> Self {
        let file = std::fs::OpenOptions::new().read(true).write(true).open(path);
        Self(MmapRaw::map_raw(&file.expect("the ring's file")).expect("a mapping"))
    }

    fn u32(&self, at: usize) -> &AtomicU32 {
        assert!(at.is_multiple_of(4) && at + 4 <= self.0.len());
        // SAFETY: four aligned bytes of the mapping, which others access atomically or not at the
        // same time; interference is what the tests are about.
        unsafe { AtomicU32::from_ptr(self.0.as_mut_ptr().add(at).cast()) }
    }

    fn u64(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at + 8 <= self.0.len());
        // SAFETY: as in `u32`, with eight bytes.
        unsafe { AtomicU64::from_ptr(self.0.as_mut_ptr().add(at).cast()) }
    }

    pub(crate) fn load_u32(&self, at: usize) -> u32 {
        self.u32(at).load(Ordering::SeqCst)
    }

    pub(crate) fn store_u32(&self, at: usize, value: u32) {
        self.u32(at).store(value, Ordering::SeqCst);
    }

    pub(crate) fn store_u64(&self, at: usize, value: u64) {
        self.u64(at).store(value, Ordering::SeqCst);
    }
}
