//! The validated model of a spec: names resolved, roles known, numbers in range.
//!
//! [`Spec::load`] parses rather than checks: what it returns holds no user error any more, not even
//! one that only the layout shows. Nothing that the text says is lost on the way: every item knows
//! its place, whether it was stated, and what is reserved.

mod allowed;
mod items;
pub(crate) mod parse;
pub mod role;
mod schema;
#[cfg(test)]
mod tests;
mod types;

use std::path::Path;
use std::sync::Arc;

pub use items::*;
pub use parse::scalar::is_trap;
pub use role::{MessageRole, RingRole, Writer};
pub use schema::json_schema;
pub use types::{ConstantValue, NoRole, Scalar, TailKind, Type};

use crate::diagnostic::{Finding, Findings, Severity};
use crate::names::Language;
use crate::rules::{Levels, checks};
use crate::source::{Loader, Sources, Spanned, Stated};

/// Where messages say that the built-in default spec comes from.
pub(crate) const DEFAULT_SPEC_NAME: &str = "(built-in) bitrpc.yaml";

/// The text of the default protocol, whose sections stand in for those that a spec leaves out.
pub const DEFAULT_SPEC: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/bitrpc.yaml"));

/// A protocol in which no user error is left.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The files, imported ones before those that import them; the spec itself is the last one.
    pub files: Vec<File>,
    /// Protocol name, `snake_case`.
    pub name: Spanned<String>,
    /// Wire version.
    pub version: Stated<Version>,
    /// Doc text of the protocol.
    pub doc: Doc,
    /// Byte order.
    pub endianness: Stated<Endianness>,
    /// First four bytes of a ring file.
    pub magic: Stated<u32>,
    /// Start of the names of ring files.
    pub file_prefix: Stated<String>,
    /// Bytes in the data area when a program states none; a power of two.
    pub default_capacity: Stated<u64>,
    /// Names of the generated packages.
    pub targets: Targets,
    /// The head of a ring file; has each role once.
    pub ring_header: Header<RingRole>,
    /// What stands before each payload; has each role once, but for the optional one.
    pub message_header: Header<MessageRole>,
    /// Message types of the protocol itself.
    pub message_types: MessageTypes,
    /// Message flags.
    pub flags: Flags,
    /// Named constants.
    pub constants: Vec<Constant>,
    /// Enums and flag sets.
    pub enums: Vec<Enum>,
    /// Structs, each after all structs that it contains.
    pub structs: Vec<Struct>,
    /// What must not be used again.
    pub reserved: Reserved,
    /// What need not be kept where.
    pub allows: Vec<Allow>,
    pub(crate) sources: Arc<Sources>,
    pub(crate) notes: Vec<Finding>,
}

impl Spec {
    /// Reads the spec at `path` and its imports: [`Files`](crate::source::Files) from the file
    /// system, [`Memory`](crate::source::Memory) from memory.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the spec, its layout included, in one go.
    pub fn load(path: impl AsRef<Path>, loader: &dyn Loader) -> Result<Self, Findings> {
        Self::load_with(path, loader, &[])
    }

    /// [`Spec::load`] of a spec whose `targets` may speak of more languages than the built-in ones.
    ///
    /// # Errors
    ///
    /// As for [`Spec::load`].
    pub fn load_with(
        path: impl AsRef<Path>,
        loader: &dyn Loader,
        more: &[Language],
    ) -> Result<Self, Findings> {
        let parsed = parse::read(path.as_ref(), loader, more);
        let mut findings = parsed.findings;
        if let Some(draft) = &parsed.draft {
            checks::run(draft, &mut findings);
        }
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        match parsed.draft {
            Some(draft) if !findings.iter().any(is_error) => {
                Ok(Self { notes: findings, ..draft.spec })
            }
            _ => {
                // The others say how a spec that is used comes out; this one is not.
                findings.retain(is_error);
                Err(Findings::new(parsed.sources, findings))
            }
        }
    }

    /// The files that the spec was read from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The [findings](Self::findings) of a run without levels of its own.
    pub fn notes(&self) -> Findings {
        self.findings(&Levels::default())
    }
}
