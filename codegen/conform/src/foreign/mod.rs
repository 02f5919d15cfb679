//! Layouts that somebody wrote by hand in a language of his own, and how they differ from a spec's.
//!
//! Each kind of source is asked in its own way, always by the tool that decides about it: a C or
//! C++ header by the user's compiler, a C# file by the runtime's marshaller, a Python module by its
//! interpreter. All of them answer with [`Record`]s.

mod bits;
mod compare;
mod csharp;
mod document;
mod dwarf;
mod header;
mod python;

pub use compare::{Comparison, Expected, Place, Row, State};
pub use csharp::csharp;
pub use document::document;
pub use header::{Compiler, header};
pub use python::python;

use std::fmt;

use crate::toolchain::BuildError;
use bitrpc_spec::model::Scalar;

/// A struct as its language lays it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name, with the namespaces around it where the language has any, e.g. `acme::Quote`.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Its members in the order of their offsets.
    pub members: Vec<Member>,
    /// Whether it is declared in the file that was asked about, and not in one that it includes.
    pub is_own: bool,
}

/// A member of a [`Record`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name; empty where the language has none, as in a format string.
    pub name: String,
    /// Bytes from the start of the record.
    pub offset: u64,
    /// Size in bytes.
    pub size: u64,
    /// What it is.
    pub kind: Kind,
}

/// What a member is, as far as its language says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A number or a truth value.
    Scalar(Scalar),
    /// One character of eight bits.
    Char,
    /// An enum: its name and its values.
    Enum(Enum),
    /// Another record, by its name.
    Record(String),
    /// Elements in a row.
    Array(Box<Kind>, u64),
    /// Bit fields that share a number, where there is one of that size; the member's name lists
    /// theirs.
    Bits(Option<Scalar>),
    /// What a spec has no type for, in words: `a pointer`, `a union`.
    Other(String),
    /// Nothing is known but its place.
    Unknown,
}

/// An enum of a foreign language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// Its name with its namespaces; empty for one without.
    pub name: String,
    /// The integer that carries it.
    pub scalar: Scalar,
    /// Names and numbers in the order of the source.
    pub values: Vec<(String, i128)>,
}

impl Kind {
    /// The scalar that it is, or that its elements are.
    fn scalar(&self) -> Option<Scalar> {
        match self {
            Self::Scalar(scalar) => Some(*scalar),
            Self::Array(element, _) => element.scalar(),
            _ => None,
        }
    }
}

/// The part of a name behind its namespaces: `Quote` of `acme::Quote` or `Acme.Quote`.
pub fn last_part(name: &str) -> &str {
    name.rsplit([':', '.', '+']).next().unwrap_or(name)
}

/// Why a source could not be asked.
#[derive(Debug)]
pub enum Error {
    /// What is needed is not on this machine.
    Missing(crate::toolchain::Missing),
    /// The compiler or the interpreter refused the source.
    Refused(BuildError),
    /// The source, or what a tool said of it, is not what was expected.
    Malformed(String),
    /// The operating system refused.
    Io(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(missing) => missing.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::Malformed(text) | Self::Io(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::Refused(error)
    }
}

impl From<crate::toolchain::Missing> for Error {
    fn from(missing: crate::toolchain::Missing) -> Self {
        Self::Missing(missing)
    }
}
