//! C# on .NET and on Mono.

mod peer;
mod toolchain;

pub use toolchain::library_sources;
pub(crate) use toolchain::{DotNet, Mono, dotnet};

use crate::driver::Driver;
use bitrpc_spec::names::Language;

/// What C# brings to a conformance run.
pub(crate) static DRIVER: Driver = Driver {
    language: Language::CSHARP,
    peer: peer::files,
    toolchains: &[&toolchain::DotNet, &toolchain::Mono],
};
