//! An open ring's file, apart from its mapping: its locks and its name.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use super::file::failed;
use super::name::Target;
use crate::error::Error;
use crate::platform;
use crate::role::Role;

/// An open file that was checked to be a ring. Closing it gives back its locks.
#[derive(Debug)]
pub(crate) struct RingFile {
    file: File,
    target: Target,
}

impl RingFile {
    pub(super) fn new(file: File, target: Target) -> Self {
        Self { file, target }
    }

    /// The ring's name, without prefix.
    pub(crate) fn name(&self) -> &str {
        &self.target.name
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.target.path
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Whether both are open on the same file.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let identity = |file: &Self| platform::file_info(&file.file).map(|info| info.identity);
        matches!((identity(self), identity(other)), (Ok(own), Ok(others)) if own == others)
    }

    /// Takes a role's lock; `false` if somebody has it.
    pub(crate) fn try_lock(&self, role: Role) -> Result<bool, Error> {
        platform::try_lock(&self.file, role.lock_byte())
            .map_err(|error| failed("lock a role of", &self.target.path, error))
    }

    /// Takes a role's lock; while it is taken, tries again for as long as `patience` then says.
    pub(crate) fn lock_patiently(
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

    /// Whether the name leads to this file.
    pub(crate) fn is_current(&self) -> bool {
        let named = platform::path_info(&self.target.path);
        match (platform::file_info(&self.file), named) {
            (Ok(own), Ok(named)) => own.links > 0 && own.identity == named.identity,
            _ => false,
        }
    }

    /// Whether the file has lost its name. In doubt it has not.
    ///
    /// A file with one link is not looked up by its name: that link is the name. One with more has
    /// the temporary name of a creator that died before it could remove it.
    pub(crate) fn is_removed(&self) -> bool {
        match platform::file_info(&self.file) {
            Ok(own) if own.links == 0 => true,
            Ok(own) if own.links > 1 => match platform::path_info(&self.target.path) {
                Ok(named) => named.identity != own.identity,
                Err(error) => error.kind() == ErrorKind::NotFound,
            },
            _ => false,
        }
    }

    /// Removes the file. Whoever has it open keeps it.
    pub(crate) fn unlink(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.target.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("remove", &self.target.path, error))
            }
            _ => Ok(()),
        }
    }
}
