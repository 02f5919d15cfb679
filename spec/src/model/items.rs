//! The items of a spec, each with its place in the text.
//!
//! Three kinds of values differ by what a spec may do: [`Spanned`] is always in the text,
//! `Option<Spanned<_>>` may be left out and then there is none, and [`Stated`] may be left out and
//! then something else holds. What a section of the default protocol says has its place in that
//! text, which [`Sources::is_built_in`](crate::source::Sources::is_built_in) tells from the user's.

use super::types::{ConstantValue, NoRole, Scalar, TailKind, Type};
use crate::rules::Rule;
use crate::source::{Span, Spanned, Stated};

/// A wire version, major and minor.
pub type Version = (u16, u16);

/// A doc text with its place, when there is one.
pub type Doc = Option<Spanned<String>>;

/// One file of a spec: what is said of it as a whole.
#[derive(Debug, Clone)]
pub struct File {
    /// Version of the spec language.
    pub language: Spanned<i128>,
    /// Doc text; that of the spec itself is the protocol's.
    pub doc: Doc,
    /// The sections that it has, in the order of the text.
    pub sections: Vec<Spanned<String>>,
    /// The files that it imports, relative to itself.
    pub imports: Vec<Spanned<String>>,
}

/// The order of the bytes of a number. There is no other one yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endianness {
    /// The least byte comes first.
    Little,
}

/// What is said of the generated packages.
#[derive(Debug, Clone)]
pub struct Targets {
    /// What the keys that languages declare come to, in their order; a text that may be left out
    /// is there if it is stated.
    pub names: Vec<Target>,
    /// What the packages say of themselves.
    pub package: Package,
}

impl Targets {
    /// What came of a key, by its path: `cpp.header`, `rust.runtime.path`.
    pub fn get(&self, key: &str) -> Option<&Stated<String>> {
        self.names.iter().find(|target| target.key == key).map(|target| &target.value)
    }
}

/// What a key of a language in `targets` comes to.
#[derive(Debug, Clone)]
pub struct Target {
    /// The path of the key: the language's word, a dot, and the key.
    pub key: String,
    /// As the text states it; or derived from the protocol's name.
    pub value: Stated<String>,
}

/// What a spec states for package indexes; what it leaves out has a default in each language.
#[derive(Debug, Clone)]
pub struct Package {
    /// SPDX expression, e.g. `MIT OR Apache-2.0`.
    pub license: Option<Spanned<String>>,
    /// `Name` or `Name <mail@example.org>`, in the order of the text.
    pub authors: Vec<Spanned<String>>,
    /// URL of the source.
    pub repository: Option<Spanned<String>>,
    /// One line for indexes.
    pub description: Option<Spanned<String>>,
}

/// A header before its fields have places.
#[derive(Debug, Clone)]
pub struct Header<R> {
    /// Where the section starts in the text.
    pub span: Span,
    /// Doc text.
    pub doc: Doc,
    /// Bytes that `line: n` counts in; 0 for the message header, which has no lines.
    pub line: Stated<u64>,
    /// Stated size in bytes.
    pub size: Option<Spanned<u64>>,
    /// Fields in the order of the text.
    pub fields: Vec<Field<R>>,
}

/// A field before it has a place.
#[derive(Debug, Clone)]
pub struct Field<R = NoRole> {
    /// The whole item.
    pub span: Span,
    /// Name, `snake_case`.
    pub name: Spanned<String>,
    /// Doc text.
    pub doc: Doc,
    /// Resolved type.
    pub ty: Spanned<Type>,
    /// The type as it is written, e.g. with the name of a constant as the length.
    pub written: String,
    /// What the engine uses it for.
    pub role: Option<Spanned<R>>,
    /// Stated line of the ring header.
    pub line: Option<Spanned<u64>>,
    /// Whether it is stated to be atomic; fields with a role are.
    pub atomic: Option<Spanned<bool>>,
    /// Stated offset in bytes.
    pub offset: Option<Spanned<u64>>,
    /// Stated size in bytes.
    pub size: Option<Spanned<u64>>,
    /// Stated alignment in bytes.
    pub align: Option<Spanned<u64>>,
    /// Version that brought the field.
    pub since: Option<Spanned<Version>>,
}

