//! What each language brings to a conformance run: its peer, and what builds it.

use std::path::Path;

use bitrpc_codegen::backend::Input;
use bitrpc_codegen::emit::{File, Plan};
use bitrpc_spec::names::Language;

use crate::toolchain::Toolchain;
use crate::{cpp, csharp, python, rust};

/// One language's part in a conformance run.
pub struct Driver {
    /// The language.
    pub language: Language,
    /// The files of its peer, a program that exchanges and verifies every message of the spec.
    pub peer: fn(&Input) -> Vec<File>,
    /// What builds and starts it, in the order of preference.
    pub toolchains: &'static [&'static dyn Toolchain],
}

/// The registry: one row a language.
static ALL: [&Driver; 4] = [&rust::DRIVER, &cpp::DRIVER, &csharp::DRIVER, &python::DRIVER];

/// Every language's part.
pub fn all() -> &'static [&'static Driver] {
    &ALL
}

/// The driver of `language`, if there is one.
pub fn find(language: Language) -> Option<&'static Driver> {
    all().iter().copied().find(|driver| driver.language == language)
}

impl Driver {
    /// The files of the peer below `out`.
    pub fn plan(&self, input: &Input, out: &Path) -> Plan {
        Plan::new(&out.join("peer").join(self.language.id()), (self.peer)(input))
    }
}
