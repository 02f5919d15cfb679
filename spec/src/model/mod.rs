//! The validated model of a spec: names resolved, roles known, numbers in range.
//!
//! [`Spec::load`] parses rather than checks: what it returns holds no user error any more, not even
//! one that only the layout shows.

mod constants;
mod headers;
mod ids;
mod load;
mod lower;
mod names;
mod package;
mod raw;
pub mod role;
mod scalar;
mod schema;
mod shape;
mod structs;
mod targets;
mod types;
mod values;

use std::path::Path;
use std::sync::Arc;

pub use package::{Package, RustRuntime};
pub use role::{MessageRole, RingRole, Writer};
pub use schema::json_schema;

use crate::diagnostic::{Finding, Findings, Severity};
use crate::layout::{
    ConstantLayout, EnumLayout, FlagsLayout, NamedValue, NoRole, TailKind, Targets, Type,
};
use crate::source::{Loader, Sources, Span, Spanned};

/// Where messages say that the built-in default spec comes from.
pub(crate) const DEFAULT_SPEC_NAME: &str = "(built-in) bitrpc.yaml";

/// The text of the default protocol, whose sections stand in for those that a spec leaves out.
pub const DEFAULT_SPEC: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/bitrpc.yaml"));

/// A protocol in which no user error is left.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Protocol name, `snake_case`.
    pub name: String,
    /// Wire version, major and minor.
    pub version: (u16, u16),
    /// Doc text; may be empty.
    pub doc: String,
    /// First four bytes of a ring file.
    pub magic: u32,
    /// Start of the names of ring files.
    pub file_prefix: String,
    /// Bytes in the data area when a program states none; a power of two.
    pub default_capacity: u64,
    /// Names of the generated packages.
    pub targets: Targets,
    /// The head of a ring file; has each role once.
    pub ring_header: Header<RingRole>,
    /// What stands before each payload; has each role once, but for the optional one.
    pub message_header: Header<MessageRole>,
    /// Message types of the protocol itself.
    pub message_types: Vec<NamedValue>,
    /// Message flags.
    pub flags: FlagsLayout,
    /// Named constants.
    pub constants: Vec<ConstantLayout>,
    /// Enums and flag sets.
    pub enums: Vec<EnumLayout>,
    /// Structs, each after all structs that it contains.
    pub structs: Vec<Struct>,
    pub(crate) sources: Arc<Sources>,
    pub(crate) notes: Vec<Finding>,
}

/// A header before its fields have places.
#[derive(Debug, Clone)]
pub struct Header<R> {
    /// Where the section starts in the text.
    pub span: Span,
    /// Doc text; may be empty.
    pub doc: String,
    /// Bytes that `line: n` counts in.
    pub line: Spanned<u64>,
    /// Stated size in bytes.
    pub size: Option<Spanned<u64>>,
    /// Fields in the order of the text.
    pub fields: Vec<Field<R>>,
}

/// A field before it has a place.
#[derive(Debug, Clone)]
pub struct Field<R = NoRole> {
    /// Name, `snake_case`.
    pub name: Spanned<String>,
    /// Doc text; may be empty.
    pub doc: String,
    /// Resolved type.
    pub ty: Spanned<Type>,
    /// What the engine uses it for.
    pub role: Option<Spanned<R>>,
    /// Stated line of the ring header.
    pub line: Option<Spanned<u64>>,
    /// Stated offset in bytes.
    pub offset: Option<Spanned<u64>>,
    /// Stated size in bytes.
    pub size: Option<Spanned<u64>>,
    /// Stated alignment in bytes.
    pub align: Option<Spanned<u64>>,
    /// Version that brought the field.
    pub since: Option<(u16, u16)>,
}

/// A struct before its fields have places.
#[derive(Debug, Clone)]
pub struct Struct {
    /// Name, `PascalCase`.
    pub name: Spanned<String>,
    /// Doc text; may be empty.
    pub doc: String,
    /// Message type, when the struct is a message.
    pub id: Option<u32>,
    /// Stated size in bytes.
    pub size: Option<Spanned<u64>>,
    /// Stated alignment in bytes.
    pub align: Option<Spanned<u64>>,
    /// Fixed fields in the order of the text.
    pub fields: Vec<Field>,
    /// The variable part at the end.
    pub tail: Option<Tail>,
}

/// The variable part at the end of a message.
#[derive(Debug, Clone)]
pub struct Tail {
    /// Name, `snake_case`.
    pub name: Spanned<String>,
    /// Doc text; may be empty.
    pub doc: String,
    /// What it holds.
    pub kind: Spanned<TailKind>,
    /// Version that brought it.
    pub since: Option<(u16, u16)>,
}

impl Spec {
    /// Reads the spec at `path` and its imports: [`Files`](crate::source::Files) from the file
    /// system, [`Memory`](crate::source::Memory) from memory.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the spec, its layout included, in one go.
    pub fn load(path: impl AsRef<Path>, loader: &dyn Loader) -> Result<Self, Findings> {
        let mut draft = Draft::read(path.as_ref(), loader);
        if let Some(spec) = &draft.spec {
            crate::layout::check(spec, &mut draft.findings);
        }
        match draft.spec {
            Some(spec) if !has_errors(&draft.findings) => {
                Ok(Self { notes: draft.findings, ..spec })
            }
            _ => {
                // The others say how a spec that is used comes out; this one is not.
                draft.findings.retain(|finding| finding.severity == Severity::Error);
                Err(Findings::new(draft.sources, draft.findings))
            }
        }
    }

    /// The files that the spec was read from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What is worth knowing about the spec, e.g. names that are spelled differently somewhere, and
    /// warnings.
    pub fn notes(&self) -> Findings {
        let is_own = |note: &&Finding| {
            let at = note.primary.as_ref().map(|label| label.span.source);
            at.is_none_or(|source| !self.sources.is_built_in(source))
        };
        let own = self.notes.iter().filter(is_own).cloned().collect();
        Findings::new(Arc::clone(&self.sources), own)
    }
}

pub(crate) fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// As much of a spec as could be understood, so that later stages can find errors of their own.
pub(crate) struct Draft {
    pub(crate) sources: Arc<Sources>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) spec: Option<Spec>,
}

impl Draft {
    pub(crate) fn read(path: &Path, loader: &dyn Loader) -> Self {
        let loaded = load::load(path, loader);
        if !loaded.complete {
            let sources = Arc::new(loaded.sources);
            return Self { sources, findings: loaded.findings, spec: None };
        }
        lower::lower(loaded)
    }
}
