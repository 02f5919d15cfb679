//! Blocking: look again for a while, then sleep in the kernel, in slices in which the peer's life
//! is checked.

use std::time::Duration;

use crate::layout::Layout;
use crate::options::{Options, WaitStrategy};
use crate::peer::{Ended, LIVENESS_NS, Peer};
use crate::platform;
use crate::ring::{Mapped, Memory, Sleeper};
use crate::role::Attachment;

/// How many looks lie between two looks at the clock while spinning.
const LOOKS: u32 = 32;
/// How long a sleep whose reason came in time may be ended late before that counts as missed.
const GRACE_NS: u64 = 1_000_000_000;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// What was waited for is there.
    Ready,
    /// It is not, and the time is over.
    TimedOut,
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
}

impl Patience {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            strategy: options.wait_strategy,
            spin_ns: u64::try_from(options.spin.as_nanos()).unwrap_or(u64::MAX),
        }
    }

    /// Waits until `ready`, which looks at the ring and has no side effects.
    ///
    /// The answer "ready" may come late, but is never wrong; "ended" and "timed out" are given
    /// only after `ready` said no once more.
    pub(crate) fn wait<L: Layout>(
        self,
        attachment: &Attachment<L>,
        peer: &mut Peer<L>,
        deadline: Deadline,
        mut ready: impl FnMut() -> bool,
    ) -> Waited {
        // The clock is read only after a few looks: most waits in a stream are shorter.
        let mut start_ns = None;
        loop {
            for _ in 0..LOOKS {
                if ready() {
                    return Waited::Ready;
                }
                if let Some(ended) = peer.look() {
                    return settle(&mut ready, Waited::Ended(ended));
                }
                core::hint::spin_loop();
            }
            let now_ns = platform::now_ns();
            if let Some(ended) = peer.check_if_due(now_ns) {
                return settle(&mut ready, Waited::Ended(ended));
            }
            if deadline.left_ns(now_ns) == 0 {
                return settle(&mut ready, Waited::TimedOut);
            }
            let spun_ns = now_ns.saturating_sub(*start_ns.get_or_insert(now_ns));
            if self.strategy == WaitStrategy::Adaptive && spun_ns >= self.spin_ns {
                return sleep(attachment, peer, deadline, &mut ready);
            }
        }
    }
}

fn settle(ready: &mut impl FnMut() -> bool, otherwise: Waited) -> Waited {
    if ready() { Waited::Ready } else { otherwise }
}

/// The sleeping half of [`Patience::wait`].
fn sleep<L: Layout>(
    attachment: &Attachment<L>,
    peer: &mut Peer<L>,
    deadline: Deadline,
    ready: &mut impl FnMut() -> bool,
) -> Waited {
    let sleeper = attachment.sleeper();
    let memory = attachment.segment().mapped();
    loop {
        // The sequence comes first: whatever the peer does after this load moves it on, and the
        // kernel then refuses to sleep.
        let sequence = peer.sequence();
        if ready() {
            return Waited::Ready;
        }
        if let Some(ended) = peer.look() {
            return settle(ready, Waited::Ended(ended));
        }
        let now_ns = platform::now_ns();
        if let Some(ended) = peer.check_if_due(now_ns) {
            return settle(ready, Waited::Ended(ended));
        }
        let left_ns = deadline.left_ns(now_ns);
        if left_ns == 0 {
            return settle(ready, Waited::TimedOut);
        }
        let bound = Duration::from_nanos(left_ns.min(LIVENESS_NS));
        let mut missed = false;
        sleeper.sleep(&memory, sequence, bound, ready, |ready| {
            missed = left_ns >= LIVENESS_NS
                && ready()
                && nobody_wakes(&memory, &sleeper, sequence, peer);
        });
        if missed {
            attachment.count_missed_wakeup();
        }
    }
}

/// After a sleep that ended by its bound although its reason was there: sleeps on, to tell a waker
/// that was merely between publishing and waking from one that forgot.
fn nobody_wakes<L: Layout>(
    memory: &Mapped<L>,
    sleeper: &Sleeper,
    sequence: u32,
    peer: &Peer<L>,
) -> bool {
    let slice = Duration::from_nanos(LIVENESS_NS);
    for _ in 0..GRACE_NS / LIVENESS_NS {
        // A waker that died in between could not wake.
        if !peer.is_held() || memory.wait(sleeper.direction.sequence, sequence, slice) {
            return false;
        }
    }
    peer.is_held()
}
