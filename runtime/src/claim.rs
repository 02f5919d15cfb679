//! Writing a message in place.

use core::fmt;
use core::ops::{Deref, DerefMut};

use zerocopy::{Immutable, IntoBytes};

use crate::layout::{HeaderField, LayoutSource};
use crate::producer::{Producer, user_flags};
use crate::ring::{Memory, Place, Staged, set_header_bytes};

/// Room in the ring for one message, to be filled in place and then committed.
///
/// Nothing is visible to the consumer before [`Claim::commit`]; a claim that is dropped instead
/// leaves no trace. The bytes are those of older messages until they are written: write all of
/// them, or [`fill`](slice::fill) first.
///
/// ```no_run
/// # use bitrpc_shm::{Layout, Producer};
/// # fn f<L: Layout>(producer: &mut Producer<L>) -> Result<(), bitrpc_shm::SendError> {
/// let mut claim = producer.claim(1000u32, 8)?;
/// claim.copy_from_slice(&42u64.to_le_bytes());
/// claim.commit();
/// # Ok(())
/// # }
/// ```
#[must_use = "a claim that is not committed sends nothing"]
pub struct Claim<'a, L: LayoutSource> {
    producer: &'a mut Producer<L>,
    place: Place,
    message_type: u32,
    flags: u32,
    /// Whether fields without a role were set, and all of the header but its first word is zero
    /// beside them.
    has_fields: bool,
    payload: &'a mut [u8],
}

impl<'a, L: LayoutSource> Claim<'a, L> {
    /// `place` was found for a payload of `len` bytes by this producer's writer.
    #[inline(always)]
    pub(crate) fn new(
        producer: &'a mut Producer<L>,
        place: Place,
        message_type: u32,
        len: usize,
    ) -> Self {
        let header = producer.layout().message_header.size as u64;
        producer.writer.prefetch(&place);
        let start = producer.writer.memory.at(place.position.wrapping_add(header));
        // SAFETY: `place` found room for header and payload before the end of the lap, so `len`
        // bytes from here are mapped; the mapping lives as long as the producer, which is borrowed
        // for `'a`. They are reserved, not published: by the protocol only this producer touches
        // them, and it is borrowed mutably.
        let payload = unsafe { core::slice::from_raw_parts_mut(start, len) };
        Self { producer, place, message_type, flags: 0, has_fields: false, payload }
    }

    /// Sets the flag bits; the fragment bits are the engine's and are ignored.
    pub fn set_flags(&mut self, flags: impl Into<u32>) {
        self.flags = user_flags(self.producer.layout(), flags.into());
    }

    /// Sets a header field that has no role.
    ///
    /// # Panics
    ///
    /// If the field lies beyond the header or in its first 8 bytes, which no generated constant
    /// does.
    pub fn set_header<T: IntoBytes + Immutable>(&mut self, field: HeaderField<T>, value: T) {
        let at = field.offset();
        let size = self.producer.layout().message_header.size;
        let fits = at >= 8 && at + size_of::<T>() <= size;
        assert!(fits, "a header field beyond the header");
        let memory = &self.producer.writer.memory;
        if !self.has_fields {
            self.has_fields = true;
            for at in (8..size as u64).step_by(8) {
                memory.write_plain(self.place.position.wrapping_add(at), 0);
            }
        }
        for (i, byte) in value.as_bytes().iter().enumerate() {
            set_header_bytes(memory, self.place.position, at + i, 1, u64::from(*byte));
        }
    }

    /// Shortens the payload: for writers that learn the length while writing.
    ///
    /// # Panics
    ///
    /// If `len` is longer than the claim.
    pub fn truncate(&mut self, len: usize) {
        assert!(len <= self.payload.len(), "a claim cannot grow");
        self.place.frame = (len + self.producer.layout().message_header.size) as u64;
        let payload = core::mem::take(&mut self.payload);
        self.payload = &mut payload[..len];
    }

    /// Publishes one piece of a larger message.
    pub(crate) fn commit_fragment(mut self, last: bool) {
        let flags = &self.producer.layout().flags;
        self.flags = flags.fragment | if last { flags.last_fragment } else { 0 };
        self.commit();
    }

    /// Publishes the message, and wakes the consumer if it sleeps.
    #[inline]
    pub fn commit(self) {
        let writer = &mut self.producer.writer;
        let mut staged: Staged = writer.stage();
        writer.write_claimed_header(&self.place, self.flags, self.has_fields);
        writer.finish_claim(&mut staged, &self.place, self.message_type);
        writer.publish(&staged);
        writer.prepare_next(&self.place);
    }
}

impl<L: LayoutSource> Deref for Claim<'_, L> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.payload
    }
}

impl<L: LayoutSource> DerefMut for Claim<'_, L> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.payload
    }
}

impl<L: LayoutSource> fmt::Debug for Claim<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("message_type", &self.message_type)
            .field("len", &self.payload.len())
            .finish_non_exhaustive()
    }
}
