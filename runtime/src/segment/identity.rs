//! The constant part of a ring's header: written once before the ring has a name, checked by
//! everyone who opens it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Corrupt, Error};
use crate::layout::Layout;
use crate::options::Options;

/// Least capacity: 1 KiB.
pub(crate) const MIN_CAPACITY: u64 = 1 << 10;
/// Greatest capacity: 1 TiB.
pub(crate) const MAX_CAPACITY: u64 = 1 << 40;

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
    pub(crate) fn new<L: Layout>(options: &Options) -> Result<Self, Error> {
        let asked = options.capacity.unwrap_or(L::DEFAULT_CAPACITY);
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            capacity: round_capacity(asked)?,
            schema_hash: L::SCHEMA_HASH,
            created_unix_ns: u64::try_from(created.as_nanos()).unwrap_or(u64::MAX),
        })
    }

    /// Bytes in the whole file.
    pub(crate) fn file_len<L: Layout>(&self) -> u64 {
        L::RING_HEADER.size as u64 + self.capacity
    }

    /// The header of a new ring: identity filled in, everything else zero.
    pub(crate) fn header<L: Layout>(&self) -> Vec<u8> {
        let layout = L::RING_HEADER;
        let mut header = vec![0; layout.size];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        // Native order: on a big-endian machine the magic then reads byte-swapped elsewhere.
        put(layout.magic, &L::MAGIC.to_ne_bytes());
        put(layout.version_major, &L::VERSION_MAJOR.to_ne_bytes());
        put(layout.version_minor, &L::VERSION_MINOR.to_ne_bytes());
        put(layout.layout_hash, &L::LAYOUT_HASH.to_ne_bytes());
        put(layout.schema_hash, &self.schema_hash.to_ne_bytes());
        put(layout.capacity, &self.capacity.to_ne_bytes());
        put(layout.header_size, &(layout.size as u32).to_ne_bytes());
        put(layout.created_unix_ns, &self.created_unix_ns.to_ne_bytes());
        header
    }

    /// Checks the header of an existing ring. `file_len` is the file's length.
    pub(crate) fn check<L: Layout>(
        header: &[u8],
        file_len: u64,
        options: &Options,
    ) -> Result<Self, Error> {
        let layout = L::RING_HEADER;
        let u16_at = |at| u16::from_ne_bytes(bytes_at(header, at));
        let u32_at = |at| u32::from_ne_bytes(bytes_at(header, at));
        let u64_at = |at| u64::from_ne_bytes(bytes_at(header, at));
        let magic = u32_at(layout.magic);
        if magic == L::MAGIC.swap_bytes() && magic != L::MAGIC {
            return Err(Error::WrongEndianness { expected: L::MAGIC, found: magic });
        }
        if magic != L::MAGIC {
            return Err(Error::BadMagic { expected: L::MAGIC, found: magic });
        }
        let version = (u16_at(layout.version_major), u16_at(layout.version_minor));
        if version.0 != L::VERSION_MAJOR {
            let expected = (L::VERSION_MAJOR, L::VERSION_MINOR);
            return Err(Error::VersionMismatch { expected, found: version });
        }
        let size = u32_at(layout.header_size);
        if size as usize != layout.size {
            let expected = layout.size as u32;
            return Err(Error::HeaderSizeMismatch { expected, found: size });
        }
        let hash = u64_at(layout.layout_hash);
        if hash != L::LAYOUT_HASH {
            return Err(Error::LayoutMismatch { expected: L::LAYOUT_HASH, found: hash });
        }
        let identity = Self {
            capacity: u64_at(layout.capacity),
            schema_hash: u64_at(layout.schema_hash),
            created_unix_ns: u64_at(layout.created_unix_ns),
        };
        identity.check_capacity::<L>(file_len, options)?;
        // Another minor version is another schema; the same one should be the same.
        let is_same_version = version == (L::VERSION_MAJOR, L::VERSION_MINOR);
        let differs = identity.schema_hash != L::SCHEMA_HASH;
        if is_same_version && differs && !options.any_schema {
            let found = identity.schema_hash;
            return Err(Error::SchemaMismatch { expected: L::SCHEMA_HASH, found });
        }
        Ok(identity)
    }

    fn check_capacity<L: Layout>(&self, file_len: u64, options: &Options) -> Result<(), Error> {
        let capacity = self.capacity;
        if !capacity.is_power_of_two() || !(MIN_CAPACITY..=MAX_CAPACITY).contains(&capacity) {
            return Err(Error::Corrupt(Corrupt {
                position: L::RING_HEADER.capacity as u64,
                value: capacity,
                why: "capacity is not a power of two from 1 KiB to 1 TiB",
            }));
        }
        if file_len < self.file_len::<L>() {
            return Err(Error::TooShort { expected: self.file_len::<L>(), found: file_len });
        }
        match options.capacity.map(round_capacity).transpose()? {
            Some(asked) if asked != capacity => {
                Err(Error::CapacityMismatch { asked, found: capacity })
            }
            _ => Ok(()),
        }
    }
}

/// `N` bytes of the header. The layout was checked while compiling, so they are there.
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
