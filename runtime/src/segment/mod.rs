//! A segment: one file that holds one ring, created or opened, checked, and mapped.

mod create;
mod file;
mod identity;
mod name;
mod ring_file;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use memmap2::{MmapOptions, MmapRaw};

use self::file::Opened;
use self::identity::Identity;
use self::name::Target;
pub(crate) use self::ring_file::RingFile;
use crate::constants::{ROLE_RETRY_NS, TRANSITION_RETRY_NS};
use crate::error::Error;
use crate::layout::{Constants, Layout, LayoutNumbers, LayoutSource, Numbers};
use crate::options::{Mode, Options};
use crate::platform::{self, Events};
use crate::ring::{Mapped, Memory};
use crate::role::{Role, RoleFields};

/// How long a taken role is tried again.
const ROLE_PATIENCE: Duration = Duration::from_nanos(ROLE_RETRY_NS);
/// How long it is tried again while its holder does not say that it is attached.
pub(crate) const TRANSITION_PATIENCE: Duration = Duration::from_nanos(TRANSITION_RETRY_NS);
/// How long attaching starts over when the file is removed again and again.
const ATTACH_PATIENCE: Duration = Duration::from_secs(10);

/// An open, checked and mapped ring.
pub(crate) struct Segment<L: LayoutSource> {
    mapped: Mapped<L>,
    events: Events,
    // Keeps the bytes mapped for as long as `mapped` is used.
    _map: MmapRaw,
    file: Arc<RingFile>,
    identity: Identity,
}

/// What became of a try to claim a role.
enum Claim {
    Done,
    /// The name leads elsewhere by now, or nowhere.
    Gone,
}

impl<L: LayoutSource> Segment<L> {
    /// Creates or opens the ring as the options say, and claims a role in it if one is asked for.
    pub(crate) fn attach(
        numbers: L::Numbers,
        name: &str,
        options: &Options,
        role: Option<Role>,
    ) -> Result<Self, Error> {
        let layout = numbers.get();
        let target = Target::new(&layout.file_prefix, name, options)?;
        platform::watch_forks();
        let start = Instant::now();
        loop {
            let opened = match options.mode {
                Mode::CreateOnly => create::create(layout, &target, options)?,
                Mode::OpenOnly => file::open(layout, &target, options, true)?,
                Mode::CreateOrOpen => match file::open(layout, &target, options, true) {
                    Err(Error::NotFound { .. }) => match create::create(layout, &target, options) {
                        // Somebody else created it in between.
                        Err(Error::AlreadyExists { .. }) if start.elapsed() < ATTACH_PATIENCE => {
                            continue;
                        }
                        result => result?,
                    },
                    result => result?,
                },
            };
            let segment = Self::map(numbers, opened, target.clone())?;
            let Some(role) = role else { return Ok(segment) };
            match segment.claim(role)? {
                Claim::Done => return Ok(segment),
                Claim::Gone if start.elapsed() < ATTACH_PATIENCE => {}
                Claim::Gone => return Err(Error::Removed { path: target.path }),
            }
        }
    }

    /// Opens the ring for reading only.
    pub(crate) fn observe(
        numbers: L::Numbers,
        name: &str,
        options: &Options,
    ) -> Result<Self, Error> {
        let layout = numbers.get();
        let target = Target::new(&layout.file_prefix, name, options)?;
        let opened = file::open(layout, &target, options, false)?;
        Self::map(numbers, opened, target)
    }

    /// Opens the same ring once more, for a role.
    pub(crate) fn reattach(&self, options: &Options, role: Role) -> Result<Self, Error> {
        let target = self.file.target();
        let opened = file::open(self.layout(), target, options, true)?;
        let segment = Self::map(self.mapped.numbers(), opened, target.clone())?;
        let is_same = segment.file.is_same(&self.file);
        if is_same && matches!(segment.claim(role)?, Claim::Done) {
            return Ok(segment);
        }
        Err(Error::Removed { path: target.path.clone() })
    }

