//! The constant part of a ring's header: written once before the ring has a name, checked by
//! everyone who opens it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::constants::{MAX_CAPACITY, MIN_CAPACITY};
use crate::error::{Corrupt, Error};
use crate::layout::LayoutNumbers;
use crate::options::Options;

/// What the header says about a ring once it was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// Bytes in the data area: a power of two within the limits.
    pub(crate) capacity: u64,
    /// Hash over message types and structs.
    pub(crate) schema_hash: u64,
    /// Wall-clock time of creation.
    pub(crate) created_unix_ns: u64,
}

impl Identity {
    /// The identity of a ring that is created now.
    pub(crate) fn new(numbers: &LayoutNumbers, options: &Options) -> Result<Self, Error> {
        let asked = options.capacity.unwrap_or(numbers.default_capacity);
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            capacity: round_capacity(asked)?,
            schema_hash: numbers.schema_hash,
            created_unix_ns: u64::try_from(created.as_nanos()).unwrap_or(u64::MAX),
        })
    }

    /// Bytes in the whole file.
    pub(crate) fn file_len(&self, numbers: &LayoutNumbers) -> u64 {
        numbers.ring_header.size as u64 + self.capacity
    }

    /// The header of a new ring: identity filled in, everything else zero.
    pub(crate) fn header(&self, numbers: &LayoutNumbers) -> Vec<u8> {
        let layout = &numbers.ring_header;
        let mut header = vec![0; layout.size];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        // Native order: on a big-endian machine the magic then reads byte-swapped elsewhere.
        put(layout.magic, &numbers.magic.to_ne_bytes());
        put(layout.version_major, &numbers.version_major.to_ne_bytes());
        put(layout.version_minor, &numbers.version_minor.to_ne_bytes());
        put(layout.layout_hash, &numbers.layout_hash.to_ne_bytes());
        put(layout.schema_hash, &self.schema_hash.to_ne_bytes());
        put(layout.capacity, &self.capacity.to_ne_bytes());
        put(layout.header_size, &(layout.size as u32).to_ne_bytes());
        put(layout.created_unix_ns, &self.created_unix_ns.to_ne_bytes());
        header
    }

    /// Checks the header of an existing ring. `file_len` is the file's length.
    pub(crate) fn check(
        numbers: &LayoutNumbers,
        header: &[u8],
        file_len: u64,
        options: &Options,
    ) -> Result<Self, Error> {
        let layout = &numbers.ring_header;
        let u16_at = |at| u16::from_ne_bytes(bytes_at(header, at));
        let u32_at = |at| u32::from_ne_bytes(bytes_at(header, at));
        let u64_at = |at| u64::from_ne_bytes(bytes_at(header, at));
        let magic = u32_at(layout.magic);
        let expected = numbers.magic;
        if magic == expected.swap_bytes() && magic != expected {
            return Err(Error::WrongEndianness { expected, found: magic });
        }
        if magic != expected {
            return Err(Error::BadMagic { expected, found: magic });
        }
        let version = (u16_at(layout.version_major), u16_at(layout.version_minor));
        let expected = (numbers.version_major, numbers.version_minor);
        if version.0 != expected.0 {
            return Err(Error::VersionMismatch { expected, found: version });
        }
        let size = u32_at(layout.header_size);
        if size as usize != layout.size {
            let expected = layout.size as u32;
            return Err(Error::HeaderSizeMismatch { expected, found: size });
        }
        let hash = u64_at(layout.layout_hash);
        if hash != numbers.layout_hash {
            let expected = numbers.layout_hash;
            return Err(Error::LayoutMismatch { expected, found: hash });
        }
        let identity = Self {
            capacity: u64_at(layout.capacity),
            schema_hash: u64_at(layout.schema_hash),
            created_unix_ns: u64_at(layout.created_unix_ns),
        };
        identity.check_capacity(numbers, file_len, options)?;
        // Another minor version is another schema; the same one should be the same.
        let is_same_version = version == expected;
        let differs = identity.schema_hash != numbers.schema_hash;
        if is_same_version && differs && !options.any_schema {
            let found = identity.schema_hash;
            return Err(Error::SchemaMismatch { expected: numbers.schema_hash, found });
        }
        Ok(identity)
    }

    fn check_capacity(
        &self,
        numbers: &LayoutNumbers,
        file_len: u64,
        options: &Options,
    ) -> Result<(), Error> {
        let capacity = self.capacity;
        if !capacity.is_power_of_two() || !(MIN_CAPACITY..=MAX_CAPACITY).contains(&capacity) {
            return Err(Error::Corrupt(Corrupt {
                position: numbers.ring_header.capacity as u64,
                value: capacity,
                why: "capacity is not a power of two from 1 KiB to 1 TiB",
            }));
        }
        let expected = self.file_len(numbers);
        if file_len < expected {
            return Err(Error::TooShort { expected, found: file_len });
        }
        match options.capacity.map(round_capacity).transpose()? {
            Some(asked) if asked != capacity => {
                Err(Error::CapacityMismatch { asked, found: capacity })
            }
            _ => Ok(()),
        }
    }
}

/// `N` bytes of the header. The layout was checked, so they are there.
fn bytes_at<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}

/// Rounds an asked capacity up to a power of two within the limits.
pub(crate) fn round_capacity(asked: u64) -> Result<u64, Error> {
    if asked == 0 || asked > MAX_CAPACITY {
        return Err(Error::InvalidCapacity { asked, min: MIN_CAPACITY, max: MAX_CAPACITY });
    }
    Ok(asked.next_power_of_two().max(MIN_CAPACITY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_round_up_and_end_at_one_tebibyte() {
        assert_eq!(round_capacity(1).unwrap(), 1024);
        assert_eq!(round_capacity(1025).unwrap(), 2048);
        assert_eq!(round_capacity(1 << 40).unwrap(), 1 << 40);
        for bad in [0, (1 << 40) + 1, 1 << 63, u64::MAX] {
            assert!(matches!(
                round_capacity(bad),
                Err(Error::InvalidCapacity { asked, .. }) if asked == bad
            ));
        }
    }
}
