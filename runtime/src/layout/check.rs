//! What has to be true of a layout before the engine works with it.
//!
//! The engine's pointer arithmetic relies on it. There is one function for all layouts: the
//! compiler runs it over the constants of generated code, [`AnyLayout::new`](crate::AnyLayout::new)
//! over numbers that come while the program runs.

use core::fmt;
use std::borrow::Cow;

use super::{FlagMasks, LayoutNumbers, MessageHeaderLayout, RingHeaderLayout};
use crate::constants::MAX_CAPACITY;

/// The data area starts at a multiple of this.
const PAGE: usize = 4096;
/// Largest ring header.
const LARGEST_RING_HEADER: usize = 1 << 20;
/// Longest file prefix: with a ring's name of 200 characters it fits a file name.
const LONGEST_PREFIX: usize = 32;

/// The first thing about a layout that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutError {
    /// A field does not start at a multiple of its width.
    Misaligned {
        /// The field, `ring_header.magic` for example.
        field: &'static str,
        /// Its offset.
        found: usize,
        /// Its width in bytes.
        expected: usize,
    },
    /// A field does not end within its header.
    Outside {
        /// The field.
        field: &'static str,
        /// Its offset.
        found: usize,
        /// The greatest that it may have.
        expected: usize,
    },
    /// Two fields have bytes in common.
    Overlap {
        /// The field.
        field: &'static str,
        /// Its offset.
        found: usize,
        /// The field that has some of its bytes.
        other: &'static str,
    },
    /// The length and the type of a message are not the two halves of its header's first 8 bytes,
    /// which are stored as one word.
    PublicationWord {
        /// The field.
        field: &'static str,
        /// Its offset.
        found: usize,
    },
    /// Two flags have bits in common.
    SharedBits {
        /// The flag.
        field: &'static str,
        /// Its bits.
        found: u32,
        /// The flag that has some of its bits.
        other: &'static str,
    },
    /// A number has a value that it cannot have.
    OutOfRange {
        /// The number, `message_header.size` for example.
        field: &'static str,
        /// Its value.
        found: u64,
        /// What it may be.
        expected: &'static str,
    },
    /// The file prefix is not 1 to 32 of `A-Z a-z 0-9 . _ -`, or starts with a dot.
    FilePrefix,
}

impl LayoutError {
    /// What was broken, without the numbers: all that the compiler can print.
    pub(super) const fn rule(&self) -> &'static str {
        match self {
            Self::Misaligned { .. } => "a field is misaligned",
            Self::Outside { .. } => "a field lies beyond its header",
            Self::Overlap { .. } => "two fields overlap",
            Self::PublicationWord { .. } => {
                "frame_length and message_type are not at 0 and 4, in either order"
            }
            Self::SharedBits { .. } => "two flags share bits",
            Self::OutOfRange { expected, .. } => expected,
            Self::FilePrefix => {
                "the file prefix is not 1 to 32 of A-Z a-z 0-9 . _ - with no dot at the start"
            }
        }
    }
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned { field, found, expected } => {
                write!(f, "{field} is at offset {found}: expected a multiple of {expected}")
            }
            Self::Outside { field, found, expected } => {
                write!(f, "{field} is at offset {found}: expected at most {expected}")
            }
            Self::Overlap { field, found, other } => {
                write!(f, "{field} is at offset {found}: expected no byte of {other}")
            }
            Self::PublicationWord { field, found } => {
                write!(f, "{field} is at offset {found}: {}", self.rule())
            }
            Self::SharedBits { field, found, other } => {
                write!(f, "{field} is {found:#x}: expected no bit of {other}")
            }
            Self::OutOfRange { field, found, expected } => {
                write!(f, "{field} is {found}: {expected}")
            }
            Self::FilePrefix => f.write_str(self.rule()),
        }
    }
}

impl core::error::Error for LayoutError {}

/// `?` for functions that the compiler runs, too.
macro_rules! check {
    ($result:expr) => {
        if let Err(error) = $result {
            return Err(error);
        }
    };
}

impl LayoutNumbers {
    /// Finds the first number that no ring can have.
    pub(super) const fn check(&self) -> Result<(), LayoutError> {
        check!(file_prefix(self));
        check!(not_zero("magic", self.magic, "expected no 0, which an empty file starts with"));
        check!(range(
            "default_capacity",
            self.default_capacity,
            self.default_capacity > 0 && self.default_capacity <= MAX_CAPACITY,
            "expected a default capacity of 1 byte to 1 TiB",
        ));
        check!(ring_header(&self.ring_header));
        check!(message_header(&self.message_header));
        check!(flags(&self.flags, self.message_header.flags_size));
        check!(not_zero("types.data", self.types.data, PADDING));
        not_zero("types.heartbeat", self.types.heartbeat, PADDING)
    }
}

const PADDING: &str = "expected no 0, which is the message type of padding";

const fn range(
    field: &'static str,
    found: u64,
    is_possible: bool,
    expected: &'static str,
) -> Result<(), LayoutError> {
    if is_possible { Ok(()) } else { Err(LayoutError::OutOfRange { field, found, expected }) }
}

const fn not_zero(
    field: &'static str,
    found: u32,
    expected: &'static str,
) -> Result<(), LayoutError> {
    range(field, found as u64, found != 0, expected)
}

