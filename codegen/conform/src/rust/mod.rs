//! Rust by Cargo.

mod peer;
mod toolchain;

use self::toolchain::Cargo;
use crate::driver::Driver;
use crate::toolchain::Toolchain;
use bitrpc_spec::names::Language;

/// What Rust brings to a conformance run.
pub(crate) static DRIVER: Driver =
    Driver { language: Language::RUST, peer: peer::files, toolchains: &[&Cargo::KNOWN] };

/// The same with a peer whose layout is a value.
pub(crate) static ANY_LAYOUT: &dyn Toolchain = &Cargo::ANY_LAYOUT;
