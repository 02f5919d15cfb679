//! A received message, in place.

use core::fmt;
use std::borrow::Cow;

use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::error::DecodeError;
use crate::layout::{Decode, DecodeOwned, HeaderField, LayoutNumbers, LayoutSource, Numbers};
use crate::payload::{self, Fixed};
use crate::ring::{Mapped, Reader, Record, read_header};

/// The engine's header fields of a message, copied out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageInfo {
    /// Message type; never 0.
    pub message_type: u32,
    /// Id: counts up by one for each record, wraps.
    pub message_id: u32,
    /// Flag bits.
    pub flags: u32,
    /// Monotonic time of sending in nanoseconds, where the specification has it.
    pub timestamp_ns: Option<u64>,
}

/// A received message that borrows the ring: its bytes are released when it is dropped.
///
/// The payload is read where the producer wrote it. It rests on the one thing that this library
/// trusts a peer with: that the bytes of a published record stay until they are released. A program
/// that does not trust its peer with that copies instead: [`Consumer::receive_bytes`].
///
/// Dropping releases the message: the producer may write over it, and the next receive gets the
/// next one. While it lives, the borrow checker keeps the consumer from receiving another.
/// A message that is leaked (`mem::forget`) is not released and comes again.
///
/// [`Consumer::receive_bytes`]: crate::Consumer::receive_bytes
#[must_use = "a message that is dropped unread is gone"]
pub struct Message<'a, L: LayoutSource> {
    pub(crate) payload: &'a [u8],
    pub(crate) message_type: u32,
    pub(crate) numbers: L::Numbers,
    pub(crate) source: Source<'a, L>,
}

