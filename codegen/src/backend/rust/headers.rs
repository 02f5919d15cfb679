//! Both headers, and the numbers that the engine takes.

use serde::Serialize;

use super::spell::{PROSE, name, type_name};
use super::structs::{Field, field};
use crate::facts::{self, Engine};
use bitrpc_spec::layout::{FieldLayout, HeaderLayout, Layout, diagram};
use bitrpc_spec::model::MessageRole;
use bitrpc_spec::names::NameKind;

/// The numbers that the engine takes, as literals.
#[derive(Debug, Serialize)]
pub(super) struct Protocol {
    pub(super) name: String,
    pub(super) file_prefix: String,
    pub(super) default_capacity: u64,
    pub(super) magic: String,
    pub(super) version_major: u16,
    pub(super) version_minor: u16,
    pub(super) layout_hash: String,
    pub(super) schema_hash: String,
    pub(super) ring_roles: Vec<RoleLiteral>,
    pub(super) message_roles: Vec<RoleLiteral>,
    pub(super) flags_size: u64,
    pub(super) flag_masks: Vec<RoleLiteral>,
    pub(super) type_ids: Vec<RoleLiteral>,
}

/// A field of one of the runtime's layout structs with its literal.
#[derive(Debug, Serialize)]
pub(super) struct RoleLiteral {
    pub(super) role: &'static str,
    pub(super) literal: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Header {
    pub(super) doc: Vec<String>,
    pub(super) diagram: Vec<String>,
    pub(super) size: u64,
    pub(super) align: u64,
    /// The fields alone do not force `align`.
    pub(super) force_align: bool,
    pub(super) fields: Vec<Field>,
    /// Fields without a role, which users set and read by themselves.
    pub(super) extras: Vec<Extra>,
}

#[derive(Debug, Serialize)]
pub(super) struct Extra {
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: String,
    pub(super) offset: u64,
}

impl Protocol {
    pub(super) fn new(layout: &Layout) -> Self {
        let facts = facts::Protocol::of(layout);
        let offset = |role: &facts::RoleOffset| RoleLiteral {
            role: role.role,
            literal: role.offset.to_string(),
        };
        let timestamp = RoleLiteral {
            role: MessageRole::Timestamp.name(),
            literal: format!("{:?}", facts.timestamp_offset),
        };
        let mask = |flag: &Engine| RoleLiteral { role: flag.role, literal: flag.mask() };
        let number = |ty: &Engine| RoleLiteral { role: ty.role, literal: ty.decimal() };
        Self {
            name: facts.name.to_owned(),
            file_prefix: facts.file_prefix.to_owned(),
            default_capacity: facts.default_capacity,
            version_major: facts.version_major,
            version_minor: facts.version_minor,
            ring_roles: facts.ring_offsets.iter().map(offset).collect(),
            message_roles: facts.message_offsets.iter().map(offset).chain([timestamp]).collect(),
            flags_size: facts.flags_size,
            flag_masks: facts.flag_masks.iter().map(mask).collect(),
            type_ids: facts.type_ids.iter().map(number).collect(),
            magic: facts.magic,
            layout_hash: facts.layout_hash,
            schema_hash: facts.schema_hash,
        }
    }
}

pub(super) fn header<R: Copy>(layout: &Layout, header: &HeaderLayout<R>) -> Header {
    let extra = |field: &FieldLayout<R>| Extra {
        name: name(NameKind::Constant, &field.name),
        doc: PROSE.member(&facts::of_field(field)),
        ty: type_name(layout, &field.ty),
        offset: field.offset,
    };
    Header {
        doc: PROSE.wrap(&header.doc),
        diagram: diagram::of_header(header),
        size: header.size,
        align: header.align,
        force_align: header.needs_align(),
        fields: header.slots().into_iter().map(|slot| field(layout, slot)).collect(),
        extras: header.extras().map(extra).collect(),
    }
}
