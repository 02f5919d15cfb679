//! Python by the machine's own interpreter.

mod facts;
mod peer;
mod toolchain;

pub(crate) use toolchain::Interpreter;

use crate::driver::Driver;
use bitrpc_spec::names::Language;

/// What Python brings to a conformance run.
pub(crate) static DRIVER: Driver = Driver {
    language: Language::PYTHON,
    peer: peer::files,
    toolchains: &[&toolchain::Interpreter],
};
