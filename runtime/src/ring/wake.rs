//! Going to sleep and waking up without losing a wake-up, and without a fence on every message.
//!
//! Each direction has two words: a *control word*, written by the sleeper alone, and a *sequence*,
//! written by the waker alone. The danger is the store-buffer pattern: the sleeper announces
//! itself and then looks at the ring, the waker publishes and then looks at the announcement; if
//! both loads overtake the stores before them, both see nothing, and the sleeper sleeps on. A full
//! fence on each side excludes it. The waker's, on every message, is what costs; so where both
//! sides can, the sleeper executes it for the waker with `membarrier`.

use core::sync::atomic::Ordering;
use std::time::Duration;

use super::Memory;

/// Control word: its owner is about to sleep, or sleeps.
pub(crate) const WAITING: u32 = 1;
/// Control word: its owner issues a membarrier before it sleeps.
pub(crate) const CAN_MEMBARRIER: u32 = 2;
/// How far the sequence is shifted in the control word, which holds its low 30 bits.
const SEQUENCE_SHIFT: u32 = 2;

/// The waking half of one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waker {
    /// The peer's control word.
    pub(crate) control: usize,
    /// This side's sequence.
    pub(crate) sequence: usize,
    /// Whether this process gets the peer's membarriers.
    pub(crate) registered: bool,
}

impl Waker {
    /// Wakes the peer if it sleeps. To be called after each publication or release.
    #[inline(always)]
    pub(crate) fn notify<M: Memory>(&self, memory: &M) {
        memory.fence_light();
        // Relaxed: ordered after the publication by the light fence, whose partner is the heavy
        // fence in `Sleeper::sleep`. Nothing is read on the strength of this word.
        let control = memory.load_u32(self.control, Ordering::Relaxed);
        if !self.registered || control & (WAITING | CAN_MEMBARRIER) != CAN_MEMBARRIER {
            self.notify_slow(memory, control);
        }
    }

    #[cold]
    #[inline(never)]
    fn notify_slow<M: Memory>(&self, memory: &M, mut control: u32) {
        if !self.registered || control & CAN_MEMBARRIER == 0 {
            // The peer does not fence for us. Pairs with the sleeper's own full fence.
            memory.fence_full();
            // Relaxed: ordered by the fence just above.
            control = memory.load_u32(self.control, Ordering::Relaxed);
        }
        // Relaxed: this side alone writes its sequence.
        let sequence = memory.load_u32(self.sequence, Ordering::Relaxed);
        if control & WAITING != 0 && control >> SEQUENCE_SHIFT == sequence & (u32::MAX >> 2) {
            self.announce(memory);
        }
    }

    /// Moves the sequence on and wakes the peer, whatever its control word says: after attaching
    /// and closing.
    pub(crate) fn announce<M: Memory>(&self, memory: &M) {
        // Relaxed: this side alone writes its sequence.
        let sequence = memory.load_u32(self.sequence, Ordering::Relaxed);
        // Release: pairs with the acquire load of a peer that polls the sequence to notice that
        // this side's state changed. A sleeper is woken by the call after it.
        memory.store_u32(self.sequence, sequence.wrapping_add(1), Ordering::Release);
        memory.wake(self.sequence);
    }
}

/// The sleeping half of one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sleeper {
    /// This side's control word.
    pub(crate) control: usize,
    /// The peer's sequence.
    pub(crate) sequence: usize,
    /// Whether this side issues membarriers.
    pub(crate) registered: bool,
}

impl Sleeper {
    /// The control word of a side that is awake.
    pub(crate) fn awake(&self) -> u32 {
        if self.registered { CAN_MEMBARRIER } else { 0 }
    }

    /// Sleeps on `sequence`, which was read before the caller last looked around, unless `ready`.
    ///
    /// May end for no reason. If the bound ends it, `on_timeout` gets `ready` and runs while the control word still says that this side sleeps.
    pub(crate) fn sleep<M: Memory, R: FnMut() -> bool>(
        &self,
        memory: &M,
        sequence: u32,
        bound: Duration,
        ready: &mut R,
        on_timeout: impl FnOnce(&mut R),
    ) {
        let control = self.awake() | WAITING | sequence << SEQUENCE_SHIFT;
        // Relaxed: the fence below orders this store before the look at the ring.
        memory.store_u32(self.control, control, Ordering::Relaxed);
        if self.registered {
            // Partner of the light fence in `Waker::notify`.
            memory.fence_heavy();
        } else {
            // Partner of the full fence in `Waker::notify_slow`.
            memory.fence_full();
        }
        if !ready() && !memory.wait(self.sequence, sequence, bound) {
            on_timeout(ready);
        }
        // Relaxed: a waker that still sees the waiting bit finds another sequence, or wakes once
        // in vain.
        memory.store_u32(self.control, self.awake(), Ordering::Relaxed);
    }
}
