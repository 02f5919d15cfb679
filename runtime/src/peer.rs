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
    /// The peer died. Said until the caller was [told](Peer::told).
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
    dead_epoch: Option<u32>,
    told_epoch: Option<u32>,
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
            dead_epoch: None,
            told_epoch: None,
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

    /// To be called when the caller is told how the peer ended: a death is told once. Until then
    /// it is found again, because a message that turned up after the death was noticed comes first.
    pub(crate) fn told(&mut self, ended: Ended) {
        if ended == Ended::Died {
            self.told_epoch = self.dead_epoch;
        }
    }

    /// The caller did not hear of it after all.
    pub(crate) fn untold(&mut self) {
        self.told_epoch = None;
    }

    /// Whether the peer died and this was not told yet.
    fn is_dead(&mut self) -> bool {
        // Acquire: pairs with the release store in `Attachment::announce`: the epoch belongs to
        // the state.
        let state = self.memory.load_u32(self.fields.state, Ordering::Acquire);
        let epoch = self.epoch();
        if state != ATTACHED || self.told_epoch == Some(epoch) || self.segment.is_held(self.role) {
            return false;
        }
        // The lock is free. Did the peer close, or a new one attach, between the two looks?
        // Acquire: as above.
        let again = self.memory.load_u32(self.fields.state, Ordering::Acquire);
        if again != ATTACHED || self.epoch() != epoch {
            return false;
        }
        self.dead_epoch = Some(epoch);
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

    /// Makes the next look one that checks whether the peer lives.
    #[cfg(test)]
    pub(crate) fn make_due(&mut self) {
        self.looks = LOOKS - 1;
        self.checked_ns = 0;
    }

    /// Whether the peer holds its role's lock.
    pub(crate) fn is_held(&self) -> bool {
        self.segment.is_held(self.role)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::ReceiveError;
    use crate::test_layout::Default as Protocol;
    use crate::{Consumer, Options, Producer};

    /// A consumer whose producer sent a message and ended without a word.
    fn bereaved() -> (Consumer<Protocol>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new().directory(folder.path()).capacity(1024);
        let consumer = Consumer::open("ring", &options).unwrap();
        let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
        producer.send(7u32, b"last").unwrap();
        producer.segment().unlock(Role::Producer);
        core::mem::forget(producer);
        (consumer, folder)
    }

    #[test]
    fn a_death_is_found_until_the_caller_is_told() {
        let (consumer, _folder) = bereaved();
        let mut peer = Peer::new(Arc::clone(consumer.segment()), Role::Producer);
        let mut later = platform::now_ns();
        let mut check = |peer: &mut Peer<Protocol>| {
            later += LIVENESS_NS;
            peer.check_if_due(later)
        };
        assert_eq!(check(&mut peer), Some(Ended::Died));
        assert_eq!(check(&mut peer), Some(Ended::Died));
        peer.told(Ended::Died);
        assert_eq!(check(&mut peer), None);
        peer.untold();
        assert_eq!(check(&mut peer), Some(Ended::Died));
    }

    #[test]
    fn a_message_found_with_the_death_does_not_hide_it() {
        let (mut consumer, _folder) = bereaved();
        // As if the message had come between the consumer's looks at the ring and at the lock.
        assert!(consumer.idle_as_liveness_is_due().unwrap());
        assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), b"last");
        let end = consumer.receive(Some(Duration::from_secs(60))).map(|m| m.is_some());
        assert_eq!(end, Err(ReceiveError::PeerDied));
    }
}