/// A name with a number: a message type, an enum value or a flag.
#[derive(Debug, Clone)]
pub struct Named {
    /// The whole item.
    pub span: Span,
    /// Name, `snake_case`.
    pub name: Spanned<String>,
    /// Doc text.
    pub doc: Doc,
    /// The number, or the bits of a flag; negative only for values of signed enums.
    pub value: Spanned<i128>,
}

/// The message types of the protocol itself.
#[derive(Debug, Clone)]
pub struct MessageTypes {
    /// Where the section starts in the text.
    pub span: Span,
    /// The types in the order of the text.
    pub list: Vec<Named>,
}

/// The message flags: their type and bits.
#[derive(Debug, Clone)]
pub struct Flags {
    /// Where the section starts in the text.
    pub span: Span,
    /// Doc text.
    pub doc: Doc,
    /// `U8`, `U16` or `U32`.
    pub scalar: Spanned<Scalar>,
    /// The flags in the order of the text.
    pub bits: Vec<Named>,
}

/// A named constant.
#[derive(Debug, Clone)]
pub struct Constant {
    /// The whole item.
    pub span: Span,
    /// Name, `snake_case`.
    pub name: Spanned<String>,
    /// Doc text.
    pub doc: Doc,
    /// The type as it is written.
    pub ty: Spanned<String>,
    /// The value with its type.
    pub value: Spanned<ConstantValue>,
}

/// An enum or a set of flags.
#[derive(Debug, Clone)]
pub struct Enum {
    /// The whole item.
    pub span: Span,
    /// Name, `PascalCase`.
    pub name: Spanned<String>,
    /// Doc text.
    pub doc: Doc,
    /// Integer type that carries it.
    pub scalar: Spanned<Scalar>,
    /// Values are bits that may be combined.
    pub is_flags: bool,
    /// Values in the order of the text.
    pub values: Vec<Named>,
}

/// A struct before its fields have places.
#[derive(Debug, Clone)]
pub struct Struct {
    /// The whole item.
    pub span: Span,
    /// Its number in the order of the text, the imported files' structs first.
    pub order: usize,
    /// Name, `PascalCase`.
    pub name: Spanned<String>,
    /// Doc text.
    pub doc: Doc,
    /// Message type, when the struct is a message.
    pub id: Option<Spanned<u32>>,
    /// Stated size in bytes.
    pub size: Option<Spanned<u64>>,
    /// Stated alignment in bytes.
    pub align: Option<Spanned<u64>>,
    /// Fixed fields in the order of the text.
    pub fields: Vec<Field>,
    /// The variable part at the end.
    pub tail: Option<Tail>,
}

impl Struct {
    /// The types of its fields and of its tail's elements, with the places where they stand.
    pub fn types(&self) -> impl Iterator<Item = (&Type, Span)> {
        let fixed = self.fields.iter().map(|field| (&field.ty.value, field.ty.span));
        let tail = self.tail.iter().filter_map(|tail| match &tail.kind.value {
            TailKind::Elements(ty) => Some((ty, tail.kind.span)),
            TailKind::String | TailKind::Bytes => None,
        });
        fixed.chain(tail)
    }
}

/// The variable part at the end of a message.
#[derive(Debug, Clone)]
pub struct Tail {
    /// The whole item.
    pub span: Span,
    /// Name, `snake_case`.
    pub name: Spanned<String>,
    /// Doc text.
    pub doc: Doc,
    /// What it holds.
    pub kind: Spanned<TailKind>,
    /// The type as it is written.
    pub written: String,
    /// Version that brought it.
    pub since: Option<Spanned<Version>>,
}

/// What was in use once and must not be used again, of all files.
#[derive(Debug, Clone, Default)]
pub struct Reserved {
    /// Message ids.
    pub ids: Vec<Spanned<i128>>,
    /// Bits of the message flags.
    pub flags: Vec<Spanned<i128>>,
    /// Names.
    pub names: Vec<Spanned<ReservedName>>,
}

/// A name that must not be used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservedName {
    /// The type whose member it was; none for a type or a name of the protocol.
    pub owner: Option<String>,
    /// The name.
    pub name: String,
}

/// A rule that need not be kept by an item and what is in it.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The whole `{ rule: ..., why: ... }`.
    pub span: Span,
    /// The item that it is said of; one said of a file spans all of it.
    pub item: Span,
    /// The rule, which is no error.
    pub rule: Spanned<&'static Rule>,
    /// The reason.
    pub why: Spanned<String>,
}