/// Where a message's header is, and what dropping it releases.
pub(crate) enum Source<'a, L: LayoutSource> {
    /// A record at this position; to be released.
    Taken(&'a mut Reader<Mapped<L>>, Record),
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

impl<L: LayoutSource> Message<'_, L> {
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
    pub fn message_id(&self) -> u32 {
        match &self.source {
            Source::Assembled(header) => header.info.message_id,
            _ => self.read(self.layout().message_header.message_id, 4) as u32,
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
            _ => {
                let header = &self.layout().message_header;
                self.read(header.flags, header.flags_size) as u32
            }
        }
    }

    /// When the message was sent, in nanoseconds of the host's monotonic clock; `None` if the
    /// specification has no timestamp in the header.
    #[inline(always)]
    #[must_use]
    pub fn timestamp_ns(&self) -> Option<u64> {
        let at = self.layout().message_header.timestamp?;
        match &self.source {
            Source::Assembled(header) => header.info.timestamp_ns,
            _ => Some(self.read(at, 8)),
        }
    }

    /// All of the engine's header fields.
    #[must_use]
    pub fn info(&self) -> MessageInfo {
        MessageInfo {
            message_type: self.message_type(),
            message_id: self.message_id(),
            flags: self.flags(),
            timestamp_ns: self.timestamp_ns(),
        }
    }

    /// The payload, where the producer wrote it.
    #[inline(always)]
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.payload
    }

    /// The payload as text: a copy, unless it was put together from pieces. What lies in the ring
    /// is only as steady as the producer is honest, and text has to stay the UTF-8 that it was
    /// checked to be.
    ///
    /// # Errors
    ///
    /// [`DecodeError::InvalidUtf8`], [`DecodeError::NoMemory`].
    pub fn text(&self) -> Result<Cow<'_, str>, DecodeError> {
        match self.source {
            Source::Assembled(_) => Ok(Cow::Borrowed(core::str::from_utf8(self.payload)?)),
            _ => payload::copy_text(self.payload).map(Cow::Owned),
        }
    }

    /// The payload as one of the specification's structs, which may borrow its tail from the ring.
    ///
    /// A struct with a message type is taken from messages of this type, and from untyped `data`.
    /// Of a newer version's payload, the known part is read. A large struct is better had
    /// [in a box](Message::decode_boxed) or [in place](Message::view): this one is returned over
    /// the stack.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TypeMismatch`] if the message is of another type; whatever the struct's
    /// [`Decode::decode`] finds wrong with the bytes.
    #[inline]
    pub fn decode<'m, T: Decode<'m>>(&'m self) -> Result<T, DecodeError> {
        self.expect(T::MESSAGE_TYPE)?;
        T::decode(self.payload)
    }

    /// As [`Message::decode`], but refuses a payload that is longer than the struct.
    ///
    /// # Errors
    ///
    /// As for [`Message::decode`].
    #[inline]
    pub fn decode_exact<'m, T: Decode<'m>>(&'m self) -> Result<T, DecodeError> {
        self.expect(T::MESSAGE_TYPE)?;
        T::decode_exact(self.payload)
    }

    /// As [`Message::decode`], for a struct without a tail that is too large for the stack.
    ///
    /// # Errors
    ///
    /// As for [`Message::decode`]; [`DecodeError::NoMemory`].
    pub fn decode_boxed<T: Fixed>(&self) -> Result<Box<T>, DecodeError> {
        self.expect(T::MESSAGE_TYPE)?;
        payload::decode_boxed(self.payload)
    }

    /// The fixed part of one of the specification's structs, in place.
    ///
    /// # Errors
    ///
    /// As for [`Message::decode`]; [`DecodeError::SizeMismatch`] as well if the payload comes from
    /// an older version, and so is shorter.
    #[inline]
    pub fn view<T: Fixed + KnownLayout>(&self) -> Result<&T, DecodeError> {
        self.expect(T::MESSAGE_TYPE)?;
        let viewed = T::ref_from_prefix(self.payload);
        viewed.map(|(fixed, _)| fixed).map_err(|_| self.wrong_size::<T>())
    }

    /// The payload as a struct that outlives the message.
    pub(crate) fn decode_owned<T: DecodeOwned>(&self, exact: bool) -> Result<T, DecodeError> {
        self.expect(T::MESSAGE_TYPE)?;
        match exact {
            true => T::decode_owned_exact(self.payload),
            false => T::decode_owned(self.payload),
        }
    }

    #[inline(always)]
    fn expect(&self, message_type: Option<u32>) -> Result<(), DecodeError> {
        let data = self.layout().types.data;
        match message_type {
            Some(expected) if ![expected, data].contains(&self.message_type) => {
                Err(DecodeError::TypeMismatch { expected, found: self.message_type })
            }
            _ => Ok(()),
        }
    }

    fn wrong_size<T>(&self) -> DecodeError {
        DecodeError::SizeMismatch { expected: size_of::<T>(), found: self.payload.len() }
    }

    /// The payload as a plain struct of the caller's own, in place.
    ///
    /// # Errors
    ///
    /// [`DecodeError::SizeMismatch`] if the payload is not exactly as long, or the struct asks for
    /// more than 8-byte alignment.
    #[inline]
    pub fn plain<T: FromBytes + KnownLayout + Immutable>(&self) -> Result<&T, DecodeError> {
        T::ref_from_bytes(self.payload).map_err(|_| self.wrong_size::<T>())
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
        let size = self.layout().message_header.size;
        assert!(at + width <= size, "a header field beyond the header");
        let bytes = &mut bytes[..width];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = self.read(at + i, 1) as u8;
        }
        match T::read_from_bytes(bytes) {
            Ok(value) => value,
            Err(_) => unreachable!("the slice has the size of T"),
        }
    }

    #[inline(always)]
    fn layout(&self) -> &'static LayoutNumbers {
        self.numbers.get()
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

impl<L: LayoutSource> Drop for Message<'_, L> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Source::Taken(reader, record) = &mut self.source {
            reader.take(record);
            reader.flush();
        }
    }
}

impl<L: LayoutSource> fmt::Debug for Message<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("message_type", &self.message_type)
            .field("message_id", &self.message_id())
            .field("flags", &self.flags())
            .field("len", &self.payload.len())
            .finish()
    }
}
