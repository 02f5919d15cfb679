//! Generates matching shared-memory rings in several languages from one YAML spec.
//!
//! What a spec says is [`bitrpc_spec`]'s; here it is printed:
//!
//! 1. [`facts`]: what all languages need to know, found once;
//! 2. [`backend`]: final names, types and literals per language, placed by templates;
//! 3. [`emit`]: files on disk, written or compared.

pub mod backend;
pub mod emit;
pub mod facts;
mod pipeline;
pub mod shell;
#[cfg(feature = "testing")]
pub mod testing;

pub use bitrpc_spec::names::Language;
pub use pipeline::{BuildError, Builder, Loaded, files, library, load, load_default};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
