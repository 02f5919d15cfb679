//! Ending a wait from another thread.

use core::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
#[cfg(not(all(test, loom)))]
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};

use crate::layout::LayoutSource;
use crate::ring::Memory;
use crate::segment::Segment;

/// How long an interrupter lets pass before it wakes the sleeper once more.
#[cfg_attr(all(test, loom), allow(dead_code))]
const NUDGE: Duration = Duration::from_micros(50);

/// What the threads that interrupt share with the side that waits.
///
/// The danger is that of every sleep: whoever raises the flag looks whether the side sleeps, and
/// the side says that it does and looks at the flag; a full fence on each side, between the store
/// and the look, makes one of both see the other.
#[derive(Debug, Default)]
pub(crate) struct Flag {
    raised: AtomicBool,
    /// How many want the side for themselves: only a wait that yields heeds them.
    wanted: AtomicU32,
    asleep: AtomicBool,
}

impl Flag {
    /// Whether somebody wants the wait to end.
    #[inline]
    pub(crate) fn is_raised(&self) -> bool {
        // Acquire: what was done before the interrupt is visible to whoever it interrupts.
        self.raised.load(Ordering::Acquire)
    }

    /// Whether somebody wants the side.
    pub(crate) fn is_wanted(&self) -> bool {
        // Acquire: as above.
        self.wanted.load(Ordering::Acquire) > 0
    }

    /// Takes the flag down: the wait that it was for ends.
    pub(crate) fn take_down(&self) {
        // Relaxed: nothing hangs on when it is seen.
        self.raised.store(false, Ordering::Relaxed);
    }

    /// Says that the side is about to sleep, or that it does not any more.
    pub(crate) fn set_asleep(&self, asleep: bool) {
        // Relaxed: ordered before the look at the flag by the fence.
        self.asleep.store(asleep, Ordering::Relaxed);
        if asleep {
            fence(Ordering::SeqCst);
        }
    }

    /// Raises the flag, and calls `wake` until the side has left the kernel.
    pub(crate) fn raise(&self, wake: impl FnMut()) {
        // Release: pairs with the acquire load in `is_raised`.
        self.raised.store(true, Ordering::Release);
        self.nudge(Self::is_raised, wake);
    }

    /// Calls `wake` until nobody sleeps, or there is no reason to any more: a side that has looked
    /// around and is about to sleep does not hear the first call.
    fn nudge(&self, has_reason: impl Fn(&Self) -> bool, mut wake: impl FnMut()) {
        // Pairs with the fence in `set_asleep`.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence; later looks only find out sooner or later.
        while self.asleep.load(Ordering::Relaxed) && has_reason(self) {
            wake();
            rest();
        }
    }
}

fn rest() {
    #[cfg(all(test, loom))]
    loom::thread::yield_now();
    #[cfg(not(all(test, loom)))]
    std::thread::sleep(NUDGE);
}

/// Ends a wait of one side from another thread.
///
/// [`Consumer::interrupter`] and [`Producer::interrupter`] give it; it may be cloned, sent to other
/// threads, and outlive its side, after which it does nothing.
///
/// [`Consumer::interrupter`]: crate::Consumer::interrupter
/// [`Producer::interrupter`]: crate::Producer::interrupter
pub struct Interrupter<L: LayoutSource> {
    flag: Arc<Flag>,
    segment: Weak<Segment<L>>,
    /// The field on which the side sleeps.
    sleeps_on: usize,
}

impl<L: LayoutSource> Interrupter<L> {
    pub(crate) fn new(flag: Arc<Flag>, segment: &Arc<Segment<L>>, sleeps_on: usize) -> Self {
        Self { flag, segment: Arc::downgrade(segment), sleeps_on }
    }

    /// Ends the call of the side that waits now, else the next one that would have waited: a
    /// receive says that nothing came, a send says [`SendError::Timeout`], `wait_for_peer` says
    /// `false`. Several interrupts that no wait came between are one.
    ///
    /// Returns once the side has left the kernel, which takes some microseconds.
    ///
    /// [`SendError::Timeout`]: crate::SendError::Timeout
    pub fn interrupt(&self) {
        // The mapping is kept for the call: the kernel finds the sleeper by it.
        let Some(segment) = self.segment.upgrade() else { return };
        let memory = segment.mapped();
        self.flag.raise(|| memory.wake(self.sleeps_on));
    }

    /// Whether somebody wants the side.
    pub(crate) fn is_wanted(&self) -> bool {
        self.flag.is_wanted()
    }

    /// Makes waits that yield end for as long as the answer lives.
    pub(crate) fn want(&self) -> Want {
        // Release: pairs with the acquire load in `is_wanted`.
        self.flag.wanted.fetch_add(1, Ordering::Release);
        if let Some(segment) = self.segment.upgrade() {
            let memory = segment.mapped();
            self.flag.nudge(Flag::is_wanted, || memory.wake(self.sleeps_on));
        }
        Want(Arc::clone(&self.flag))
    }
}

/// Somebody wants a side that another thread waits with.
pub(crate) struct Want(Arc<Flag>);

impl Drop for Want {
    fn drop(&mut self) {
        // Relaxed: nothing hangs on when it is seen.
        self.0.wanted.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<L: LayoutSource> Clone for Interrupter<L> {
    fn clone(&self) -> Self {
        Self {
            flag: Arc::clone(&self.flag),
            segment: Weak::clone(&self.segment),
            sleeps_on: self.sleeps_on,
        }
    }
}

impl<L: LayoutSource> fmt::Debug for Interrupter<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupter").field("flag", &self.flag).finish_non_exhaustive()
    }
}
