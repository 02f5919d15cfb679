//! Both headers, the numbers that the engine takes, and the accessors of fields without a role.

use serde::Serialize;

use super::spell::{self, PROSE, WIDTH, docstring, name};
use crate::facts::{self, Engine};
use bitrpc_spec::layout::{FieldLayout, HeaderLayout, Layout, diagram};
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
    pub(super) ring_offsets: Vec<Offset>,
    pub(super) message_offsets: Vec<Offset>,
    pub(super) has_timestamp: &'static str,
    pub(super) timestamp_offset: u64,
    pub(super) flags_size: u64,
    pub(super) type_ids: Vec<Alias>,
    pub(super) flag_masks: Vec<Alias>,
}

/// `WRITE_POSITION_OFFSET = 128`.
#[derive(Debug, Serialize)]
pub(super) struct Offset {
    pub(super) constant: String,
    pub(super) offset: u64,
}

/// `TYPE_DATA = 1`.
#[derive(Debug, Serialize)]
pub(super) struct Alias {
    pub(super) constant: String,
    pub(super) literal: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Header {
    pub(super) diagram: Vec<String>,
    pub(super) size: u64,
    pub(super) align: u64,
    pub(super) fields: Vec<HeaderSlot>,
}

/// A field of a header with its place.
#[derive(Debug, Serialize)]
pub(super) struct HeaderSlot {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// A field of the message header without a role, which users set and read by themselves.
#[derive(Debug, Serialize)]
pub(super) struct HeaderField {
    /// The lines that make an attribute of its descriptor.
    pub(super) assignment: Vec<String>,
    pub(super) doc: Vec<String>,
}

impl Protocol {
    pub(super) fn new(layout: &Layout) -> Self {
        let facts = facts::Protocol::of(layout);
        let offset = |it: &facts::RoleOffset| Offset {
            constant: format!("{}_OFFSET", names::screaming(it.role)),
            offset: it.offset,
        };
        let type_id = |it: &Engine| Alias {
            constant: format!("TYPE_{}", names::screaming(it.role)),
            literal: it.decimal(),
        };
        let flag_mask = |it: &Engine| Alias {
            constant: format!("FLAG_{}", names::screaming(it.role)),
            literal: it.mask(),
        };
        Self {
            name: facts.name.to_owned(),
            version: facts.version,
            file_prefix: facts.file_prefix.to_owned(),
            default_capacity: facts.default_capacity,
            magic: facts.magic,
            version_major: facts.version_major,
            version_minor: facts.version_minor,
            layout_hash: facts.layout_hash,
            schema_hash: facts.schema_hash,
            ring_offsets: facts.ring_offsets.iter().map(offset).collect(),
            message_offsets: facts.message_offsets.iter().map(offset).collect(),
            has_timestamp: spell::boolean(facts.timestamp_offset.is_some()),
            timestamp_offset: facts.timestamp_offset.unwrap_or_default(),
            flags_size: facts.flags_size,
            type_ids: facts.type_ids.iter().map(type_id).collect(),
            flag_masks: facts.flag_masks.iter().map(flag_mask).collect(),
        }
    }
}

pub(super) fn header<R>(header: &HeaderLayout<R>) -> Header {
    let slot = |field: &FieldLayout<R>| HeaderSlot {
        name: field.name.clone(),
        offset: field.offset,
        size: field.size,
    };
    Header {
        diagram: diagram::of_header(header),
        size: header.size,
        align: header.align,
        fields: header.fields.iter().map(slot).collect(),
    }
}

pub(super) fn header_fields(header: &HeaderLayout<MessageRole>) -> Vec<HeaderField> {
    let field = |field: &FieldLayout<MessageRole>| {
        let scalar = spell::plain(&field.ty);
        let doc = PROSE.wrap(&facts::of_field(field).text);
        let name = name(NameKind::HeaderField, &field.name);
        let descriptor = format!(
            "_view.{}(\"{}\", {})",
            spell::descriptor(scalar),
            spell::code(scalar),
            field.offset
        );
        HeaderField {
            assignment: spell::assignment(&name, &descriptor, WIDTH - 4),
            doc: docstring(&doc, 4),
        }
    };
    header.extras().map(field).collect()
}
