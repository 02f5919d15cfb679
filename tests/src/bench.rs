//! Every spec of the repository with every toolchain of this machine, built at most once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_codegen::demo::Stage;
use bitrpc_codegen::demo::toolchain::{self, Found, Job, Missing, Program, Toolchain};
use bitrpc_codegen::layout::Layout;
use bitrpc_codegen::names::Language;

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
    static MEMBERS: OnceLock<Vec<Member>> = OnceLock::new();
    MEMBERS.get_or_init(|| {
        let member = |toolchain: &&'static dyn Toolchain| Member {
            toolchain: *toolchain,
            found: toolchain.find(),
        };
        toolchain::all().iter().map(member).collect()
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
    /// All bytes resolved.
    pub layout: Layout,
    stage: Stage,
    peers: BTreeMap<&'static str, OnceLock<Result<Program, String>>>,
}

/// All specs of the repository, generated into the cache.
///
/// # Panics
///
/// When a spec of the repository is wrong or the cache cannot be written.
pub fn subjects() -> &'static [Subject] {
    static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();
    SUBJECTS.get_or_init(|| repo::specs().into_iter().map(Subject::generate).collect())
}

impl Subject {
    fn generate(path: PathBuf) -> Self {
        let name = path.file_stem().expect("a spec has a name").to_string_lossy().into_owned();
        let loaded =
            bitrpc_codegen::load(&path).unwrap_or_else(|findings| panic!("{}", findings.render()));
        let folder = repo::cache().join(&name);
        let origin = Origin::new(&path, &folder, &loaded.digest);
        let stage = Stage::write(&folder, &Input { layout: &loaded.layout, origin: &origin })
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let peers = members().iter().map(|member| (member.id(), OnceLock::new())).collect();
        Self { name, path, layout: loaded.layout, stage, peers }
    }

    /// The peer of one toolchain, built when it is asked for first.
    ///
    /// # Errors
    ///
    /// When the toolchain is missing or refuses the generated code.
    pub fn peer(&self, member: &Member) -> Result<&Program, String> {
        let build = || {
            let found = member.found.as_ref().map_err(ToString::to_string)?;
            self.stage.build(member.toolchain, found).map_err(|error| error.to_string())
        };
        self.peers[member.id()].get_or_init(build).as_ref().map_err(Clone::clone)
    }

    /// Where the generated code of a toolchain's language is.
    pub fn job(&self, member: &Member) -> Job {
        self.job_of(member.toolchain.language())
    }

    /// Where the generated code of `language` is.
    pub fn job_of(&self, language: Language) -> Job {
        self.stage.job(language)
    }
}
