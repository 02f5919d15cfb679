//! The two specs that are compared, as they are named on the command line.

use std::path::{Path, PathBuf};

use bitrpc_spec::diagnostic::Findings;
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Files;

use super::git::Git;

/// The spec of a repository, when none is named.
const DEFAULT: &str = "spec/bitrpc.yaml";

/// What a side is compared with when it stands alone.
const LAST_COMMIT: &str = "HEAD";

/// Where a spec is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A file.
    File(PathBuf),
    /// A file of a commit; without a path, that of the other side.
    Git { reference: String, path: Option<PathBuf> },
}

impl Place {
    fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("git:") else { return Ok(Self::File(text.into())) };
        let (reference, path) = match rest.split_once(':') {
            Some((reference, path)) => (reference, Some(path)),
            None => (rest, None),
        };
        if reference.is_empty() || reference.starts_with('-') || path == Some("") {
            let wanted = "expected git:REF:PATH, for example git:HEAD:spec/my.yaml";
            return Err(format!("`{}` names no commit and file; {wanted}", text.escape_debug()));
        }
        Ok(Self::Git { reference: reference.to_owned(), path: path.map(PathBuf::from) })
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Git { path, .. } => path.as_deref(),
        }
    }

    fn load(&self, other: &Self) -> Result<Spec, Findings> {
        let path = self.path().or(other.path()).unwrap_or(Path::new(DEFAULT));
        match self {
            Self::File(path) => Spec::load(path, &Files),
            Self::Git { reference, .. } => Spec::load(path, &Git::new(reference)),
        }
    }
}

/// The two specs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sides {
    old: Place,
    new: Place,
}

impl Sides {
    /// Reads the arguments; says what is wrong with them.
    pub(super) fn parse(old: Option<&str>, new: Option<&str>) -> Result<Self, String> {
        let first = Place::parse(old.unwrap_or(DEFAULT))?;
        if let Some(new) = new {
            return Ok(Self { old: first, new: Place::parse(new)? });
        }
        let path = || first.path().unwrap_or(Path::new(DEFAULT)).to_owned();
        Ok(match first {
            // A file alone: as it is, against the last commit.
            Place::File(_) => {
                let (reference, path) = (LAST_COMMIT.to_owned(), Some(path()));
                Self { old: Place::Git { reference, path }, new: first }
            }
            Place::Git { .. } => Self { new: Place::File(path()), old: first },
        })
    }

    /// Reads both specs.
    pub(super) fn load(&self) -> Result<(Spec, Spec), Findings> {
        Ok((self.old.load(&self.new)?, self.new.load(&self.old)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(reference: &str, path: Option<&str>) -> Place {
        Place::Git { reference: reference.into(), path: path.map(PathBuf::from) }
    }

    #[test]
    fn what_is_not_named_is_the_last_commit_and_the_usual_file() {
        let sides = |old, new| Sides::parse(old, new).unwrap();
        let file = |path: &str| Place::File(path.into());
        assert_eq!(
            sides(None, None),
            Sides { old: git("HEAD", Some(DEFAULT)), new: file(DEFAULT) }
        );
        assert_eq!(
            sides(Some("a.yaml"), None),
            Sides { old: git("HEAD", Some("a.yaml")), new: file("a.yaml") }
        );
        assert_eq!(
            sides(Some("git:v1:a.yaml"), None),
            Sides { old: git("v1", Some("a.yaml")), new: file("a.yaml") }
        );
        assert_eq!(
            sides(Some("git:v1"), Some("a.yaml")),
            Sides { old: git("v1", None), new: file("a.yaml") }
        );
        assert_eq!(
            sides(Some("a.yaml"), Some("b.yaml")),
            Sides { old: file("a.yaml"), new: file("b.yaml") }
        );
    }

    #[test]
    fn a_commit_has_a_name_that_is_no_option() {
        for wrong in ["git:", "git::a.yaml", "git:--help:a.yaml", "git:HEAD:"] {
            let error = Sides::parse(Some(wrong), None).unwrap_err();
            assert!(error.contains("expected git:REF:PATH"), "{error}");
        }
    }
}
