//! The pipeline from a file to files, for the command line and for build scripts.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::backend::{self, Backend, Input, Origin};
use crate::emit::{self, Applied, EmitError, File, Plan};
use bitrpc_spec::diagnostic::Findings;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::{DEFAULT_SPEC, Spec};
use bitrpc_spec::names::Language;
use bitrpc_spec::rules::Levels;
use bitrpc_spec::source::{Files, Loader, Memory};

/// A spec with all bytes resolved.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The protocol.
    pub layout: Layout,
    /// Identity of the spec's text: 16 hexadecimal digits.
    pub digest: String,
    /// The spec and all files that it imports.
    pub files: Vec<PathBuf>,
    /// What it was made of.
    pub spec: Spec,
}

/// Reads, checks and lays out the spec at `path`.
///
/// # Errors
///
/// Everything that is wrong with the spec, or why a file cannot be read.
pub fn load(path: &Path) -> Result<Loaded, Findings> {
    load_from(path, &Files, &[])
}

/// The same for the default protocol, which is part of the program: no file is read.
///
/// # Errors
///
/// None that a user could cause.
pub fn load_default() -> Result<Loaded, Findings> {
    load_from(Path::new(DEFAULT_NAME), &Memory::new().with(DEFAULT_NAME, DEFAULT_SPEC), &[])
}

/// What the default protocol's file would be called.
const DEFAULT_NAME: &str = "bitrpc.yaml";

fn load_from(path: &Path, loader: &dyn Loader, more: &[Language]) -> Result<Loaded, Findings> {
    let spec = Spec::load_with(path, loader, more)?;
    let layout = Layout::of(&spec);
    let files = spec.sources().iter().map(|source| source.name().into()).collect();
    Ok(Loaded { layout, digest: spec.sources().digest(), files, spec })
}

impl Loaded {
    /// What is worth knowing of the spec in a run with these levels.
    ///
    /// # Errors
    ///
    /// The same, if the levels make an error of some of it.
    pub fn checked(&self, levels: &Levels) -> Result<Findings, Findings> {
        let found = self.spec.findings(levels);
        if found.errors() == 0 { Ok(found) } else { Err(found) }
    }
}

/// Generates from a build script or another program.
///
/// ```no_run
/// // build.rs
/// bitrpc_codegen::Builder::new("spec/telemetry.yaml")
///     .languages([bitrpc_codegen::Language::CPP])
///     .generate("generated")?;
/// # Ok::<(), bitrpc_codegen::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Builder {
    spec: PathBuf,
    backends: Vec<&'static dyn Backend>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let languages: Vec<_> = self.backends.iter().map(|backend| backend.language()).collect();
        f.debug_struct("Builder").field("spec", &self.spec).field("languages", &languages).finish()
    }
}

impl Builder {
    /// Generates from the spec at this path, for every language.
    pub fn new(spec: impl Into<PathBuf>) -> Self {
        Self { spec: spec.into(), backends: backend::all().to_vec() }
    }

    /// Only these languages.
    #[must_use]
    pub fn languages(mut self, languages: impl IntoIterator<Item = Language>) -> Self {
        self.backends = languages.into_iter().filter_map(backend::find).collect();
        self
    }

    /// Also what `backend` writes, which may be of a language that this crate does not know.
    #[must_use]
    pub fn backend(mut self, backend: &'static dyn Backend) -> Self {
        self.backends.push(backend);
        self
    }

    /// Writes each language's folder into `out`, touching only files that differ.
    ///
    /// In a build script (`OUT_DIR` is set) it also tells cargo to run again when the spec changes.
    ///
    /// # Errors
    ///
    /// The spec is wrong, files would lose changes made by hand, or the system refuses.
    pub fn generate(&self, out: impl AsRef<Path>) -> Result<Applied, BuildError> {
        let out = out.as_ref();
        // A spec may state names for languages that only this builder knows.
        let languages = self.backends.iter().map(|backend| backend.language());
        let more: Vec<_> = languages.filter(|one| !Language::ALL.contains(one)).collect();
        let loaded = load_from(&self.spec, &Files, &more).map_err(BuildError::Spec)?;
        if std::env::var_os("OUT_DIR").is_some() {
            for file in &loaded.files {
                println!("cargo::rerun-if-changed={}", file.display());
            }
        }
        let origin = Origin::new(&self.spec, &loaded.digest);
        let input = Input { layout: &loaded.layout, origin: &origin };
        let plan = |backend: &&dyn Backend| library(*backend, &input, out);
        let plans: Vec<_> = self.backends.iter().map(plan).collect();
        emit::apply(&plans, false).map_err(BuildError::Emit)
    }
}

/// The files of one language's folder below `out`.
pub fn library(backend: &dyn Backend, input: &Input, out: &Path) -> Plan {
    Plan::new(&out.join(backend.language().id()), files(backend, input))
}

/// All files of one language's folder, wherever that is.
pub fn files(backend: &dyn Backend, input: &Input) -> Vec<File> {
    let mut files = backend.files(input);
    for (path, text) in [(".gitattributes", GIT_ATTRIBUTES), ("LICENSE", LICENSE)] {
        files.push(File::new(path, text));
    }
    files
}

/// Keeps git from changing line ends, and tells code hosts what they need not show in reviews.
const GIT_ATTRIBUTES: &str = "\
# Made by the generator: stored and checked out as it was written.
* linguist-generated -text
";

/// Of the engine, which goes wherever its files go.
const LICENSE: &str = include_str!("../LICENSE");

/// Why [`Builder::generate`] failed.
///
/// Its `Debug` is its `Display`: what `unwrap` prints in a build script is the diagnostic.
#[non_exhaustive]
pub enum BuildError {
    /// The spec is wrong.
    Spec(Findings),
    /// Files could not be written, or were not meant to be.
    Emit(EmitError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(findings) => findings.fmt(f),
            Self::Emit(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{self}")
    }
}

impl std::error::Error for BuildError {}
