//! The producer's half of the ring.

use core::sync::atomic::Ordering;

use super::record::{amend_header, largest_payload, pack, write_header};
use super::{Direction, Memory, Waker, align_up};
use crate::constants::{BEYOND, LINE, PREFETCH_DISTANCE, STRETCH, TIGHT_ROOM, WAITED_FOR, WORD};
use crate::error::Corrupt;

/// From this frame up to the distance, lines that are known to be free are fetched by storing to
/// them: hints for so many lines were found to have no effect. (A larger record reaches into those
/// lines itself.)
const MANY_LINES: u64 = 128;

/// Room for one record, not yet visible to anyone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Where the record starts.
    pub(crate) position: u64,
    /// Header and payload, without padding.
    pub(crate) frame: u64,
    /// Bytes of padding record before it; 0 if it does not cross the end of the lap.
    padding: u64,
}

/// Records that are written, all of them invisible because the first one's word is still zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Staged {
    /// Where the next record would start.
    end: u64,
    /// The first record's publication word; 0 while there is none.
    first_word: u64,
    /// Messages, padding not counted.
    pub(crate) messages: u64,
    /// Payload bytes.
    bytes: u64,
}

/// The producer's own view of the ring. Only this object stores into the producer's lines.
///
/// The methods work on a copy of `memory`: a store into the ring could, as far as the compiler
/// knows, change the pointers in this object, and it would load them again after each.
#[derive(Debug)]
pub(crate) struct Writer<M> {
    pub(crate) memory: M,
    capacity: u64,
    /// Most payload bytes of one record.
    largest: u64,
    /// End of what is published.
    position: u64,
    /// `read_position` as it was last read: there may be more room, never less.
    read: u64,
    /// What room is measured by: `read`, or as much behind it as leaves the current stretch.
    granted: u64,
    stretch: u64,
    /// How far ahead to prefetch: [`PREFETCH_DISTANCE`], less in a small ring, where that far ahead
    /// is what the consumer reads now.
    prefetch: u64,
    /// Whether the consumer had taken everything but one when each of the last stretches began.
    waited_for: u8,
    sent: u64,
    bytes: u64,
    waker: Waker,
}

impl<M: Memory + Clone> Writer<M> {
    /// A writer that goes on at `position`, with `sent` messages sent before.
    pub(crate) fn new(memory: M, capacity: u64, position: u64, sent: u64, waker: Waker) -> Self {
        // Relaxed: this side's own counter; no other side writes it.
        let bytes = memory.load_u64(memory.ring_header().bytes_sent, Ordering::Relaxed);
        // As if the ring were full: the first send looks at the consumer's position.
        let read = position.wrapping_sub(capacity);
        let largest = largest_payload(memory.message_header(), capacity);
        Self {
            memory,
            capacity,
            largest,
            position,
            read,
            granted: read,
            stretch: STRETCH.min(capacity / 8),
            prefetch: PREFETCH_DISTANCE.min(capacity / 16),
            waited_for: WAITED_FOR,
            sent,
            bytes,
            waker,
        }
    }

    /// Bytes in the data area.
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Most payload bytes of one record.
    #[inline(always)]
    pub(crate) fn largest(&self) -> u64 {
        self.largest
    }

    /// Nothing staged yet.
    #[inline(always)]
    pub(crate) fn stage(&self) -> Staged {
        Staged { end: self.position, first_word: 0, messages: 0, bytes: 0 }
    }

    /// Finds room behind what is staged for a payload that is not larger than the
    /// [largest](Self::largest), within the current stretch; if it finds none, ask
    /// [`Writer::grant`].
    #[inline(always)]
    pub(crate) fn place_known(&self, staged: &Staged, payload: u64) -> Option<Place> {
        let place = self.next_place(staged, payload);
        (self.reach(&place).wrapping_sub(self.granted) <= self.capacity).then_some(place)
    }

