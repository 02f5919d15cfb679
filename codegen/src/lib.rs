//! Generates matching shared-memory rings in several languages from one YAML spec.
//!
//! What a spec says is [`bitrpc_spec`]'s; here it is printed:
//!
//! 1. [`backend`]: final names, types and literals per language, placed by templates;
//! 2. [`emit`]: files on disk, written or compared.

pub mod backend;
pub mod emit;
mod pipeline;
pub mod shell;

pub use bitrpc_spec::names::Language;
pub use pipeline::{BuildError, Builder, Loaded, library, load, load_default, peer};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
