//! From a ring's name to its file.

use std::path::PathBuf;

use crate::constants::MAX_NAME_LENGTH;
use crate::error::Error;
use crate::options::Options;
use crate::platform;

/// The environment variable that says where rings live.
const DIRECTORY_VARIABLE: &str = "BITRPC_SHM_DIR";

/// A ring's name and where its file is.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As the caller gave it.
    pub(crate) name: String,
    /// Prefix and name.
    pub(crate) file_name: String,
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Folder and file name.
    pub(crate) path: PathBuf,
}

impl Target {
    /// Checks the name before any file is touched, and finds the folder.
    pub(crate) fn new(prefix: &str, name: &str, options: &Options) -> Result<Self, Error> {
        if let Err(why) = check(name) {
            return Err(Error::InvalidName { name: name.to_owned(), why });
        }
        let folder = match (&options.directory, std::env::var_os(DIRECTORY_VARIABLE)) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) if !folder.is_empty() => PathBuf::from(folder),
            _ => platform::default_directory()
                .ok_or(Error::FolderMissing { path: PathBuf::from(DIRECTORY_VARIABLE) })?,
        };
        let file_name = format!("{prefix}{name}");
        let path = folder.join(&file_name);
        Ok(Self { name: name.to_owned(), file_name, folder, path })
    }

    /// A hidden sibling for a ring in the making, short enough for every file system.
    pub(crate) fn temporary(&self, nonce: u32) -> PathBuf {
        let pid = std::process::id();
        self.folder.join(format!(".{}.{pid}.{nonce:08x}.tmp", self.file_name))
    }

    /// Whether this ring was in the making under this name.
    pub(crate) fn is_temporary(&self, file_name: &str) -> bool {
        let parts = || {
            let rest = file_name.strip_prefix('.')?.strip_prefix(&self.file_name)?;
            rest.strip_prefix('.')?.strip_suffix(".tmp")?.split_once('.')
        };
        let Some((pid, nonce)) = parts() else { return false };
        let is_nonce = nonce.len() == 8 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_nonce && pid.parse::<u32>().is_ok()
    }
}

fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it is empty");
    }
    if name.len() > MAX_NAME_LENGTH {
        return Err("it is longer than 200 bytes");
    }
    if name.starts_with('.') {
        return Err("it starts with a dot");
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        return Err("it has a character that is not allowed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lead_elsewhere_are_refused() {
        let long = "x".repeat(201);
        for bad in ["", ".", "..", "../x", "a/b", "a\\b", "a b", "a\0b", ".a", "é", "a:b", &long] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "a.b", "A-Z_0.9", "test_buffer", &long[..200]] {
            assert!(check(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn an_option_overrides_the_environment() {
        let target = Target::new("P_", "n", &Options::new().directory("/some/where")).unwrap();
        assert_eq!(target.path, PathBuf::from("/some/where/P_n"));
        let temporary = target.temporary(7);
        let temporary = temporary.file_name().unwrap().to_str().unwrap();
        assert!(temporary.starts_with(".P_n.") && temporary.ends_with(".00000007.tmp"));
    }

    #[test]
    fn only_the_rings_own_temporary_names_are_recognised() {
        let target = Target::new("P_", "n", &Options::new().directory("/some/where")).unwrap();
        let own = target.temporary(0xABC);
        let own = own.file_name().unwrap().to_str().unwrap();
        assert!(target.is_temporary(own));
        for other in [
            "P_n",
            ".P_n.1.tmp",
            ".P_m.1.00000000.tmp",
            ".P_n.x.00000000.tmp",
            ".P_n2.1.00000000.tmp",
            ".P_n.1.0000000g.tmp",
        ] {
            assert!(!target.is_temporary(other), "{other}");
        }
    }
}
