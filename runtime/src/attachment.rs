//! A role that this process holds: what it says about itself in the header, how it sleeps, and
//! how it ends.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::constants::{REFUSED_NAP_NS, STATE_ATTACHED, STATE_CLOSED};
use crate::error::Error;
use crate::interrupt::{Flag, Interrupter};
use crate::layout::LayoutSource;
use crate::platform;
use crate::ring::{Fenced, Mapped, Memory, Sleeper, Waker, announce};
use crate::role::{Origin, Role, RoleFields};
use crate::segment::{Segment, TRANSITION_PATIENCE};

/// How long a side sleeps at most for so long after a membarrier was refused.
const NAP: Duration = Duration::from_nanos(REFUSED_NAP_NS);

/// A role that this process holds, announced in the header until it ends.
#[derive(Debug)]
pub(crate) struct Attachment<L: LayoutSource> {
    /// `None` once the role has ended.
    segment: Option<Arc<Segment<L>>>,
    memory: Mapped<L>,
    role: Role,
    fields: RoleFields,
    /// Whether this process gets the peer's membarriers.
    registered: bool,
    sleeper: Sleeper,
    /// When the kernel refused a membarrier, once it did.
    refused_ns: Option<u64>,
    interrupt: Arc<Flag>,
    /// Whether waits also end when another thread wants this side.
    pub(crate) yields: bool,
    origin: Origin,
}

impl<L: LayoutSource> Attachment<L> {
    /// Prepares the role whose lock `segment` holds. Nothing is announced yet.
    pub(crate) fn new(segment: Segment<L>, role: Role) -> Self {
        let registered = platform::register_membarrier();
        let fields = RoleFields::of(role, &segment.layout().ring_header);
        Self {
            memory: segment.mapped(),
            segment: Some(Arc::new(segment)),
            role,
            fields,
            registered,
            sleeper: Sleeper { direction: fields.sleeps, registered },
            refused_ns: None,
            interrupt: Arc::default(),
            yields: false,
            origin: Origin::here(),
        }
    }

    /// The role.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// Whether this is a child of the process that attached. Costs a load.
    #[inline(always)]
    pub(crate) fn is_forked(&self) -> bool {
        self.origin.is_forked()
    }

    /// Writes this side's state into the header and makes the peer look at it.
    pub(crate) fn announce(&self) {
        let Self { memory, fields, .. } = self;
        // Relaxed: this side alone writes its epoch, and the role lock orders it after the last
        // holder.
        let epoch = memory.load_u32(fields.epoch, Ordering::Relaxed);
        memory.store_u32(fields.epoch, epoch.wrapping_add(1), Ordering::Relaxed);
        memory.store_u32(fields.pid, std::process::id(), Ordering::Relaxed);
        self.heartbeat();
        memory.store_u32(fields.sleeps.control, self.sleeper.awake(), Ordering::Relaxed);
        // Release: pairs with the acquire loads of the state in `Peer`: epoch and pid are there.
        memory.store_u32(fields.state, STATE_ATTACHED, Ordering::Release);
        announce(memory, fields.wakes);
    }

    /// Stores the time into this side's heartbeat.
    pub(crate) fn heartbeat(&self) {
        // Relaxed: information on its own.
        self.memory.store_u64(self.fields.heartbeat_ns, platform::now_ns(), Ordering::Relaxed);
    }

    /// Wakes the peer.
    pub(crate) fn waker(&self) -> Waker {
        Waker::new(self.registered)
    }

    /// Says that this side is about to sleep on `sequence`, which was read before the caller last
    /// looked around.
    ///
    /// The caller looks around once more, also whether it is [interrupted](Self::is_interrupted),
    /// sleeps no longer than the answer says, and [gets up](Self::get_up).
    pub(crate) fn lie_down(&mut self, sequence: u32) -> Duration {
        self.interrupt.set_asleep(true);
        if self.sleeper.lie_down(&self.memory, sequence) == Fenced::Refused {
            log::warn!("{}: membarrier is refused, fences from now on", self.path().display());
            self.refused_ns = Some(platform::now_ns());
        }
        // What a waker published before the refusal, without a fence, is visible soon: this side
        // does not sleep long before it is, be it now or, if it has reason to look around first,
        // the next time.
        let is_recent = |at| platform::now_ns().saturating_sub(at) < REFUSED_NAP_NS;
        if self.refused_ns.is_some_and(is_recent) { NAP } else { Duration::MAX }
    }

    /// Sleeps while the peer's sequence is `sequence`, at most `bound`; `false` if the bound ended
    /// it. May end for no reason.
    pub(crate) fn doze(&self, sequence: u32, bound: Duration) -> bool {
        self.memory.wait(self.fields.sleeps.sequence, sequence, bound)
    }

