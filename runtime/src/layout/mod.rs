//! What the engine is told: where every field is, and how structs become bytes.
//!
//! Every number here comes from the YAML specification. The engine spells no offset, no size and no
//! flag value of its own. Of generated code, all of them are constants of a [`Layout`], so they end
//! up as immediate operands in the machine code; a tool that reads a specification has them as a
//! value, an [`AnyLayout`]. The engine is written once for both, over a [`LayoutSource`].

mod any;
mod check;
mod source;

use core::marker::PhantomData;

pub use self::any::{AnyLayout, LayoutNumbers};
pub use self::check::LayoutError;
pub use self::source::LayoutSource;
pub(crate) use self::source::{Constants, Numbers};

use crate::error::DecodeError;

/// Byte offsets of the ring header's fields that the engine works with, one for each role.
///
/// Offsets count from the start of the file. The types are fixed for each role: positions,
/// counters, hashes and times are `u64`, versions `u16`, everything else `u32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingHeaderLayout {
    /// `u32`, constant: marks the file as a ring of this protocol.
    pub magic: usize,
    /// `u16`, constant: versions that differ here cannot share a ring.
    pub version_major: usize,
    /// `u16`, constant: versions that differ only here can.
    pub version_minor: usize,
    /// `u64`, constant: hash over both headers, the framing and the flags.
    pub layout_hash: usize,
    /// `u64`, constant: hash over message types and payload structs.
    pub schema_hash: usize,
    /// `u64`, constant: bytes in the data area, a power of two.
    pub capacity: usize,
    /// `u32`, constant: bytes in the header, and so where the data area starts.
    pub header_size: usize,
    /// `u64`, constant: wall-clock time of creation, nanoseconds since 1970.
    pub created_unix_ns: usize,
    /// `u64`, by the producer: bytes ever published, for recovery and monitors.
    pub write_position: usize,
    /// `u64`, by the producer: messages ever published.
    pub messages_sent: usize,
    /// `u64`, by the producer: payload bytes ever published.
    pub bytes_sent: usize,
    /// `u64`, by the producer: sends that found no room.
    pub send_failures: usize,
    /// `u64`, by the producer: monotonic time of its last heartbeat, nanoseconds.
    pub producer_heartbeat_ns: usize,
    /// `u64`, by the producer: sleeps that nobody ended although there was room.
    pub producer_missed_wakeups: usize,
    /// `u32`, by the producer: its process id.
    pub producer_pid: usize,
    /// `u32`, by the producer: 0 never attached, 1 attached, 2 closed.
    pub producer_state: usize,
    /// `u32`, by the producer: counts attaches.
    pub producer_epoch: usize,
    /// `u64`, by the consumer: bytes ever released.
    pub read_position: usize,
    /// `u64`, by the consumer: messages ever released.
    pub messages_received: usize,
    /// `u64`, by the consumer: payload bytes ever released.
    pub bytes_received: usize,
    /// `u64`, by the consumer: gaps, corrupt records and broken fragments it found.
    pub receive_errors: usize,
    /// `u64`, by the consumer: monotonic time of its last heartbeat, nanoseconds.
    pub consumer_heartbeat_ns: usize,
    /// `u64`, by the consumer: sleeps that nobody ended although there was a message.
    pub consumer_missed_wakeups: usize,
    /// `u32`, by the consumer: its process id.
    pub consumer_pid: usize,
    /// `u32`, by the consumer: 0 never attached, 1 attached, 2 closed.
    pub consumer_state: usize,
    /// `u32`, by the consumer: counts attaches.
    pub consumer_epoch: usize,
    /// `u32`, by the consumer: says whether and on which `data_sequence` it sleeps.
    pub consumer_control: usize,
    /// `u32`, by the producer: what a sleeping consumer sleeps on.
    pub data_sequence: usize,
    /// `u32`, by the producer: says whether and on which `space_sequence` it sleeps.
    pub producer_control: usize,
    /// `u32`, by the consumer: what a sleeping producer sleeps on.
    pub space_sequence: usize,
    /// Bytes in the whole header, a multiple of 4096.
    pub size: usize,
}

/// Byte offsets of the message header's fields, counted from the start of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageHeaderLayout {
    /// `u32` at 0 or 4: header and payload without padding; 0 means "not published".
    pub frame_length: usize,
    /// `u32` at 4 or 0: message type; 0 means padding.
    pub message_type: usize,
    /// `u32`: counts up by one for each message, wraps.
    pub message_id: usize,
    /// Flag bits, `flags_size` bytes wide.
    pub flags: usize,
    /// Width of the flags: 1, 2 or 4 bytes.
    pub flags_size: usize,
    /// `u64`: monotonic time of sending in nanoseconds, where the specification has it.
    pub timestamp: Option<usize>,
    /// Bytes in the header, a multiple of 8, at most 256.
    pub size: usize,
}

