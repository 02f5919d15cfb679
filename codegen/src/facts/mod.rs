//! What all backends need to know of a layout, found once and in no language: the numbers that an
//! engine takes, and doc texts with what stands in for missing ones. A backend only spells them.

mod docs;
mod package;
mod prose;

pub use docs::{
    Doc, of_constant, of_enum, of_field, of_protocol, of_struct, of_tail, of_value, or,
};
pub(crate) use package::PackageFacts;
pub use prose::Prose;

use bitrpc_spec::layout::{EnumLayout, Layout, NamedValue, Scalar, StructLayout};
use bitrpc_spec::model::{MessageRole, RingRole};

/// Message types that the engine itself sends or accepts, by their names in the spec.
const ENGINE_TYPES: [&str; 2] = ["data", "heartbeat"];

/// Flags that the engine itself sets and reads, by their names in the spec.
const ENGINE_FLAGS: [&str; 3] = ["urgent", "fragment", "last_fragment"];

/// The numbers that an engine takes.
#[derive(Debug)]
pub struct Protocol<'a> {
    /// The protocol's name as the spec writes it.
    pub name: &'a str,
    /// The wire version, e.g. `1.0`.
    pub version: String,
    /// Start of the names of ring files.
    pub file_prefix: &'a str,
    /// Bytes of the data area when the program states none.
    pub default_capacity: u64,
    /// First four bytes of a ring file, in hexadecimal.
    pub magic: String,
    /// First number of the wire version.
    pub version_major: u16,
    /// Second number of the wire version.
    pub version_minor: u16,
    /// Identity of headers, framing and flags, in hexadecimal.
    pub layout_hash: String,
    /// Identity of message types and structs, in hexadecimal.
    pub schema_hash: String,
    /// Where the ring header has each role.
    pub ring_offsets: Vec<RoleOffset>,
    /// Where the message header has each role that it must have.
    pub message_offsets: Vec<RoleOffset>,
    /// Where it has the one role that it need not have.
    pub timestamp_offset: Option<u64>,
    /// Bytes of the message flags.
    pub flags_size: u64,
    /// The message types that the engine itself sends or accepts.
    pub type_ids: Vec<Engine<'a>>,
    /// The flags that the engine itself sets and reads.
    pub flag_masks: Vec<Engine<'a>>,
}

/// Where a field with a role is.
#[derive(Debug)]
pub struct RoleOffset {
    /// The role's name in a spec.
    pub role: &'static str,
    /// Bytes from the start of the header.
    pub offset: u64,
}

/// A value of the spec that the engine knows.
#[derive(Debug)]
pub struct Engine<'a> {
    /// What the engine calls it.
    pub role: &'static str,
    /// What the spec says of it.
    pub value: &'a NamedValue,
}

impl Engine<'_> {
    /// The number.
    pub fn decimal(&self) -> String {
        self.value.value.to_string()
    }

    /// The mask, in hexadecimal.
    pub fn mask(&self) -> String {
        hex(self.value.value, 2)
    }
}

impl<'a> Protocol<'a> {
    /// The numbers of `layout`.
    pub fn of(layout: &'a Layout) -> Self {
        let ring_offset = |role: &RingRole| {
            let field = layout.ring_header.role(*role).expect("every ring role is there");
            RoleOffset { role: role.name(), offset: field.offset }
        };
        let required = MessageRole::ALL.iter().filter(|role| **role != MessageRole::Timestamp);
        let message_offset = |role: &MessageRole| {
            let field = layout.message_header.role(*role).expect("a required role is there");
            RoleOffset { role: role.name(), offset: field.offset }
        };
        let engine = |values: &'a [NamedValue], role| {
            let value = values.iter().find(|value| value.name == role);
            Engine { role, value: value.expect("a checked spec has the engine's names") }
        };
        let (version_major, version_minor) = layout.version;
        let timestamp = layout.message_header.role(MessageRole::Timestamp);
        Self {
            name: &layout.name,
            version: format!("{version_major}.{version_minor}"),
            file_prefix: &layout.file_prefix,
            default_capacity: layout.default_capacity,
            magic: hex(i128::from(layout.magic), 8),
            version_major,
            version_minor,
            layout_hash: hex(i128::from(layout.layout_hash), 16),
            schema_hash: hex(i128::from(layout.schema_hash), 16),
            ring_offsets: RingRole::ALL.iter().map(ring_offset).collect(),
            message_offsets: required.map(message_offset).collect(),
            timestamp_offset: timestamp.map(|field| field.offset),
            flags_size: layout.flags.scalar.size(),
            type_ids: ENGINE_TYPES.map(|role| engine(&layout.message_types, role)).into(),
            flag_masks: ENGINE_FLAGS.map(|role| engine(&layout.flags.bits, role)).into(),
        }
    }
}

/// `0x` and at least `digits` upper-case digits.
fn hex(value: i128, digits: usize) -> String {
    format!("0x{value:0digits$X}")
}

/// A bit of a set that `scalar` carries, with all digits of the set.
fn bit(bit: &NamedValue, scalar: Scalar) -> String {
    hex(bit.value, scalar.hex_digits())
}

/// The message types with their numbers.
pub fn message_types(layout: &Layout) -> impl Iterator<Item = (&NamedValue, String)> {
    layout.message_types.iter().map(|value| (value, value.value.to_string()))
}

/// The message flags with their masks.
pub fn flags(layout: &Layout) -> impl Iterator<Item = (&NamedValue, String)> {
    layout.flags.bits.iter().map(|value| (value, bit(value, layout.flags.scalar)))
}

/// Values of an enum with their numbers, or bits of a set with their masks.
pub fn values(item: &EnumLayout) -> impl Iterator<Item = (&NamedValue, String)> {
    let number = |value: &NamedValue| match item.is_flags {
        true => bit(value, item.scalar),
        false => value.value.to_string(),
    };
    item.values.iter().map(move |value| (value, number(value)))
}

/// Name of a struct's fixed part, of the struct's own: the same when there is no tail.
pub fn fixed_name(item: &StructLayout, name: &str) -> String {
    let suffix = if item.tail.is_some() { "Fixed" } else { "" };
    format!("{name}{suffix}")
}
