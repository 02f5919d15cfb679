//! Specs as they are in a commit, read by the command `git`.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bitrpc_spec::source::{Loader, MAX_FILE_BYTES};

/// Reads files of one commit; paths are relative to the current folder, as those of files are.
pub(super) struct Git<'a> {
    reference: &'a str,
}

impl<'a> Git<'a> {
    /// `reference` is a commit, branch or tag, or whatever else `git rev-parse` knows.
    pub(super) fn new(reference: &'a str) -> Self {
        Self { reference }
    }

    /// Why git does not know a file: the first thing on the way to it that is missing.
    fn explain(&self, folder: &Path, rest: &str) -> io::Error {
        let says = |words: &[&str]| output(folder, words).is_ok_and(|o| o.status.success());
        let reference = self.reference;
        if !says(&["rev-parse", "--git-dir"]) {
            let folder = folder.display();
            return io::Error::other(format!("the folder `{folder}` is in no git repository"));
        }
        if !says(&["rev-parse", "--quiet", "--verify", &format!("{reference}^{{tree}}")]) {
            return io::Error::other(format!("the repository has no commit `{reference}`"));
        }
        if says(&["cat-file", "-e", &format!("{reference}:./{rest}")]) {
            return io::Error::other(format!("in `{reference}` it is no file"));
        }
        io::Error::other(format!("`{reference}` has no such file"))
    }
}

impl Loader for Git<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (folder, rest) = split(path);
        let object = format!("{}:./{rest}", self.reference);
        let mut git = command(&folder);
        git.args(["cat-file", "blob", &object]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = git.spawn().map_err(not_started)?;
        let mut bytes = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        }
        // One that has more to say than is read ends when its pipe closes.
        let status = child.wait()?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let most = MAX_FILE_BYTES;
            return Err(io::Error::other(format!(
                "it is larger than {most} bytes, too long for a spec"
            )));
        }
        if status.success() { Ok(bytes) } else { Err(self.explain(&folder, &rest)) }
    }

    fn name(&self, path: &Path) -> String {
        format!("git:{}:{}", self.reference, path.to_string_lossy().replace('\\', "/"))
    }
}

/// The deepest folder on the way to a file that is there today, and the rest of the way: what was
/// committed may lie in a folder that is gone, but the repository is that of the folder above.
fn split(path: &Path) -> (PathBuf, String) {
    let exists = |folder: &&Path| folder.as_os_str().is_empty() || folder.is_dir();
    let folder = path.ancestors().skip(1).find(exists).unwrap_or(Path::new(""));
    let rest = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    (folder.to_owned(), rest)
}

fn command(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).stdin(Stdio::null());
    git
}

fn output(folder: &Path, words: &[&str]) -> io::Result<Output> {
    command(folder).args(words).output()
}

fn not_started(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            io::Error::other("the command `git` is not installed, or not on the path")
        }
        _ => io::Error::other(format!("cannot start git: {error}")),
    }
}
