//! Going to sleep and waking up without losing a wake-up, and without a fence on every message.
//!
//! Each direction has two words: a *control word*, written by the sleeper alone, and a *sequence*,
//! written by the waker alone. The danger is the store-buffer pattern: the sleeper announces
//! itself and then looks at the ring, the waker publishes and then looks at the announcement; if
//! both loads overtake the stores before them, both see nothing, and the sleeper sleeps on. A full
//! fence on each side excludes it. The waker's, on every message, is what costs; so where both
//! sides can, the sleeper executes it for the waker with `membarrier`.

use core::sync::atomic::Ordering;

use super::Memory;
use crate::constants::{CAN_MEMBARRIER, SEQUENCE_SHIFT, WAITING};
use crate::layout::RingHeaderLayout;

/// The words of one direction, by their offsets in the header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Direction {
    /// The control word, which the sleeper writes.
    pub(crate) control: usize,
    /// The sequence, which the waker writes.
    pub(crate) sequence: usize,
}

impl Direction {
    /// Where the producer wakes the consumer.
    #[inline(always)]
    pub(crate) const fn data(header: &RingHeaderLayout) -> Self {
        Self { control: header.consumer_control, sequence: header.data_sequence }
    }

    /// Where the consumer wakes the producer.
    #[inline(always)]
    pub(crate) const fn space(header: &RingHeaderLayout) -> Self {
        Self { control: header.producer_control, sequence: header.space_sequence }
    }
}

/// The waking half of one direction. The direction is an argument of each call, because it is a
/// constant where the calls are, and would not be in here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waker {
    /// Whether this process gets the peer's membarriers.
    registered: bool,
    /// The low bits of a control word that asks for nothing; no bits do if this side has to fence.
    quiet: u32,
}

impl Waker {
    /// A waker; `registered` says whether this process gets the peer's membarriers.
    pub(crate) fn new(registered: bool) -> Self {
        Self { registered, quiet: if registered { CAN_MEMBARRIER } else { u32::MAX } }
    }

    /// Wakes the peer if it sleeps. To be called after each publication or release.
    ///
    /// Whether the first look at its control word did not settle the matter: a side that hears this
    /// has reason to look around.
    #[inline(always)]
    pub(crate) fn notify<M: Memory>(self, memory: &M, direction: Direction) -> bool {
        memory.fence_light();
        // Relaxed: ordered after the publication by the light fence, whose partner is the heavy
        // fence in `Sleeper::sleep`. Nothing is read on the strength of this word.
        let control = memory.load_u32(direction.control, Ordering::Relaxed);
        let is_unsettled = control & (WAITING | CAN_MEMBARRIER) != self.quiet;
        if is_unsettled {
            self.notify_slow(memory, direction, control);
        }
        is_unsettled
    }

    #[cold]
    #[inline(never)]
    fn notify_slow<M: Memory>(self, memory: &M, direction: Direction, mut control: u32) {
        if !self.registered || control & CAN_MEMBARRIER == 0 {
            // The peer does not fence for us. Pairs with the sleeper's own full fence.
            memory.fence_full();
            // Relaxed: ordered by the fence just above.
            control = memory.load_u32(direction.control, Ordering::Relaxed);
        }
        // Relaxed: this side alone writes its sequence.
        let sequence = memory.load_u32(direction.sequence, Ordering::Relaxed);
        if control & WAITING != 0 && control >> SEQUENCE_SHIFT == sequence & (u32::MAX >> 2) {
            announce(memory, direction);
        }
    }
}

/// Moves this side's sequence on and wakes the peer, whatever its control word says: the rest of
/// waking, and all of it after attaching and closing.
pub(crate) fn announce<M: Memory>(memory: &M, direction: Direction) {
    // Relaxed: this side alone writes its sequence.
    let sequence = memory.load_u32(direction.sequence, Ordering::Relaxed);
    // Release: pairs with the acquire load of a peer that polls the sequence to notice that this
    // side's state changed. A sleeper is woken by the call after it.
    memory.store_u32(direction.sequence, sequence.wrapping_add(1), Ordering::Release);
    memory.wake(direction.sequence);
}

/// How a side that is about to sleep was kept from overtaking its waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fenced {
    /// As its control word said before.
    Done,
    /// The membarrier that its control word spoke of is refused: a waker that relied on it may
    /// have published what is not visible yet. From now on the side fences by itself.
    Refused,
}

/// The sleeping half of one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sleeper {
    /// Where this side sleeps.
    pub(crate) direction: Direction,
    /// Whether this side issues membarriers.
    pub(crate) registered: bool,
}

impl Sleeper {
    /// The control word of a side that is awake.
    pub(crate) fn awake(&self) -> u32 {
        if self.registered { CAN_MEMBARRIER } else { 0 }
    }

    /// Says that this side is about to sleep on `sequence`, which was read before the caller last
    /// looked around.
    ///
    /// The caller looks around once more, sleeps, and [gets up](Self::get_up).
    pub(crate) fn lie_down<M: Memory>(&mut self, memory: &M, sequence: u32) -> Fenced {
        let waiting = WAITING | sequence << SEQUENCE_SHIFT;
        // Relaxed: the fence below orders this store before the look at the ring.
        memory.store_u32(self.direction.control, self.awake() | waiting, Ordering::Relaxed);
        // Partner of the light fence in `Waker::notify`.
        if self.registered && memory.fence_heavy() {
            return Fenced::Done;
        }
        let was_registered = core::mem::replace(&mut self.registered, false);
        if was_registered {
            // Relaxed: as above.
            memory.store_u32(self.direction.control, self.awake() | waiting, Ordering::Relaxed);
        }
        // Partner of the full fence in `Waker::notify_slow`.
        memory.fence_full();
        if was_registered { Fenced::Refused } else { Fenced::Done }
    }

    /// Says that this side does not sleep any more.
    pub(crate) fn get_up<M: Memory>(&self, memory: &M) {
        // Relaxed: a waker that still sees the waiting bit finds another sequence, or wakes once
        // in vain.
        memory.store_u32(self.direction.control, self.awake(), Ordering::Relaxed);
    }
}
