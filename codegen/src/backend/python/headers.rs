//! Both headers: their places for the engine, the accessors of fields without a role, and what the
//! conformance peer declares of everything for `ctypes`.

use serde::Serialize;

use super::super::common::{Slot, needs_align, slots};
use super::{PROSE, WIDTH, docstring, fields, literals, spell};
use bitrpc_spec::layout::{FieldLayout, HeaderLayout, Layout, Type, diagram};
use bitrpc_spec::model::MessageRole;
use bitrpc_spec::names::NameKind;

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

/// A header or struct as the conformance peer declares it for `ctypes`.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) raw_name: String,
    pub(super) is_struct: bool,
    /// The alignment has to be asked for.
    pub(super) is_aligned: bool,
    pub(super) align_bits: u64,
    pub(super) slots: Vec<FactsSlot>,
}

/// A field, or padding.
#[derive(Debug, Serialize)]
pub(super) struct FactsSlot {
    pub(super) name: String,
    pub(super) ctype: String,
}

/// A field of the message header without a role, which users set and read by themselves.
#[derive(Debug, Serialize)]
pub(super) struct HeaderField {
    /// The lines that make an attribute of its descriptor.
    pub(super) assignment: Vec<String>,
    pub(super) doc: Vec<String>,
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

/// Names of the headers' classes: no type of a spec has an underscore.
pub(super) const RING_HEADER: &str = "Ring_Header";
pub(super) const MESSAGE_HEADER: &str = "Message_Header";

/// Everything with fields, in an order in which each knows those before it.
pub(super) fn facts(layout: &Layout) -> Vec<Facts> {
    let mut facts = vec![
        facts_of_header(&layout.ring_header, RING_HEADER),
        facts_of_header(&layout.message_header, MESSAGE_HEADER),
    ];
    for item in &layout.structs {
        let name = spell(NameKind::Type, &item.name);
        let size_and_align = (item.size, item.align);
        let of_struct = facts_of((&name, &item.name), &item.fields, size_and_align, |ty| {
            fields::ctype(layout, ty)
        });
        facts.push(Facts { is_struct: true, ..of_struct });
    }
    facts
}

fn facts_of_header<R>(header: &HeaderLayout<R>, name: &str) -> Facts {
    let size_and_align = (header.size, header.align);
    facts_of((name, name), &header.fields, size_and_align, fields::header_ctype)
}

fn facts_of<R>(
    (name, raw_name): (&str, &str),
    fields: &[FieldLayout<R>],
    (size, align): (u64, u64),
    ctype: impl Fn(&Type) -> String,
) -> Facts {
    let slot = |slot: Slot<'_, R>| match slot {
        Slot::Field(field) => FactsSlot { name: field.name.clone(), ctype: ctype(&field.ty) },
        Slot::Padding { index, size, .. } => FactsSlot {
            name: format!("_padding{index}"),
            ctype: format!("ctypes.c_uint8 * {size}"),
        },
    };
    Facts {
        name: name.to_owned(),
        raw_name: raw_name.to_owned(),
        is_struct: false,
        is_aligned: needs_align(fields, align),
        align_bits: align * 8,
        slots: slots(fields, size).into_iter().map(slot).collect(),
    }
}

pub(super) fn header_fields(header: &HeaderLayout<MessageRole>) -> Vec<HeaderField> {
    let field = |field: &FieldLayout<MessageRole>| {
        let scalar = fields::plain(&field.ty);
        let doc = PROSE.wrap_or(&field.doc, || format!("The `{}` field.", field.name));
        let name = spell(NameKind::HeaderField, &field.name);
        let descriptor = format!(
            "_view.{}(\"{}\", {})",
            fields::descriptor(scalar),
            fields::code(scalar),
            field.offset
        );
        HeaderField {
            assignment: literals::assignment(&name, &descriptor, WIDTH - 4),
            doc: docstring(&doc, 4),
        }
    };
    header.fields.iter().filter(|f| f.role.is_none()).map(field).collect()
}
