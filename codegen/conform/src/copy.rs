//! A generated folder that somebody vendored, held against the spec: by its text, by its compiler
//! and by the bytes that it sends and takes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::parity;
use crate::runner::{self, Failure, Outcome, Task};
use crate::stage::Stage;
use crate::toolchain::{self, BuildError, Found, Job, Program, Toolchain};
use bitrpc_codegen::backend::{self, Input};
use bitrpc_codegen::emit::{Drift, EmitError, MANIFEST, Plan};
use bitrpc_spec::layout::{self, Layout};
use bitrpc_spec::names::Language;

/// Folders that builds leave; they are no part of a copy.
const BUILDS: [&str; 6] = ["target", "build", "bin", "obj", "__pycache__", ".git"];

/// The generated folder of one language, wherever somebody put it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The language that it is of.
    pub language: Language,
    /// Where it is.
    pub folder: PathBuf,
}

impl Copy {
    /// The copies in `folder`: itself, or those of several languages below it.
    pub fn find(folder: &Path, input: &Input) -> Vec<Self> {
        if folder.join(MANIFEST).is_file() {
            return Self::guess(folder, input).into_iter().collect();
        }
        let below = backend::all().iter().map(|backend| backend.language());
        let copies = below.map(|language| Self { language, folder: folder.join(language.id()) });
        copies.filter(|copy| copy.folder.join(MANIFEST).is_file()).collect()
    }

    /// The language whose files are there; a folder may be called anything.
    fn guess(folder: &Path, input: &Input) -> Option<Self> {
        let there = |language: Language| {
            let files = bitrpc_codegen::files(backend::find(language)?, input);
            let present = files.iter().filter(|file| folder.join(&file.path).is_file()).count();
            Some((present, language))
        };
        let languages = backend::all().iter().filter_map(|backend| there(backend.language()));
        let (_, language) = languages.max_by_key(|(present, _)| *present)?;
        Some(Self { language, folder: folder.to_owned() })
    }

    /// How its files differ from what this version of the generator makes of the spec.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn compare_text(&self, input: &Input) -> Result<Vec<Drift>, EmitError> {
        let backend = backend::find(self.language).expect("a copy is of a language with a backend");
        Plan::new(&self.folder, bitrpc_codegen::files(backend, input)).compare()
    }

    /// Builds a peer with this copy as its library, below `folder`.
    ///
    /// # Errors
    ///
    /// When the files cannot be copied, or the compiler refuses them.
    pub fn build(
        &self,
        folder: &Path,
        input: &Input,
        toolchain: &dyn Toolchain,
        found: &Found,
    ) -> Result<Program, BuildError> {
        let failed = |error: io::Error| toolchain::not_written(folder, &error);
        let stage = Stage::write(folder, input).map_err(failed)?;
        let Job { library, peer } = stage.job(self.language);
        self.replace_in_peer(&library, &peer).map_err(failed)?;
        fs::remove_dir_all(&library).map_err(failed)?;
        copy_files(&self.folder, &library).map_err(failed)?;
        stage.build(toolchain, found)
    }
}

impl Copy {
    /// A peer takes files of its library along: those of the copy take their place.
    fn replace_in_peer(&self, library: &Path, peer: &Path) -> io::Result<()> {
        for name in files_below(library)? {
            let taken = peer.join(&name);
            // The manifest and the licence are in every folder; neither is compiled.
            if !taken.is_file() || fs::read(&taken)? != fs::read(library.join(&name))? {
                continue;
            }
            let own = self.folder.join(&name);
            if own.is_file() { fs::copy(own, taken).map(drop)? } else { fs::remove_file(taken)? }
        }
        Ok(())
    }
}

/// How the layout that `peer` was compiled with differs from the spec's.
///
/// # Errors
///
/// When it does not run, or prints something else.
pub fn compare_layout(layout: &Layout, peer: &Program) -> Result<Vec<String>, BuildError> {
    let mut command = peer.command();
    let text = toolchain::run(command.arg("layout"))?;
    let found: Value = serde_json::from_str(&text).map_err(|error| BuildError {
        command: toolchain::words(&command),
        output: format!("{error}: {text}"),
    })?;
    Ok(parity::differences(&layout::to_json(layout), &found))
}

/// Sends `count` random messages of every kind from one peer to the other; each is verified.
///
/// # Errors
///
/// The first message that arrived as another one, or why a peer did not come to its end.
pub fn exchange(
    layout: &Layout,
    from: &Program,
    to: &Program,
    count: u64,
) -> Result<Outcome, Failure> {
    runner::run_pair(layout, from, to, &Task { count, ..Task::default() }, &mut |_| true)
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    for name in files_below(from)? {
        let target = to.join(&name);
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(from.join(&name), target)?;
    }
    Ok(())
}

/// The files below `folder`, as paths from there, without what builds have left.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let (name, kind) = (entry.file_name(), entry.file_type()?);
            if kind.is_file() {
                files.push(inner.join(name));
            } else if kind.is_dir() && !BUILDS.iter().any(|build| *name == **build) {
                open.push(inner.join(name));
            }
        }
    }
    Ok(files)
}
