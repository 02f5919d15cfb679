//! A segment: one file that holds one ring, created or opened, checked, and mapped.

mod file;
mod identity;
mod name;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memmap2::{MmapOptions, MmapRaw};

use self::file::Opened;
use self::identity::Identity;
pub(crate) use self::name::Target;
use crate::error::Error;
use crate::layout::Layout;
use crate::options::{Mode, Options};
use crate::platform::{self, Events};
use crate::ring::Mapped;
use crate::role::{Role, RoleFields};

/// How long a taken role is tried again.
const ROLE_PATIENCE: Duration = Duration::from_millis(50);
/// How long it is tried again while its holder does not say that it is attached: it is about to
/// attach, or closing, or a consumer that tidies up, and will be through soon unless it is paused.
const TRANSITION_PATIENCE: Duration = Duration::from_secs(5);
/// How long attaching starts over when the file is removed again and again.
const ATTACH_PATIENCE: Duration = Duration::from_secs(10);

/// An open, checked and mapped ring.
pub(crate) struct Segment<L> {
    mapped: Mapped<L>,
    events: Events,
    // Keeps the bytes mapped for as long as `mapped` is used.
    _map: MmapRaw,
    file: File,
    target: Target,
    identity: Identity,
}

/// What became of a try to claim a role.
enum Claim {
    Done,
    /// The name leads elsewhere by now, or nowhere.
    Gone,
}

impl<L: Layout> Segment<L> {
    /// Creates or opens the ring as the options say, and claims a role in it if one is asked for.
    pub(crate) fn attach(name: &str, options: &Options, role: Option<Role>) -> Result<Self, Error> {
        let target = Target::new(L::FILE_PREFIX, name, options)?;
        platform::watch_forks();
        let start = Instant::now();
        loop {
            let opened = match options.mode {
                Mode::CreateOnly => file::create::<L>(&target, options)?,
                Mode::OpenOnly => file::open::<L>(&target, options, true)?,
                Mode::CreateOrOpen => match file::open::<L>(&target, options, true) {
                    Err(Error::NotFound { .. }) => match file::create::<L>(&target, options) {
                        // Somebody else created it in between.
                        Err(Error::AlreadyExists { .. }) if start.elapsed() < ATTACH_PATIENCE => {
                            continue;
                        }
                        result => result?,
                    },
                    result => result?,
                },
            };
            let segment = Self::map(opened, target.clone())?;
            let Some(role) = role else { return Ok(segment) };
            match segment.claim(role)? {
                Claim::Done => return Ok(segment),
                Claim::Gone if start.elapsed() < ATTACH_PATIENCE => {}
                Claim::Gone => return Err(Error::Removed { path: target.path }),
            }
        }
    }

    /// Opens the ring for reading only.
    pub(crate) fn observe(name: &str, options: &Options) -> Result<Self, Error> {
        let target = Target::new(L::FILE_PREFIX, name, options)?;
        let opened = file::open::<L>(&target, options, false)?;
        Self::map(opened, target)
    }

    /// Opens the same ring once more, for a role.
    pub(crate) fn reattach(&self, options: &Options, role: Role) -> Result<Self, Error> {
        let opened = file::open::<L>(&self.target, options, true)?;
        let segment = Self::map(opened, self.target.clone())?;
        let same = platform::file_info(&segment.file).map(|info| info.identity).ok()
            == platform::file_info(&self.file).map(|info| info.identity).ok();
        if same && matches!(segment.claim(role)?, Claim::Done) {
            return Ok(segment);
        }
        Err(Error::Removed { path: self.target.path.clone() })
    }

    fn map(opened: Opened, target: Target) -> Result<Self, Error> {
        let Opened { file, identity, writable } = opened;
        let failed = |operation, source| Error::Io { operation, path: target.path.clone(), source };
        let len = usize::try_from(identity.file_len::<L>())
            .map_err(|_| Error::Unsupported { what: "a ring larger than the address space" })?;
        let mut options = MmapOptions::new();
        options.len(len);
        let map = if writable { options.map_raw(&file) } else { options.map_raw_read_only(&file) }
            .map_err(|error| failed("map", error))?;
        let space = L::RING_HEADER.space_sequence;
        let events = Events::open(&target.file_name, identity.created_unix_ns, space)
            .map_err(|error| failed("create wake-up events for", error))?;
        // SAFETY: the mapping is page-aligned, `len` bytes long (header and capacity), and kept by
        // this segment, which all users of `mapped` keep alive through an `Arc`. `identity` was
        // checked: the capacity is a power of two of at least 1 KiB. A read-only segment is only
        // handed to `Monitor`, which stores nothing.
        let mapped = unsafe { Mapped::new(map.as_mut_ptr(), identity.capacity, events) };
        Ok(Self { mapped, events, _map: map, file, target, identity })
    }

