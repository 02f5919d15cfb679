//! Small programs against the committed `generated/` folders, as a user would build them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bitrpc_conform::runner::Arena;
use bitrpc_conform::toolchain::{Job, Program};
use bitrpc_spec::names::Language;

use crate::matrix::{Member, subjects};
use crate::repo;

/// A program that takes longer hangs.
pub const HANG: Duration = Duration::from_secs(60);

/// Builds `source` in the language of `member`; `name` tells its folder from others.
///
/// # Errors
///
/// When the toolchain is missing or refuses the program.
pub fn build(member: &Member, name: &str, source: &str) -> Result<Program, String> {
    build_with(member, name, source, repo::generated(member.toolchain.language()))
}

/// The same with the generated sources in the folder `library`.
///
/// # Errors
///
/// When the toolchain is missing or refuses the program.
pub fn build_with(
    member: &Member,
    name: &str,
    source: &str,
    library: PathBuf,
) -> Result<Program, String> {
    let language = member.toolchain.language();
    let folder = repo::cache().join("programs").join(format!("{name}_{}", language.id()));
    let written = match language.id() {
        "rust" => write(&folder.join("Cargo.toml"), &manifest())
            .and_then(|()| write(&folder.join("src/main.rs"), source)),
        "cpp" => write(&folder.join("main.cpp"), source),
        "csharp" => csharp_project()
            .and_then(|project| write(&folder.join("example.csproj"), &project))
            .and_then(|()| write(&folder.join("Program.cs"), source)),
        "python" => write(&folder.join("main.py"), source),
        other => return Err(format!("nobody has said what a program in {other} is made of")),
    };
    written.map_err(|error| format!("{}: {error}", folder.display()))?;
    compile(member, Job { library, peer: folder })
}

/// Builds the program in `folder`, in the language of `member`.
///
/// # Errors
///
/// When the toolchain is missing or refuses the program.
pub fn build_folder(member: &Member, folder: PathBuf) -> Result<Program, String> {
    let library = repo::generated(member.toolchain.language());
    compile(member, Job { library, peer: folder })
}

fn compile(member: &Member, job: Job) -> Result<Program, String> {
    let found = member.found.as_ref().map_err(ToString::to_string)?;
    member.toolchain.build(found, &job).map_err(|error| error.to_string())
}

fn manifest() -> String {
    let library = repo::generated(Language::RUST);
    format!(
        "[package]\nname = \"example\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nbitrpc-messages = {{ path = {library:?} }}\nbitrpc-shm = \"*\"\n\n\
         [workspace]\n"
    )
}

/// The project file of the peer, which takes in the library's sources from wherever they are.
fn csharp_project() -> io::Result<String> {
    let default = subjects().first().ok_or(io::ErrorKind::NotFound)?;
    let job = default.job(Language::CSHARP).map_err(io::Error::other)?;
    fs::read_to_string(job.peer.join("peer.csproj"))
}

/// Cargo with `words` for the crate in `folder`, which is none of the workspace: with the
/// repository's runtime and lock file, and what it builds in the cache.
///
/// # Errors
///
/// When the lock file cannot be copied.
pub fn cargo(folder: &Path, words: &[&str]) -> io::Result<Command> {
    let lock_file = folder.join("Cargo.lock");
    if !lock_file.exists() {
        fs::copy(repo::root().join("Cargo.lock"), lock_file)?;
    }
    let runtime = repo::root().join("runtime");
    let mut command = Command::new(env!("CARGO"));
    command.args(words).arg("--manifest-path").arg(folder.join("Cargo.toml"));
    command.arg("--target-dir").arg(repo::cache().join("cargo"));
    command.arg("--config").arg(format!("patch.crates-io.bitrpc-shm.path={runtime:?}"));
    Ok(command)
}

/// Writes a crate outside of the workspace into the cache: one program for each of `programs`, a
/// name and the file with its `main`. What a user would call its dependencies is the runtime alone;
/// the feature is that of the conformance peers.
///
/// # Errors
///
/// When it cannot be written.
pub fn crate_of(name: &str, programs: &[(&str, PathBuf)]) -> io::Result<PathBuf> {
    let folder = repo::cache().join(name);
    let mut manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
         [features]\nany-layout = []\n\n[dependencies]\nbitrpc-shm = \"*\"\n\n[workspace]\n"
    );
    for (name, file) in programs {
        manifest += &format!("\n[[bin]]\nname = {name:?}\npath = {file:?}\n");
    }
    write(&folder.join("Cargo.toml"), &manifest)?;
    Ok(folder)
}

/// Writes `text` unless the file holds it already: a build looks at the time of the last change.
fn write(file: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(file).is_ok_and(|known| known == text) {
        return Ok(());
    }
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(file, text)
}

/// Runs `command` with rings in a folder of its own and returns what it prints.
///
/// # Errors
///
/// When it hangs or exits with anything but 0.
pub fn run(command: &mut Command) -> Result<String, String> {
    run_within(HANG, command)
}

/// The same for a program that has more to do: `limit` is when it counts as hung.
///
/// # Errors
///
/// When it takes longer or exits with anything but 0.
pub fn run_within(limit: Duration, command: &mut Command) -> Result<String, String> {
    let arena = Arena::new().map_err(|error| error.to_string())?;
    run_in(&arena, limit, command)
}

/// The same with rings in the folder of `arena`, where other programs find them afterwards.
///
/// # Errors
///
/// When it takes longer or exits with anything but 0.
pub fn run_in(arena: &Arena, limit: Duration, command: &mut Command) -> Result<String, String> {
    let mut running = arena.spawn("program", command).map_err(|error| error.to_string())?;
    if running.wait(limit).is_none() {
        running.kill().map_err(|error| error.to_string())?;
        // Children that outlive it may keep its output open.
        let text = running.wait(Duration::from_secs(5)).map_or("", |end| &end.text);
        return Err(format!("the program hangs after {limit:?}; it printed:\n{text}"));
    }
    let end = running.wait(Duration::ZERO).ok_or("a program that has ended has its output")?;
    match end.status.success() {
        true => Ok(end.text.clone()),
        false => Err(format!("{}\n{}", end.status, end.text)),
    }
}
