//! The error of attaching, and the union of all others for callers who want a single type.

use core::fmt;
use std::io;
use std::path::PathBuf;

use super::{Corrupt, DecodeError, ReceiveError, SendError, forked, no_memory, timeout, too_large};
use crate::role::Role;

/// Why a ring was not created, opened, removed or used. Every message says what was expected and
/// what was found.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The name is not 1 to 200 of `A-Z a-z 0-9 . _ -`, or starts with a dot.
    InvalidName {
        /// The name asked for.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The capacity is 0 or beyond the limits, or the ring's own is impossible.
    InvalidCapacity {
        /// Bytes asked for.
        asked: u64,
        /// Least capacity.
        min: u64,
        /// Greatest capacity.
        max: u64,
    },
    /// The ring exists with another capacity.
    CapacityMismatch {
        /// Bytes asked for, rounded up to a power of two.
        asked: u64,
        /// Bytes that the ring has.
        found: u64,
    },
    /// No ring of this name, and the mode does not create one.
    NotFound {
        /// The file looked for.
        path: PathBuf,
    },
    /// A ring of this name exists, and the mode only creates.
    AlreadyExists {
        /// The file found.
        path: PathBuf,
    },
    /// The folder for rings does not exist.
    FolderMissing {
        /// The folder looked for.
        path: PathBuf,
    },
    /// Something else than a regular file has the ring's name.
    NotRegularFile {
        /// The file looked at.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// The file belongs to another user. See `Options::any_owner`.
    WrongOwner {
        /// The file looked at.
        path: PathBuf,
        /// This process's user id.
        expected: u32,
        /// The file's owner.
        found: u32,
    },
    /// The operating system refuses access.
    PermissionDenied {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
    },
    /// The file is shorter than its header and data area.
    TooShort {
        /// Bytes expected.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// The file is not a ring of this protocol.
    BadMagic {
        /// The protocol's magic number.
        expected: u32,
        /// The file's.
        found: u32,
    },
    /// The ring was made by a machine of the other byte order.
    WrongEndianness {
        /// The protocol's magic number.
        expected: u32,
        /// The file's: the same, byte-swapped.
        found: u32,
    },
    /// The ring has another major version.
    VersionMismatch {
        /// This program's major and minor version.
        expected: (u16, u16),
        /// The ring's.
        found: (u16, u16),
    },
    /// The ring has a header of another size.
    HeaderSizeMismatch {
        /// Bytes expected.
        expected: u32,
        /// Bytes found.
        found: u32,
    },
    /// Headers, framing or flags differ.
    LayoutMismatch {
        /// This program's layout hash.
        expected: u64,
        /// The ring's.
        found: u64,
    },
    /// Message types or structs differ, though the version is the same. See `Options::any_schema`.
    SchemaMismatch {
        /// This program's schema hash.
        expected: u64,
        /// The ring's.
        found: u64,
    },
    /// There is no room for the ring.
    NoSpace {
        /// Bytes needed.
        needed: u64,
        /// Bytes free in the file system.
        free: u64,
        /// What there is too little of.
        lack: Lack,
    },
    /// Another live process (or another handle of this one) has the role.
    RoleTaken {
        /// The role asked for.
        role: Role,
        /// The process that took it, as the ring's header says.
        pid: u32,
        /// Whether that process does not exist any more: a child that it forked, and that did not
        /// execute another program, has its open files and with them the role.
        has_ended: bool,
    },
    /// The file was removed, or replaced by another ring.
    Removed {
        /// The file; empty if the error comes from sending or receiving.
        path: PathBuf,
    },
    /// The peer closed its side.
    Closed,
    /// The peer died.
    PeerDied,
    /// There is no room for the message now.
    Full,
    /// There was no room for the message within the time allowed.
    Timeout,
    /// The payload is longer than one record can be.
    TooLarge {
        /// Bytes asked for.
        size: u64,
        /// Most bytes that a record of this ring carries.
        max: u64,
    },
    /// A fragmented message exceeds the receiver's limit.
    MessageTooLarge {
        /// Bytes seen or announced.
        size: u64,
        /// The limit.
        max: u64,
    },
    /// There is no memory for a copy of a received message.
    NoMemory {
        /// Bytes needed.
        size: u64,
    },
    /// Message type 0 marks padding and cannot be sent.
    InvalidType,
    /// Shared memory holds bytes that no peer writes.
    Corrupt(Corrupt),
    /// A payload is not what it was read as.
    Decode(DecodeError),
    /// This process was forked from the one that attached.
    Forked,
    /// This very thread uses the side already, in a handler for example; or the manager's thread
    /// receives.
    Busy,
    /// Another failure of the operating system.
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// How it failed.
        source: io::Error,
    },
    /// This machine or operating system cannot do it.
    Unsupported {
        /// What.
        what: &'static str,
    },
}

/// What a ring needs and does not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lack {
    /// Bytes of the file system, or of the user's share of it.
    Bytes,
    /// Memory: a limit of the process or its container is lower than what the file system has.
    Memory,
    /// The file system has no room for another file, however small.
    Files,
}

