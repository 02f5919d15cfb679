//! Puts generated files on disk, or says how the disk differs from them.
//!
//! Both jobs start from the same [`Plan`]: `generate` applies it, `generate --check` compares it.
//! Each language folder carries a manifest with the digest of every file as it was written, which
//! tells a stale file (the spec or the generator moved on) from one that somebody edited by hand.
//! Line ends do not count: a checkout that gave a file those of Windows has not edited it.
//!
//! One run at a time changes a folder: it holds a lock on it. A run that is killed leaves at worst
//! temporary files, which the next one removes, and a manifest that knows the old digests and the
//! new ones, so that no file looks edited by hand.

mod folder;
mod manifest;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::manifest::{Manifest, unix_lines};

/// Name of the manifest in each language folder.
pub const MANIFEST: &str = "bitrpc.manifest";

/// One generated file, its path relative to the language folder, with `/` between the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where the file goes, e.g. `src/lib.rs`.
    pub path: String,
    /// Everything the file holds.
    pub text: String,
}

impl File {
    /// A file that is the same for every spec.
    pub fn new(path: impl Into<String>, text: &str) -> Self {
        Self { path: path.into(), text: text.to_owned() }
    }

    /// A file that a template made: exactly one newline at its end.
    pub fn rendered(path: impl Into<String>, mut text: String) -> Self {
        text.truncate(text.trim_end().len());
        text.push('\n');
        Self { path: path.into(), text }
    }
}

/// All files of one language folder.
#[derive(Debug, Clone)]
pub struct Plan {
    folder: PathBuf,
    files: BTreeMap<String, String>,
}

/// How one file on disk differs from the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Planned, but not there.
    Missing,
    /// As the generator wrote it, but for another spec or by another version.
    Stale,
    /// Changed since the generator wrote it.
    Edited,
    /// There, but not planned.
    Extra,
}

impl Difference {
    /// The word that reports use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Edited => "hand-edited",
            Self::Extra => "extra",
        }
    }
}

/// One file that differs.
#[derive(Debug, Clone)]
pub struct Drift {
    /// Path of the file, the output folder included.
    pub path: PathBuf,
    /// How it differs.
    pub difference: Difference,
    /// Text on disk, its lines ended by `\n`; `None` when there is none or it is not UTF-8.
    pub found: Option<String>,
    /// Text planned; `None` for an extra file.
    pub expected: Option<String>,
    /// The generator wrote this file and nobody has touched it since.
    own: bool,
}

impl Drift {
    /// Whether mending it loses changes made by hand.
    pub fn needs_force(&self) -> bool {
        self.difference == Difference::Edited
    }

    /// Whether it is an extra file that the generator leaves alone.
    pub fn needs_removal(&self) -> bool {
        self.difference == Difference::Extra && !self.own
    }
}

/// What [`apply`] did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Files written, new ones included.
    pub written: Vec<PathBuf>,
    /// Files of an earlier run that the plan no longer has.
    pub removed: Vec<PathBuf>,
    /// Files that already were as planned and stay untouched.
    pub unchanged: usize,
}

/// Why a plan was not applied. The files on disk are as they were, unless said otherwise.
#[derive(Debug)]
pub enum EmitError {
    /// Files that the generator did not write as they are would be lost.
    WouldLose(Vec<Drift>),
    /// The operating system refused.
    Io {
        /// What was attempted, e.g. `write`.
        action: &'static str,
        /// The file it was attempted on.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },
}

impl std::fmt::Display for EmitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WouldLose(drifts) => {
                writeln!(f, "these files would lose changes made by hand:")?;
                for drift in drifts {
                    let word = drift.difference.word();
                    writeln!(f, "  {} ({word})", drift.path.display())?;
                }
                write!(f, "move the changes to the spec, or pass --force to replace the files")
            }
            Self::Io { action, path, source } => {
                write!(f, "cannot {action} {}: {source}", path.display())
            }
        }
    }
}

impl std::error::Error for EmitError {}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmitError {
    let path = path.to_owned();
    move |source| EmitError::Io { action, path, source }
}

