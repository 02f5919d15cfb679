//! The two roles of a ring, and what a side writes about itself into the header.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::layout::Layout;
use crate::platform;
use crate::ring::{CAN_MEMBARRIER, Direction, Mapped, Memory, Sleeper, Waker, announce};
use crate::segment::Segment;

/// One side of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that sends.
    Producer,
    /// The side that receives.
    Consumer,
}

impl Role {
    /// The byte of the file whose lock is the role.
    pub(crate) fn lock_byte(self) -> u64 {
        match self {
            Self::Producer => platform::LOCK_BASE,
            Self::Consumer => platform::LOCK_BASE + 1,
        }
    }

    /// The other side.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Producer => Self::Consumer,
            Self::Consumer => Self::Producer,
        }
    }
}

/// A side's state in the header: nobody ever had the role.
pub(crate) const NEVER: u32 = 0;
/// A side's state in the header: attached, or died without saying so.
pub(crate) const ATTACHED: u32 = 1;
/// A side's state in the header: closed in good order.
pub(crate) const CLOSED: u32 = 2;

/// Where a side's fields are, so that code for both sides is written once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoleFields {
    pub(crate) pid: usize,
    pub(crate) state: usize,
    pub(crate) epoch: usize,
    pub(crate) heartbeat_ns: usize,
    pub(crate) missed_wakeups: usize,
    /// Where this side wakes its peer.
    pub(crate) wakes: Direction,
    /// Where this side sleeps.
    pub(crate) sleeps: Direction,
}

impl RoleFields {
    /// The fields of one side.
    pub(crate) const fn of<L: Layout>(role: Role) -> Self {
        let header = L::RING_HEADER;
        let (data, space) = (Direction::data::<L>(), Direction::space::<L>());
        match role {
            Role::Producer => Self {
                pid: header.producer_pid,
                state: header.producer_state,
                epoch: header.producer_epoch,
                heartbeat_ns: header.producer_heartbeat_ns,
                missed_wakeups: header.producer_missed_wakeups,
                wakes: data,
                sleeps: space,
            },
            Role::Consumer => Self {
                pid: header.consumer_pid,
                state: header.consumer_state,
                epoch: header.consumer_epoch,
                heartbeat_ns: header.consumer_heartbeat_ns,
                missed_wakeups: header.consumer_missed_wakeups,
                wakes: space,
                sleeps: data,
            },
        }
    }

    /// Whether the role's holder, if there is one, has announced itself and not closed.
    pub(crate) fn is_attached<L: Layout>(&self, memory: &Mapped<L>) -> bool {
        // Relaxed: decides only how long to wait.
        memory.load_u32(self.state, Ordering::Relaxed) == ATTACHED
    }

    /// The process id that the side wrote.
    pub(crate) fn load_pid<L: Layout>(&self, memory: &Mapped<L>) -> u32 {
        // Relaxed: information for people.
        memory.load_u32(self.pid, Ordering::Relaxed)
    }
}

/// The process that attached, to tell it from its forked children.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin(u64);

impl Origin {
    /// This process.
    pub(crate) fn here() -> Self {
        Self(platform::fork_generation())
    }

    /// Whether this is a child of the process that attached. Costs a load.
    #[inline(always)]
    pub(crate) fn is_forked(self) -> bool {
        self.0 != platform::fork_generation()
    }
}

/// A role that this process holds: announced in the header until dropped.
#[derive(Debug)]
pub(crate) struct Attachment<L: Layout> {
    segment: Arc<Segment<L>>,
    role: Role,
    fields: RoleFields,
    registered: bool,
    origin: Origin,
}

impl<L: Layout> Attachment<L> {
    /// Prepares the role whose lock `segment` holds. Nothing is announced yet.
    pub(crate) fn new(segment: Arc<Segment<L>>, role: Role) -> Self {
        let registered = platform::register_membarrier();
        let fields = RoleFields::of::<L>(role);
        Self { segment, role, fields, registered, origin: Origin::here() }
    }

    /// Writes this side's state into the header and makes the peer look at it.
    pub(crate) fn announce(&self) {
        let memory = self.segment.mapped();
        let fields = &self.fields;
        // Relaxed: this side alone writes its epoch, and the role lock orders it after the last
        // holder.
        let epoch = memory.load_u32(fields.epoch, Ordering::Relaxed);
        memory.store_u32(fields.epoch, epoch.wrapping_add(1), Ordering::Relaxed);
        memory.store_u32(fields.pid, std::process::id(), Ordering::Relaxed);
        self.heartbeat();
        let control = if self.registered { CAN_MEMBARRIER } else { 0 };
        memory.store_u32(fields.sleeps.control, control, Ordering::Relaxed);
        // Release: pairs with the acquire loads of the state in `Peer`: epoch and pid are there.
        memory.store_u32(fields.state, ATTACHED, Ordering::Release);
        announce(&memory, self.fields.wakes);
    }

    /// Stores the time into this side's heartbeat.
    pub(crate) fn heartbeat(&self) {
        let memory = self.segment.mapped();
        // Relaxed: information on its own.
        memory.store_u64(self.fields.heartbeat_ns, platform::now_ns(), Ordering::Relaxed);
    }

    /// Wakes the peer.
    pub(crate) fn waker(&self) -> Waker {
        Waker::new(self.registered)
    }

    /// Sleeps until the peer publishes.
    pub(crate) fn sleeper(&self) -> Sleeper {
        Sleeper { direction: self.fields.sleeps, registered: self.registered }
    }

    /// Counts a sleep that nobody ended although there was a reason to.
    pub(crate) fn count_missed_wakeup(&self) {
        let memory = self.segment.mapped();
        // Relaxed: a counter that this side alone writes.
        let missed = memory.load_u64(self.fields.missed_wakeups, Ordering::Relaxed);
        memory.store_u64(self.fields.missed_wakeups, missed.wrapping_add(1), Ordering::Relaxed);
        log::error!("{}: a wake-up was missed", self.segment.path().display());
    }

    /// The ring.
    pub(crate) fn segment(&self) -> &Arc<Segment<L>> {
        &self.segment
    }
}

impl<L: Layout> Drop for Attachment<L> {
    fn drop(&mut self) {
        if self.origin.is_forked() {
            // The role belongs to the parent, and so does everything it says in the header.
            return;
        }
        let memory = self.segment.mapped();
        // Relaxed: the peer learns of it through the sequence below.
        memory.store_u32(self.fields.sleeps.control, 0, Ordering::Relaxed);
        // Release: pairs with the acquire load of the state in `Peer`: whoever sees "closed" sees
        // everything that this side published before.
        memory.store_u32(self.fields.state, CLOSED, Ordering::Release);
        announce(&memory, self.fields.wakes);
        // Other holders of the segment (a manager's statistics) may keep the file open, so the
        // lock is given back here and not by closing.
        self.segment.unlock(self.role);
    }
}
