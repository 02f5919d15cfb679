//! The consumer's half of the ring.

use core::sync::atomic::Ordering;

use super::record::{Published, check, message_id, sound_message};
use super::{Direction, Memory, Record, Waker};
use crate::error::Corrupt;

/// No id is expected: the first message after attaching sets it.
const ANY_ID: u64 = u64::MAX;

/// The consumer's own view of the ring. Only this object stores into the consumer's lines.
#[derive(Debug)]
pub(crate) struct Reader<M> {
    pub(crate) memory: M,
    capacity: u64,
    /// End of what was taken. Behind it, `read_position` may lag until [`Reader::flush`].
    position: u64,
    received: u64,
    bytes: u64,
    expected_id: u64,
    corrupt_at: Option<u64>,
    waker: Waker,
}

impl<M: Memory + Clone> Reader<M> {
    /// A reader that goes on at `position`.
    pub(crate) fn new(memory: M, capacity: u64, position: u64, waker: Waker) -> Self {
        let header = memory.ring_header();
        // Relaxed: this side's own counters; no other side writes them.
        let received = memory.load_u64(header.messages_received, Ordering::Relaxed);
        let bytes = memory.load_u64(header.bytes_received, Ordering::Relaxed);
        Self {
            memory,
            capacity,
            position,
            received,
            bytes,
            expected_id: ANY_ID,
            corrupt_at: None,
            waker,
        }
    }

    /// Bytes in the data area.
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// End of what was taken.
    #[inline(always)]
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Messages taken in all.
    #[inline(always)]
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Whether something is published at the reader's position.
    #[inline(always)]
    pub(crate) fn ready(&self) -> bool {
        // Acquire: as in `look`, which follows.
        self.memory.load_word(self.position, Ordering::Acquire) != 0
    }

    /// The next record, without taking it, in the common case: a message, not behind padding.
    /// `None` says that [`Reader::look`] knows better.
    #[inline(always)]
    pub(crate) fn glance(&self) -> Option<Record> {
        // Acquire: as in `look`.
        let word = self.memory.load_word(self.position, Ordering::Acquire);
        sound_message(self.memory.message_header(), word, self.position, self.capacity)
    }

    /// The next record, without taking it; `None` if nothing is published.
    ///
    /// "Nothing" may stop being so at any moment; a record that was seen stays.
    pub(crate) fn look(&mut self) -> Result<Option<Record>, Corrupt> {
        // Acquire: pairs with the release store in `Writer::publish`: the record's bytes, and the
        // zero word behind it, are visible once its word is.
        let word = self.memory.load_word(self.position, Ordering::Acquire);
        if word == 0 {
            return Ok(None);
        }
        match check(self.memory.message_header(), word, self.position, self.capacity) {
            Ok(Published::Message(record)) => Ok(Some(record)),
            Ok(Published::Padding(rest)) => self.look_behind(rest),
            Err(corrupt) => Err(self.count_corrupt(corrupt)),
        }
    }

    /// What lies at a position ahead, if anything sound does; nothing is taken.
    pub(crate) fn published(&self, position: u64) -> Option<Published> {
        // Acquire: as in `look`.
        let word = self.memory.load_word(position, Ordering::Acquire);
        if word == 0 {
            return None;
        }
        check(self.memory.message_header(), word, position, self.capacity).ok()
    }

    /// Skips padding, and looks at the start of the next lap.
    fn look_behind(&mut self, padding: u64) -> Result<Option<Record>, Corrupt> {
        self.position = self.position.wrapping_add(padding);
        self.flush();
        // Acquire: as in `look`.
        let word = self.memory.load_word(self.position, Ordering::Acquire);
        if word == 0 {
            return Ok(None);
        }
        match check(self.memory.message_header(), word, self.position, self.capacity) {
            Ok(Published::Message(record)) => Ok(Some(record)),
            // `check` refuses padding at the start of a lap, so this arm is never taken; if it
            // were, the padding would be seen again by the next look.
            Ok(Published::Padding(_)) => Ok(None),
            Err(corrupt) => Err(self.count_corrupt(corrupt)),
        }
    }

    /// Counts a bad record once, however often it is looked at.
    #[cold]
    fn count_corrupt(&mut self, corrupt: Corrupt) -> Corrupt {
        if self.corrupt_at != Some(self.position) {
            self.corrupt_at = Some(self.position);
            self.count_error();
        }
        corrupt
    }

    /// Takes the record that [`Reader::look`] found. It stays the consumer's until
    /// [`Reader::flush`].
    #[inline(always)]
    pub(crate) fn take(&mut self, record: &Record) {
        debug_assert_eq!(record.position, self.position);
        let id = message_id(&self.memory, record.position);
        if u64::from(id) != self.expected_id {
            self.note_gap();
        }
        self.expected_id = u64::from(id.wrapping_add(1));
        self.received = self.received.wrapping_add(1);
        self.bytes =
            self.bytes.wrapping_add(record.payload_len(self.memory.message_header()) as u64);
        self.position = record.end();
    }

    #[cold]
    fn note_gap(&mut self) {
        if self.expected_id != ANY_ID {
            self.count_error();
        }
    }

    /// Gives everything that was taken back to the producer, and wakes it if it sleeps.
    #[inline(always)]
    pub(crate) fn flush(&mut self) {
        // A copy, so that the stores do not make the compiler load the pointers again.
        let memory = self.memory.clone();
        let header = memory.ring_header();
        // Relaxed: read by monitors, and by a successor, which has the role lock in between.
        memory.store_u64(header.messages_received, self.received, Ordering::Relaxed);
        memory.store_u64(header.bytes_received, self.bytes, Ordering::Relaxed);
        // Release: pairs with the acquire load in `Writer::reload`: this side's reads of the
        // records are over before the producer writes over them.
        memory.store_u64(header.read_position, self.position, Ordering::Release);
        self.waker.notify(&memory, Direction::space(header));
    }

    /// Counts a gap, a corrupt record or a broken fragment.
    #[cold]
    pub(crate) fn count_error(&mut self) {
        let field = self.memory.ring_header().receive_errors;
        // Relaxed: a counter that this side alone writes.
        let errors = self.memory.load_u64(field, Ordering::Relaxed);
        self.memory.store_u64(field, errors.wrapping_add(1), Ordering::Relaxed);
    }
}