impl Plan {
    /// A plan that fills `folder` with `files` and their manifest.
    ///
    /// Lines end with `\n`, also where the templates were checked out with other line ends.
    pub fn new(folder: &Path, files: Vec<File>) -> Self {
        let text = |file: File| (file.path, file.text.replace("\r\n", "\n"));
        let mut files: BTreeMap<_, _> = files.into_iter().map(text).collect();
        let manifest = Manifest::of(&files).render();
        files.insert(MANIFEST.to_owned(), manifest);
        Self { folder: folder.to_owned(), files }
    }

    /// Every file that differs from the plan, in order of paths.
    pub fn compare(&self) -> Result<Vec<Drift>, EmitError> {
        let manifest = Manifest::read(&self.folder)?;
        let mut drifts = Vec::new();
        for (name, expected) in &self.files {
            let path = self.folder.join(name);
            let found = read_if_there(&path)?;
            if found.as_deref().is_some_and(|found| *unix_lines(found) == *expected.as_bytes()) {
                continue;
            }
            let own = found.as_deref().is_some_and(|found| manifest.wrote(name, found));
            let difference = match found {
                None => Difference::Missing,
                Some(_) if own || name == MANIFEST => Difference::Stale,
                Some(_) => Difference::Edited,
            };
            let found = found.and_then(text_of);
            drifts.push(Drift { path, difference, found, expected: Some(expected.clone()), own });
        }
        for name in folder::files(&self.folder)? {
            let planned = folder::planned_name(&name);
            if planned.as_ref().is_some_and(|name| self.files.contains_key(name)) {
                continue;
            }
            let path = self.folder.join(&name);
            // What cannot be read as a file, such as a link to nowhere, was not written here.
            let found = read_if_there(&path).ok().flatten();
            let wrote = |found: &Vec<u8>| planned.is_some_and(|name| manifest.wrote(&name, found));
            let own = found.as_ref().is_some_and(wrote);
            let (found, difference) = (found.and_then(text_of), Difference::Extra);
            drifts.push(Drift { path, difference, found, expected: None, own });
        }
        drifts.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(drifts)
    }
}

/// Makes the folders equal to their plans, touching only files that differ.
///
/// Refuses to replace a file that was edited by hand, unless `force` is set. Extra files are
/// removed only when an earlier run wrote them. All new text of all plans is on disk under
/// temporary names before the first file is replaced, so a full disk leaves the old output whole.
pub fn apply(plans: &[Plan], force: bool) -> Result<Applied, EmitError> {
    let _locks = lock(plans)?;
    let mut changes = Vec::new();
    for plan in plans {
        // The lock says that no other run is at work: these are of one that was killed.
        folder::remove_temporary(&plan.folder)?;
        changes.push((plan, plan.compare()?));
    }
    let drifts = || changes.iter().flat_map(|(_, drifts)| drifts);
    if !force && drifts().any(Drift::needs_force) {
        let endangered = drifts().filter(|drift| drift.needs_force()).cloned();
        return Err(EmitError::WouldLose(endangered.collect()));
    }
    let staged = changes.iter().map(|(plan, drifts)| Staged::new(plan, drifts));
    let staged = staged.collect::<Result<Vec<_>, _>>()?;
    let mut applied = Applied::default();
    for staged in staged {
        staged.publish(&mut applied)?;
    }
    let planned: usize = plans.iter().map(|plan| plan.files.len()).sum();
    applied.unchanged = planned - applied.written.len();
    Ok(applied)
}

/// Makes the folders and keeps other runs out of them until the result is dropped.
fn lock(plans: &[Plan]) -> Result<Vec<fs::File>, EmitError> {
    let mut folders: Vec<_> = plans.iter().map(|plan| &plan.folder).collect();
    // In one order, so that two runs never wait for each other.
    folders.sort();
    let mut locks = Vec::new();
    for folder in folders {
        fs::create_dir_all(folder).map_err(io_error("create folder", folder))?;
        // Not every system opens or locks a folder; there, two runs at once are the user's care.
        if let Ok(handle) = fs::File::open(folder) {
            let _ = handle.lock();
            locks.push(handle);
        }
    }
    Ok(locks)
}

type Temporary = tempfile::NamedTempFile;

/// What is to change in one folder, all of it on disk under temporary names.
struct Staged {
    folder: PathBuf,
    /// The old manifest and the new one together: nothing looks edited while files are replaced.
    journal: Option<Temporary>,
    files: Vec<(Temporary, PathBuf)>,
    removed: Vec<PathBuf>,
    manifest: Option<Temporary>,
}

