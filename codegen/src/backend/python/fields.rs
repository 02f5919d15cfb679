//! Fields of structs: how each kind of type is packed, unpacked and seen in place.

use serde::Serialize;

use super::spell::{self, ATTRIBUTES, WIDTH, code, descriptor, hint, plain, reference, zero};
use crate::facts::{self, Doc};
use bitrpc_spec::layout::{Layout, NamedValue, StructLayout, TailKind, TailLayout, Type};
use bitrpc_spec::names::NameKind;

/// A field of a struct, every text finished.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub(super) name: String,
    /// It has the name of a method of the base class.
    pub(super) hides: bool,
    pub(super) doc: Vec<String>,
    /// Type of the parameter.
    pub(super) parameter_hint: String,
    pub(super) default: String,
    /// The lines that make an attribute of the parameter.
    pub(super) assignment: Vec<String>,
    /// Expression of what the struct's format packs.
    pub(super) value: String,
    /// Expression of the attribute from the unpacked values `v`.
    pub(super) make: String,
    /// The descriptor of the view.
    pub(super) descriptor: String,
}

/// Members of `Payload` that a field may hide, because the engine uses others.
const METHODS: [&str; 6] =
    ["numpy_array", "numpy_dtype", "pack", "pack_into", "packed_size", "unpack"];

/// What depends on the type alone.
struct Shape {
    hint: String,
    /// A default that is the same object every time; without one it is made anew by `fresh`.
    default: Option<String>,
    fresh: String,
    /// How many values the format packs.
    count: u64,
    value: String,
    make: String,
    descriptor: String,
}

/// The fields of a struct, its tail as the last one.
pub(super) fn of_struct(layout: &Layout, item: &StructLayout) -> Vec<Field> {
    let mut index = 0;
    let mut fields = Vec::new();
    for field in &item.fields {
        let name = spell::name(NameKind::Field, &field.name);
        let shape = shape(layout, &field.ty, &format!("self.{name}"), index, field.offset);
        index += shape.count;
        let doc = attribute_doc(&name, &facts::of_field(field));
        fields.push(finish(name, doc, shape));
    }
    if let Some(tail) = &item.tail {
        let name = spell::name(NameKind::Field, &tail.name);
        let shape = tail_shape(layout, tail, &format!("self.{name}"), index, item.size);
        let doc = attribute_doc(&name, &facts::of_tail(tail));
        fields.push(finish(name, doc, shape));
    }
    fields
}

fn finish(name: String, doc: Vec<String>, shape: Shape) -> Field {
    let Shape { hint, default, fresh, value, make, descriptor, .. } = shape;
    let hides = METHODS.contains(&name.as_str());
    let (parameter_hint, default, assignment) = match default {
        Some(default) => {
            let assignment = spell::assignment(&format!("self.{name}"), &name, WIDTH - 8);
            (hint.clone(), default, assignment)
        }
        None => {
            let initial = format!("{fresh} if {name} is None else {name}");
            // What hides a method is declared already.
            let declared = if hides { String::new() } else { format!(": {hint}") };
            let target = format!("self.{name}{declared}");
            let assignment = spell::assignment(&target, &initial, WIDTH - 8);
            (format!("{hint} | None"), "None".to_owned(), assignment)
        }
    };
    let line = format!("{name} = {descriptor}");
    let descriptor = format!("{descriptor}{}", spell::skip(WIDTH - 8, &[line]));
    Field { name, hides, doc, parameter_hint, default, assignment, value, make, descriptor }
}

fn shape(layout: &Layout, ty: &Type, target: &str, index: u64, offset: u64) -> Shape {
    let at = format!("v[{index}]");
    let value = target.to_owned();
    match ty {
        Type::Scalar(scalar) => Shape {
            hint: hint(*scalar).into(),
            default: Some(zero(*scalar).into()),
            fresh: String::new(),
            count: 1,
            value,
            make: at,
            descriptor: format!("_view.{}(\"{}\", {offset})", descriptor(*scalar), code(*scalar)),
        },
        Type::Char(len) => Shape {
            hint: "str".into(),
            default: Some("\"\"".into()),
            fresh: String::new(),
            count: 1,
            value: format!("_payload.text_bytes({target}, {len})"),
            make: format!("_payload.text({at})"),
            descriptor: format!("_view.TextField({len}, {offset})"),
        },
        Type::Bytes(len) => Shape {
            hint: "bytes".into(),
            default: Some(format!("b\"\\0\" * {len}")),
            fresh: String::new(),
            count: 1,
            value: format!("_payload.raw_bytes({target}, {len})"),
            make: at,
            descriptor: format!("_view.BytesField({len}, {offset})"),
        },
        Type::Enum(number) => {
            let item = &layout.enums[*number];
            let name = reference(&item.name);
            let zero = item.values.iter().find(|value| value.value == 0);
            let member = |value: &NamedValue| {
                format!("{name}.{}", spell::name(NameKind::EnumValue, &value.name))
            };
            Shape {
                hint: name.clone(),
                default: zero.map(member),
                fresh: format!("{name}(0)"),
                count: 1,
                value,
                make: format!("{name}({at})"),
                descriptor: format!("_view.EnumField({name}, \"{}\", {offset})", code(item.scalar)),
            }
        }
        Type::Struct(number) => {
            let item = &layout.structs[*number];
            let name = reference(&item.name);
            Shape {
                hint: name.clone(),
                default: None,
                fresh: format!("{name}()"),
                count: 1,
                value: format!("{target}._pack()"),
                make: format!("{name}._unpack({at})"),
                descriptor: format!("_view.StructField({name}.View, {}, {offset})", item.size),
            }
        }
        Type::Array(element, len) => array(layout, ty, (element, *len), target, index, offset),
    }
}

