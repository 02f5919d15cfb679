//! The data that [`Layout::of`](super::Layout::of) produces and every backend reads.

use crate::model::{ConstantValue, MessageRole, NoRole, RingRole, Scalar, TailKind, Type};

/// One protocol with all bytes resolved.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Protocol name as written in the spec (`snake_case` words).
    pub name: String,
    /// Wire version, major and minor.
    pub version: (u16, u16),
    /// Doc text of the protocol; may be empty.
    pub doc: String,
    /// First four bytes of a ring file.
    pub magic: u32,
    /// File name prefix of a ring, e.g. `BitRPC_`.
    pub file_prefix: String,
    /// Capacity in bytes when the caller states none; a power of two.
    pub default_capacity: u64,
    /// Identity of both headers, framing and flags; a mismatch refuses an attach.
    pub layout_hash: u64,
    /// Identity of message types and payload structs.
    pub schema_hash: u64,
    /// Names that the spec states for each language.
    pub targets: Targets,
    /// The header of the ring file; every role of [`RingRole`] occurs once.
    pub ring_header: HeaderLayout<RingRole>,
    /// The header in front of each payload.
    pub message_header: HeaderLayout<MessageRole>,
    /// Message types of the protocol itself, in the order of the spec.
    pub message_types: Vec<NamedValue>,
    /// Message flags.
    pub flags: FlagsLayout,
    /// Named constants.
    pub constants: Vec<ConstantLayout>,
    /// Enums and flag sets, in the order of the spec.
    pub enums: Vec<EnumLayout>,
    /// Structs, each after all structs that it contains.
    pub structs: Vec<StructLayout>,
}

/// Names that depend on the target language; every one has a default derived from the spec's name.
#[derive(Debug, Clone)]
pub struct Targets {
    /// Cargo package name of the Rust crate, e.g. `bitrpc-messages`.
    pub rust_crate: String,
    /// C++ namespace, outermost first, e.g. `["bitrpc", "shared_memory"]`.
    pub cpp_namespace: Vec<String>,
    /// C++ header file name, e.g. `shared_memory_api.h`.
    pub cpp_header: String,
    /// C# namespace, outermost first, e.g. `["BitRPC", "SharedMemory"]`.
    pub csharp_namespace: Vec<String>,
    /// Python module (a package folder) name, e.g. `shared_memory_api`.
    pub python_module: String,
    /// Where the generated Rust crate finds the crate `bitrpc-shm`.
    pub rust_runtime: RustRuntime,
    /// What the packages say of themselves.
    pub package: Package,
    /// All that languages declare, the above included, by the paths of their keys.
    pub(super) names: Vec<(String, String)>,
}

impl Targets {
    /// What came of a key that a language declares, by its path: `cpp.header`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.names.iter().find(|(path, _)| path == key).map(|(_, value)| value.as_str())
    }
}

/// What a spec states for package indexes; what it leaves out has a default in each language.
#[derive(Debug, Clone)]
pub struct Package {
    /// SPDX expression, e.g. `MIT OR Apache-2.0`.
    pub license: Option<String>,
    /// `Name` or `Name <mail@example.org>`, in the order of the text.
    pub authors: Vec<String>,
    /// URL of the source.
    pub repository: Option<String>,
    /// One line for indexes.
    pub description: Option<String>,
}

/// Where the generated Rust crate finds the runtime of the generator's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RustRuntime {
    /// In the registry.
    Registry,
    /// In a folder, relative to that of the generated crate.
    Path(String),
    /// In a git repository.
    Git {
        /// Its URL.
        url: String,
        /// A commit; the newest one when none is stated.
        rev: Option<String>,
    },
}

/// A name with a number: a message type, an enum value or a flag.
#[derive(Debug, Clone)]
pub struct NamedValue {
    /// Name as written in the spec (`snake_case`).
    pub name: String,
    /// Doc text; may be empty.
    pub doc: String,
    /// The number; negative only for values of signed enums.
    pub value: i128,
}

