//! The manifest of a language folder: what the generator wrote, file by file.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{EmitError, MANIFEST, read_if_there};

/// Paths and digests of the files of a folder as the generator wrote them.
#[derive(Default)]
pub(super) struct Manifest(BTreeSet<(String, String)>);

impl Manifest {
    pub(super) fn of(files: &BTreeMap<String, String>) -> Self {
        Self(files.iter().map(|(path, text)| (path.clone(), digest(text.as_bytes()))).collect())
    }

    pub(super) fn read(folder: &Path) -> Result<Self, EmitError> {
        let bytes = read_if_there(&folder.join(MANIFEST))?.unwrap_or_default();
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    pub(super) fn parse(text: &str) -> Self {
        let entries = text.lines().filter_map(|line| line.split_once("  "));
        Self(entries.map(|(digest, path)| (path.to_owned(), digest.to_owned())).collect())
    }

    /// This one and `other` together.
    pub(super) fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether the file is as the generator wrote it, whatever line ends a checkout gave it.
    pub(super) fn wrote(&self, path: &str, bytes: &[u8]) -> bool {
        path == MANIFEST || self.0.contains(&(path.to_owned(), digest(bytes)))
    }

    /// The format of `sha256sum`, so that `sha256sum --check bitrpc.manifest` verifies a folder.
    pub(super) fn render(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, (path, digest)| {
            writeln!(text, "{digest}  {path}").expect("writing to a String cannot fail");
            text
        })
    }
}

/// The bytes with `\n` for each `\r\n`: git may check files out with the line ends of Windows.
pub(super) fn unix_lines(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.windows(2).any(|pair| pair == b"\r\n") {
        return Cow::Borrowed(bytes);
    }
    let next = bytes.iter().skip(1).map(Some).chain([None]);
    let kept = bytes.iter().zip(next).filter(|pair| *pair != (&b'\r', Some(&b'\n')));
    Cow::Owned(kept.map(|(byte, _)| *byte).collect())
}

/// Digest of a text, whatever its line ends.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(unix_lines(bytes)).iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_ends_of_windows_become_those_of_unix() {
        assert_eq!(&*unix_lines(b"a\r\nb\r\n"), b"a\nb\n");
        assert_eq!(&*unix_lines(b"a\rb\n\r"), b"a\rb\n\r");
        assert_eq!(&*unix_lines(b"a\r\r\n"), b"a\r\n");
        assert!(matches!(unix_lines(b"a\nb\n"), Cow::Borrowed(_)));
        assert_eq!(digest(b"a\r\nb\n"), digest(b"a\nb\n"));
        assert_ne!(digest(b"a\rb\n"), digest(b"a\nb\n"));
    }
}