fn array(
    layout: &Layout,
    ty: &Type,
    (element, len): (&Type, u64),
    target: &str,
    index: u64,
    offset: u64,
) -> Shape {
    let items = format!("_payload.items({target}, {len})");
    let range = format!("v[{index}:{}]", index + len);
    match element {
        Type::Enum(number) => {
            let item = &layout.enums[*number];
            let name = reference(&item.name);
            let (code, size) = (code(item.scalar), layout.size_of(ty));
            Shape {
                hint: format!("_abc.Sequence[{name}]"),
                default: None,
                fresh: format!("({name}(0),) * {len}"),
                count: len,
                value: format!("*{items}"),
                make: format!("tuple(map({name}, {range}))"),
                descriptor: format!("_view.EnumsField({name}, \"{code}\", {size}, {offset})"),
            }
        }
        Type::Struct(number) => {
            let item = &layout.structs[*number];
            let name = reference(&item.name);
            let size = layout.size_of(ty);
            Shape {
                hint: format!("_abc.Sequence[{name}]"),
                default: None,
                fresh: format!("tuple({name}() for _ in range({len}))"),
                count: 1,
                value: format!("_payload.pack_all({items})"),
                make: format!("_payload.unpack_all({name}, v[{index}])"),
                descriptor: format!("_view.StructsField({name}.View, {size}, {offset})"),
            }
        }
        other => {
            let scalar = plain(other);
            let size = layout.size_of(ty);
            Shape {
                hint: format!("_abc.Sequence[{}]", hint(scalar)),
                default: Some(format!("({},) * {len}", zero(scalar))),
                fresh: String::new(),
                count: len,
                value: format!("*{items}"),
                make: range,
                descriptor: format!("_view.NumbersField(\"{}\", {size}, {offset})", code(scalar)),
            }
        }
    }
}

fn tail_shape(layout: &Layout, tail: &TailLayout, target: &str, index: u64, offset: u64) -> Shape {
    let at = format!("v[{index}]");
    let simple = |hint: &str, default: &str, value: String, make: String, view: &str| Shape {
        hint: hint.to_owned(),
        default: Some(default.to_owned()),
        fresh: String::new(),
        count: 1,
        value,
        make,
        descriptor: format!("_view.{view}({offset})"),
    };
    let element = match &tail.kind {
        TailKind::String => {
            let value = format!("_payload.tail_bytes({target})");
            let make = format!("_payload.tail_text({at})");
            return simple("str", "\"\"", value, make, "TextTail");
        }
        TailKind::Bytes => {
            let (value, make) = (target.to_owned(), format!("bytes({at})"));
            return simple("bytes", "b\"\"", value, make, "BytesTail");
        }
        TailKind::Elements(element) => element,
    };
    let sequence = |hint: &str, value: String, make: String, descriptor: String| Shape {
        hint: format!("_abc.Sequence[{hint}]"),
        default: Some("()".to_owned()),
        fresh: String::new(),
        count: 1,
        value,
        make,
        descriptor,
    };
    match element {
        Type::Struct(number) => {
            let name = reference(&layout.structs[*number].name);
            sequence(
                &name,
                format!("_payload.pack_all({target})"),
                format!("_payload.unpack_all({name}, {at})"),
                format!("_view.StructsTail({name}.View, {offset})"),
            )
        }
        Type::Enum(number) => {
            let item = &layout.enums[*number];
            let (name, code) = (reference(&item.name), code(item.scalar));
            sequence(
                &name,
                format!("_payload.pack_numbers({target}, \"{code}\")"),
                format!("tuple(map({name}, _payload.unpack_numbers({at}, \"{code}\")))"),
                format!("_view.EnumsTail({name}, \"{code}\", {offset})"),
            )
        }
        other => {
            let scalar = plain(other);
            let code = code(scalar);
            sequence(
                hint(scalar),
                format!("_payload.pack_numbers({target}, \"{code}\")"),
                format!("_payload.unpack_numbers({at}, \"{code}\")"),
                format!("_view.NumbersTail(\"{code}\", {offset})"),
            )
        }
    }
}

/// Format of the `struct` module for the fixed part, padding included.
pub(super) fn struct_format(layout: &Layout, item: &StructLayout) -> String {
    let mut format = "<".to_owned();
    let pad = |format: &mut String, bytes: u64| match bytes {
        0 => {}
        1 => format.push('x'),
        more => format.push_str(&format!("{more}x")),
    };
    for field in &item.fields {
        pad(&mut format, field.padding_before);
        format.push_str(&format_of(layout, &field.ty));
    }
    pad(&mut format, item.padding_after);
    format
}

fn format_of(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => code(*scalar).to_owned(),
        Type::Char(len) | Type::Bytes(len) => format!("{len}s"),
        Type::Enum(number) => code(layout.enums[*number].scalar).to_owned(),
        Type::Struct(_) => format!("{}s", layout.size_of(ty)),
        Type::Array(element, len) => match &**element {
            Type::Struct(_) => format!("{}s", layout.size_of(ty)),
            element => format!("{len}{}", format_of(layout, element)),
        },
    }
}

/// `line` as it stands `columns` further to the right.
pub(super) fn indented(line: &str, columns: usize) -> String {
    if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(columns)) }
}

/// The doc text of a field within the `Attributes:` of its class.
fn attribute_doc(name: &str, doc: &Doc) -> Vec<String> {
    let mut text = doc.text.trim().replace("\n\n", " ");
    if let Some(since) = &doc.since {
        text.push_str(&format!(" {since}"));
    }
    let lines = ATTRIBUTES.wrap(&format!("{name}: {text}"));
    let indent = |(number, line): (usize, &String)| indented(line, if number == 0 { 0 } else { 4 });
    lines.iter().enumerate().map(indent).collect()
}