/// As it stands behind how much is needed and free.
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "",
            Self::Memory => ", a memory limit is lower",
            Self::Files => ", the file system has no room for another file",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName { name, why } => {
                write!(
                    f,
                    "invalid ring name {name:?}: {why}; expected 1 to 200 of A-Z a-z 0-9 . _ -"
                )
            }
            Self::InvalidCapacity { asked, min, max } => {
                write!(f, "invalid capacity {asked}: expected {min} to {max} bytes")
            }
            Self::CapacityMismatch { asked, found } => {
                write!(f, "asked for a capacity of {asked} bytes, the ring has {found}")
            }
            Self::NotFound { path } => write!(f, "no ring at {}", path.display()),
            Self::AlreadyExists { path } => {
                write!(f, "a ring exists already at {}", path.display())
            }
            Self::FolderMissing { path } => {
                write!(f, "the folder for rings does not exist: {}", path.display())
            }
            Self::NotRegularFile { path, found } => {
                write!(f, "expected a regular file at {}, found {found}", path.display())
            }
            Self::WrongOwner { path, expected, found } => {
                write!(f, "{} belongs to user {found}, expected user {expected}", path.display())
            }
            Self::PermissionDenied { path, operation } => {
                write!(f, "permission denied: {operation} {}", path.display())
            }
            Self::RoleTaken { role, pid, has_ended } => {
                write!(f, "the ring's {role} role is taken by process {pid}")?;
                match has_ended {
                    true => {
                        f.write_str(", which has ended; a child that it forked may hold the role")
                    }
                    false => Ok(()),
                }
            }
            Self::Removed { path } if path.as_os_str().is_empty() => {
                write!(f, "the ring's file was removed")
            }
            Self::Removed { path } => write!(f, "the ring's file was removed: {}", path.display()),
            Self::NoSpace { needed, free, lack } => {
                write!(f, "no space for the ring: {needed} bytes needed, {free} free{lack}")
            }
            Self::Io { operation, path, source } => {
                write!(f, "{operation} {}: {source}", path.display())
            }
            Self::Unsupported { what } => write!(f, "not supported here: {what}"),
            other => other.fmt_content(f),
        }
    }
}

impl Error {
    /// The half of the messages that tells about bytes and not about files.
    fn fmt_content(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { expected, found } => {
                write!(f, "the file is too short: expected {expected} bytes, found {found}")
            }
            Self::BadMagic { expected, found } => {
                write!(
                    f,
                    "not a ring of this protocol: expected magic {expected:#x}, found {found:#x}"
                )
            }
            Self::WrongEndianness { expected, found } => write!(
                f,
                "a ring of the other byte order: expected magic {expected:#x}, found {found:#x}"
            ),
            Self::VersionMismatch { expected, found } => write!(
                f,
                "expected protocol version {}.{}, found {}.{}",
                expected.0, expected.1, found.0, found.1
            ),
            Self::HeaderSizeMismatch { expected, found } => {
                write!(f, "expected a header of {expected} bytes, found {found}")
            }
            Self::LayoutMismatch { expected, found } => {
                write!(f, "expected layout hash {expected:#018x}, found {found:#018x}")
            }
            Self::SchemaMismatch { expected, found } => {
                write!(f, "expected schema hash {expected:#018x}, found {found:#018x}")
            }
            Self::Closed => write!(f, "the peer closed"),
            Self::PeerDied => write!(f, "the peer died"),
            Self::Full => write!(f, "the ring is full"),
            Self::Timeout => timeout(f),
            Self::TooLarge { size, max } => too_large(f, *size, *max),
            Self::MessageTooLarge { size, max } => {
                write!(f, "a fragmented message of {size} bytes exceeds the limit of {max}")
            }
            Self::NoMemory { size } => no_memory(f, *size),
            Self::InvalidType => write!(f, "message type 0 is reserved for padding"),
            Self::Corrupt(corrupt) => fmt::Display::fmt(corrupt, f),
            Self::Decode(error) => fmt::Display::fmt(error, f),
            Self::Busy => write!(f, "the side is in use by this thread, or by the manager's"),
            _ => forked(f),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Corrupt(corrupt) => Some(corrupt),
            Self::Decode(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Corrupt> for Error {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt)
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Full => Self::Full,
            SendError::Timeout => Self::Timeout,
            SendError::Closed => Self::Closed,
            SendError::PeerDied => Self::PeerDied,
            SendError::TooLarge { size, max } => Self::TooLarge { size, max },
            SendError::InvalidType => Self::InvalidType,
            SendError::Corrupt(corrupt) => Self::Corrupt(corrupt),
            SendError::Removed => Self::Removed { path: PathBuf::new() },
            SendError::Forked => Self::Forked,
        }
    }
}

impl From<ReceiveError> for Error {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Closed => Self::Closed,
            ReceiveError::PeerDied => Self::PeerDied,
            ReceiveError::MessageTooLarge { size, max } => Self::MessageTooLarge { size, max },
            ReceiveError::NoMemory { size } => Self::NoMemory { size },
            ReceiveError::Corrupt(corrupt) => Self::Corrupt(corrupt),
            ReceiveError::Removed => Self::Removed { path: PathBuf::new() },
            ReceiveError::Forked => Self::Forked,
        }
    }
}
