//! Generates matching shared-memory rings in several languages from one YAML spec.
//!
//! What a spec says is [`bitrpc_spec`]'s; here it is printed:
//!
//! 1. [`backend`]: final names, types and literals per language, placed by templates;
//! 2. [`emit`]: files on disk, written or compared.

pub mod backend;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod console;
#[cfg(feature = "cli")]
pub mod demo;
pub mod emit;
mod pipeline;
mod shell;

pub use pipeline::{BuildError, Builder, Loaded, load};