impl Staged {
    fn new(plan: &Plan, drifts: &[Drift]) -> Result<Self, EmitError> {
        let mut staged = Self {
            folder: plan.folder.clone(),
            journal: None,
            files: Vec::new(),
            removed: Vec::new(),
            manifest: None,
        };
        let manifest = plan.folder.join(MANIFEST);
        for drift in drifts {
            match &drift.expected {
                Some(text) if drift.path == manifest => {
                    let journal = Manifest::read(&plan.folder)?.with(Manifest::parse(text));
                    staged.journal = Some(temporary(&manifest, &journal.render())?);
                    staged.manifest = Some(temporary(&manifest, text)?);
                }
                Some(text) => {
                    staged.files.push((temporary(&drift.path, text)?, drift.path.clone()));
                }
                None if drift.own => staged.removed.push(drift.path.clone()),
                None => {}
            }
        }
        Ok(staged)
    }

    fn publish(self, applied: &mut Applied) -> Result<(), EmitError> {
        let manifest = self.folder.join(MANIFEST);
        if let Some(journal) = self.journal {
            replace(journal, &manifest)?;
        }
        for (file, path) in self.files {
            replace(file, &path)?;
            applied.written.push(path);
        }
        for path in self.removed {
            fs::remove_file(&path).map_err(io_error("remove", &path))?;
            remove_empty_folders(&path, &self.folder);
            applied.removed.push(path);
        }
        if let Some(file) = self.manifest {
            replace(file, &manifest)?;
            applied.written.push(manifest);
        }
        Ok(())
    }
}

/// Writes one file that is in no plan: whole or not at all. What is no file, such as a pipe, is
/// written to and stays what it is; of a link, what it leads to is replaced.
///
/// # Errors
///
/// The system refuses.
pub fn write(path: &Path, text: &str) -> Result<(), EmitError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => fs::write(path, text).map_err(io_error("write", path)),
        Ok(_) => {
            let path = path.canonicalize().map_err(io_error("find", path))?;
            replace(temporary(&path, text)?, &path)
        }
        Err(_) => replace(temporary(path, text)?, path),
    }
}

/// Writes one file that is in no plan and must not be there yet: whole or not at all.
///
/// # Errors
///
/// The file is there, or the system refuses.
pub fn write_new(path: &Path, text: &str) -> Result<(), EmitError> {
    let file = temporary(path, text)?;
    file.persist_noclobber(path).map(drop).map_err(|e| io_error("write", path)(e.error))
}

/// Writes `text` beside `path`.
fn temporary(path: &Path, text: &str) -> Result<Temporary, EmitError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io_error("create folder", folder))?;
    let mut file = tempfile::Builder::new()
        .prefix(folder::TEMPORARY)
        .permissions(permissions_of_new_file())
        .tempfile_in(folder)
        .map_err(io_error("write into", folder))?;
    let written = io::Write::write_all(file.as_file_mut(), text.as_bytes());
    written.map_err(io_error("write", path))?;
    Ok(file)
}

fn replace(file: Temporary, path: &Path) -> Result<(), EmitError> {
    file.persist(path).map(drop).map_err(|e| io_error("replace", path)(e.error))
}

/// Removes the folders that the removal of `path` has left empty, up to `top`.
fn remove_empty_folders(path: &Path, top: &Path) {
    let below = |folder: &&Path| *folder != top;
    // A folder that is not empty stays: removing it fails.
    let _ = path.ancestors().skip(1).take_while(below).try_for_each(fs::remove_dir);
}

/// Readable by everyone, as a file made by an editor would be (the umask still applies).
#[cfg(unix)]
fn permissions_of_new_file() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

#[cfg(not(unix))]
fn permissions_of_new_file() -> fs::Permissions {
    // Windows has no mode; the folder's own rules are inherited.
    fs::metadata(".").map(|m| m.permissions()).expect("the current folder has metadata")
}

/// The text of a file, if it is one.
fn text_of(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(unix_lines(&bytes).into_owned()).ok()
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, EmitError> {
    // Reading a pipe would wait for its writer.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let refused = io::Error::other("it is a folder or device, not a file");
        return Err(io_error("read", path)(refused));
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io_error("read", path)(e)),
    }
}
