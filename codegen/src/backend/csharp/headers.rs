//! Both headers, and the numbers that the engine takes.

use serde::Serialize;

use super::spell::string_literal;
use super::structs::{Field, diagram_lines, fields};
use super::view::NamedLiteral;
use crate::facts::{self, Engine};
use bitrpc_spec::layout::{HeaderLayout, Layout, Word, diagram};
use bitrpc_spec::model::MessageRole;
use bitrpc_spec::names::{self, NameKind};

/// The numbers that the engine takes, as literals.
#[derive(Debug, Serialize)]
pub(super) struct Protocol {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) file_prefix: String,
    pub(super) default_capacity: u64,
    pub(super) magic: String,
    pub(super) version_major: u16,
    pub(super) version_minor: u16,
    pub(super) layout_hash: String,
    pub(super) schema_hash: String,
    pub(super) ring_roles: Vec<NamedLiteral>,
    pub(super) message_roles: Vec<NamedLiteral>,
    pub(super) type_ids: Vec<NamedLiteral>,
    pub(super) flag_masks: Vec<NamedLiteral>,
    pub(super) has_timestamp: bool,
    pub(super) read_timestamp: String,
    /// The header's words behind the publication word: where each is, and what it is.
    pub(super) header_words: Vec<NamedLiteral>,
}

#[derive(Debug, Serialize)]
pub(super) struct Header {
    pub(super) diagram: Vec<String>,
    pub(super) size: u64,
    pub(super) align: u64,
    pub(super) fields: Vec<Field>,
}

/// The fields of the message header without a role, which users set and read by themselves, where
/// they are in the header.
#[derive(Debug, Serialize)]
pub(super) struct HeaderFields {
    pub(super) size: u64,
    pub(super) fields: Vec<Field>,
}

impl Protocol {
    pub(super) fn new(layout: &Layout) -> Self {
        let facts = facts::Protocol::of(layout);
        let literal = |name: String, literal: String| NamedLiteral {
            name,
            raw_name: String::new(),
            qualified: String::new(),
            doc: Vec::new(),
            literal,
            is_large: false,
        };
        let offset = |role: &str, at: u64| literal(names::pascal(role), at.to_string());
        let timestamp = facts.timestamp_offset.map(|at| offset(MessageRole::Timestamp.name(), at));
        let required = facts.message_offsets.iter().map(|it| offset(it.role, it.offset));
        let type_id =
            |it: &Engine| literal(names::pascal(&format!("type_{}", it.role)), it.decimal());
        let flag_mask =
            |it: &Engine| literal(names::pascal(&format!("flag_{}", it.role)), it.mask());
        let word = |word: Word| literal(word.offset.to_string(), written(&word));
        Self {
            name: string_literal(facts.name),
            version: string_literal(&facts.version),
            file_prefix: string_literal(facts.file_prefix),
            default_capacity: facts.default_capacity,
            magic: facts.magic,
            version_major: facts.version_major,
            version_minor: facts.version_minor,
            layout_hash: facts.layout_hash,
            schema_hash: facts.schema_hash,
            ring_roles: facts.ring_offsets.iter().map(|it| offset(it.role, it.offset)).collect(),
            has_timestamp: timestamp.is_some(),
            read_timestamp: match timestamp {
                Some(_) => "*(ulong*)(record + Timestamp)".to_owned(),
                None => "0".to_owned(),
            },
            message_roles: required.chain(timestamp).collect(),
            type_ids: facts.type_ids.iter().map(type_id).collect(),
            flag_masks: facts.flag_masks.iter().map(flag_mask).collect(),
            header_words: layout.message_header.words().into_iter().map(word).collect(),
        }
    }
}

/// What the engine writes into a word of the message header.
fn written(word: &Word) -> String {
    let term = |(role, shift): &(MessageRole, u64)| {
        let value = match role {
            MessageRole::MessageId => "id",
            MessageRole::Flags => "(ulong)flags",
            MessageRole::Timestamp => "Platform.Current.MonotonicNs()",
            MessageRole::FrameLength | MessageRole::MessageType => return None,
        };
        Some(match (shift, value) {
            (0, value) => value.to_owned(),
            (shift, "id") => format!("((ulong)id << {shift})"),
            (shift, value) => format!("({value} << {shift})"),
        })
    };
    let terms: Vec<_> = word.parts.iter().filter_map(term).collect();
    if terms.is_empty() { "0".to_owned() } else { terms.join(" | ") }
}

/// The header that is the struct `name`.
pub(super) fn header<R>(layout: &Layout, name: &str, header: &HeaderLayout<R>) -> Header {
    Header {
        diagram: diagram_lines(diagram::of_header(header)),
        size: header.size,
        align: header.align,
        fields: fields(layout, name, NameKind::Field, header.slots()),
    }
}

pub(super) fn header_fields(layout: &Layout) -> Option<HeaderFields> {
    let header = &layout.message_header;
    header.extras().next()?;
    let fields = fields(layout, "HeaderFields", NameKind::HeaderField, header.slots_of_extras());
    Some(HeaderFields { size: header.size, fields })
}
