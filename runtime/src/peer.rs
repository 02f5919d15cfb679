//! What one side knows about the other: attached, closed, dead, or on a file without a name.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::constants::{LIVENESS_NS, POLL_LOOKS, STATE_ATTACHED, STATE_CLOSED, STATE_NEVER};
use crate::layout::LayoutSource;
use crate::platform;
use crate::ring::{Mapped, Memory};
use crate::role::{Role, RoleFields, Said};
use crate::segment::{RingFile, Segment};

/// How long a new side waits for a peer that is between two states to reach the second one.
const TRANSITION: Duration = Duration::from_millis(50);

/// Why there is no point in waiting any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The peer closed. Found until the caller was [told](Peer::told).
    Closed,
    /// The peer died. Found until the caller was told.
    Died,
    /// The file has no name any more, and will not get one again.
    Removed,
}

/// One side's view of its peer.
///
/// A peer's end is an event: it is found until the caller was told of it, and then not again before
/// another peer has attached. A removal is a state, and comes before any end.
#[derive(Debug)]
pub(crate) struct Peer<L: LayoutSource> {
    file: Arc<RingFile>,
    memory: Mapped<L>,
    role: Role,
    fields: RoleFields,
    seen_sequence: u32,
    /// The last epoch that was seen attached: one that is *closed* now has closed since.
    attached: Option<u32>,
    /// The last epoch whose end the caller knows of, or needs not to know of.
    told: Option<u32>,
    /// The epoch whose end was found last.
    ended: u32,
    is_closed: bool,
    is_removed: bool,
    looks: u32,
    /// When it was last checked whether the peer lives.
    checked_ns: u64,
    /// When it was last checked whether the file has its name.
    named_ns: u64,
}

impl<L: LayoutSource> Peer<L> {
    /// A view of the side `role`, for one that has announced itself.
    ///
    /// An end that lies before is none of its business, unless the peer has `left` something: that
    /// is asked after the peer's state was read, which tells that everything is there.
    pub(crate) fn new(segment: &Segment<L>, role: Role, left: impl FnOnce() -> bool) -> Self {
        let now_ns = platform::now_ns();
        let mut peer = Self {
            file: Arc::clone(segment.file()),
            memory: segment.mapped(),
            role,
            fields: RoleFields::of(role, &segment.layout().ring_header),
            seen_sequence: 0,
            attached: None,
            told: None,
            ended: 0,
            is_closed: false,
            is_removed: false,
            looks: 0,
            checked_ns: now_ns,
            named_ns: now_ns,
        };
        let sequence = peer.sequence();
        let (Said { state, epoch }, is_held) = peer.settled();
        if state != STATE_NEVER {
            match is_held && state == STATE_ATTACHED || left() {
                true => peer.attached = Some(epoch),
                false => peer.told = Some(epoch),
            }
        }
        peer.look_at_state(sequence);
        peer
    }

    /// What the peer says of itself, and whether its role is held.
    ///
    /// A holder that says "closed" is about to attach, or has closed and is about to let go: what
    /// it says belongs to one or the other, which shows in a moment.
    fn settled(&self) -> (Said, bool) {
        let start = Instant::now();
        loop {
            let said = self.fields.said(&self.memory);
            let is_held = self.file.is_held(self.role);
            let is_settled = !is_held || said.state != STATE_CLOSED;
            if is_settled && said == self.fields.said(&self.memory) || start.elapsed() > TRANSITION
            {
                return (said, is_held);
            }
            std::thread::yield_now();
        }
    }

    /// The peer's sequence, which moves whenever its state changes.
    #[inline(always)]
    pub(crate) fn sequence(&self) -> u32 {
        // Acquire: pairs with the release store in `announce`: a state that was stored before the
        // sequence moved is seen after it.
        self.memory.load_u32(self.fields.wakes.sequence, Ordering::Acquire)
    }

    #[cold]
    fn look_at_state(&mut self, sequence: u32) {
        self.seen_sequence = sequence;
        let Said { state, epoch } = self.fields.said(&self.memory);
        if state == STATE_ATTACHED {
            self.attached = Some(epoch);
        }
        // A death moves no sequence: it is for the regular check to find.
        self.is_closed = state == STATE_CLOSED && self.find_end() == Some(Ended::Closed);
        if self.is_closed {
            self.look_at_name(platform::now_ns());
        }
    }

    /// How the peer ended, if it did and the caller does not know.
    fn find_end(&mut self) -> Option<Ended> {
        let said = self.fields.said(&self.memory);
        let Said { state, epoch } = said;
        if !matches!(state, STATE_ATTACHED | STATE_CLOSED) || self.told == Some(epoch) {
            return None;
        }
        if state == STATE_ATTACHED || self.attached != Some(epoch) {
            if self.file.is_held(self.role) {
                // It lives. Or it is about to attach, and has counted its epoch already; or it has
                // closed without ever being seen attached, and will let go in a moment.
                return None;
            }
            if self.fields.said(&self.memory) != said {
                return None;
            }
        }
        self.ended = epoch;
        Some(if state == STATE_CLOSED { Ended::Closed } else { Ended::Died })
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
        if self.is_removed {
            return Some(Ended::Removed);
        }
        if self.is_closed {
            return Some(Ended::Closed);
        }
        self.looks += 1;
        if self.looks < POLL_LOOKS {
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
        self.look_at_name(now_ns);
        if self.is_removed {
            return Some(Ended::Removed);
        }
        let ended = self.find_end();
        self.is_closed |= ended == Some(Ended::Closed);
        ended
    }

    fn look_at_name(&mut self, now_ns: u64) {
        self.named_ns = now_ns;
        // What was removed stays so, whatever becomes of the name.
        self.is_removed |= self.file.is_removed();
    }

    /// Whether the file was found to have lost its name; looks if the last look is 100 ms old.
    #[inline]
    pub(crate) fn is_removed_by_now(&mut self) -> bool {
        if !self.is_removed {
            let now_ns = platform::now_ns();
            if now_ns.saturating_sub(self.named_ns) >= LIVENESS_NS {
                self.look_at_name(now_ns);
            }
        }
        self.is_removed
    }

    /// Whether the file was found to have lost its name.
    pub(crate) fn is_removed(&self) -> bool {
        self.is_removed
    }

    /// To be called when the caller is told how the peer ended: an end is told once. Until then
    /// it is found again, because a message that turned up after it was noticed comes first.
    pub(crate) fn told(&mut self, ended: Ended) {
        if ended != Ended::Removed {
            self.told = Some(self.ended);
            self.is_closed = false;
        }
    }

    /// The caller did not hear of it after all.
    pub(crate) fn untold(&mut self) {
        self.told = None;
        self.look_at_state(self.seen_sequence);
    }

    /// Whether somebody has the role and has said so.
    pub(crate) fn is_alive(&self) -> bool {
        self.fields.is_attached(&self.memory) && self.is_held()
    }

    /// Whether the peer holds its role's lock.
    pub(crate) fn is_held(&self) -> bool {
        self.file.is_held(self.role)
    }

    /// Makes the next look one that checks whether the peer lives.
    #[cfg(test)]
    pub(crate) fn make_due(&mut self) {
        self.looks = POLL_LOOKS - 1;
        self.checked_ns = 0;
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
        producer.segment().file().unlock(Role::Producer);
        core::mem::forget(producer);
        (consumer, folder)
    }

    #[test]
    fn a_death_is_found_until_the_caller_is_told() {
        let (consumer, _folder) = bereaved();
        let mut peer = Peer::new(consumer.segment(), Role::Producer, || true);
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
