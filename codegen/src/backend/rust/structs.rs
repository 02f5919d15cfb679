//! Payload structs: fields with their padding, and tails.

use serde::Serialize;

use super::spell::{PROSE, fixed_field, fixed_name, name, padding_name, type_name};
use crate::facts;
use bitrpc_spec::layout::{Layout, Slot, StructLayout, TailKind, TailLayout, Type, diagram};
use bitrpc_spec::names::NameKind;

/// Whether a struct is kept in a box: a thread may have a small stack, and a value passes over it
/// several times.
pub fn is_large(item: &StructLayout) -> bool {
    const LARGE: u64 = 16 << 10;
    item.size > LARGE
}

#[derive(Debug, Serialize)]
pub(super) struct Struct {
    pub(super) name: String,
    /// Name of the fixed part: `name` itself when there is no tail.
    pub(super) fixed: String,
    pub(super) raw_name: String,
    pub(super) doc: Vec<String>,
    pub(super) diagram: Vec<String>,
    pub(super) id: Option<u32>,
    /// `id` as an expression.
    pub(super) message_type: String,
    /// Too large to be passed over the stack.
    pub(super) is_large: bool,
    pub(super) size: u64,
    pub(super) align: u64,
    /// Payload sizes of older versions that a typed receive accepts.
    pub(super) older_sizes: Vec<u64>,
    /// The fields alone do not force `align`: an element of the tail does.
    pub(super) force_align: bool,
    pub(super) fields: Vec<Field>,
    pub(super) tail: Option<Tail>,
}

#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) raw_name: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: String,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) is_padding: bool,
    pub(super) is_array: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Tail {
    pub(super) name: String,
    /// Name of the part before it, which steps aside for a tail that is called so.
    pub(super) fixed: &'static str,
    pub(super) doc: Vec<String>,
    /// Type of the field that borrows the tail, without its lifetime: `str`, `[u8]` or `[T]`.
    pub(super) ty: String,
    /// Function of the runtime that reads it.
    pub(super) reader: &'static str,
    pub(super) element: String,
    pub(super) element_size: u64,
}

pub(super) fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    Struct {
        name: name(NameKind::Type, &item.name),
        fixed: fixed_name(item),
        raw_name: item.name.clone(),
        doc: PROSE.wrap(&facts::of_struct(item)),
        diagram: diagram::of_struct(item),
        id: item.id,
        message_type: item.id.map_or("None".to_owned(), |id| format!("Some({id})")),
        is_large: is_large(item),
        size: item.size,
        align: item.align,
        older_sizes: item.older_sizes.clone(),
        force_align: item.needs_align(),
        fields: item.slots().into_iter().map(|slot| field(layout, slot)).collect(),
        tail: item.tail.as_ref().map(|t| tail(layout, t)),
    }
}

/// A field, or padding made explicit.
pub(super) fn field<R>(layout: &Layout, slot: Slot<'_, R>) -> Field {
    match slot {
        Slot::Field(field) => Field {
            name: name(NameKind::Field, &field.name),
            raw_name: field.name.clone(),
            doc: PROSE.member(&facts::of_field(field)),
            ty: type_name(layout, &field.ty),
            offset: field.offset,
            size: field.size,
            is_padding: false,
            is_array: matches!(field.ty, Type::Array(..) | Type::Bytes(_)),
        },
        Slot::Padding { index, offset, size } => Field {
            name: padding_name(index),
            raw_name: String::new(),
            doc: Vec::new(),
            ty: format!("bitrpc_shm::Padding<{size}>"),
            offset,
            size,
            is_padding: true,
            is_array: false,
        },
    }
}

fn tail(layout: &Layout, tail: &TailLayout) -> Tail {
    let (ty, element, reader) = match &tail.kind {
        TailKind::String => ("str".into(), "u8".into(), "tail_text"),
        TailKind::Bytes => ("[u8]".into(), "u8".into(), "tail_bytes"),
        TailKind::Elements(element) => {
            let name = type_name(layout, element);
            (format!("[{name}]"), name, "tail_elements")
        }
    };
    Tail {
        name: name(NameKind::Field, &tail.name),
        fixed: fixed_field(tail),
        doc: PROSE.member(&facts::of_tail(tail)),
        ty,
        reader,
        element,
        element_size: tail.element_size,
    }
}
