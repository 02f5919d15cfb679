//! A ring whose every byte the model checker watches.

use core::sync::atomic::Ordering;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, fence};
use loom::sync::{Condvar, Mutex};

use crate::layout::{Constants, LayoutNumbers, Numbers};
use crate::ring::Memory;
use crate::test_layout::{Default as Protocol, RING_HEADER};

/// Eight bytes of the data area, which are now a publication word and now payload.
///
/// The value lives in the atomic. The two cells only tell the checker which accesses the protocol
/// must keep apart: a plain read against any store (`plain`), and an atomic load against a plain
/// write (`payload`). Atomic loads and stores may meet: that is publication.
struct Cell {
    word: AtomicU64,
    plain: UnsafeCell<()>,
    payload: UnsafeCell<()>,
}

/// Something to sleep on.
struct Futex {
    lock: Mutex<()>,
    bell: Condvar,
}

/// One ring.
pub(super) struct Model {
    u32s: BTreeMap<usize, AtomicU32>,
    u64s: BTreeMap<usize, AtomicU64>,
    futexes: BTreeMap<usize, Futex>,
    cells: Vec<Cell>,
    finished: AtomicBool,
    barriers: Barriers,
    /// Held for a moment by whoever publishes, and by whoever lets time pass.
    clock: Mutex<()>,
}

/// What the kernel does for a sleeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barriers {
    /// It issues membarriers, so that a waker's light fence is worth something.
    Issued,
    /// It was told that there are none: both sides fence.
    None,
    /// It refuses them, although both sides were told otherwise.
    Refused,
}

// SAFETY: the cells hold nothing; they are there for the checker to find unordered accesses.
unsafe impl Send for Model {}
// SAFETY: as above.
unsafe impl Sync for Model {}

impl Model {
    /// A ring of zeros.
    pub(super) fn new(capacity: u64, barriers: Barriers) -> Self {
        let h = RING_HEADER;
        let u32s = [h.consumer_control, h.data_sequence, h.producer_control, h.space_sequence];
        let u64s = [
            h.write_position,
            h.messages_sent,
            h.bytes_sent,
            h.read_position,
            h.messages_received,
            h.bytes_received,
            h.receive_errors,
        ];
        let cell = || Cell {
            word: AtomicU64::new(0),
            plain: UnsafeCell::new(()),
            payload: UnsafeCell::new(()),
        };
        let futex = || Futex { lock: Mutex::new(()), bell: Condvar::new() };
        Self {
            u32s: u32s.into_iter().map(|at| (at, AtomicU32::new(0))).collect(),
            u64s: u64s.into_iter().map(|at| (at, AtomicU64::new(0))).collect(),
            futexes: [h.data_sequence, h.space_sequence].map(|at| (at, futex())).into(),
            cells: (0..capacity / 8).map(|_| cell()).collect(),
            finished: AtomicBool::new(false),
            barriers,
            clock: Mutex::new(()),
        }
    }

    fn cell(&self, position: u64) -> &Cell {
        &self.cells[(position / 8) as usize % self.cells.len()]
    }

    /// Sleeps for a time in which every store that was made before becomes visible.
    pub(super) fn nap(&self) {
        drop(self.clock.lock().unwrap());
    }

    /// Says that nothing will be published any more.
    pub(super) fn finish(&self) {
        // Release: pairs with the load in `is_finished`.
        self.finished.store(true, Ordering::Release);
    }

    /// Whether [`Model::finish`] was called.
    pub(super) fn is_finished(&self) -> bool {
        // Acquire: pairs with the store in `finish`.
        self.finished.load(Ordering::Acquire)
    }
}

