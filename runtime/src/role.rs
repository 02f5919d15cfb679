//! The two roles of a ring, and where a side writes about itself in the header.

use std::sync::atomic::Ordering;

use crate::constants::{CONSUMER_LOCK, PRODUCER_LOCK, STATE_ATTACHED};
use crate::layout::{LayoutSource, RingHeaderLayout};
use crate::platform;
use crate::ring::{Direction, Mapped, Memory};

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
            Self::Producer => PRODUCER_LOCK,
            Self::Consumer => CONSUMER_LOCK,
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

/// How often a side is looked at again because it changed meanwhile.
const ROUNDS: u32 = 8;

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
    pub(crate) const fn of(role: Role, header: &RingHeaderLayout) -> Self {
        let (data, space) = (Direction::data(header), Direction::space(header));
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

    /// What a side says of itself: both of the same holder.
    pub(crate) fn said<L: LayoutSource>(&self, memory: &Mapped<L>) -> Said {
        // Acquire: pairs with the release stores in `Attachment`: what a closed side published is
        // visible, and none of these loads overtakes the one before it.
        let state = || memory.load_u32(self.state, Ordering::Acquire);
        let epoch = || memory.load_u32(self.epoch, Ordering::Acquire);
        let mut said = Said { state: state(), epoch: epoch() };
        // Each round more takes another attaching or closing in the meantime.
        for _ in 0..ROUNDS {
            let again = state();
            if again == said.state {
                break;
            }
            said = Said { state: again, epoch: epoch() };
        }
        said
    }

    /// Whether the role's holder, if there is one, has announced itself and not closed.
    pub(crate) fn is_attached<L: LayoutSource>(&self, memory: &Mapped<L>) -> bool {
        // Relaxed: decides only how long to wait.
        memory.load_u32(self.state, Ordering::Relaxed) == STATE_ATTACHED
    }

    /// The process id that the side wrote.
    pub(crate) fn load_pid<L: LayoutSource>(&self, memory: &Mapped<L>) -> u32 {
        // Relaxed: information for people.
        memory.load_u32(self.pid, Ordering::Relaxed)
    }
}

/// What a side says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// [`STATE_NEVER`], [`STATE_ATTACHED`], [`STATE_CLOSED`], or what an enemy wrote.
    pub(crate) state: u32,
    /// How often the role was taken.
    pub(crate) epoch: u32,
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
