//! Rust by Cargo, without network where the runtime's source is at hand.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::toolchain::{self, BuildError, Found, Job, Missing, Program, Toolchain};
use bitrpc_spec::names::Language;

/// Cargo with the compiler that it finds.
pub(crate) struct Cargo {
    id: &'static str,
    /// What the peer is built with.
    feature: Option<&'static str>,
}

impl Toolchain for Cargo {
    fn id(&self) -> &'static str {
        self.id
    }

    fn language(&self) -> Language {
        Language::RUST
    }

    fn find(&self) -> Result<Found, Missing> {
        // `cargo run` says which Cargo it is; that one is there even when it is not on the PATH.
        let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        match toolchain::first_line(Path::new(&program), &["--version"]) {
            Some(version) => Ok(Found { program: program.into(), version }),
            None => Err(Missing {
                reason: "no Rust toolchain (cargo)".to_owned(),
                install: "curl -sSf https://sh.rustup.rs | sh".to_owned(),
            }),
        }
    }

    fn build(&self, found: &Found, job: &Job) -> Result<Program, BuildError> {
        // Whatever the lock file names was fetched when this program was built, as a rule; then
        // nothing needs the network.
        let own = ["--".to_owned(), format!("-Cmetadata={}", self.identity(&job.peer))];
        let mut offline = self.cargo(found, job)?;
        let lines = match toolchain::run(offline.arg("--offline").args(&own)) {
            Err(failure) if failure.output.contains(NO_NETWORK) => {
                toolchain::run(self.cargo(found, job)?.args(&own))
            }
            result => result,
        };
        let lines = lines.map_err(without_json)?;
        let built = lines.lines().rev().find_map(executable).ok_or_else(|| BuildError {
            command: toolchain::words(&offline),
            output: "Cargo names no executable".to_owned(),
        })?;
        Ok(Program::new(built))
    }
}

impl Cargo {
    /// Rust as users have it.
    pub(crate) const KNOWN: Self = Self { id: "rust", feature: None };
    /// The same with a peer whose layout is a value and not constants.
    pub(crate) const ANY_LAYOUT: Self = Self { id: "rust-any", feature: Some("any-layout") };

    /// The command that builds the crate in the peer folder of `job`. Where the source tree of this
    /// program is at hand, it takes the runtime from there, and the versions of its lock file.
    fn cargo(&self, found: &Found, job: &Job) -> Result<Command, BuildError> {
        let mut command = Command::new(&found.program);
        command.args(["rustc", "--release", "--quiet"]);
        command.arg("--message-format=json-render-diagnostics");
        command.args(self.feature.map(|feature| format!("--features={feature}")));
        command.arg("--manifest-path").arg(job.peer.join("Cargo.toml"));
        command.arg("--target-dir").arg(job.peer.join("target").join(self.id));
        if let Some(checkout) = Checkout::find() {
            checkout.lend_lock_file(&job.peer)?;
            // What is built on the way is shared; Cargo before 1.91 ignores this and only takes
            // longer.
            command.env("CARGO_BUILD_BUILD_DIR", &checkout.build_folder);
            command.arg("--config").arg(checkout.patch());
        }
        // A caller's flags (sanitizers, `--cfg loom`) are for the caller's own crates.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        Ok(command)
    }

    /// Tells a peer from others of the same name that are built in the same folder: Cargo takes a
    /// package at the root of a workspace for the same one wherever that root is.
    fn identity(&self, peer: &Path) -> String {
        let digest = Sha256::digest(peer.join(self.id).as_os_str().as_encoded_bytes());
        digest.iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }
}

/// In what Cargo says when something is missing that only the network has. Any other failure, an
/// interrupt for one, would be the same with the network.
const NO_NETWORK: &str = "offline";

/// The failure with only those lines that are for people.
fn without_json(mut failure: BuildError) -> BuildError {
    let lines = failure.output.lines().filter(|line| !line.starts_with("{\"reason\""));
    failure.output = lines.collect::<Vec<_>>().join("\n");
    failure
}

/// The executable that one line of Cargo's JSON names.
fn executable(line: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Artifact {
        executable: Option<PathBuf>,
    }
    serde_json::from_str::<Artifact>(line).ok()?.executable
}

/// The source tree that this program was built from, when it is still there.
struct Checkout {
    root: PathBuf,
    /// Shared by all peers, so that the runtime and its dependencies are compiled once.
    build_folder: PathBuf,
}

impl Checkout {
    fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?.to_owned();
        let is_there = root.join("runtime/Cargo.toml").is_file();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
        is_there.then(|| Self { build_folder: target.join("peers"), root })
    }

    /// Takes the runtime from the source tree instead of the registry.
    fn patch(&self) -> String {
        let runtime = toml_string(&self.root.join("runtime").to_string_lossy());
        format!("patch.crates-io.bitrpc-shm.path={runtime}")
    }

    /// Lets Cargo choose the versions that the source tree was tested with.
    fn lend_lock_file(&self, peer: &Path) -> Result<(), BuildError> {
        let (from, to) = (self.root.join("Cargo.lock"), peer.join("Cargo.lock"));
        if to.exists() || !from.exists() {
            return Ok(());
        }
        fs::copy(&from, &to).map(drop).map_err(|error| BuildError {
            command: format!("copy {} to {}", from.display(), to.display()),
            output: error.to_string(),
        })
    }
}

/// `text` as a basic string of TOML.
fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
