//! A received message, in place.

use core::fmt;

use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::error::DecodeError;
use crate::layout::{Decode, HeaderField, Layout};
use crate::ring::{Mapped, Reader, Record, read_header};

/// The engine's header fields of a message, copied out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageInfo {
    /// Message type; never 0.
    pub message_type: u32,
    /// Id: counts up by one for each record, wraps.
    pub id: u32,
    /// Flag bits.
    pub flags: u32,
    /// Monotonic time of sending in nanoseconds, where the specification has it.
    pub timestamp: Option<u64>,
}

/// A received message that borrows the ring: its bytes are released when it is dropped.
///
/// The payload is read where the producer wrote it. It rests on the one thing that this library
/// trusts a peer with: that the bytes of a published record stay until they are released. A program
/// that does not trust its peer with that copies instead: [`Consumer::receive_into`].
///
/// Dropping releases the message: the producer may write over it, and the next receive gets the
/// next one. While it lives, the borrow checker keeps the consumer from receiving another.
/// A message that is leaked (`mem::forget`) is not released and comes again.
///
/// [`Consumer::receive_into`]: crate::Consumer::receive_into
#[must_use = "a message that is dropped unread is gone"]
pub struct Message<'a, L: Layout> {
    pub(crate) payload: &'a [u8],
    pub(crate) message_type: u32,
    pub(crate) source: Source<'a, L>,
}

/// Where a message's header is, and what dropping it releases.
pub(crate) enum Source<'a, L: Layout> {
    /// A record at this position; to be released.
    Taken(&'a mut Reader<L, Mapped<L>>, Record),
    /// A record at this position; somebody else releases it.
    Lent(&'a Mapped<L>, Record),
    /// Put together from pieces that are released already; the first piece's header words.
    Assembled(&'a Header),
}

/// A copy of a message header, for messages whose record is gone.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) info: MessageInfo,
    pub(crate) words: [u64; 32],
}

impl<L: Layout> Message<'_, L> {
    /// The message type; never 0.
    #[inline(always)]
    #[must_use]
    pub fn message_type(&self) -> u32 {
        self.message_type
    }

    /// The message's id: counts up by one for each record, wraps.
    ///
    /// A fragmented message has the id of its first piece.
    #[inline(always)]
    #[must_use]
    pub fn id(&self) -> u32 {
        match &self.source {
            Source::Assembled(header) => header.info.id,
            _ => self.read(L::MESSAGE_HEADER.message_id, 4) as u32,
        }
    }

    /// The flag bits, known to this program or not.
    ///
    /// A fragmented message has its first piece's flags without the fragment bits.
    #[inline(always)]
    #[must_use]
    pub fn flags(&self) -> u32 {
        match &self.source {
            Source::Assembled(header) => header.info.flags,
            _ => self.read(L::MESSAGE_HEADER.flags, L::MESSAGE_HEADER.flags_size) as u32,
        }
    }

    /// When the message was sent, in nanoseconds of the host's monotonic clock; `None` if the
    /// specification has no timestamp in the header.
    #[inline(always)]
    #[must_use]
    pub fn timestamp(&self) -> Option<u64> {
        let at = L::MESSAGE_HEADER.timestamp?;
        match &self.source {
            Source::Assembled(header) => header.info.timestamp,
            _ => Some(self.read(at, 8)),
        }
    }

    /// All of the engine's header fields.
    #[must_use]
    pub fn info(&self) -> MessageInfo {
        MessageInfo {
            message_type: self.message_type(),
            id: self.id(),
            flags: self.flags(),
            timestamp: self.timestamp(),
        }
    }

    /// The payload, where the producer wrote it.
    #[inline(always)]
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.payload
    }

    /// The payload as text.
    ///
    /// # Errors
    ///
    /// [`DecodeError::InvalidUtf8`].
    pub fn as_str(&self) -> Result<&str, DecodeError> {
        Ok(core::str::from_utf8(self.payload)?)
    }

    /// The payload as one of the specification's structs.
    ///
    /// A struct with a message type is taken from messages of this type, and from untyped `data`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TypeMismatch`] if the message is of another type; whatever the struct's
    /// [`Decode::decode`] finds wrong with the bytes.
    #[inline]
    pub fn decode<'m, T: Decode<'m>>(&'m self) -> Result<T, DecodeError> {
        if let Some(expected) = T::MESSAGE_TYPE {
            let found = self.message_type;
            if found != expected && found != L::TYPES.data {
                return Err(DecodeError::TypeMismatch { expected, found });
            }
        }
        T::decode(self.payload)
    }

    /// The payload as a plain struct of the caller's own, in place.
    ///
    /// # Errors
    ///
    /// [`DecodeError::SizeMismatch`] if the payload is not exactly as long, or the struct asks for
    /// more than 8-byte alignment.
    #[inline]
    pub fn plain<T: FromBytes + KnownLayout + Immutable>(&self) -> Result<&T, DecodeError> {
        T::ref_from_bytes(self.payload).map_err(|_| DecodeError::SizeMismatch {
            expected: size_of::<T>(),
            found: self.payload.len(),
        })
    }

    /// A header field that has no role.
    ///
    /// # Panics
    ///
    /// If the field lies beyond the header, which no generated constant does.
    #[must_use]
    pub fn header<T: FromBytes>(&self, field: HeaderField<T>) -> T {
        let mut bytes = [0u8; 256];
        let (at, width) = (field.offset(), size_of::<T>());
        assert!(at + width <= L::MESSAGE_HEADER.size, "a header field beyond the header");
        let bytes = &mut bytes[..width];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = self.read(at + i, 1) as u8;
        }
        match T::read_from_bytes(bytes) {
            Ok(value) => value,
            Err(_) => unreachable!("the slice has the size of T"),
        }
    }

    /// Reads aligned header bytes.
    #[inline(always)]
    fn read(&self, at: usize, width: usize) -> u64 {
        match &self.source {
            Source::Taken(reader, record) => {
                read_header(&reader.memory, record.position, at, width)
            }
            Source::Lent(memory, record) => read_header(*memory, record.position, at, width),
            Source::Assembled(header) => {
                let mask = if width == 8 { u64::MAX } else { (1 << (8 * width)) - 1 };
                (header.words[at / 8] >> (8 * (at & 7))) & mask
            }
        }
    }
}

impl<L: Layout> Drop for Message<'_, L> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Source::Taken(reader, record) = &mut self.source {
            reader.take(record);
            reader.flush();
        }
    }
}

impl<L: Layout> fmt::Debug for Message<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("message_type", &self.message_type)
            .field("id", &self.id())
            .field("flags", &self.flags())
            .field("len", &self.payload.len())
            .finish()
    }
}