    /// Finds room as far as this side knows, and starts a new stretch there.
    pub(crate) fn grant(&mut self, staged: &Staged, payload: u64) -> Option<Place> {
        let place = self.next_place(staged, payload);
        let reach = self.reach(&place);
        if reach.wrapping_sub(self.read) > self.capacity {
            return None;
        }
        let room = self.read.wrapping_add(self.capacity).wrapping_sub(staged.end);
        let stretch = self.stretch.max(reach.wrapping_sub(staged.end)).min(room);
        self.granted = staged.end.wrapping_add(stretch).wrapping_sub(self.capacity);
        // Relaxed: a guess that decides on nothing but speed.
        let read = self.memory.load_u64(self.memory.ring_header().read_position, Ordering::Relaxed);
        let had_all = self.position.wrapping_sub(read) <= align_up(place.frame);
        self.waited_for = (self.waited_for << 1 | u8::from(had_all)) & WAITED_FOR;
        Some(place)
    }

    /// Finds room as [`Writer::grant`] does, after a new look at the consumer's position if need
    /// be; `None` if the consumer has not released enough.
    pub(crate) fn place(
        &mut self,
        staged: &Staged,
        payload: u64,
    ) -> Result<Option<Place>, Corrupt> {
        if let Some(place) = self.grant(staged, payload) {
            return Ok(Some(place));
        }
        self.reload()?;
        Ok(self.grant(staged, payload))
    }

    /// Ends the current stretch: the next search for room is one of the slow half.
    #[cold]
    pub(crate) fn end_stretch(&mut self) {
        self.granted = self.position.wrapping_sub(self.capacity);
    }

    /// Where the next record goes, if there is room.
    #[inline(always)]
    fn next_place(&self, staged: &Staged, payload: u64) -> Place {
        let frame = payload + self.memory.message_header().size as u64;
        let rest = self.capacity - (staged.end & (self.capacity - 1));
        // Records are contiguous: one that would cross the end of the lap starts the next one.
        let padding = if align_up(frame) > rest { rest } else { 0 };
        Place { position: staged.end.wrapping_add(padding), frame, padding }
    }

    /// The end of what a record at this place needs: itself and the zero word behind it.
    #[inline(always)]
    fn reach(&self, place: &Place) -> u64 {
        place.position.wrapping_add(align_up(place.frame) + WORD)
    }

    /// Whether [`Writer::place`] would find room now, or an error. For waiting: changes nothing.
    pub(crate) fn has_room(&self, staged: &Staged, payload: u64) -> bool {
        // Acquire: as in `reload`, which follows.
        let read = self.memory.load_u64(self.memory.ring_header().read_position, Ordering::Acquire);
        let reach = self.reach(&self.next_place(staged, payload));
        !self.is_possible(read) || reach.wrapping_sub(read) <= self.capacity
    }

    /// Most bytes that one record may take now, as a new look at the consumer's position says.
    pub(crate) fn free_bytes(&self) -> u64 {
        // Acquire: as in `reload`, though nothing is written on the strength of it.
        let read = self.memory.load_u64(self.memory.ring_header().read_position, Ordering::Acquire);
        if !self.is_possible(read) {
            return 0;
        }
        let room = (self.capacity - (self.position - read)).saturating_sub(WORD);
        let rest = self.capacity - (self.position & (self.capacity - 1));
        // Up to the end of the lap, or, behind padding, from its start.
        let frame = room.min(rest).max(room.saturating_sub(rest));
        frame.min(self.largest + self.memory.message_header().size as u64)
    }

    /// Whether everything that was ever published has been released.
    pub(crate) fn is_drained(&self) -> bool {
        // Acquire: pairs with the release store in `Reader::flush`.
        let read = self.memory.load_u64(self.memory.ring_header().read_position, Ordering::Acquire);
        // Another producer may have gone on from here after this one let go of its role. Acquire:
        // pairs with the release store in `Writer::publish`.
        read == self.position && self.memory.load_word(read, Ordering::Acquire) == 0
    }

    /// Whether there is hardly any room behind what is staged, as far as this side knows.
    pub(crate) fn is_tight(&self, staged: &Staged) -> bool {
        let room = self.read.wrapping_add(self.capacity).wrapping_sub(staged.end);
        room < TIGHT_ROOM.min(self.capacity / 4)
    }

