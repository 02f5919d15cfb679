//! Creating, opening and removing the file.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::identity::{Identity, round_capacity};
use super::name::Target;
use crate::error::Error;
use crate::layout::Layout;
use crate::options::Options;
use crate::platform::{self, FileKind};

/// How many temporary names are tried before giving up.
const NAME_ATTEMPTS: u32 = 100;

/// Age at which the temporary file of a process that is gone counts as abandoned.
const ABANDONED: Duration = Duration::from_secs(10);

/// A file whose header was checked.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) identity: Identity,
    pub(super) writable: bool,
}

/// A file in the making: unless it was published, its temporary name goes when this does.
struct Temporary {
    path: PathBuf,
    published: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.published {
            // Nobody else knows the name; if it cannot be removed there is nothing left to do.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Makes a ring under a temporary name and publishes it whole.
pub(super) fn create<L: Layout>(target: &Target, options: &Options) -> Result<Opened, Error> {
    let identity = Identity::new::<L>(options)?;
    match platform::path_info(&target.path) {
        // A shortcut: publishing would find out, too, after all the work.
        Ok(info) => return Err(taken(target, info.kind)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("look at", &target.path, error)),
    }
    sweep(target);
    let needed = identity.file_len::<L>();
    let (mut temporary, mut file) = create_temporary(target, options, needed)?;
    fill::<L>(&mut file, target, &identity)?;
    match platform::publish(&temporary.path, &target.path) {
        Ok(()) => temporary.published = true,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::AlreadyExists { path: target.path.clone() });
        }
        Err(error) => return Err(failed_or_full("publish", &target.path, error, target, needed)),
    }
    log::debug!("created {} with {} bytes", target.path.display(), identity.capacity);
    Ok(Opened { file, identity, writable: true })
}

fn create_temporary(
    target: &Target,
    options: &Options,
    needed: u64,
) -> Result<(Temporary, File), Error> {
    static NONCE: AtomicU32 = AtomicU32::new(0);
    for _ in 0..NAME_ATTEMPTS {
        // Relaxed: only distinct values are wanted. The clock keeps a reused process id apart.
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed);
        let nonce = nonce.wrapping_mul(0x9E37_79B9) ^ platform::now_ns() as u32;
        let path = target.temporary(nonce);
        match platform::create_new(&path, options.permissions) {
            Ok(file) => return Ok((Temporary { path, published: false }, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::FolderMissing { path: target.folder.clone() });
            }
            Err(error) => {
                let operation = "create a file in";
                return Err(failed_or_full(operation, &target.folder, error, target, needed));
            }
        }
    }
    Err(failed("create a file in", &target.folder, ErrorKind::AlreadyExists.into()))
}

/// Removes what creators of this ring left behind who died before they could publish it.
///
/// A process id means nothing in another container that shares the folder, so a file is left alone
/// until nobody can be working on it any more.
fn sweep(target: &Target) {
    let Ok(entries) = std::fs::read_dir(&target.folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let Some(creator) = name.to_str().and_then(|name| target.creator_of(name)) else {
            continue;
        };
        let age = entry.metadata().and_then(|file| file.modified()).map(|time| time.elapsed());
        let is_old = age.is_ok_and(|age| age.is_ok_and(|age| age > ABANDONED));
        if is_old && !platform::process_exists(creator) {
            let removed = std::fs::remove_file(entry.path());
            log::debug!("swept {}: {removed:?}", entry.path().display());
        }
    }
}

/// Reserves the bytes and writes the header.
fn fill<L: Layout>(file: &mut File, target: &Target, identity: &Identity) -> Result<(), Error> {
    let needed = identity.file_len::<L>();
    let free = platform::free_bytes(&target.folder);
    if let Some(free) = free.filter(|free| *free < needed) {
        return Err(Error::NoSpace { needed, free });
    }
    let operation = "reserve the bytes of";
    platform::allocate(file, needed)
        .map_err(|error| failed_or_full(operation, &target.path, error, target, needed))?;
    file.write_all(&identity.header::<L>())
        .map_err(|error| failed("write the header of", &target.path, error))
}

/// Opens a ring and checks everything that its file and header say.
pub(super) fn open<L: Layout>(
    target: &Target,
    options: &Options,
    writable: bool,
) -> Result<Opened, Error> {
    if let Some(asked) = options.capacity {
        round_capacity(asked)?;
    }
    let mut file = platform::open_existing(&target.path, writable)
        .map_err(|error| open_failed(target, error))?;
    let info =
        platform::file_info(&file).map_err(|error| failed("look at", &target.path, error))?;
    if let FileKind::Other(found) = info.kind {
        return Err(Error::NotRegularFile { path: target.path.clone(), found });
    }
    if let (Some(expected), Some(found), false) =
        (platform::user_id(), info.owner, options.any_owner)
        && expected != found
    {
        return Err(Error::WrongOwner { path: target.path.clone(), expected, found });
    }
    let mut header = vec![0; L::RING_HEADER.size];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(Error::TooShort { expected: header.len() as u64, found: info.len });
        }
        Err(error) => return Err(failed("read the header of", &target.path, error)),
    }
    let identity = Identity::check::<L>(&header, info.len, options)?;
    if identity.schema_hash != L::SCHEMA_HASH {
        log::warn!(
            "{}: the ring's schema hash is {:#018x}, this program's is {:#018x}",
            target.path.display(),
            identity.schema_hash,
            L::SCHEMA_HASH
        );
    }
    Ok(Opened { file, identity, writable })
}

/// Removes the file; `false` if there was none.
pub(super) fn remove(target: &Target) -> Result<bool, Error> {
    match platform::path_info(&target.path) {
        Ok(info) => {
            if let FileKind::Other(found) = info.kind {
                return Err(Error::NotRegularFile { path: target.path.clone(), found });
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("look at", &target.path, error)),
    }
    match std::fs::remove_file(&target.path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("remove", &target.path, error)),
    }
}

/// What stands in the way of a ring that was to be created.
fn taken(target: &Target, kind: FileKind) -> Error {
    match kind {
        FileKind::Regular => Error::AlreadyExists { path: target.path.clone() },
        FileKind::Other(found) => Error::NotRegularFile { path: target.path.clone(), found },
    }
}

/// Tells the ways apart in which opening fails: systems have many codes for "not a file".
fn open_failed(target: &Target, error: io::Error) -> Error {
    if error.kind() == ErrorKind::NotFound {
        return if target.folder.is_dir() {
            Error::NotFound { path: target.path.clone() }
        } else {
            Error::FolderMissing { path: target.folder.clone() }
        };
    }
    match platform::path_info(&target.path) {
        Ok(info) if info.kind != FileKind::Regular => taken(target, info.kind),
        _ => failed("open", &target.path, error),
    }
}

/// As [`failed`], for what takes room: bytes, or a file system's entry for one more name.
fn failed_or_full(
    operation: &'static str,
    path: &Path,
    source: io::Error,
    target: &Target,
    needed: u64,
) -> Error {
    if source.kind() == ErrorKind::StorageFull {
        let free = platform::free_bytes(&target.folder).unwrap_or(0);
        return Error::NoSpace { needed, free };
    }
    failed(operation, path, source)
}

fn failed(operation: &'static str, path: &Path, source: io::Error) -> Error {
    let path = path.to_path_buf();
    match source.kind() {
        ErrorKind::PermissionDenied => Error::PermissionDenied { path, operation },
        _ => Error::Io { operation, path, source },
    }
}
