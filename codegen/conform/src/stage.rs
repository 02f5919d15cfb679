//! A folder with the generated code and the peers of one spec.

use std::io;
use std::path::{Path, PathBuf};

use crate::driver;
use crate::toolchain::{BuildError, Found, Job, Program, Toolchain};
use bitrpc_codegen::backend::{self, Input};
use bitrpc_codegen::emit;
use bitrpc_spec::names::Language;

/// The generated folders of one spec, each language's library and peer.
///
/// ```text
/// <folder>/rust/        what a user vendors
/// <folder>/cpp/
/// <folder>/peer/rust/   the conformance peer
/// <folder>/peer/cpp/
/// ```
#[derive(Debug, Clone)]
pub struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// Writes every language's library and peer below `folder`; files that are already as they
    /// should be stay untouched, so that nothing is built twice.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn write(folder: &Path, input: &Input) -> io::Result<Self> {
        let stage = Self { folder: folder.to_owned() };
        let libraries =
            backend::all().iter().map(|backend| bitrpc_codegen::library(*backend, input, folder));
        let peers = driver::all().iter().map(|driver| driver.plan(input, folder));
        for plan in libraries.chain(peers) {
            emit::apply(&[plan], true).map_err(io::Error::other)?;
        }
        Ok(stage)
    }

    /// Where the folders of `language` are.
    pub fn job(&self, language: Language) -> Job {
        let id = language.id();
        Job { library: self.folder.join(id), peer: self.folder.join("peer").join(id) }
    }

    /// Builds the peer that `toolchain` is for; blocks until the compiler has ended.
    ///
    /// # Errors
    ///
    /// When the compiler refuses the generated code or cannot be run.
    pub fn build(&self, toolchain: &dyn Toolchain, found: &Found) -> Result<Program, BuildError> {
        toolchain.build(found, &self.job(toolchain.language()))
    }
}
