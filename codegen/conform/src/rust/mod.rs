//! Rust by Cargo.

mod peer;
mod toolchain;

use crate::driver::Driver;
use bitrpc_spec::names::Language;

/// What Rust brings to a conformance run.
pub(crate) static DRIVER: Driver =
    Driver { language: Language::Rust, peer: peer::files, toolchains: &[&toolchain::Cargo] };
