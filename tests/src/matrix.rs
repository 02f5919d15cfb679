//! Every spec of the repository with every toolchain of this machine, built at most once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_conform::Stage;
use bitrpc_conform::toolchain::{self, Found, Job, Missing, Program, Toolchain};
use bitrpc_spec::layout::Layout;
use bitrpc_spec::names::Language;

use crate::repo;

/// A toolchain and whether it is here.
pub struct Member {
    /// How it builds.
    pub toolchain: &'static dyn Toolchain,
    /// What was found on this machine.
    pub found: Result<Found, Missing>,
}

/// All toolchains of the registry.
pub fn members() -> &'static [Member] {
    &engines()[..toolchain::all().len()]
}

/// The same and, behind them, Rust with its layout as a value: for tests of what an engine does
/// with the numbers.
pub fn engines() -> &'static [Member] {
    static ENGINES: OnceLock<Vec<Member>> = OnceLock::new();
    ENGINES.get_or_init(|| {
        let all = toolchain::all().into_iter().chain([toolchain::rust_any_layout()]);
        all.map(|toolchain| Member { toolchain, found: toolchain.find() }).collect()
    })
}

impl Member {
    /// The toolchain's word, for names of tests.
    pub fn id(&self) -> &'static str {
        self.toolchain.id()
    }
}

/// One spec, its generated code and its peers.
pub struct Subject {
    /// The spec's file name without extension.
    pub name: String,
    /// The spec.
    pub path: PathBuf,
    generated: Result<Generated, String>,
    peers: BTreeMap<&'static str, OnceLock<Result<Program, String>>>,
}

struct Generated {
    layout: Layout,
    stage: Stage,
    /// The spec and all files that it imports.
    files: Vec<PathBuf>,
}

/// All specs of the repository, generated into the cache; a file that another one imports is a part
/// of that one. A spec that cannot be generated fails every test of it.
pub fn subjects() -> &'static [Subject] {
    static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();
    SUBJECTS.get_or_init(|| {
        let mut subjects: Vec<_> = repo::specs().into_iter().map(Subject::new).collect();
        let generated = subjects.iter().filter_map(|subject| subject.generated.as_ref().ok());
        let imported: BTreeSet<_> =
            generated.flat_map(|generated| generated.files.iter().skip(1).cloned()).collect();
        subjects.retain(|subject| !imported.contains(&subject.path));
        subjects
    })
}

impl Subject {
    fn new(path: PathBuf) -> Self {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let generated = generate(&path, &name);
        let peers = engines().iter().map(|member| (member.id(), OnceLock::new())).collect();
        Self { name, path, generated, peers }
    }

    fn generated(&self) -> Result<&Generated, String> {
        self.generated.as_ref().map_err(Clone::clone)
    }

    /// All bytes resolved.
    ///
    /// # Errors
    ///
    /// When the spec is wrong or could not be generated.
    pub fn layout(&self) -> Result<&Layout, String> {
        Ok(&self.generated()?.layout)
    }

    /// The peer of one toolchain, built when it is asked for first.
    ///
    /// # Errors
    ///
    /// When the spec could not be generated, or the toolchain is missing or refuses the code.
    pub fn peer(&self, member: &Member) -> Result<&Program, String> {
        let build = || {
            let found = member.found.as_ref().map_err(ToString::to_string)?;
            let stage = &self.generated()?.stage;
            stage.build(member.toolchain, found).map_err(|error| error.to_string())
        };
        self.peers[member.id()].get_or_init(build).as_ref().map_err(Clone::clone)
    }

    /// Where the generated code of `language` is.
    ///
    /// # Errors
    ///
    /// When the spec is wrong or could not be generated.
    pub fn job(&self, language: Language) -> Result<Job, String> {
        Ok(self.generated()?.stage.job(language))
    }
}

fn generate(path: &Path, name: &str) -> Result<Generated, String> {
    let loaded = bitrpc_codegen::load(path).map_err(|findings| findings.render())?;
    let folder = repo::cache().join(name);
    // The text that a user gets, wherever this run puts it.
    let origin = Origin::new(path, &loaded.digest);
    let stage = Stage::write(&folder, &Input { layout: &loaded.layout, origin: &origin })
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(Generated { layout: loaded.layout, stage, files: loaded.files })
}