    fn map(numbers: L::Numbers, opened: Opened, target: Target) -> Result<Self, Error> {
        let Opened { file, identity, writable } = opened;
        let failed = |operation, source| Error::Io { operation, path: target.path.clone(), source };
        let len = usize::try_from(identity.file_len(numbers.get()))
            .map_err(|_| Error::Unsupported { what: "a ring larger than the address space" })?;
        let mut options = MmapOptions::new();
        options.len(len);
        let map = if writable { options.map_raw(&file) } else { options.map_raw_read_only(&file) }
            .map_err(|error| failed("map", error))?;
        let space = numbers.get().ring_header.space_sequence;
        let events = Events::open(&target.file_name, identity.created_unix_ns, space)
            .map_err(|error| failed("create wake-up events for", error))?;
        // SAFETY: the mapping is page-aligned, `len` bytes long (header and capacity), and kept by
        // this segment, which all users of `mapped` keep alive through an `Arc`. `identity` was
        // checked: the capacity is a power of two of at least 1 KiB. A read-only segment is only
        // handed to `Monitor`, which stores nothing.
        let mapped = unsafe { Mapped::new(map.as_mut_ptr(), identity.capacity, events, numbers) };
        let file = Arc::new(RingFile::new(file, target));
        Ok(Self { mapped, events, _map: map, file, identity })
    }

    /// Takes the role's lock, then makes sure that the name still leads to this file.
    fn claim(&self, role: Role) -> Result<Claim, Error> {
        let fields = RoleFields::of(role, &self.layout().ring_header);
        let taken = self.file.lock_patiently(role, || match fields.is_attached(&self.mapped) {
            _ if !self.file.is_current() => Duration::ZERO,
            true => ROLE_PATIENCE,
            false => TRANSITION_PATIENCE,
        })?;
        match self.file.is_current() {
            true if taken => Ok(Claim::Done),
            true => {
                let pid = fields.load_pid(&self.mapped);
                Err(Error::RoleTaken { role, pid, has_ended: !platform::process_exists(pid) })
            }
            // A lock goes with the file, which the caller drops.
            false => Ok(Claim::Gone),
        }
    }

    /// Where everything is.
    pub(crate) fn layout(&self) -> &'static LayoutNumbers {
        self.mapped.layout()
    }

    /// The file behind the mapping.
    pub(crate) fn file(&self) -> &Arc<RingFile> {
        &self.file
    }

    /// The mapped bytes, for as long as this segment lives.
    pub(crate) fn mapped(&self) -> Mapped<L> {
        self.mapped
    }

    /// Bytes in the data area.
    pub(crate) fn capacity(&self) -> u64 {
        self.identity.capacity
    }

    /// Whether the ring's creator had the same message types and structs.
    pub(crate) fn schema_matches(&self) -> bool {
        self.identity.schema_hash == self.layout().schema_hash
    }

    /// When the ring was created, nanoseconds since 1970.
    pub(crate) fn created_unix_ns(&self) -> u64 {
        self.identity.created_unix_ns
    }
}

impl<L: LayoutSource> Drop for Segment<L> {
    fn drop(&mut self) {
        self.events.close();
    }
}

impl<L: LayoutSource> core::fmt::Debug for Segment<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Segment")
            .field("path", &self.file.path())
            .field("capacity", &self.identity.capacity)
            .finish_non_exhaustive()
    }
}

/// Removes a ring's file at any time; processes that have it open find out at their next liveness
/// check. Returns `false` if there was none.
///
/// # Errors
///
/// [`Error::InvalidName`], [`Error::PermissionDenied`], [`Error::NotRegularFile`], [`Error::Io`].
///
/// ```no_run
/// # use bitrpc_shm::{Layout, Options};
/// # fn f<L: Layout>() -> Result<(), bitrpc_shm::Error> {
/// let existed = bitrpc_shm::remove_ring::<L>("prices", &Options::new())?;
/// # let _ = existed;
/// # Ok(())
/// # }
/// ```
pub fn remove_ring<L: Layout>(name: &str, options: &Options) -> Result<bool, Error> {
    remove_in(Constants::<L>::HERE.get(), name, options)
}

/// [`remove_ring`] for a ring of this layout.
pub(crate) fn remove_in(
    layout: &LayoutNumbers,
    name: &str,
    options: &Options,
) -> Result<bool, Error> {
    file::remove(&Target::new(&layout.file_prefix, name, options)?)
}

/// The file that a ring of this name has, or would have.
///
/// # Errors
///
/// [`Error::InvalidName`], or [`Error::FolderMissing`] where the system has no default folder.
pub fn ring_path<L: Layout>(name: &str, options: &Options) -> Result<PathBuf, Error> {
    path_in(Constants::<L>::HERE.get(), name, options)
}

/// [`ring_path`] for a ring of this layout.
pub(crate) fn path_in(
    layout: &LayoutNumbers,
    name: &str,
    options: &Options,
) -> Result<PathBuf, Error> {
    Ok(Target::new(&layout.file_prefix, name, options)?.path)
}
