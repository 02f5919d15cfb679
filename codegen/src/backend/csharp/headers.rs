//! Both headers, and the numbers that the engine takes.

use serde::Serialize;

use super::structs::{Field, diagram_lines, fields};
use super::types::{NamedLiteral, string_literal};
use crate::backend::common::{ENGINE_FLAGS, ENGINE_TYPES, engine_flag, engine_type, hex};
use bitrpc_spec::layout::{HeaderLayout, Layout, diagram};
use bitrpc_spec::model::{MessageRole, RingRole};
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
        let literal = |name: String, literal: String| NamedLiteral {
            name,
            raw_name: String::new(),
            qualified: String::new(),
            doc: Vec::new(),
            literal,
            is_large: false,
        };
        let ring_role = |role: &RingRole| {
            let field = layout.ring_header.role(*role).expect("every ring role is there");
            literal(names::pascal(role.name()), field.offset.to_string())
        };
        let message_role = |role: &MessageRole| {
            let field = layout.message_header.role(*role)?;
            Some(literal(names::pascal(role.name()), field.offset.to_string()))
        };
        let type_id = |name: &str| {
            let name_of = names::pascal(&format!("type_{name}"));
            literal(name_of, engine_type(layout, name).to_string())
        };
        let flag_mask = |name: &str| {
            let name_of = names::pascal(&format!("flag_{name}"));
            literal(name_of, hex(engine_flag(layout, name), 2))
        };
        let timestamp = layout.message_header.role(MessageRole::Timestamp);
        let (major, minor) = layout.version;
        Self {
            name: string_literal(&layout.name),
            version: string_literal(&format!("{major}.{minor}")),
            file_prefix: string_literal(&layout.file_prefix),
            default_capacity: layout.default_capacity,
            magic: hex(i128::from(layout.magic), 8),
            version_major: major,
            version_minor: minor,
            layout_hash: hex(i128::from(layout.layout_hash), 16),
            schema_hash: hex(i128::from(layout.schema_hash), 16),
            ring_roles: RingRole::ALL.iter().map(ring_role).collect(),
            message_roles: MessageRole::ALL.iter().filter_map(message_role).collect(),
            type_ids: ENGINE_TYPES.map(type_id).into(),
            flag_masks: ENGINE_FLAGS.map(flag_mask).into(),
            has_timestamp: timestamp.is_some(),
            read_timestamp: timestamp
                .map_or_else(|| "0".to_owned(), |_| "*(ulong*)(record + Timestamp)".to_owned()),
            header_words: header_words(layout)
                .into_iter()
                .map(|(offset, value)| literal(offset.to_string(), value))
                .collect(),
        }
    }
}

/// What the engine writes into each word of the message header but the first one.
fn header_words(layout: &Layout) -> Vec<(u64, String)> {
    const WORD: u64 = 8;
    let header = &layout.message_header;
    let terms = [
        (MessageRole::MessageId, "id"),
        (MessageRole::Flags, "(ulong)flags"),
        (MessageRole::Timestamp, "Platform.Current.MonotonicNs()"),
    ];
    let word = |start: u64| {
        let inside = |(role, value): &(MessageRole, &str)| {
            let offset = header.role(*role)?.offset;
            let shift = offset.checked_sub(start).filter(|at| *at < WORD)? * 8;
            Some(match (shift, *value) {
                (0, value) => value.to_owned(),
                (shift, "id") => format!("((ulong)id << {shift})"),
                (shift, value) => format!("({value} << {shift})"),
            })
        };
        let terms: Vec<_> = terms.iter().filter_map(inside).collect();
        let value = if terms.is_empty() { "0".to_owned() } else { terms.join(" | ") };
        (start, value)
    };
    (WORD..header.size).step_by(8).map(word).collect()
}

pub(super) fn header<R: HeaderOf>(layout: &Layout, header: &HeaderLayout<R>) -> Header {
    Header {
        diagram: diagram_lines(diagram::of_header(header)),
        size: header.size,
        align: header.align,
        fields: fields(layout, R::NAME, NameKind::Field, &header.fields, header.size),
    }
}

/// A role, which says whose header it is in.
pub(super) trait HeaderOf {
    /// Name of the struct.
    const NAME: &str;
}

impl HeaderOf for RingRole {
    const NAME: &str = "RingHeader";
}

impl HeaderOf for MessageRole {
    const NAME: &str = "MessageHeader";
}

pub(super) fn header_fields(layout: &Layout) -> Option<HeaderFields> {
    let header = &layout.message_header;
    let own: Vec<_> = header.fields.iter().filter(|field| field.role.is_none()).cloned().collect();
    let fields = || fields(layout, "HeaderFields", NameKind::HeaderField, &own, header.size);
    (!own.is_empty()).then(|| HeaderFields { size: header.size, fields: fields() })
}
