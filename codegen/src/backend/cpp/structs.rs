//! Structs and headers as the C++ templates print them.

use serde::Serialize;

use super::spelling::{root, sampler, scalar, spell};
use super::{PROSE, WIDTH};
use crate::backend::common::{Slot, needs_align, slots};
use bitrpc_spec::layout::{
    FieldLayout, HeaderLayout, Layout, Scalar, StructLayout, TailKind, TailLayout, Type, diagram,
};
use bitrpc_spec::names::NameKind;

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
    /// Statement that draws a test value into `item`; empty for padding.
    pub(super) sample: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Struct {
    pub(super) name: String,
    /// Name of the fixed part: `name` itself when there is no tail.
    pub(super) fixed: String,
    pub(super) raw_name: String,
    pub(super) sampler: String,
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
    /// Statement that draws one test element into `element`.
    pub(super) sample: String,
    pub(super) is_bytes: bool,
}

pub(super) fn header<R: Copy>(layout: &Layout, header: &HeaderLayout<R>) -> HeaderView {
    let extra = |field: &FieldLayout<R>| Extra {
        name: spell(NameKind::HeaderField, &field.name),
        setter: spell(NameKind::Function, &format!("set_{}", field.name)),
        doc: PROSE.field(&field.name, &field.doc, None, "zero"),
        ty: type_name(layout, &field.ty),
        offset: field.offset,
    };
    let fields = fields(layout, &header.fields, header.size);
    HeaderView {
        doc: PROSE.wrap(&header.doc),
        diagram: diagram::of_header(header),
        size: header.size,
        align: header.align,
        force_align: needs_align(&header.fields, header.align),
        is_wide: is_wide(&fields),
        fields,
        extras: header.fields.iter().filter(|f| f.role.is_none()).map(extra).collect(),
    }
}

/// The fields with their padding made explicit.
fn fields<R>(layout: &Layout, fields: &[FieldLayout<R>], end: u64) -> Vec<Field> {
    let field = |slot: Slot<'_, R>| match slot {
        Slot::Field(field) => {
            let name = spell(NameKind::Field, &field.name);
            Field {
                raw_name: field.name.clone(),
                doc: PROSE.field(&field.name, &field.doc, field.since, "zero"),
                ty: type_name(layout, &field.ty),
                offset: field.offset,
                size: field.size,
                is_padding: false,
                text: if let Type::Char(len) = field.ty { Some(len) } else { None },
                setter: spell(NameKind::Function, &format!("set_{}", field.name)),
                getter: spell(NameKind::Function, &format!("{}_view", field.name)),
                sample: sample(layout, &field.ty, &format!("item.{name}")),
                name,
            }
        }
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
            sample: String::new(),
        },
    };
    slots(fields, end).into_iter().map(field).collect()
}

/// Whether a field's declaration leaves no room in a line.
fn is_wide(fields: &[Field]) -> bool {
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
    let name = spell(NameKind::Type, &item.name);
    let fields = fields(layout, &item.fields, item.size);
    Struct {
        fixed: if item.tail.is_some() { format!("{name}Fixed") } else { name.clone() },
        name,
        raw_name: item.name.clone(),
        sampler: sampler(&item.name),
        doc: PROSE.wrap_or(&item.doc, || format!("The `{}` payload.", item.name)),
        diagram: diagram::of_struct(item),
        id: item.id.map(|id| format!("{id}U")),
        size: item.size,
        align: item.align,
        older_sizes: item.older_sizes.clone(),
        force_align: needs_align(&item.fields, item.align),
        is_wide: is_wide(&fields) || has_wide_id(layout, item.id) || has_wide_functions(&fields),
        fields,
        tail: item.tail.as_ref().map(|t| tail(layout, t)),
    }
}

fn tail(layout: &Layout, tail: &TailLayout) -> Tail {
    let (element, sample) = match &tail.kind {
        TailKind::String => ("char".to_owned(), String::new()),
        TailKind::Bytes => ("std::uint8_t".to_owned(), String::new()),
        TailKind::Elements(ty) => (type_name(layout, ty), sample(layout, ty, "element")),
    };
    Tail {
        name: spell(NameKind::Field, &tail.name),
        doc: PROSE.field(&tail.name, &tail.doc, tail.since, "empty"),
        is_text: tail.kind == TailKind::String,
        is_bytes: tail.kind == TailKind::Bytes,
        element,
        element_size: tail.element_size,
        sample,
    }
}

fn type_name(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => format!("{}::{}", root(layout), scalar(Scalar::Bool)),
        Type::Scalar(ty) => scalar(*ty).to_owned(),
        Type::Char(len) => format!("std::array<char, {len}>"),
        Type::Bytes(len) => format!("std::array<std::uint8_t, {len}>"),
        Type::Enum(index) => spell(NameKind::Type, &layout.enums[*index].name),
        Type::Struct(index) => spell(NameKind::Type, &layout.structs[*index].name),
        Type::Array(element, len) => format!("std::array<{}, {len}>", type_name(layout, element)),
    }
}

/// The statement with which the conformance peer draws a value of `ty` into `target`.
fn sample(layout: &Layout, ty: &Type, target: &str) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => format!("{target} = rng.boolean();"),
        Type::Scalar(Scalar::F32) => format!("{target} = rng.f32();"),
        Type::Scalar(Scalar::F64) => format!("{target} = rng.f64();"),
        Type::Scalar(ty) => format!("{target} = rng.integer<{}>();", scalar(*ty)),
        Type::Char(_) => format!("rng.text({target});"),
        Type::Bytes(_) => format!("rng.fill({target}.data(), {target}.size());"),
        Type::Enum(index) => format!("{target} = {}(rng);", sampler(&layout.enums[*index].name)),
        Type::Struct(index) => {
            format!("{target} = {}(rng);", sampler(&layout.structs[*index].name))
        }
        Type::Array(element, _) => {
            format!("for (auto& each : {target}) {{ {} }}", sample(layout, element, "each"))
        }
    }
}