    /// Takes the role's lock, then makes sure that the name still leads to this file.
    fn claim(&self, role: Role) -> Result<Claim, Error> {
        let fields = RoleFields::of::<L>(role);
        let taken = self.lock_patiently(role, || match fields.is_attached(&self.mapped) {
            _ if !self.is_current() => Duration::ZERO,
            true => ROLE_PATIENCE,
            false => TRANSITION_PATIENCE,
        })?;
        match self.is_current() {
            true if taken => Ok(Claim::Done),
            true => Err(Error::RoleTaken { role, pid: fields.load_pid(&self.mapped) }),
            // A lock goes with the file, which the caller drops.
            false => Ok(Claim::Gone),
        }
    }

    /// Takes the role of a side that has closed, as soon as it lets go of it: it says so before.
    /// Gives up when `is_closed` no longer holds.
    pub(crate) fn take_over(&self, role: Role, mut is_closed: impl FnMut() -> bool) -> bool {
        let patience = || if is_closed() { TRANSITION_PATIENCE } else { Duration::ZERO };
        self.lock_patiently(role, patience).unwrap_or(false)
    }

    /// Takes a role's lock; while it is taken, tries again for as long as `patience` then says.
    fn lock_patiently(
        &self,
        role: Role,
        mut patience: impl FnMut() -> Duration,
    ) -> Result<bool, Error> {
        let start = Instant::now();
        while !self.try_lock(role)? {
            if start.elapsed() >= patience() {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(true)
    }

    fn try_lock(&self, role: Role) -> Result<bool, Error> {
        platform::try_lock(&self.file, role.lock_byte()).map_err(|source| Error::Io {
            operation: "lock a role of",
            path: self.target.path.clone(),
            source,
        })
    }

    /// Gives a role's lock back.
    pub(crate) fn unlock(&self, role: Role) {
        if let Err(error) = platform::unlock(&self.file, role.lock_byte()) {
            // Closing the file will do it.
            log::warn!("{}: unlock failed: {error}", self.target.path.display());
        }
    }

    /// Whether a side is alive: whether its lock is held. In doubt it is.
    pub(crate) fn is_held(&self, role: Role) -> bool {
        platform::is_locked(&self.file, role.lock_byte()).unwrap_or(true)
    }

    /// Whether the name still leads to this file.
    pub(crate) fn is_current(&self) -> bool {
        match (platform::file_info(&self.file), platform::path_info(&self.target.path)) {
            (Ok(own), Ok(named)) => own.links > 0 && own.identity == named.identity,
            _ => false,
        }
    }

    /// Whether no name leads to the file any more.
    pub(crate) fn is_removed(&self) -> bool {
        platform::file_info(&self.file).is_ok_and(|info| info.links == 0)
    }

    /// Removes the file. Whoever has it open keeps it.
    pub(crate) fn unlink(&self) -> std::io::Result<()> {
        std::fs::remove_file(&self.target.path)
    }

    /// The mapped bytes, for as long as this segment lives.
    pub(crate) fn mapped(&self) -> Mapped<L> {
        self.mapped
    }

    /// Bytes in the data area.
    pub(crate) fn capacity(&self) -> u64 {
        self.identity.capacity
    }

    /// The ring's name, without prefix.
    pub(crate) fn name(&self) -> &str {
        &self.target.name
    }

    /// The ring's file.
    pub(crate) fn path(&self) -> &Path {
        &self.target.path
    }

    /// Whether the ring's creator had the same message types and structs.
    pub(crate) fn schema_matches(&self) -> bool {
        self.identity.schema_hash == L::SCHEMA_HASH
    }

    /// When the ring was created, nanoseconds since 1970.
    pub(crate) fn created_unix_ns(&self) -> u64 {
        self.identity.created_unix_ns
    }
}

impl<L> Drop for Segment<L> {
    fn drop(&mut self) {
        self.events.close();
    }
}

impl<L> core::fmt::Debug for Segment<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Segment")
            .field("path", &self.target.path)
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
    let target = Target::new(L::FILE_PREFIX, name, options)?;
    file::remove(&target)
}

/// The file that a ring of this name has, or would have.
///
/// # Errors
///
/// [`Error::InvalidName`], or [`Error::FolderMissing`] where the system has no default folder.
pub fn ring_path<L: Layout>(name: &str, options: &Options) -> Result<PathBuf, Error> {
    Ok(Target::new(L::FILE_PREFIX, name, options)?.path)
}
