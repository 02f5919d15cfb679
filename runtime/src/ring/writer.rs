//! The producer's half of the ring.

use core::marker::PhantomData;
use core::sync::atomic::Ordering;

use super::record::{amend_header, largest_payload, pack, write_header};
use super::{ALIGN, Memory, Waker, align_up};
use crate::error::Corrupt;
use crate::layout::Layout;

/// How far ahead of the record being written the producer prefetches.
const PREFETCH: u64 = 512;

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
#[derive(Debug)]
pub(crate) struct Writer<L, M> {
    pub(crate) memory: M,
    capacity: u64,
    /// End of what is published.
    position: u64,
    /// `read_position` as it was last read: there may be more room, never less.
    read: u64,
    sent: u64,
    bytes: u64,
    pub(crate) waker: Waker,
    layout: PhantomData<L>,
}

impl<L: Layout, M: Memory> Writer<L, M> {
    /// A writer that goes on at `position`, with `sent` messages sent before.
    pub(crate) fn new(memory: M, capacity: u64, position: u64, sent: u64, waker: Waker) -> Self {
        // Relaxed: this side's own counter; no other side writes it.
        let bytes = memory.load_u64(L::RING_HEADER.bytes_sent, Ordering::Relaxed);
        // As if the ring were full: the first send looks at the consumer's position.
        let read = position.wrapping_sub(capacity);
        Self { memory, capacity, position, read, sent, bytes, waker, layout: PhantomData }
    }

    /// Bytes in the data area.
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Nothing staged yet.
    #[inline(always)]
    pub(crate) fn stage(&self) -> Staged {
        Staged { end: self.position, first_word: 0, messages: 0, bytes: 0 }
    }

    /// Whether a payload of this size can ever be sent.
    #[inline(always)]
    pub(crate) fn fits(&self, payload: u64) -> bool {
        payload <= largest_payload::<L>(self.capacity)
    }

    /// Finds room behind what is staged for a payload that [fits](Self::fits); `None` if the
    /// consumer has not released enough.
    #[inline(always)]
    pub(crate) fn place(&mut self, staged: &Staged, payload: u64) -> Result<Option<Place>, Corrupt> {
        let frame = payload + L::MESSAGE_HEADER.size as u64;
        let stride = align_up(frame);
        let rest = self.capacity - (staged.end & (self.capacity - 1));
        let padding = if stride > rest { rest } else { 0 };
        // The spare bytes are for the zero word behind the record.
        let needed = staged.end.wrapping_add(padding + stride + ALIGN);
        if needed.wrapping_sub(self.read) > self.capacity {
            self.reload()?;
            if needed.wrapping_sub(self.read) > self.capacity {
                return Ok(None);
            }
        }
        Ok(Some(Place { position: staged.end.wrapping_add(padding), frame, padding }))
    }

    /// Whether [`Writer::place`] would find room now, or an error. For waiting: changes nothing.
    pub(crate) fn has_room(&self, staged: &Staged, payload: u64) -> bool {
        let stride = align_up(payload + L::MESSAGE_HEADER.size as u64);
        let rest = self.capacity - (staged.end & (self.capacity - 1));
        let padding = if stride > rest { rest } else { 0 };
        // Acquire: as in `reload`, which follows.
        let read = self.memory.load_u64(L::RING_HEADER.read_position, Ordering::Acquire);
        let needed = staged.end.wrapping_add(padding + stride + ALIGN);
        !self.is_possible(read) || needed.wrapping_sub(read) <= self.capacity
    }

    /// Reads the consumer's position anew, and checks it.
    #[cold]
    #[inline(never)]
    fn reload(&mut self) -> Result<(), Corrupt> {
        // Acquire: pairs with the consumer's release store in `Reader::flush`; its reads of the
        // records are over before these bytes are written again.
        let read = self.memory.load_u64(L::RING_HEADER.read_position, Ordering::Acquire);
        if !self.is_possible(read) {
            return Err(Corrupt {
                position: L::RING_HEADER.read_position as u64,
                value: read,
                why: "read_position is not within a lap behind the producer",
            });
        }
        self.read = read;
        Ok(())
    }

    /// Whether a consumer of this ring can be at this position.
    fn is_possible(&self, read: u64) -> bool {
        read.is_multiple_of(ALIGN) && read <= self.position && self.position - read <= self.capacity
    }

