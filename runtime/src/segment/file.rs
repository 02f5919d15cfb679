//! Opening and removing the file.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::identity::{Identity, round_capacity};
use super::name::Target;
use crate::error::Error;
use crate::layout::LayoutNumbers;
use crate::options::Options;
use crate::platform::{self, FileKind};

/// A file whose header was checked.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) identity: Identity,
    pub(super) writable: bool,
}

/// Opens a ring and checks everything that its file and header say.
pub(super) fn open(
    numbers: &LayoutNumbers,
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
    let mut header = vec![0; numbers.ring_header.size];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(Error::TooShort { expected: header.len() as u64, found: info.len });
        }
        Err(error) => return Err(failed("read the header of", &target.path, error)),
    }
    let identity = Identity::check(numbers, &header, info.len, options)?;
    if identity.schema_hash != numbers.schema_hash {
        log::debug!(
            "{}: the ring's schema hash is {:#018x}, this program's is {:#018x}",
            target.path.display(),
            identity.schema_hash,
            numbers.schema_hash
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
pub(super) fn taken(target: &Target, kind: FileKind) -> Error {
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

pub(super) fn failed(operation: &'static str, path: &Path, source: io::Error) -> Error {
    let path = path.to_path_buf();
    match source.kind() {
        ErrorKind::PermissionDenied => Error::PermissionDenied { path, operation },
        _ => Error::Io { operation, path, source },
    }
}
