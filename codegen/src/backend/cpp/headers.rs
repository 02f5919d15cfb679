//! Both headers, and the numbers that the engine takes.

use serde::Serialize;

use super::spell::{PROSE, engine_constant, name, type_name};
use super::structs::{Field, fields, is_wide};
use crate::facts::{self, Engine};
use bitrpc_spec::layout::{FieldLayout, HeaderLayout, Layout, diagram};
use bitrpc_spec::model::MessageRole;
use bitrpc_spec::names::NameKind;

/// The numbers that the engine takes, as literals.
#[derive(Debug, Serialize)]
pub(super) struct Protocol {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) file_prefix: String,
    pub(super) default_capacity: String,
    pub(super) magic: String,
    pub(super) version_major: u16,
    pub(super) version_minor: u16,
    pub(super) layout_hash: String,
    pub(super) schema_hash: String,
    pub(super) has_timestamp: bool,
    pub(super) ring_offsets: Vec<Offset>,
    pub(super) message_offsets: Vec<Offset>,
    pub(super) type_ids: Vec<Alias>,
    pub(super) flag_masks: Vec<Alias>,
}

/// `kWritePositionOffset = 128`.
#[derive(Debug, Serialize)]
pub(super) struct Offset {
    pub(super) constant: String,
    pub(super) offset: u64,
}

/// `kTypeData = MessageType::DATA`.
#[derive(Debug, Serialize)]
pub(super) struct Alias {
    pub(super) constant: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct HeaderView {
    pub(super) doc: Vec<String>,
    pub(super) diagram: Vec<String>,
    pub(super) size: u64,
    pub(super) align: u64,
    /// The fields alone do not force `align`.
    pub(super) force_align: bool,
    /// Some line is wider than the formatter allows and must be kept as it is.
    pub(super) is_wide: bool,
    pub(super) fields: Vec<Field>,
    /// Fields without a role, which users set and read by themselves.
    pub(super) extras: Vec<Extra>,
}

#[derive(Debug, Serialize)]
pub(super) struct Extra {
    pub(super) name: String,
    pub(super) setter: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: String,
    pub(super) offset: u64,
}

impl Protocol {
    pub(super) fn new(layout: &Layout) -> Self {
        let facts = facts::Protocol::of(layout);
        let offset = |role: &str, offset| Offset {
            constant: engine_constant(&format!("{role}_offset")),
            offset,
        };
        let timestamp = facts.timestamp_offset.map(|at| offset(MessageRole::Timestamp.name(), at));
        let required = facts.message_offsets.iter().map(|it| offset(it.role, it.offset));
        Self {
            name: facts.name.to_owned(),
            version: facts.version,
            file_prefix: facts.file_prefix.to_owned(),
            default_capacity: format!("{}ULL", facts.default_capacity),
            magic: format!("{}U", facts.magic),
            version_major: facts.version_major,
            version_minor: facts.version_minor,
            layout_hash: format!("{}ULL", facts.layout_hash),
            schema_hash: format!("{}ULL", facts.schema_hash),
            has_timestamp: timestamp.is_some(),
            ring_offsets: facts.ring_offsets.iter().map(|it| offset(it.role, it.offset)).collect(),
            message_offsets: required.chain(timestamp).collect(),
            type_ids: facts.type_ids.iter().map(|it| alias("type", "MessageType", it)).collect(),
            flag_masks: facts
                .flag_masks
                .iter()
                .map(|it| alias("flag", "MessageFlags", it))
                .collect(),
        }
    }
}

fn alias(prefix: &str, ty: &str, Engine { role, value }: &Engine) -> Alias {
    Alias {
        constant: engine_constant(&format!("{prefix}_{role}")),
        value: format!("{ty}::{}", name(NameKind::ProtocolValue, &value.name)),
    }
}

pub(super) fn header<R: Copy>(layout: &Layout, header: &HeaderLayout<R>) -> HeaderView {
    let extra = |field: &FieldLayout<R>| Extra {
        name: name(NameKind::HeaderField, &field.name),
        setter: name(NameKind::Function, &format!("set_{}", field.name)),
        doc: PROSE.member(&facts::of_field(field)),
        ty: type_name(layout, &field.ty),
        offset: field.offset,
    };
    let fields = fields(layout, header.slots());
    HeaderView {
        doc: PROSE.wrap(&header.doc),
        diagram: diagram::of_header(header),
        size: header.size,
        align: header.align,
        force_align: header.needs_align(),
        is_wide: is_wide(&fields),
        fields,
        extras: header.extras().map(extra).collect(),
    }
}