    /// Says that this side does not sleep any more.
    pub(crate) fn get_up(&self) {
        self.sleeper.get_up(&self.memory);
        self.interrupt.set_asleep(false);
    }

    /// Tells the peer that the file has lost its name: a producer whose consumer takes its
    /// can-membarrier bit back looks around.
    pub(crate) fn tell_removed(&mut self) {
        self.sleeper.registered = false;
        self.sleeper.get_up(&self.memory);
    }

    /// Whether another thread wants this side to stop waiting.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.is_raised() || self.yields && self.interrupt.is_wanted()
    }

    /// The wait that was to be interrupted ends.
    pub(crate) fn end_interrupt(&self) {
        self.interrupt.take_down();
    }

    /// A handle with which other threads end this side's waits.
    pub(crate) fn interrupter(&self) -> Interrupter<L> {
        Interrupter::new(Arc::clone(&self.interrupt), self.segment(), self.fields.sleeps.sequence)
    }

    /// Counts a sleep that nobody ended although there was a reason to.
    pub(crate) fn count_missed_wakeup(&self) {
        let field = self.fields.missed_wakeups;
        // Relaxed: a counter that this side alone writes.
        let missed = self.memory.load_u64(field, Ordering::Relaxed);
        self.memory.store_u64(field, missed.wrapping_add(1), Ordering::Relaxed);
        log::error!("{}: a wake-up was missed", self.path().display());
    }

    /// The ring.
    pub(crate) fn segment(&self) -> &Arc<Segment<L>> {
        self.segment.as_ref().expect("a role is not used once it has ended")
    }

    fn path(&self) -> &Path {
        self.segment().file().path()
    }

    /// Whether [`Attachment::end`] is still to come, from this process.
    pub(crate) fn is_open(&self) -> bool {
        self.segment.is_some() && !self.is_forked()
    }

    /// Ends the role: says so, and removes the ring if this is the last side out and `is_drained`.
    ///
    /// Afterwards nothing may touch the ring. A forked child leaves the role to its parent.
    ///
    /// # Errors
    ///
    /// The file could not be removed; the role has ended all the same.
    pub(crate) fn end(&mut self, is_drained: &mut dyn FnMut() -> bool) -> Result<(), Error> {
        let is_ours = self.is_open();
        let Some(segment) = self.segment.take() else { return Ok(()) };
        if !is_ours {
            return Ok(());
        }
        let Self { memory, fields, .. } = self;
        // Relaxed: the peer learns of it through the sequence below.
        memory.store_u32(fields.sleeps.control, 0, Ordering::Relaxed);
        // Release: pairs with the acquire load of the state in `Peer`: whoever sees "closed" sees
        // everything that this side published before.
        memory.store_u32(fields.state, STATE_CLOSED, Ordering::Release);
        announce(memory, fields.wakes);
        // Pairs with the same fence of a peer that closes at once: one of both sees the other's
        // state.
        memory.fence_full();
        tidy_up(segment, self.role, is_drained)
    }
}

/// Lets go of a role that has ended. The last side out removes the ring if nothing is left in it.
///
/// Both role locks are held meanwhile, so that nobody attaches in between; whoever waits for one
/// finds the name gone, and starts over. They are taken in the order consumer, producer: a producer
/// gives its own back first, so two sides that close at once do not wait for each other.
fn tidy_up<L: LayoutSource>(
    segment: Arc<Segment<L>>,
    own: Role,
    is_drained: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    let file = Arc::clone(segment.file());
    let memory = segment.mapped();
    let peer = RoleFields::of(own.peer(), memory.ring_header());
    let mut holds_own = own == Role::Consumer;
    if !holds_own {
        file.unlock(own);
    }
    // A holder that says "closed" is closing at the same time. Any other one stays, or is about to.
    let patience = || match is_drained() && peer.said(&memory).state == STATE_CLOSED {
        true => TRANSITION_PATIENCE,
        false => Duration::ZERO,
    };
    // A lock that cannot be asked for counts as taken.
    let is_alone = file.lock_patiently(own.peer(), patience).unwrap_or(false);
    if is_alone && !holds_own {
        // Once: a new producer is not waited for.
        holds_own = file.try_lock(own).unwrap_or(false);
    }
    let mut result = Ok(());
    // Somebody may have come and gone before the locks were ours.
    if is_alone && holds_own && is_drained() && file.is_current() {
        // Some systems do not remove a file that is mapped.
        drop(segment);
        result = file.unlink();
        log::debug!("removed {}: {result:?}", file.path().display());
    }
    if is_alone {
        file.unlock(own.peer());
    }
    if holds_own {
        file.unlock(own);
    }
    result
}