/// The flags that the engine itself sets and reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlagMasks {
    /// Publishes what is pending and wakes the receiver at once.
    pub urgent: u32,
    /// Marks a piece of a message that was too large for one record.
    pub fragment: u32,
    /// Marks the last of those pieces.
    pub last_fragment: u32,
}

/// The message types that the engine itself sends or accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeIds {
    /// Untyped bytes and text.
    pub data: u32,
    /// Empty messages that say "still here".
    pub heartbeat: u32,
}

/// A protocol, as the generator resolved it from the YAML. Implemented by generated code.
///
/// The engine checks the constants while the program is compiled: an implementation whose fields
/// overlap, lie beyond their header or are misaligned does not build.
pub trait Layout: Copy + Send + Sync + 'static {
    /// Protocol name, for messages to people.
    const NAME: &'static str;
    /// What file names of this protocol's rings start with.
    const FILE_PREFIX: &'static str;
    /// Bytes in the data area of a ring whose creator asked for no particular capacity.
    const DEFAULT_CAPACITY: u64;
    /// Value of the `magic` field.
    const MAGIC: u32;
    /// Value of the `version_major` field.
    const VERSION_MAJOR: u16;
    /// Value of the `version_minor` field.
    const VERSION_MINOR: u16;
    /// Hash over both headers, the framing and the flags.
    const LAYOUT_HASH: u64;
    /// Hash over message types and payload structs.
    const SCHEMA_HASH: u64;
    /// Where the ring header's fields are.
    const RING_HEADER: RingHeaderLayout;
    /// Where the message header's fields are.
    const MESSAGE_HEADER: MessageHeaderLayout;
    /// Values of the flags that the engine uses.
    const FLAGS: FlagMasks;
    /// Values of the message types that the engine uses.
    const TYPES: TypeIds;
}

/// A message-header field that has no role, a trace id for example.
///
/// Generated code has one constant of this type for each such field. The sender sets it with
/// [`Claim::set_header`](crate::Claim::set_header), the receiver reads it with
/// [`Message::header`](crate::Message::header); a field that nobody sets is zero.
pub struct HeaderField<T> {
    offset: usize,
    marker: PhantomData<fn() -> T>,
}

impl<T> HeaderField<T> {
    /// Names the field of type `T` that is `offset` bytes from the start of a record.
    #[must_use]
    pub const fn new(offset: usize) -> Self {
        Self { offset, marker: PhantomData }
    }

    /// Bytes between the start of a record and this field.
    #[must_use]
    pub const fn offset(self) -> usize {
        self.offset
    }
}

impl<T> Clone for HeaderField<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for HeaderField<T> {}

impl<T> core::fmt::Debug for HeaderField<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HeaderField").field("offset", &self.offset).finish()
    }
}

/// A struct that can be sent. Implemented by generated code.
pub trait Encode {
    /// The message type that the struct is sent as; `None` sends it as plain `data`.
    const MESSAGE_TYPE: Option<u32>;

    /// Bytes that [`Encode::encode_into`] fills, the variable tail included.
    fn encoded_len(&self) -> usize;

    /// Writes the struct into `out`, which is exactly [`Encode::encoded_len`] bytes long.
    ///
    /// Every byte has to be written, padding as zero: the memory holds bytes of older messages.
    fn encode_into(&self, out: &mut [u8]);
}

/// A struct that can be read from a payload and may borrow from it. Implemented by generated code.
pub trait Decode<'a>: Sized {
    /// The message type that the struct is sent as; `None` takes it from any message.
    const MESSAGE_TYPE: Option<u32>;

    /// Reads the struct from a payload whose message type was accepted. Bytes behind what the
    /// struct knows are a newer version's, and ignored.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the payload is too short or holds bytes that the struct cannot.
    fn decode(payload: &'a [u8]) -> Result<Self, DecodeError>;

    /// Reads the struct as [`Decode::decode`] does, and refuses bytes behind it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] as well if the payload is too long.
    fn decode_exact(payload: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode(payload)
    }
}

/// A struct that can be read from a payload and keeps nothing of it: what typed receives return,
/// and what can be sent to another thread. Implemented by generated code.
pub trait DecodeOwned: Sized {
    /// The message type that the struct is sent as; `None` takes it from any message.
    const MESSAGE_TYPE: Option<u32>;

    /// Reads the struct from a payload whose message type was accepted; see [`Decode::decode`].
    ///
    /// # Errors
    ///
    /// As for [`Decode::decode`].
    fn decode_owned(payload: &[u8]) -> Result<Self, DecodeError>;

    /// Reads the struct and refuses bytes behind it; see [`Decode::decode_exact`].
    ///
    /// # Errors
    ///
    /// As for [`Decode::decode_exact`].
    fn decode_owned_exact(payload: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_owned(payload)
    }
}
