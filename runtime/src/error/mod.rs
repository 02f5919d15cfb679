//! Errors: one enum for attaching, and a small one for each operation on an attached ring.
//!
//! "Full" and "nothing there" are ordinary outcomes of a ring. Receiving says `Ok(None)`; sending
//! says [`SendError::Full`], so that `?` never loses a message silently.

mod attach;

pub use attach::{Error, Lack};

use core::fmt;

use crate::role::Role;

/// Bytes in shared memory that no peer of this protocol writes.
///
/// Nothing is taken from the ring and nothing outside it was touched; the same call gives the same
/// answer until the bytes change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// Where: a position in the stream (bytes since creation), or an offset in the ring header.
    pub position: u64,
    /// The value found there.
    pub value: u64,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, value, why } = self;
        write!(f, "corrupt ring at {position}: found {value:#x}: {why}")
    }
}

impl core::error::Error for Corrupt {}

/// Why a message was not sent. Nothing of it is visible to the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// There is no room now, and the call was not to wait.
    ///
    /// "Full" may stop being so at any moment: the consumer releases concurrently.
    Full,
    /// There was no room for as long as the call was to wait, or until it was interrupted.
    Timeout,
    /// There is no room, and the consumer closed its side. Said once for each consumer; later
    /// calls wait for the next one.
    Closed,
    /// There is no room, and the consumer died. Said once for each consumer; later calls wait for
    /// the next one.
    PeerDied,
    /// The payload is longer than one record can be. See `send_fragmented`.
    TooLarge {
        /// Bytes asked for.
        size: u64,
        /// Most bytes that a record of this ring carries.
        max: u64,
    },
    /// Message type 0 marks padding and cannot be sent.
    InvalidType,
    /// The consumer's position in the header is impossible.
    Corrupt(Corrupt),
    /// The file was removed: no consumer can join any more. Said by every call from then on.
    Removed,
    /// This process was forked from the one that attached; the role stays with the parent.
    Forked,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "the ring is full"),
            Self::Timeout => timeout(f),
            Self::Closed => write!(f, "the ring is full and its consumer closed"),
            Self::PeerDied => write!(f, "the ring is full and its consumer died"),
            Self::TooLarge { size, max } => too_large(f, *size, *max),
            Self::InvalidType => write!(f, "message type 0 is reserved for padding"),
            Self::Corrupt(corrupt) => corrupt.fmt(f),
            Self::Removed => write!(f, "the ring's file was removed"),
            Self::Forked => forked(f),
        }
    }
}

impl core::error::Error for SendError {}

impl From<Corrupt> for SendError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt)
    }
}

/// Why nothing was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiveError {
    /// Everything was received and the producer closed its side. Said once for each producer;
    /// later calls wait for the next one.
    Closed,
    /// Everything was received and the producer died. Said once for each producer; later calls
    /// wait for the next one.
    PeerDied,
    /// A record that no producer writes. The ring is not advanced.
    Corrupt(Corrupt),
    /// A fragmented message is larger than `Options::max_message_size`; its pieces are dropped.
    MessageTooLarge {
        /// Bytes seen or announced so far.
        size: u64,
        /// Most bytes that this consumer puts together.
        max: u64,
    },
    /// There is no memory for a copy of the message. One that was put together from pieces is
    /// dropped; any other one stays in the ring.
    NoMemory {
        /// Bytes needed.
        size: u64,
    },
    /// Everything was received and the file was removed: no producer can join any more. Said by
    /// every call from then on.
    Removed,
    /// This process was forked from the one that attached; the role stays with the parent.
    Forked,
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => write!(f, "the ring is drained and its producer closed"),
            Self::PeerDied => write!(f, "the ring is drained and its producer died"),
            Self::Corrupt(corrupt) => corrupt.fmt(f),
            Self::MessageTooLarge { size, max } => {
                write!(f, "a fragmented message of {size} bytes exceeds the limit of {max}")
            }
            Self::NoMemory { size } => no_memory(f, *size),
            Self::Removed => write!(f, "the ring is drained and its file was removed"),
            Self::Forked => forked(f),
        }
    }
}

impl core::error::Error for ReceiveError {}

impl From<Corrupt> for ReceiveError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt)
    }
}

/// Why a payload is not the struct that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The message is of another type.
    TypeMismatch {
        /// The struct's message type.
        expected: u32,
        /// The message's.
        found: u32,
    },
    /// The payload has a size that no version of the struct has.
    SizeMismatch {
        /// The struct's size, or the least that is accepted.
        expected: usize,
        /// The payload's.
        found: usize,
    },
    /// A variable tail that is not a whole number of elements.
    TailMismatch {
        /// Bytes of one element.
        element: usize,
        /// Bytes of the tail.
        found: usize,
    },
    /// Text that is not UTF-8.
    InvalidUtf8 {
        /// How many bytes at the start are.
        valid_up_to: usize,
    },
    /// There is no memory for a copy.
    NoMemory {
        /// Bytes needed.
        size: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeMismatch { expected, found } => {
                write!(f, "expected message type {expected}, found {found}")
            }
            Self::SizeMismatch { expected, found } => {
                write!(f, "expected a payload of {expected} bytes, found {found}")
            }
            Self::TailMismatch { element, found } => {
                write!(
                    f,
                    "expected a tail of whole elements of {element} bytes, found {found} bytes"
                )
            }
            Self::InvalidUtf8 { valid_up_to } => {
                write!(f, "expected UTF-8, found another byte at {valid_up_to}")
            }
            Self::NoMemory { size } => no_memory(f, *size as u64),
        }
    }
}

impl core::error::Error for DecodeError {}

impl From<core::str::Utf8Error> for DecodeError {
    fn from(error: core::str::Utf8Error) -> Self {
        Self::InvalidUtf8 { valid_up_to: error.valid_up_to() }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        })
    }
}

fn too_large(f: &mut fmt::Formatter<'_>, size: u64, max: u64) -> fmt::Result {
    write!(f, "a payload of {size} bytes exceeds the largest of this ring, {max}")
}

fn no_memory(f: &mut fmt::Formatter<'_>, size: u64) -> fmt::Result {
    write!(f, "there is no memory for a message of {size} bytes")
}

fn timeout(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "the ring is full and the time to wait is over")
}

fn forked(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "this process was forked; attach anew in the child")
}