    /// Reads the consumer's position anew, and checks it.
    pub(crate) fn reload(&mut self) -> Result<(), Corrupt> {
        // Acquire: pairs with the consumer's release store in `Reader::flush`; its reads of the
        // records are over before these bytes are written again.
        let read = self.memory.load_u64(self.memory.ring_header().read_position, Ordering::Acquire);
        if !self.is_possible(read) {
            return Err(Corrupt {
                position: self.memory.ring_header().read_position as u64,
                value: read,
                why: "read_position is not within a lap behind the producer",
            });
        }
        self.read = read;
        Ok(())
    }

    /// Whether a consumer of this ring can be at this position.
    fn is_possible(&self, read: u64) -> bool {
        read.is_multiple_of(WORD) && read <= self.position && self.position - read <= self.capacity
    }

    /// Writes a whole record except for its publication word.
    #[inline(always)]
    pub(crate) fn fill(&self, staged: &Staged, place: &Place, flags: u32, payload: &[u8]) {
        debug_assert_eq!(place.frame, (payload.len() + self.memory.message_header().size) as u64);
        let memory = self.memory.clone();
        self.prefetch(place);
        write_header(&memory, place.position, self.next_id(staged), flags);
        if !place.frame.is_multiple_of(WORD) {
            // The bytes between the payload and the next record, before the payload is written.
            let last = place.position.wrapping_add(align_up(place.frame) - WORD);
            memory.write_plain(last, 0);
        }
        let at = place.position.wrapping_add(self.memory.message_header().size as u64);
        // SAFETY: `place` found `frame` bytes between `position` and the end of the lap, and the
        // payload is `frame` less the header.
        unsafe { memory.write_bytes(at, payload) };
    }

    /// Asks for the lines that records of a stream will be written to soon, as many as this one
    /// takes.
    #[inline(always)]
    pub(crate) fn prefetch(&self, place: &Place) {
        if self.is_waited_for() {
            return;
        }
        let memory = self.memory.clone();
        let ahead = place.position.wrapping_add(self.prefetch);
        let size = place.frame.min(PREFETCH_DISTANCE);
        let is_free = ahead.wrapping_add(size).wrapping_sub(self.read) <= self.capacity;
        let store = place.frame >= MANY_LINES && place.frame == size && is_free;
        let mut at = 0;
        while at < size {
            if store {
                memory.write_plain(ahead.wrapping_add(at), 0);
            } else {
                memory.prefetch_write(ahead.wrapping_add(at));
            }
            at += LINE;
        }
    }

    /// To be called after a record was published: if the consumer waits for each, stores into the
    /// lines that the next record will be written to. The consumer's prefetcher has brought them
    /// over there; they come back while nobody waits, and not when the record is being written.
    /// (In a stream, which the consumer follows, it would take them again before they are used.)
    #[inline(always)]
    pub(crate) fn prepare_next(&self, place: &Place) {
        if !self.is_waited_for() {
            return;
        }
        let memory = self.memory.clone();
        let stride = align_up(place.frame).min(PREFETCH_DISTANCE);
        let end = self.position.wrapping_add(stride + BEYOND);
        if end.wrapping_sub(self.read) > self.capacity {
            return;
        }
        // The lines that start within a record's length of that end; free all of them, because
        // they lie behind the zero word.
        let mut at = align_up_to_line(end.wrapping_sub(stride));
        while at < end {
            memory.write_plain(at, 0);
            at = at.wrapping_add(LINE);
        }
    }

    #[inline(always)]
    fn is_waited_for(&self) -> bool {
        self.waited_for == WAITED_FOR
    }

    /// Writes the header of a record whose payload was written in place, but for its publication
    /// word; `has_fields`: keeps those fields that have no role.
    #[inline(always)]
    pub(crate) fn write_claimed_header(&self, place: &Place, flags: u32, has_fields: bool) {
        let (memory, id) = (self.memory.clone(), self.next_id(&self.stage()));
        if has_fields {
            amend_header(&memory, place.position, id, flags);
        } else {
            write_header(&memory, place.position, id, flags);
        }
    }

