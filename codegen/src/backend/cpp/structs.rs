//! Payload structs: fields with their padding, and tails.

use serde::Serialize;

use super::spell::{PROSE, WIDTH, fixed_name, name, root, type_name};
use crate::facts;
use bitrpc_spec::layout::{Layout, Slot, StructLayout, TailKind, TailLayout, Type, diagram};
use bitrpc_spec::names::NameKind;

#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) raw_name: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: String,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) is_padding: bool,
    /// Bytes of a `char[N]`, which gets a setter and a view.
    pub(super) text: Option<u64>,
    pub(super) setter: String,
    pub(super) getter: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Struct {
    pub(super) name: String,
    /// Name of the fixed part: `name` itself when there is no tail.
    pub(super) fixed: String,
    pub(super) raw_name: String,
    pub(super) doc: Vec<String>,
    pub(super) diagram: Vec<String>,
    pub(super) id: Option<String>,
    pub(super) size: u64,
    pub(super) align: u64,
    /// Payload sizes of older versions that a typed receive accepts.
    pub(super) older_sizes: Vec<u64>,
    /// The fields alone do not force `align`: an element of the tail does.
    pub(super) force_align: bool,
    pub(super) is_wide: bool,
    pub(super) fields: Vec<Field>,
    pub(super) tail: Option<Tail>,
}

#[derive(Debug, Serialize)]
pub(super) struct Tail {
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) is_text: bool,
    /// Type of one element.
    pub(super) element: String,
    pub(super) element_size: u64,
    pub(super) is_bytes: bool,
}

/// The fields with their padding made explicit.
pub(super) fn fields<R>(layout: &Layout, slots: Vec<Slot<'_, R>>) -> Vec<Field> {
    let field = |slot: Slot<'_, R>| match slot {
        Slot::Field(field) => Field {
            name: name(NameKind::Field, &field.name),
            raw_name: field.name.clone(),
            doc: PROSE.member(&facts::of_field(field)),
            ty: type_name(layout, &field.ty),
            offset: field.offset,
            size: field.size,
            is_padding: false,
            text: if let Type::Char(len) = field.ty { Some(len) } else { None },
            setter: name(NameKind::Function, &format!("set_{}", field.name)),
            getter: name(NameKind::Function, &format!("{}_view", field.name)),
        },
        Slot::Padding { index, offset, size } => Field {
            name: format!("padding{index}_"),
            raw_name: String::new(),
            doc: Vec::new(),
            ty: format!("std::array<std::uint8_t, {size}>"),
            offset,
            size,
            is_padding: true,
            text: None,
            setter: String::new(),
            getter: String::new(),
        },
    };
    slots.into_iter().map(field).collect()
}

/// Whether a field's declaration leaves no room in a line.
pub(super) fn is_wide(fields: &[Field]) -> bool {
    let width = |field: &Field| "    ".len() + field.ty.len() + 1 + field.name.len() + "{};".len();
    fields.iter().any(|field| width(field) > WIDTH)
}

/// Whether the constant with a message's type leaves no room in a line.
fn has_wide_id(layout: &Layout, id: Option<u32>) -> bool {
    let line = |id| {
        let root = root(layout);
        format!("    static constexpr auto kMessageType = static_cast<{root}::MessageType>({id}U);")
    };
    id.is_some_and(|id| line(id).len() > WIDTH)
}

/// Whether a function that a struct has for its fields leaves no room in a line.
fn has_wide_functions(fields: &[Field]) -> bool {
    let widest = |field: &Field| {
        let (name, getter) = (&field.name, &field.getter);
        [
            format!("        return detail::store_text({name}.data(), {name}.size(), newText);"),
            format!(
                "    [[nodiscard]] std::optional<std::string_view> {getter}() const noexcept {{"
            ),
        ]
    };
    let mut texts = fields.iter().filter(|field| field.text.is_some()).flat_map(widest);
    texts.any(|line| line.len() > WIDTH)
}

pub(super) fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    let fields = fields(layout, item.slots());
    Struct {
        fixed: fixed_name(item),
        name: name(NameKind::Type, &item.name),
        raw_name: item.name.clone(),
        doc: PROSE.wrap(&facts::of_struct(item)),
        diagram: diagram::of_struct(item),
        id: item.id.map(|id| format!("{id}U")),
        size: item.size,
        align: item.align,
        older_sizes: item.older_sizes.clone(),
        force_align: item.needs_align(),
        is_wide: is_wide(&fields) || has_wide_id(layout, item.id) || has_wide_functions(&fields),
        fields,
        tail: item.tail.as_ref().map(|t| tail(layout, t)),
    }
}

fn tail(layout: &Layout, tail: &TailLayout) -> Tail {
    let element = match &tail.kind {
        TailKind::String => "char".to_owned(),
        TailKind::Bytes => "std::uint8_t".to_owned(),
        TailKind::Elements(ty) => type_name(layout, ty),
    };
    Tail {
        name: name(NameKind::Field, &tail.name),
        doc: PROSE.member(&facts::of_tail(tail)),
        is_text: tail.kind == TailKind::String,
        is_bytes: tail.kind == TailKind::Bytes,
        element,
        element_size: tail.element_size,
    }
}
