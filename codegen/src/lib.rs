//! Generates matching shared-memory rings in several languages from one YAML spec.
//!
//! The pipeline goes one way:
//!
//! 1. [`source`]: YAML text, its imports, and positions in it;
//! 2. [`spec`]: a validated model in which no user error is left;
//! 3. [`layout`]: every offset, size and padding byte, and the two hashes;
//! 4. [`backend`]: final names, types and literals per language, placed by templates;
//! 5. [`emit`]: files on disk, written or compared.
//!
//! ```
//! use bitrpc_codegen::{layout::Layout, source::Memory, spec::Spec};
//!
//! let text = "bitrpc: 1\nname: demo\nversion: \"1.0\"\n";
//! let files = Memory::new().with("demo.yaml", text);
//! let spec = Spec::load("demo.yaml", &files)?;
//! let layout = Layout::resolve(&spec)?;
//! assert_eq!(layout.message_header.size, 16);
//! # Ok::<(), bitrpc_codegen::diagnostic::Findings>(())
//! ```

pub mod backend;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod console;
#[cfg(feature = "cli")]
pub mod demo;
pub mod diagnostic;
pub mod emit;
pub mod layout;
pub mod names;
mod pipeline;
mod shell;
pub mod source;
pub mod spec;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use pipeline::{BuildError, Builder, Loaded, load};
