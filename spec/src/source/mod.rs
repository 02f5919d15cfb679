//! The text of a spec: files, positions in them, and where they come from.

pub(crate) mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Largest file that is read, in bytes. A spec of 1,000 documented structs has about 1 MiB.
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// Index of a file in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub(crate) usize);

/// A range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The bytes of the span.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The same place when so many files stand in front of its own.
    pub(crate) fn shifted(self, files: usize) -> Self {
        Self { source: SourceId(self.source.0 + files), ..self }
    }
}

/// A value with the place in the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was read.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Puts a value and its place together.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Keeps the place and changes the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

/// A value that a spec may leave out: what it states, or what holds when it states nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stated<T> {
    /// The value.
    pub value: T,
    /// Where the spec states it; `None` when it does not.
    pub span: Option<Span>,
}

impl<T> Stated<T> {
    /// What holds when nothing is stated.
    pub fn default(value: T) -> Self {
        Self { value, span: None }
    }

    /// Keeps the place and changes the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Stated<U> {
        Stated { value: f(self.value), span: self.span }
    }

    /// Whether the spec states it.
    pub fn is_stated(&self) -> bool {
        self.span.is_some()
    }
}

impl<T> From<Spanned<T>> for Stated<T> {
    fn from(Spanned { value, span }: Spanned<T>) -> Self {
        Self { value, span: Some(span) }
    }
}

/// One file of a spec.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
    /// Part of this program, not of the user's spec.
    built_in: bool,
}

impl Source {
    fn new(name: String, text: String, built_in: bool) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(i, _)| i + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        Self { name, text, line_starts, built_in }
    }

    /// The name that messages show: the path as the user, or the importing file, gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let byte = byte.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= byte);
        let start = self.line_starts[line - 1];
        let before = self.text.get(start..byte).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

/// All files of a spec, in the order in which they were read.
#[derive(Clone, Default)]
pub struct Sources {
    list: Vec<Source>,
}

impl fmt::Debug for Sources {
    /// The names alone: the texts can be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list.iter().map(Source::name)).finish()
    }
}

impl Sources {
    pub(crate) fn add(&mut self, name: String, text: String) -> SourceId {
        self.list.push(Source::new(name, text, false));
        SourceId(self.list.len() - 1)
    }

    pub(crate) fn add_built_in(&mut self, name: &str, text: &str) -> SourceId {
        self.list.push(Source::new(name.to_owned(), text.to_owned(), true));
        SourceId(self.list.len() - 1)
    }

    /// The files of two specs in one list, those of `other` behind; a place in these is then
    /// [shifted](Span::shifted) by the number of those here.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        Self { list: self.list.iter().chain(&other.list).cloned().collect() }
    }

    /// How many files there are, those of this program included.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether it is a text of this program and not of its user: the default protocol's.
    pub fn is_built_in(&self, id: SourceId) -> bool {
        self.get(id).built_in
    }

    /// The file with this index.
    ///
    /// # Panics
    ///
    /// When `id` comes from another set of files.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.list[id.0]
    }

    /// The user's files, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.list.iter().filter(|source| !source.built_in)
    }

    /// Identity of the user's texts together: 16 hexadecimal digits.
    ///
    /// Line ends do not count, so that a checkout with `\r\n` has the same digest; names of files
    /// do not count either, because they depend on where the command was started.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for source in self.iter() {
            let text = source.text.replace("\r\n", "\n");
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Where the text of a spec and of its imports comes from.
pub trait Loader {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Whatever keeps the file from being read, a size over [`MAX_FILE_BYTES`] included.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The name that messages show for the file at a path, with `/` on every system.
    fn name(&self, path: &Path) -> String {
        path.to_string_lossy().replace('\\', "/")
    }

    /// A path that is equal for two names of the same file, so that a file imported twice is read
    /// once and a cycle is seen.
    fn identity(&self, path: &Path) -> PathBuf {
        plain(path)
    }
}

/// Reads from the file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Loader for Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let about = fs::metadata(path)?;
        // A FIFO or a device would block or never end.
        if !about.is_file() {
            let kind = if about.is_dir() { "a folder" } else { "not a regular file" };
            return Err(io::Error::other(format!("it is {kind}")));
        }
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let (size, most) = (about.len(), MAX_FILE_BYTES);
            return Err(io::Error::other(format!(
                "it has {size} bytes; a spec has at most {most}"
            )));
        }
        Ok(bytes)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        fs::canonicalize(path).unwrap_or_else(|_| plain(path))
    }
}

/// Reads from memory: names and texts, for tests and for callers that have no files.
#[derive(Debug, Clone, Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more file.
    #[must_use]
    pub fn with(mut self, path: impl AsRef<Path>, text: impl Into<Vec<u8>>) -> Self {
        self.0.insert(plain(path.as_ref()), text.into());
        self
    }
}

impl Loader for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.0.get(&plain(path));
        bytes.cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

/// The path without `.` and with `..` taken back by name.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => drop(clean.pop()),
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let source = Source::new("x".into(), "ab\nçé: x\n".into(), false);
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(2), (1, 3));
        assert_eq!(source.position(3), (2, 1));
        assert_eq!(source.position(7), (2, 3));
        assert_eq!(source.position(1000), (3, 1));
    }

    #[test]
    fn the_digest_ignores_line_ends_and_names() {
        let digest = |name: &str, text: &str| {
            let mut sources = Sources::default();
            sources.add(name.into(), text.into());
            sources.digest()
        };
        assert_eq!(digest("a", "x\ny\n"), digest("b", "x\r\ny\r\n"));
        assert_ne!(digest("a", "x\ny\n"), digest("a", "x\ny \n"));
        assert_eq!(digest("a", "x").len(), 16);
    }

    #[test]
    fn plain_paths_have_no_dots() {
        assert_eq!(plain(Path::new("./a/../b/./c.yaml")), Path::new("b/c.yaml"));
        assert_eq!(plain(Path::new("../a.yaml")), Path::new("../a.yaml"));
    }
}