/// The ring header or the message header.
#[derive(Debug, Clone)]
pub struct HeaderLayout<R> {
    /// Doc text; may be empty.
    pub doc: String,
    /// Bytes from the start of the header to what follows it.
    pub size: u64,
    /// Alignment of the header in bytes.
    pub align: u64,
    /// Bytes a cache-line group takes; 0 for the message header.
    pub line: u64,
    /// Fields in the order of their offsets.
    pub fields: Vec<FieldLayout<R>>,
    /// Padding bytes between the last field and `size`; zero on the wire like all padding.
    pub padding_after: u64,
}

impl<R: PartialEq + Copy> HeaderLayout<R> {
    /// The field that plays `role`, if the spec has one.
    pub fn role(&self, role: R) -> Option<&FieldLayout<R>> {
        self.fields.iter().find(|f| f.role == Some(role))
    }
}

/// One field with its place.
#[derive(Debug, Clone)]
pub struct FieldLayout<R = NoRole> {
    /// Name as written in the spec (`snake_case`).
    pub name: String,
    /// Doc text; may be empty.
    pub doc: String,
    /// Resolved type.
    pub ty: Type,
    /// Bytes from the start of the header or struct.
    pub offset: u64,
    /// Size in bytes.
    pub size: u64,
    /// Alignment of its type in bytes. A stated greater one moves the field and raises the
    /// alignment of the struct, but not this.
    pub align: u64,
    /// Bytes of explicit padding right before the field.
    pub padding_before: u64,
    /// What the engine uses the field for.
    pub role: Option<R>,
    /// Version that brought the field, when it is newer than the struct.
    pub since: Option<(u16, u16)>,
}

/// A payload struct.
#[derive(Debug, Clone)]
pub struct StructLayout {
    /// Name as written in the spec (`PascalCase`).
    pub name: String,
    /// Doc text; may be empty.
    pub doc: String,
    /// Message type value when the struct is a message.
    pub id: Option<u32>,
    /// Size of the fixed part in bytes, padding included; a variable tail starts here.
    ///
    /// It is 0 only for a message (`id` is set) without fixed fields: an empty payload, or one
    /// that is all tail. Such a struct is never nested in another and never an array element.
    pub size: u64,
    /// Alignment in bytes: 1, 2, 4 or 8.
    pub align: u64,
    /// Least payload size a typed receive accepts (less than `size` only with `since` fields).
    pub min_size: u64,
    /// Payload sizes of older versions that a typed receive accepts besides `size`, ascending,
    /// all below `size`; the first one is `min_size`. Empty without `since` fields.
    pub older_sizes: Vec<u64>,
    /// Fixed fields in the order of their offsets.
    pub fields: Vec<FieldLayout>,
    /// Padding bytes between the last field and `size`.
    pub padding_after: u64,
    /// The variable part after the fixed one.
    pub tail: Option<TailLayout>,
}

/// The variable last part of a payload.
#[derive(Debug, Clone)]
pub struct TailLayout {
    /// Name as written in the spec (`snake_case`).
    pub name: String,
    /// Doc text; may be empty.
    pub doc: String,
    /// What one element is.
    pub kind: TailKind,
    /// Size of one element in bytes; the tail's length is a multiple of it.
    pub element_size: u64,
    /// Version that brought the tail, when it is newer than the struct.
    pub since: Option<(u16, u16)>,
}

/// An enum or a set of flags.
#[derive(Debug, Clone)]
pub struct EnumLayout {
    /// Name as written in the spec (`PascalCase`).
    pub name: String,
    /// Doc text; may be empty.
    pub doc: String,
    /// Integer type that carries it.
    pub scalar: Scalar,
    /// Values are bits that may be combined.
    pub is_flags: bool,
    /// Named values in the order of the spec.
    pub values: Vec<NamedValue>,
}

/// The message flags: their type and bits.
#[derive(Debug, Clone)]
pub struct FlagsLayout {
    /// Doc text; may be empty.
    pub doc: String,
    /// `U8`, `U16` or `U32`.
    pub scalar: Scalar,
    /// Named bits in the order of the spec.
    pub bits: Vec<NamedValue>,
}

/// A named constant.
#[derive(Debug, Clone)]
pub struct ConstantLayout {
    /// Name as written in the spec (`snake_case`).
    pub name: String,
    /// Doc text; may be empty.
    pub doc: String,
    /// The value with its type.
    pub value: ConstantValue,
}