    /// Writes a whole record except for its publication word.
    #[inline(always)]
    pub(crate) fn fill(&self, staged: &Staged, place: &Place, flags: u32, payload: &[u8]) {
        debug_assert_eq!(place.frame, (payload.len() + L::MESSAGE_HEADER.size) as u64);
        self.memory.prefetch_write(place.position.wrapping_add(PREFETCH));
        let id = self.next_id(staged);
        write_header::<L, M>(&self.memory, place.position, id, flags);
        self.clear_tail(place);
        let at = place.position.wrapping_add(L::MESSAGE_HEADER.size as u64);
        // SAFETY: `place` found `frame` bytes between `position` and the end of the lap, and the
        // payload is `frame` less the header.
        unsafe { self.memory.write_bytes(at, payload) };
    }

    /// Finishes a record whose payload was written in place, and adds it to what is staged.
    pub(crate) fn finish_claim(
        &self,
        staged: &mut Staged,
        place: &Place,
        message_type: u32,
        flags: u32,
    ) {
        let id = self.next_id(staged);
        amend_header::<L, M>(&self.memory, place.position, id, flags);
        let unused = place.frame % ALIGN;
        if unused != 0 {
            let last = place.position.wrapping_add(place.frame - unused);
            let kept = self.memory.read_plain(last) & ((1 << (8 * unused)) - 1);
            self.memory.write_plain(last, kept);
        }
        self.seal(staged, place, message_type);
    }

    /// Zeroes the bytes between the payload and the next record. Before the payload is written.
    #[inline(always)]
    fn clear_tail(&self, place: &Place) {
        if !place.frame.is_multiple_of(ALIGN) {
            let last = place.position.wrapping_add(align_up(place.frame) - ALIGN);
            self.memory.write_plain(last, 0);
        }
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
        let end = place.position.wrapping_add(align_up(place.frame));
        // Before anything that makes the record visible, the word behind it has to say that
        // nothing follows: it may hold an old payload. Relaxed: ordered by the release in
        // `publish`.
        self.memory.store_word(end, 0, Ordering::Relaxed);
        if place.padding != 0 {
            self.seal_word(staged, staged.end, pack::<L>(place.padding as u32, 0));
        }
        self.seal_word(staged, place.position, pack::<L>(place.frame as u32, message_type));
        staged.end = end;
        staged.messages += 1;
        staged.bytes += place.frame - L::MESSAGE_HEADER.size as u64;
    }

    #[inline(always)]
    fn seal_word(&self, staged: &mut Staged, position: u64, word: u64) {
        if staged.first_word == 0 {
            staged.first_word = word;
        } else {
            // Relaxed: nobody looks here before the first word is published, with release.
            self.memory.store_word(position, word, Ordering::Relaxed);
        }
    }

    /// Makes everything that is staged visible at once, and wakes a sleeping consumer.
    #[inline(always)]
    pub(crate) fn publish(&mut self, staged: &Staged) {
        if staged.first_word == 0 {
            return;
        }
        // Release: pairs with the acquire load in `Reader::look`. One store publishes the batch.
        self.memory.store_word(self.position, staged.first_word, Ordering::Release);
        self.position = staged.end;
        self.sent = self.sent.wrapping_add(staged.messages);
        self.bytes = self.bytes.wrapping_add(staged.bytes);
        // A successor must not find messages counted that were not published.
        self.memory.order_stores();
        let header = L::RING_HEADER;
        // Relaxed: read by monitors, and by a successor, which has the role lock in between.
        self.memory.store_u64(header.messages_sent, self.sent, Ordering::Relaxed);
        self.memory.store_u64(header.bytes_sent, self.bytes, Ordering::Relaxed);
        // Release: pairs with the acquire load of a successor or consumer that attaches. The
        // counters come first: with the position stored, ids must be right.
        self.memory.store_u64(header.write_position, self.position, Ordering::Release);
        self.waker.notify(&self.memory);
    }

    /// Counts a send that found no room.
    #[cold]
    pub(crate) fn count_failure(&self) {
        let field = L::RING_HEADER.send_failures;
        // Relaxed: a counter that this side alone writes.
        let failures = self.memory.load_u64(field, Ordering::Relaxed);
        self.memory.store_u64(field, failures.wrapping_add(1), Ordering::Relaxed);
    }
}
