//! The compilers and interpreters that turn a generated peer into a program to start.
//!
//! A language with two runtimes has two of them; the demo takes the first one found, tests take
//! both.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::{driver, rust};
use bitrpc_spec::names::Language;

/// What builds and starts the programs of one language.
pub trait Toolchain: Sync {
    /// The word for it in tables and test names, e.g. `cpp`; unlike any other toolchain's.
    fn id(&self) -> &'static str;

    /// The language that it builds.
    fn language(&self) -> Language;

    /// Looks for it on this machine; starts a program or two, builds nothing.
    fn find(&self) -> Result<Found, Missing>;

    /// Builds the peer of `job`; blocks until the compiler has ended.
    ///
    /// A program that is newer than its sources is taken as it is.
    fn build(&self, found: &Found, job: &Job) -> Result<Program, BuildError>;
}

/// Every toolchain, those of one language in the order of preference.
pub fn all() -> Vec<&'static dyn Toolchain> {
    driver::all().iter().flat_map(|driver| driver.toolchains).copied().collect()
}

/// Rust once more, with a peer that has its layout as a value. It stands apart from [`all`],
/// because it is the same engine: a test takes it where the two ways could differ, a user never.
pub fn rust_any_layout() -> &'static dyn Toolchain {
    rust::ANY_LAYOUT
}

/// A toolchain that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The program to call.
    pub program: PathBuf,
    /// What it says its version is, one line.
    pub version: String,
}

/// A toolchain that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What was looked for, e.g. `no C++ compiler (g++, clang++)`.
    pub reason: String,
    /// The command that installs it on Debian and Ubuntu.
    pub install: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; install it with: {}", self.reason, self.install)
    }
}

/// Where the generated folders of one language are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The folder that users vendor.
    pub library: PathBuf,
    /// The folder of the peer, which also takes what the build leaves.
    pub peer: PathBuf,
}

/// A program that is ready to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    argv: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
}

impl Program {
    /// The program at `path`, without arguments of its own.
    pub fn new(path: impl Into<OsString>) -> Self {
        Self { argv: vec![path.into()], environment: Vec::new() }
    }

    /// The same with one more argument in front of the peer's own.
    #[must_use]
    pub fn with(mut self, word: impl Into<OsString>) -> Self {
        self.argv.push(word.into());
        self
    }

    /// The same with a variable in its environment.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// A command that starts it; the caller adds the peer's arguments.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.argv[0]);
        command.args(&self.argv[1..]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Why a peer was not built.
#[derive(Debug)]
pub struct BuildError {
    /// The command, as one would type it.
    pub command: String,
    /// What it said, or why it did not start.
    pub output: String,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this command failed:\n  {}\n{}", self.command, self.output.trim_end())
    }
}

impl std::error::Error for BuildError {}

/// Runs `command` to its end and returns its standard output.
///
/// # Errors
///
/// When it cannot be started or exits with anything but 0.
pub fn run(command: &mut Command) -> Result<String, BuildError> {
    let failed = |command: &Command, output| BuildError { command: words(command), output };
    match command.stdin(Stdio::null()).output() {
        Err(error) => Err(failed(command, error.to_string())),
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Err(failed(command, String::from_utf8_lossy(&text).into_owned()))
        }
    }
}

/// `command` as one would type it, without the environment.
pub(crate) fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// The first line that `program arguments` prints; `None` when it cannot be run.
pub fn first_line(program: &Path, arguments: &[&str]) -> Option<String> {
    let text = run(Command::new(program).args(arguments)).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// The first of these programs that is there and answers `arguments`, with its answer as version.
pub(crate) fn first_of(programs: &[&str], arguments: &[&str]) -> Option<Found> {
    programs.iter().find_map(|program| {
        let version = first_line(Path::new(program), arguments)?;
        Some(Found { program: program.into(), version })
    })
}

/// What toolchains make lies below this folder of a peer; it is no source.
pub(crate) const BUILD: &str = "build";

/// Makes `output` by calling `build`, unless it was made by the same `recipe` from sources that
/// have not changed since.
///
/// The recipe is whatever decides the result besides the sources: compiler version and flags.
pub(crate) fn make(
    output: &Path,
    recipe: &str,
    job: &Job,
    build: impl FnOnce() -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    if is_fresh(output, recipe, job) {
        return Ok(());
    }
    let failed = |error: io::Error| not_written(output, &error);
    output.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    build()?;
    fs::write(recipe_of(output), recipe).map_err(failed)
}

pub(crate) fn not_written(output: &Path, error: &io::Error) -> BuildError {
    BuildError { command: format!("write {}", output.display()), output: error.to_string() }
}

fn is_fresh(output: &Path, recipe: &str, job: &Job) -> bool {
    let same_recipe = fs::read_to_string(recipe_of(output)).is_ok_and(|text| text == recipe);
    let made = fs::metadata(output).and_then(|meta| meta.modified());
    let (true, Ok(made)) = (same_recipe, made) else { return false };
    [&job.library, &job.peer].iter().all(|folder| newest_below(folder).is_ok_and(|t| t <= made))
}

fn recipe_of(output: &Path) -> PathBuf {
    output.with_extension("recipe")
}

/// When the newest source below `folder` was changed.
fn newest_below(folder: &Path) -> io::Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            if !meta.is_dir() {
                newest = newest.max(meta.modified()?);
            } else if entry.file_name() != BUILD {
                open.push(entry.path());
            }
        }
    }
    Ok(newest)
}
