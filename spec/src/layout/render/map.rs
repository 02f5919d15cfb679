//! The byte map: the parts of a header or struct, how they fall into rows, and what each part is.
//! Every picture and table of bytes is drawn from it, so that all formats say the same.

use super::rows::{Extent, Row, rows};
use crate::layout::{FieldLayout, HeaderLayout, Layout, Lines, Slot, StructLayout, TailKind, Type};
use crate::model::Scalar;
use crate::model::role::{MessageRole, RingRole, Writer};

/// What a part holds; a colour stands for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Float,
    Text,
    Bytes,
    Enum,
    Struct,
    Padding,
    Tail,
}

impl Kind {
    pub(crate) const ALL: [Self; 8] = [
        Self::Integer,
        Self::Float,
        Self::Text,
        Self::Bytes,
        Self::Enum,
        Self::Struct,
        Self::Padding,
        Self::Tail,
    ];

    /// The word for it in legends and class names.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Enum => "enum",
            Self::Struct => "struct",
            Self::Padding => "padding",
            Self::Tail => "tail",
        }
    }

    fn of(ty: &Type) -> Self {
        match ty {
            Type::Scalar(Scalar::F32 | Scalar::F64) => Self::Float,
            Type::Scalar(_) => Self::Integer,
            Type::Char(_) => Self::Text,
            Type::Bytes(_) => Self::Bytes,
            Type::Enum(_) => Self::Enum,
            Type::Struct(_) => Self::Struct,
            Type::Array(element, _) => Self::of(element),
        }
    }
}

/// A field, a gap or the variable tail.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: &'a str,
    /// As a spec writes it; empty for padding.
    pub(crate) ty: String,
    /// The type of the spec that it is made of.
    pub(crate) refers_to: Option<&'a str>,
    pub(crate) offset: u64,
    /// `None` for a tail, which ends with the payload.
    pub(crate) size: Option<u64>,
    pub(crate) doc: &'a str,
    pub(crate) role: Option<&'static str>,
    pub(crate) writer: Option<Writer>,
    pub(crate) since: Option<(u16, u16)>,
}

/// A header or struct, byte by byte.
#[derive(Debug, Clone)]
pub(crate) struct Map<'a> {
    /// What it is of, as it is written in the spec.
    pub(crate) name: &'a str,
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) rows: Vec<Row>,
    /// The lines that the ring header consists of; empty for all others.
    pub(crate) lines: Vec<Lines>,
}

/// Names of the two headers, as a spec writes them.
pub(crate) const RING_HEADER: &str = "ring_header";
pub(crate) const MESSAGE_HEADER: &str = "message_header";

impl<'a> Map<'a> {
    pub(crate) fn of_ring(layout: &'a Layout) -> Self {
        let header = &layout.ring_header;
        let lines = header.lines();
        let with_role = |part: &mut Part<'a>, role: RingRole| {
            (part.role, part.writer) = (Some(role.name()), Some(role.writer()));
        };
        let parts = parts_of_header(layout, header, with_role);
        Self::new(RING_HEADER, parts.into_iter().flat_map(|p| cut(p, header.line)).collect(), lines)
    }

    pub(crate) fn of_message(layout: &'a Layout) -> Self {
        let with_role = |part: &mut Part<'a>, role: MessageRole| part.role = Some(role.name());
        let parts = parts_of_header(layout, &layout.message_header, with_role);
        Self::new(MESSAGE_HEADER, parts, Vec::new())
    }

    pub(crate) fn of_struct(layout: &'a Layout, item: &'a StructLayout) -> Self {
        let slots = item.slots();
        let mut parts: Vec<_> =
            slots.into_iter().map(|slot| of_slot(layout, slot, |_, role| match role {})).collect();
        if let Some(tail) = &item.tail {
            let element = match &tail.kind {
                TailKind::Elements(ty) => refers_to(layout, ty),
                TailKind::String | TailKind::Bytes => None,
            };
            parts.push(Part {
                kind: Kind::Tail,
                name: &tail.name,
                ty: layout.tail_name(&tail.kind),
                refers_to: element,
                offset: item.size,
                size: None,
                doc: &tail.doc,
                role: None,
                writer: None,
                since: tail.since,
            });
        }
        Self::new(&item.name, parts, Vec::new())
    }

    fn new(name: &'a str, parts: Vec<Part<'a>>, lines: Vec<Lines>) -> Self {
        let extent =
            |part: &Part| Some(Extent { start: part.offset, end: part.offset + part.size? });
        let extents: Vec<_> = parts.iter().filter_map(extent).collect();
        let tail = parts.last().filter(|part| part.size.is_none()).map(|part| part.offset);
        Self { name, rows: rows(&extents, tail), parts, lines }
    }
}

fn parts_of_header<'a, R: Copy>(
    layout: &'a Layout,
    header: &'a HeaderLayout<R>,
    with_role: impl Fn(&mut Part<'a>, R),
) -> Vec<Part<'a>> {
    header.slots().into_iter().map(|slot| of_slot(layout, slot, &with_role)).collect()
}

fn of_slot<'a, R: Copy>(
    layout: &'a Layout,
    slot: Slot<'a, R>,
    with_role: impl Fn(&mut Part<'a>, R),
) -> Part<'a> {
    match slot {
        Slot::Field(field) => {
            let mut part = of_field(layout, field);
            if let Some(role) = field.role {
                with_role(&mut part, role);
            }
            part
        }
        Slot::Padding { offset, size, .. } => padding(offset, size),
    }
}

fn of_field<'a, R>(layout: &'a Layout, field: &'a FieldLayout<R>) -> Part<'a> {
    Part {
        kind: Kind::of(&field.ty),
        name: &field.name,
        ty: layout.type_name(&field.ty),
        refers_to: refers_to(layout, &field.ty),
        offset: field.offset,
        size: Some(field.size),
        doc: &field.doc,
        role: None,
        writer: None,
        since: field.since,
    }
}

fn padding<'a>(offset: u64, size: u64) -> Part<'a> {
    Part {
        kind: Kind::Padding,
        name: "padding",
        ty: String::new(),
        refers_to: None,
        offset,
        size: Some(size),
        doc: "",
        role: None,
        writer: None,
        since: None,
    }
}

/// The enum or struct that a type is made of.
pub(crate) fn refers_to<'a>(layout: &'a Layout, ty: &Type) -> Option<&'a str> {
    match ty {
        Type::Enum(index) => Some(&layout.enums[*index].name),
        Type::Struct(index) => Some(&layout.structs[*index].name),
        Type::Array(element, _) => refers_to(layout, element),
        Type::Scalar(_) | Type::Char(_) | Type::Bytes(_) => None,
    }
}

/// Padding that reaches over the end of a line in pieces: the rest of its first line, whole lines,
/// and the start of its last one. Other parts stay whole.
fn cut(part: Part<'_>, line: u64) -> Vec<Part<'_>> {
    let Some(size) = part.size.filter(|_| part.kind == Kind::Padding && line > 0) else {
        return vec![part];
    };
    let end = part.offset + size;
    let first = part.offset.next_multiple_of(line).min(end);
    let last = (end - end % line).max(first);
    let pieces = [(part.offset, first), (first, last), (last, end)];
    let pieces = pieces.into_iter().filter(|(start, end)| start < end);
    pieces.map(|(start, end)| padding(start, end - start)).collect()
}