    /// Finishes a record whose header and payload were written in place, and adds it to what is
    /// staged.
    #[inline(always)]
    pub(crate) fn finish_claim(&self, staged: &mut Staged, place: &Place, message_type: u32) {
        let used = place.frame % WORD;
        if used != 0 {
            let last = place.position.wrapping_add(place.frame - used);
            let kept = self.memory.read_plain(last) & ((1 << (8 * used)) - 1);
            self.memory.write_plain(last, kept);
        }
        self.seal(staged, place, message_type);
    }

    /// The id that the next record gets.
    #[inline(always)]
    fn next_id(&self, staged: &Staged) -> u32 {
        // Ids are the low 32 bits of the number of messages sent before.
        self.sent.wrapping_add(staged.messages) as u32
    }

    /// Adds a filled record to what is staged. Still nothing is visible.
    #[inline(always)]
    pub(crate) fn seal(&self, staged: &mut Staged, place: &Place, message_type: u32) {
        debug_assert_ne!(message_type, 0);
        let memory = self.memory.clone();
        let end = place.position.wrapping_add(align_up(place.frame));
        // Before anything that makes the record visible, the word behind it has to say that
        // nothing follows: it may hold an old payload. Relaxed: ordered by the release in
        // `publish`.
        memory.store_word(end, 0, Ordering::Relaxed);
        if place.padding != 0 {
            let word = pack(self.memory.message_header(), place.padding as u32, 0);
            seal_word(&memory, staged, staged.end, word);
        }
        let word = pack(self.memory.message_header(), place.frame as u32, message_type);
        seal_word(&memory, staged, place.position, word);
        staged.end = end;
        staged.messages += 1;
        staged.bytes += place.frame - self.memory.message_header().size as u64;
    }

    /// Makes everything that is staged visible at once, and wakes a sleeping consumer.
    #[inline(always)]
    pub(crate) fn publish(&mut self, staged: &Staged) {
        if staged.first_word == 0 {
            return;
        }
        let memory = self.memory.clone();
        // Release: pairs with the acquire load in `Reader::look`. One store publishes the batch.
        memory.store_word(self.position, staged.first_word, Ordering::Release);
        self.position = staged.end;
        self.sent = self.sent.wrapping_add(staged.messages);
        self.bytes = self.bytes.wrapping_add(staged.bytes);
        // A successor must not find messages counted that were not published.
        memory.order_stores();
        let header = memory.ring_header();
        // Relaxed: read by monitors, and by a successor, which has the role lock in between.
        memory.store_u64(header.messages_sent, self.sent, Ordering::Relaxed);
        memory.store_u64(header.bytes_sent, self.bytes, Ordering::Relaxed);
        // Release: pairs with the acquire load of a successor or consumer that attaches. The
        // counters come first: with the position stored, ids must be right.
        memory.store_u64(header.write_position, self.position, Ordering::Release);
        if self.waker.notify(&memory, Direction::data(header)) {
            self.end_stretch();
        }
    }

    /// Counts a call to send that ended without room.
    #[cold]
    pub(crate) fn count_failure(&self) {
        let field = self.memory.ring_header().send_failures;
        // Relaxed: a counter that this side alone writes.
        let failures = self.memory.load_u64(field, Ordering::Relaxed);
        self.memory.store_u64(field, failures.wrapping_add(1), Ordering::Relaxed);
    }
}

fn align_up_to_line(position: u64) -> u64 {
    position.wrapping_add(LINE - 1) & !(LINE - 1)
}

#[inline(always)]
fn seal_word<M: Memory>(memory: &M, staged: &mut Staged, position: u64, word: u64) {
    if staged.first_word == 0 {
        staged.first_word = word;
    } else {
        // Relaxed: nobody looks here before the first word is published, with release.
        memory.store_word(position, word, Ordering::Relaxed);
    }
}
