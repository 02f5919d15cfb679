//! Making a ring: under a temporary name, and published whole.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::file::{Opened, failed, taken};
use super::identity::Identity;
use super::name::Target;
use crate::constants::MAKING_LOCK;
use crate::error::{Error, Lack};
use crate::layout::LayoutNumbers;
use crate::options::Options;
use crate::platform;

/// How many temporary names are tried before giving up.
const NAME_ATTEMPTS: u32 = 100;

/// How long a creator starts over whose temporary file others sweep again and again.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a file system has to be able to do.
const NAMING: &str = "giving a file its name without replacing another one: the folder's file \
                      system knows neither renameat2 with RENAME_NOREPLACE nor link";

/// Makes a ring under a temporary name and publishes it whole.
pub(super) fn create(
    numbers: &LayoutNumbers,
    target: &Target,
    options: &Options,
) -> Result<Opened, Error> {
    let identity = Identity::new(numbers, options)?;
    match platform::path_info(&target.path) {
        // A shortcut: publishing would find out, too, after all the work.
        Ok(info) => return Err(taken(target, info.kind)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("look at", &target.path, error)),
    }
    sweep(target);
    let needed = identity.file_len(numbers);
    let start = Instant::now();
    loop {
        let unnamed = Unnamed::make(target, options, &identity.header(numbers), needed)?;
        match unnamed.publish(target) {
            Ok(file) => {
                log::debug!("created {} with {} bytes", target.path.display(), identity.capacity);
                return Ok(Opened { file, identity, writable: true });
            }
            // Somebody swept the file before it was locked.
            Err(error) if error.kind() == ErrorKind::NotFound && start.elapsed() < PATIENCE => {}
            Err(error) => return Err(unpublished(target, error, needed)),
        }
    }
}

/// Why a ring did not get its name.
fn unpublished(target: &Target, error: io::Error, needed: u64) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => Error::AlreadyExists { path: target.path.clone() },
        ErrorKind::Unsupported => Error::Unsupported { what: NAMING },
        _ => crowded_or_failed("publish", target, &target.path, error, needed),
    }
}

/// A temporary name, which goes when this does unless it was given up for the real one.
struct TemporaryName {
    path: PathBuf,
    is_published: bool,
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        if !self.is_published {
            // Nobody else knows the name; if it cannot be removed there is nothing left to do.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A whole ring that has no name yet.
struct Unnamed {
    name: TemporaryName,
    file: File,
}

impl Unnamed {
    /// One of `needed` bytes that starts with `header`.
    fn make(target: &Target, options: &Options, header: &[u8], needed: u64) -> Result<Self, Error> {
        let mut unnamed = Self::create(target, options, needed)?;
        // Whoever sweeps leaves the file alone from here on. One that was swept before is found
        // out when it gets its name.
        platform::try_lock(&unnamed.file, MAKING_LOCK)
            .map_err(|error| failed("lock", &unnamed.name.path, error))?;
        if let Some(free) = platform::free_bytes(&target.folder).filter(|free| *free < needed) {
            return Err(Error::NoSpace { needed, free, lack: Lack::Bytes });
        }
        platform::allocate(&unnamed.file, needed)
            .map_err(|error| full_or_failed("reserve the bytes of", target, error, needed))?;
        unnamed
            .file
            .write_all(header)
            .map_err(|error| failed("write the header of", &target.path, error))?;
        Ok(unnamed)
    }

    /// An empty file under a temporary name.
    fn create(target: &Target, options: &Options, needed: u64) -> Result<Self, Error> {
        static NONCE: AtomicU32 = AtomicU32::new(0);
        const OPERATION: &str = "create a file in";
        let folder = &target.folder;
        for _ in 0..NAME_ATTEMPTS {
            // Relaxed: only distinct values are wanted. The clock keeps a reused process id apart.
            let nonce = NONCE.fetch_add(1, Ordering::Relaxed);
            let nonce = nonce.wrapping_mul(0x9E37_79B9) ^ platform::now_ns() as u32;
            let path = target.temporary(nonce);
            match platform::create_new(&path, options.permissions) {
                Ok(file) => {
                    return Ok(Self { name: TemporaryName { path, is_published: false }, file });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(Error::FolderMissing { path: folder.clone() });
                }
                Err(error) => {
                    return Err(crowded_or_failed(OPERATION, target, folder, error, needed));
                }
            }
        }
        Err(failed(OPERATION, folder, ErrorKind::AlreadyExists.into()))
    }

    /// Gives the file its name, unless the name is taken.
    fn publish(mut self, target: &Target) -> io::Result<File> {
        platform::publish(&self.name.path, &target.path)?;
        self.name.is_published = true;
        // It is made. A temporary name that could not be removed is anyone's to sweep from now on.
        if let Err(error) = platform::unlock(&self.file, MAKING_LOCK) {
            log::warn!("{}: unlock failed: {error}", target.path.display());
        }
        Ok(self.file)
    }
}

/// Removes what creators of this ring left behind who died before they could publish it: their
/// locks died with them, in whatever container.
fn sweep(target: &Target) {
    let Ok(entries) = std::fs::read_dir(&target.folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let is_ours = entry.file_name().to_str().is_some_and(|name| target.is_temporary(name));
        if is_ours && is_abandoned(&entry.path()) {
            let removed = std::fs::remove_file(entry.path());
            log::debug!("swept {}: {removed:?}", entry.path().display());
        }
    }
}

/// Whether nobody is making this file. In doubt somebody is.
fn is_abandoned(path: &Path) -> bool {
    let file = platform::open_existing(path, false);
    file.and_then(|file| platform::is_locked(&file, MAKING_LOCK)).is_ok_and(|held| !held)
}

/// As [`failed`], for what takes bytes.
fn full_or_failed(
    operation: &'static str,
    target: &Target,
    source: io::Error,
    needed: u64,
) -> Error {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => no_space(target, needed, Lack::Bytes),
        ErrorKind::OutOfMemory => no_space(target, needed, Lack::Memory),
        _ => failed(operation, &target.path, source),
    }
}

/// As [`failed`], for what takes a file system's entry for one more file.
fn crowded_or_failed(
    operation: &'static str,
    target: &Target,
    path: &Path,
    source: io::Error,
    needed: u64,
) -> Error {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => no_space(target, needed, Lack::Files),
        _ => failed(operation, path, source),
    }
}

fn no_space(target: &Target, needed: u64, lack: Lack) -> Error {
    let free = platform::free_bytes(&target.folder).unwrap_or(0);
    Error::NoSpace { needed, free, lack }
}