impl Memory for Model {
    fn layout(&self) -> &'static LayoutNumbers {
        Constants::<Protocol>::HERE.get()
    }

    fn load_u32(&self, field: usize, order: Ordering) -> u32 {
        self.u32s[&field].load(order)
    }

    fn store_u32(&self, field: usize, value: u32, order: Ordering) {
        self.u32s[&field].store(value, order);
    }

    fn load_u64(&self, field: usize, order: Ordering) -> u64 {
        self.u64s[&field].load(order)
    }

    fn store_u64(&self, field: usize, value: u64, order: Ordering) {
        self.u64s[&field].store(value, order);
    }

    fn load_word(&self, position: u64, order: Ordering) -> u64 {
        let cell = self.cell(position);
        let word = cell.word.load(order);
        // After the load: what it acquired counts. A word of 0 is nobody's payload.
        cell.payload.with(|_| ());
        word
    }

    fn store_word(&self, position: u64, word: u64, order: Ordering) {
        let cell = self.cell(position);
        cell.plain.with_mut(|_| ());
        // Elsewhere, time does not matter, and to model it would only add to what is explored.
        let clock = (self.barriers == Barriers::Refused).then(|| self.clock.lock().unwrap());
        cell.word.store(word, order);
        drop(clock);
    }

    fn read_plain(&self, position: u64) -> u64 {
        let cell = self.cell(position);
        cell.plain.with(|_| ());
        cell.word.load(Ordering::Relaxed)
    }

    fn write_plain(&self, position: u64, word: u64) {
        let cell = self.cell(position);
        cell.plain.with_mut(|_| ());
        cell.payload.with_mut(|_| ());
        cell.word.store(word, Ordering::Relaxed);
    }

    unsafe fn write_bytes(&self, position: u64, bytes: &[u8]) {
        for (i, chunk) in bytes.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_plain(position + 8 * i as u64, u64::from_le_bytes(word));
        }
    }

    fn prefetch_write(&self, _position: u64) {}

    fn order_stores(&self) {}

    fn fence_light(&self) {
        if self.barriers == Barriers::Issued {
            fence(Ordering::SeqCst);
        }
    }

    fn fence_heavy(&self) -> bool {
        fence(Ordering::SeqCst);
        self.barriers == Barriers::Issued
    }

    fn fence_full(&self) {
        fence(Ordering::SeqCst);
    }

    fn wait(&self, field: usize, expected: u32, _bound: Duration) -> bool {
        let futex = &self.futexes[&field];
        let guard = futex.lock.lock().unwrap();
        // The kernel compares under the lock that wakers take. Relaxed: that lock orders it.
        if self.load_u32(field, Ordering::Relaxed) == expected {
            drop(futex.bell.wait(guard).unwrap());
        }
        true
    }

    fn wake(&self, field: usize) {
        let futex = &self.futexes[&field];
        let guard = futex.lock.lock().unwrap();
        futex.bell.notify_all();
        drop(guard);
    }
}

/// Memory as a process sees it that is killed before its n-th store: the rest does not happen.
pub(super) struct Dying<M> {
    memory: M,
    left: AtomicUsize,
}

impl<M> Dying<M> {
    /// Allows `stores` stores.
    pub(super) fn new(memory: M, stores: usize) -> Self {
        Self { memory, left: AtomicUsize::new(stores) }
    }

    fn lives(&self) -> bool {
        // Relaxed: only one thread uses it.
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(1), Ordering::Relaxed);
        left > 0
    }
}

impl<M: Deref<Target = Model>> Memory for Dying<M> {
    fn layout(&self) -> &'static LayoutNumbers {
        Constants::<Protocol>::HERE.get()
    }

    fn load_u32(&self, field: usize, order: Ordering) -> u32 {
        self.memory.load_u32(field, order)
    }

    fn store_u32(&self, field: usize, value: u32, order: Ordering) {
        if self.lives() {
            self.memory.store_u32(field, value, order);
        }
    }

    fn load_u64(&self, field: usize, order: Ordering) -> u64 {
        self.memory.load_u64(field, order)
    }

    fn store_u64(&self, field: usize, value: u64, order: Ordering) {
        if self.lives() {
            self.memory.store_u64(field, value, order);
        }
    }

    fn load_word(&self, position: u64, order: Ordering) -> u64 {
        self.memory.load_word(position, order)
    }

    fn store_word(&self, position: u64, word: u64, order: Ordering) {
        if self.lives() {
            self.memory.store_word(position, word, order);
        }
    }

    fn read_plain(&self, position: u64) -> u64 {
        self.memory.read_plain(position)
    }

    fn write_plain(&self, position: u64, word: u64) {
        if self.lives() {
            self.memory.write_plain(position, word);
        }
    }

    unsafe fn write_bytes(&self, position: u64, bytes: &[u8]) {
        for (i, chunk) in bytes.chunks(8).enumerate() {
            if self.lives() {
                // SAFETY: a part of what the caller vouches for.
                unsafe { self.memory.write_bytes(position + 8 * i as u64, chunk) };
            }
        }
    }

    fn prefetch_write(&self, _position: u64) {}

    fn order_stores(&self) {}

    fn fence_light(&self) {}

    fn fence_heavy(&self) -> bool {
        true
    }

    fn fence_full(&self) {}

    fn wait(&self, field: usize, expected: u32, bound: Duration) -> bool {
        self.memory.wait(field, expected, bound)
    }

    fn wake(&self, field: usize) {
        self.memory.wake(field);
    }
}