/// A prefix must not lead elsewhere.
const fn file_prefix(numbers: &LayoutNumbers) -> Result<(), LayoutError> {
    let prefix = match &numbers.file_prefix {
        Cow::Borrowed(prefix) => prefix.as_bytes(),
        Cow::Owned(prefix) => prefix.as_bytes(),
    };
    let mut is_sound = !prefix.is_empty() && prefix.len() <= LONGEST_PREFIX && prefix[0] != b'.';
    let mut i = 0;
    while i < prefix.len() {
        is_sound &= prefix[i].is_ascii_alphanumeric() || matches!(prefix[i], b'.' | b'_' | b'-');
        i += 1;
    }
    if is_sound { Ok(()) } else { Err(LayoutError::FilePrefix) }
}

/// Where a field is.
struct Field {
    name: &'static str,
    offset: usize,
    width: usize,
}

/// Fields of one header with their widths.
macro_rules! fields {
    ($header:ident: $($field:ident $width:expr,)*) => {
        [$(Field {
            name: concat!(stringify!($header), ".", stringify!($field)),
            offset: $header.$field,
            width: $width,
        },)*]
    };
}

const fn ring_header(ring_header: &RingHeaderLayout) -> Result<(), LayoutError> {
    let size = ring_header.size;
    check!(range(
        "ring_header.size",
        size as u64,
        size.is_multiple_of(PAGE) && size > 0 && size <= LARGEST_RING_HEADER,
        "expected a ring header of a multiple of 4096 bytes, at most 1 MiB",
    ));
    let fields = fields! { ring_header:
        magic 4,
        version_major 2,
        version_minor 2,
        layout_hash 8,
        schema_hash 8,
        capacity 8,
        header_size 4,
        created_unix_ns 8,
        write_position 8,
        messages_sent 8,
        bytes_sent 8,
        send_failures 8,
        producer_heartbeat_ns 8,
        producer_missed_wakeups 8,
        producer_pid 4,
        producer_state 4,
        producer_epoch 4,
        read_position 8,
        messages_received 8,
        bytes_received 8,
        receive_errors 8,
        consumer_heartbeat_ns 8,
        consumer_missed_wakeups 8,
        consumer_pid 4,
        consumer_state 4,
        consumer_epoch 4,
        consumer_control 4,
        data_sequence 4,
        producer_control 4,
        space_sequence 4,
    };
    places(&fields, size)
}

/// The message header has to be one that the engine can write word by word.
const fn message_header(message_header: &MessageHeaderLayout) -> Result<(), LayoutError> {
    let (size, flags_size) = (message_header.size, message_header.flags_size);
    check!(range(
        "message_header.size",
        size as u64,
        size.is_multiple_of(8) && size >= 16 && size <= 256,
        "expected a message header of a multiple of 8 bytes, from 16 to 256",
    ));
    check!(range(
        "message_header.flags_size",
        flags_size as u64,
        matches!(flags_size, 1 | 2 | 4),
        "expected flags of 1, 2 or 4 bytes",
    ));
    let (length, message_type) = (message_header.frame_length, message_header.message_type);
    if length != 0 && length != 4 {
        let field = "message_header.frame_length";
        return Err(LayoutError::PublicationWord { field, found: length });
    }
    if message_type != 4 - length {
        let field = "message_header.message_type";
        return Err(LayoutError::PublicationWord { field, found: message_type });
    }
    let fields = fields! { message_header:
        frame_length 4,
        message_type 4,
        message_id 4,
        flags flags_size,
    };
    check!(places(&fields, size));
    let Some(offset) = message_header.timestamp else { return Ok(()) };
    let [length, message_type, id, flags] = fields;
    let timestamp = Field { name: "message_header.timestamp", offset, width: 8 };
    places(&[length, message_type, id, flags, timestamp], size)
}

/// Every field is aligned, ends within `size`, and is the only one there.
const fn places(fields: &[Field], size: usize) -> Result<(), LayoutError> {
    let mut i = 0;
    while i < fields.len() {
        let Field { name: field, offset: found, width } = fields[i];
        if !found.is_multiple_of(width) {
            return Err(LayoutError::Misaligned { field, found, expected: width });
        }
        if found > size - width {
            return Err(LayoutError::Outside { field, found, expected: size - width });
        }
        let mut j = 0;
        while j < i {
            let other = &fields[j];
            if found < other.offset + other.width && other.offset < found + width {
                return Err(LayoutError::Overlap { field, found, other: other.name });
            }
            j += 1;
        }
        i += 1;
    }
    Ok(())
}

/// Each of the engine's flags has bits of its own, and they fit.
const fn flags(flags: &FlagMasks, flags_size: usize) -> Result<(), LayoutError> {
    let names = ["flags.urgent", "flags.fragment", "flags.last_fragment"];
    let masks = [flags.urgent, flags.fragment, flags.last_fragment];
    let mut i = 0;
    while i < names.len() {
        let (field, found) = (names[i], masks[i]);
        check!(range(
            field,
            found as u64,
            found != 0 && found as u64 >> (8 * flags_size) == 0,
            "expected bits that the flags have room for, and at least one",
        ));
        let mut j = 0;
        while j < i {
            if found & masks[j] != 0 {
                return Err(LayoutError::SharedBits { field, found, other: names[j] });
            }
            j += 1;
        }
        i += 1;
    }
    Ok(())
}
