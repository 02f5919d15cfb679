//! Blocking: look again for a while, then sleep in the kernel, in slices in which the peer's life
//! is checked.

use std::time::Duration;

use crate::constants::{DIAGNOSIS_SLICES, LIVENESS_NS};
use crate::layout::LayoutSource;
use crate::options::{Options, WaitStrategy};
use crate::peer::Ended;
use crate::platform;
use crate::side::Side;

/// How many looks lie between two looks at the clock while spinning.
const LOOKS: u32 = 32;
/// Longest sleep at a time.
const LIVENESS: Duration = Duration::from_nanos(LIVENESS_NS);

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// What was waited for is there.
    Ready,
    /// It is not, and the time is over.
    TimedOut,
    /// It is not, and another thread wanted the wait to end.
    Interrupted,
    /// It is not, and will not be for now.
    Ended(Ended),
}

/// When to stop waiting: a time of the monotonic clock, or never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<u64>);

impl Deadline {
    /// `None` waits as long as it takes; a time beyond some 500 years does the same.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        let ns = timeout.and_then(|timeout| u64::try_from(timeout.as_nanos()).ok());
        Self(ns.and_then(|ns| platform::now_ns().checked_add(ns)))
    }

    /// Whether the time is over.
    pub(crate) fn is_over(self) -> bool {
        self.0.is_some_and(|at| platform::now_ns() >= at)
    }

    fn left_ns(self, now_ns: u64) -> u64 {
        self.0.map_or(u64::MAX, |at| at.saturating_sub(now_ns))
    }
}

/// What a side may choose about waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    strategy: WaitStrategy,
    spin_ns: u64,
    /// Whether a sleep that nobody ended is looked into.
    diagnoses: bool,
}

impl Patience {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            strategy: options.wait_strategy,
            spin_ns: u64::try_from(options.spin.as_nanos()).unwrap_or(u64::MAX),
            diagnoses: options.diagnose_wakeups,
        }
    }
}

impl<L: LayoutSource> Side<L> {
    /// Waits until `ready`, which looks at the ring and has no side effects.
    ///
    /// The answer "ready" may come late, but is never wrong; all others are given only after
    /// `ready` said no once more. An interrupt that did not end the wait stays for the next one.
    pub(crate) fn wait(&mut self, deadline: Deadline, mut ready: impl FnMut() -> bool) -> Waited {
        let Patience { strategy, spin_ns, .. } = self.patience;
        // The clock is read only after a few looks: most waits in a stream are shorter.
        let mut start_ns = None;
        loop {
            for _ in 0..LOOKS {
                if ready() {
                    return Waited::Ready;
                }
                if let Some(ended) = self.peer.look() {
                    return settle(&mut ready, Waited::Ended(ended));
                }
                core::hint::spin_loop();
            }
            let now_ns = platform::now_ns();
            if let Some(ended) = self.peer.check_if_due(now_ns) {
                return settle(&mut ready, Waited::Ended(ended));
            }
            if deadline.left_ns(now_ns) == 0 {
                return settle(&mut ready, Waited::TimedOut);
            }
            if self.attachment.is_interrupted() {
                return self.interrupted(&mut ready);
            }
            let spun_ns = now_ns.saturating_sub(*start_ns.get_or_insert(now_ns));
            if strategy == WaitStrategy::Adaptive && spun_ns >= spin_ns {
                return self.sleep(deadline, &mut ready);
            }
        }
    }

    /// The sleeping half of [`Side::wait`].
    fn sleep(&mut self, deadline: Deadline, ready: &mut impl FnMut() -> bool) -> Waited {
        loop {
            // The sequence comes first: whatever the peer does after this load moves it on, and
            // the kernel then refuses to sleep.
            let sequence = self.peer.sequence();
            if ready() {
                return Waited::Ready;
            }
            if let Some(ended) = self.peer.look() {
                return settle(ready, Waited::Ended(ended));
            }
            let now_ns = platform::now_ns();
            if let Some(ended) = self.peer.check_if_due(now_ns) {
                return settle(ready, Waited::Ended(ended));
            }
            let left_ns = deadline.left_ns(now_ns);
            if left_ns == 0 {
                return settle(ready, Waited::TimedOut);
            }
            if self.attachment.is_interrupted() {
                return self.interrupted(ready);
            }
            let longest = self.attachment.lie_down(sequence);
            let attachment = &self.attachment;
            let bound = Duration::from_nanos(left_ns.min(LIVENESS_NS)).min(longest);
            let is_over =
                !ready() && !attachment.is_interrupted() && !attachment.doze(sequence, bound);
            let is_missed = self.patience.diagnoses
                && is_over
                && bound == LIVENESS
                && ready()
                && self.nobody_wakes(sequence);
            attachment.get_up();
            if is_missed {
                attachment.count_missed_wakeup();
            }
        }
    }

    fn interrupted(&self, ready: &mut impl FnMut() -> bool) -> Waited {
        if ready() {
            return Waited::Ready;
        }
        self.attachment.end_interrupt();
        Waited::Interrupted
    }

    /// After a sleep that ended by its bound although its reason was there: sleeps on, to tell a
    /// waker that was merely between publishing and waking from one that forgot.
    fn nobody_wakes(&self, sequence: u32) -> bool {
        let Self { peer, attachment, .. } = self;
        for _ in 0..DIAGNOSIS_SLICES {
            // A waker that died in between could not wake; an interrupt wakes as well.
            if !peer.is_held() || attachment.doze(sequence, LIVENESS) || attachment.is_interrupted()
            {
                return false;
            }
        }
        peer.is_held()
    }

    /// Waits until somebody alive has the peer's role; `false` if that did not happen in time, or
    /// cannot happen any more, or the wait was interrupted.
    pub(crate) fn wait_for_peer(&mut self, timeout: Option<Duration>) -> bool {
        if self.is_forked() {
            return false;
        }
        let deadline = Deadline::after(timeout);
        let Self { attachment, peer, .. } = self;
        loop {
            // A side that attaches moves its sequence after it has said so.
            let sequence = peer.sequence();
            if peer.is_alive() {
                return true;
            }
            let left_ns = deadline.left_ns(platform::now_ns());
            if peer.is_removed_by_now() || left_ns == 0 {
                return false;
            }
            if attachment.is_interrupted() {
                attachment.end_interrupt();
                return false;
            }
            let longest = attachment.lie_down(sequence);
            let bound = Duration::from_nanos(left_ns.min(LIVENESS_NS)).min(longest);
            if peer.sequence() == sequence && !attachment.is_interrupted() {
                attachment.doze(sequence, bound);
            }
            attachment.get_up();
        }
    }
}

fn settle(ready: &mut impl FnMut() -> bool, otherwise: Waited) -> Waited {
    if ready() { Waited::Ready } else { otherwise }
}
