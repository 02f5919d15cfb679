//! What lies in a language folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{EmitError, io_error};

/// How the names of temporary files start.
pub(super) const TEMPORARY: &str = ".bitrpc-";

/// Folders and files that builds leave in a language folder; never reported as extra.
const BUILD_OUTPUTS: &[&str] = &[
    "target",
    "Cargo.lock",
    "build",
    "bin",
    "obj",
    "dist",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
];

/// All files below `folder` that somebody may miss, relative to it: no build outputs, no temporary
/// files.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, EmitError> {
    Ok(walk(folder)?.into_iter().filter(|path| !is_temporary(path)).collect())
}

/// Removes what a killed run has left.
pub(super) fn remove_temporary(folder: &Path) -> Result<(), EmitError> {
    for name in walk(folder)?.iter().filter(|path| is_temporary(path)) {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
    }
    Ok(())
}

/// The path as a plan writes it, with `/` between the parts; `None` if it is not UTF-8, as no path
/// of a plan is.
pub(super) fn planned_name(path: &Path) -> Option<String> {
    let parts: Option<Vec<_>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY))
}

fn is_build_output(name: &str) -> bool {
    BUILD_OUTPUTS.contains(&name) || name.ends_with(".egg-info")
}

/// Paths of all files below `folder`, relative to it, without build outputs.
fn walk(folder: &Path) -> Result<Vec<PathBuf>, EmitError> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let path = folder.join(&below);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(io_error("read folder", &path)(e)),
        };
        for entry in entries {
            let entry = entry.map_err(io_error("read folder", &path))?;
            let name = entry.file_name();
            if is_build_output(&name.to_string_lossy()) {
                continue;
            }
            let kind = entry.file_type().map_err(io_error("read", &entry.path()))?;
            let list = if kind.is_dir() { &mut open } else { &mut found };
            list.push(below.join(name));
        }
    }
    Ok(found)
}
