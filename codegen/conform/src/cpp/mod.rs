//! C++ by the machine's own compiler.

mod peer;
mod toolchain;

pub(crate) use toolchain::Compiler;

use crate::driver::Driver;
use bitrpc_spec::names::Language;

/// What C++ brings to a conformance run.
pub(crate) static DRIVER: Driver =
    Driver { language: Language::CPP, peer: peer::files, toolchains: &[&toolchain::Compiler] };
