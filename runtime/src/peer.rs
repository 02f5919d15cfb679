//! What one side knows about the other: attached, closed, dead, or on a file without a name.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::layout::Layout;
use crate::platform;
use crate::ring::{Mapped, Memory};
use crate::role::{ATTACHED, CLOSED, Role, RoleFields};
use crate::segment::Segment;

/// How often liveness is checked: also the bound of every sleep.
pub(crate) const LIVENESS_NS: u64 = 100_000_000;
/// How many looks in vain lie between two looks at the clock.
const LOOKS: u32 = 4096;

/// Why there is no point in waiting any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The peer closed, and nobody has taken its place.
    Closed,
    /// The peer died. Said once for each death.
    Died,
    /// The file has no name any more.
    Removed,
}

/// One side's view of its peer.
#[derive(Debug)]
pub(crate) struct Peer<L: Layout> {
    segment: Arc<Segment<L>>,
    memory: Mapped<L>,
    role: Role,
    fields: RoleFields,
    seen_sequence: u32,
    closed: bool,
    reported_epoch: Option<u32>,
    looks: u32,
    checked_ns: u64,
}

impl<L: Layout> Peer<L> {
    /// A view of the side `role`.
    pub(crate) fn new(segment: Arc<Segment<L>>, role: Role) -> Self {
        let memory = segment.mapped();
        let fields = RoleFields::of::<L>(role);
        let mut peer = Self {
            segment,
            memory,
            role,
            fields,
            seen_sequence: 0,
            closed: false,
            reported_epoch: None,
            looks: 0,
            checked_ns: platform::now_ns(),
        };
        peer.look_at_state(peer.sequence());
        peer
    }

    /// The peer's sequence, which moves whenever its state changes.
    #[inline(always)]
    pub(crate) fn sequence(&self) -> u32 {
        // Acquire: pairs with the release store in `Waker::announce`: a state that was stored
        // before the sequence moved is seen after it.
        self.memory.load_u32(self.fields.wakes.sequence, Ordering::Acquire)
    }

    fn look_at_state(&mut self, sequence: u32) {
        self.seen_sequence = sequence;
        // Acquire: pairs with the release store in `Attachment::drop`: what a closed peer
        // published is visible.
        self.closed = self.memory.load_u32(self.fields.state, Ordering::Acquire) == CLOSED;
    }

    /// To be called after each look at the ring in vain: notices a close at once, and now and
    /// then looks at the clock and checks whether the peer lives. If it says that waiting is
    /// over, the caller looks at the ring once more before it believes it.
    #[inline]
    pub(crate) fn look(&mut self) -> Option<Ended> {
        let sequence = self.sequence();
        if sequence != self.seen_sequence {
            self.look_at_state(sequence);
        }
        if self.closed {
            return Some(Ended::Closed);
        }
        self.looks += 1;
        if self.looks < LOOKS {
            return None;
        }
        self.looks = 0;
        self.check_if_due(platform::now_ns())
    }

    /// Checks liveness if the last check is 100 ms old.
    #[cold]
    pub(crate) fn check_if_due(&mut self, now_ns: u64) -> Option<Ended> {
        if now_ns.saturating_sub(self.checked_ns) < LIVENESS_NS {
            return None;
        }
        self.checked_ns = now_ns;
        if self.is_dead() {
            return Some(Ended::Died);
        }
        self.segment.is_removed().then_some(Ended::Removed)
    }

    /// Whether the peer died and this was not said yet.
    fn is_dead(&mut self) -> bool {
        // Acquire: pairs with the release store in `Attachment::announce`: the epoch belongs to
        // the state.
        let state = self.memory.load_u32(self.fields.state, Ordering::Acquire);
        let epoch = self.epoch();
        if state != ATTACHED
            || self.reported_epoch == Some(epoch)
            || self.segment.is_held(self.role)
        {
            return false;
        }
        // The lock is free. Did the peer close, or a new one attach, between the two looks?
        // Acquire: as above.
        let again = self.memory.load_u32(self.fields.state, Ordering::Acquire);
        if again != ATTACHED || self.epoch() != epoch {
            return false;
        }
        self.reported_epoch = Some(epoch);
        true
    }

    fn epoch(&self) -> u32 {
        // Relaxed: ordered by the acquire load of the state before it.
        self.memory.load_u32(self.fields.epoch, Ordering::Relaxed)
    }

    /// Whether the peer's state may have changed since it was last looked at.
    pub(crate) fn has_moved(&self, sequence: u32) -> bool {
        sequence != self.seen_sequence
    }

    /// Whether the peer holds its role's lock.
    pub(crate) fn is_held(&self) -> bool {
        self.segment.is_held(self.role)
    }
}
