//! Fields of structs: how each kind of type is packed, unpacked, seen in place and drawn.

use serde::Serialize;

use super::super::common::Prose;
use super::{WIDTH, literals, reference, sampler, spell};
use bitrpc_spec::layout::{Layout, Scalar, StructLayout, TailKind, TailLayout, Type};
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
    /// Expression with which the conformance peer draws a value.
    pub(super) sample: String,
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
    sample: String,
}

/// The fields of a struct, its tail as the last one.
pub(super) fn of_struct(layout: &Layout, item: &StructLayout) -> Vec<Field> {
    let mut index = 0;
    let mut fields = Vec::new();
    for field in &item.fields {
        let name = spell(NameKind::Field, &field.name);
        let shape = shape(layout, &field.ty, &format!("self.{name}"), index, field.offset);
        index += shape.count;
        let doc = attribute_doc(&field.name, &field.doc, field.since, "zero");
        fields.push(finish(name, doc, shape));
    }
    if let Some(tail) = &item.tail {
        let name = spell(NameKind::Field, &tail.name);
        let shape = tail_shape(layout, tail, &format!("self.{name}"), index, item.size);
        let doc = attribute_doc(&tail.name, &tail.doc, tail.since, "empty");
        fields.push(finish(name, doc, shape));
    }
    fields
}

fn finish(name: String, doc: Vec<String>, shape: Shape) -> Field {
    let Shape { hint, default, fresh, value, make, descriptor, sample, .. } = shape;
    let hides = METHODS.contains(&name.as_str());
    let (parameter_hint, default, assignment) = match default {
        Some(default) => {
            let assignment = literals::assignment(&format!("self.{name}"), &name, WIDTH - 8);
            (hint.clone(), default, assignment)
        }
        None => {
            let initial = format!("{fresh} if {name} is None else {name}");
            // What hides a method is declared already.
            let declared = if hides { String::new() } else { format!(": {hint}") };
            let target = format!("self.{name}{declared}");
            let assignment = literals::assignment(&target, &initial, WIDTH - 8);
            (format!("{hint} | None"), "None".to_owned(), assignment)
        }
    };
    let line = format!("{name} = {descriptor}");
    let descriptor = format!("{descriptor}{}", literals::skip(WIDTH - 8, &[line]));
    Field { name, hides, doc, parameter_hint, default, assignment, value, make, descriptor, sample }
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
            sample: sample(layout, ty),
        },
        Type::Char(len) => Shape {
            hint: "str".into(),
            default: Some("\"\"".into()),
            fresh: String::new(),
            count: 1,
            value: format!("_payload.text_bytes({target}, {len})"),
            make: format!("_payload.text({at})"),
            descriptor: format!("_view.TextField({len}, {offset})"),
            sample: sample(layout, ty),
        },
        Type::Bytes(len) => Shape {
            hint: "bytes".into(),
            default: Some(format!("b\"\\0\" * {len}")),
            fresh: String::new(),
            count: 1,
            value: format!("_payload.raw_bytes({target}, {len})"),
            make: at,
            descriptor: format!("_view.BytesField({len}, {offset})"),
            sample: sample(layout, ty),
        },
        Type::Enum(number) => {
            let item = &layout.enums[*number];
            let name = reference(&item.name);
            let zero = item.values.iter().find(|value| value.value == 0);
            let member = |value: &bitrpc_spec::layout::NamedValue| {
                format!("{name}.{}", spell(NameKind::EnumValue, &value.name))
            };
            Shape {
                hint: name.clone(),
                default: zero.map(member),
                fresh: format!("{name}(0)"),
                count: 1,
                value,
                make: format!("{name}({at})"),
                descriptor: format!("_view.EnumField({name}, \"{}\", {offset})", code(item.scalar)),
                sample: sample(layout, ty),
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
                sample: sample(layout, ty),
            }
        }
        Type::Array(element, len) => array(layout, element, *len, target, index, offset),
    }
}

fn array(
    layout: &Layout,
    element: &Type,
    len: u64,
    target: &str,
    index: u64,
    offset: u64,
) -> Shape {
    let items = format!("_payload.items({target}, {len})");
    let range = format!("v[{index}:{}]", index + len);
    let sample = format!("tuple({} for _ in range({len}))", sample(layout, element));
    match element {
        Type::Enum(number) => {
            let item = &layout.enums[*number];
            let name = reference(&item.name);
            let (code, size) = (code(item.scalar), item.scalar.size() * len);
            Shape {
                hint: format!("_abc.Sequence[{name}]"),
                default: None,
                fresh: format!("({name}(0),) * {len}"),
                count: len,
                value: format!("*{items}"),
                make: format!("tuple(map({name}, {range}))"),
                descriptor: format!("_view.EnumsField({name}, \"{code}\", {size}, {offset})"),
                sample,
            }
        }
        Type::Struct(number) => {
            let item = &layout.structs[*number];
            let name = reference(&item.name);
            let size = item.size * len;
            Shape {
                hint: format!("_abc.Sequence[{name}]"),
                default: None,
                fresh: format!("tuple({name}() for _ in range({len}))"),
                count: 1,
                value: format!("_payload.pack_all({items})"),
                make: format!("_payload.unpack_all({name}, v[{index}])"),
                descriptor: format!("_view.StructsField({name}.View, {size}, {offset})"),
                sample,
            }
        }
        other => {
            let scalar = plain(other);
            let size = scalar.size() * len;
            Shape {
                hint: format!("_abc.Sequence[{}]", hint(scalar)),
                default: Some(format!("({},) * {len}", zero(scalar))),
                fresh: String::new(),
                count: len,
                value: format!("*{items}"),
                make: range,
                descriptor: format!("_view.NumbersField(\"{}\", {size}, {offset})", code(scalar)),
                sample,
            }
        }
    }
}

fn tail_shape(layout: &Layout, tail: &TailLayout, target: &str, index: u64, offset: u64) -> Shape {
    let at = format!("v[{index}]");
    let simple =
        |hint: &str, default: &str, value: String, make: String, view: &str, sample: &str| Shape {
            hint: hint.to_owned(),
            default: Some(default.to_owned()),
            fresh: String::new(),
            count: 1,
            value,
            make,
            descriptor: format!("_view.{view}({offset})"),
            sample: sample.to_owned(),
        };
    let element = match &tail.kind {
        TailKind::String => {
            let value = format!("_payload.tail_bytes({target})");
            let make = format!("_payload.tail_text({at})");
            return simple("str", "\"\"", value, make, "TextTail", "rng.tail_text(room)");
        }
        TailKind::Bytes => {
            let (value, make) = (target.to_owned(), format!("bytes({at})"));
            return simple("bytes", "b\"\"", value, make, "BytesTail", "rng.tail_bytes(room)");
        }
        TailKind::Elements(element) => element,
    };
    let draw = format!(
        "rng.tail_elements(room, {}, lambda: {})",
        tail.element_size,
        sample(layout, element)
    );
    let sequence = |hint: &str, value: String, make: String, descriptor: String| Shape {
        hint: format!("_abc.Sequence[{hint}]"),
        default: Some("()".to_owned()),
        fresh: String::new(),
        count: 1,
        value,
        make,
        descriptor,
        sample: draw.clone(),
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
        Type::Struct(number) => format!("{}s", layout.structs[*number].size),
        Type::Array(element, len) => match &**element {
            Type::Struct(number) => format!("{}s", layout.structs[*number].size * len),
            element => format!("{len}{}", format_of(layout, element)),
        },
    }
}

/// The dtype's format of a field: a text, a struct's class, or a pair with a count.
pub(super) fn numpy_format(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => format!("\"{}\"", numpy_code(*scalar)),
        Type::Char(len) => format!("\"S{len}\""),
        Type::Bytes(len) => format!("(\"u1\", {len})"),
        Type::Enum(number) => format!("\"{}\"", numpy_code(layout.enums[*number].scalar)),
        Type::Struct(number) => reference(&layout.structs[*number].name),
        Type::Array(element, len) => format!("({}, {len})", numpy_format(layout, element)),
    }
}

/// The type of a field in the conformance peer's `ctypes` structures.
pub(super) fn ctype(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Enum(number) => scalar_ctype(layout.enums[*number].scalar).to_owned(),
        Type::Struct(number) => spell(NameKind::Type, &layout.structs[*number].name),
        Type::Array(element, len) => format!("{} * {len}", ctype(layout, element)),
        other => header_ctype(other),
    }
}

/// The same for a header, which knows neither enums nor structs.
pub(super) fn header_ctype(ty: &Type) -> String {
    match ty {
        Type::Char(len) => format!("ctypes.c_char * {len}"),
        Type::Bytes(len) => format!("ctypes.c_uint8 * {len}"),
        Type::Array(element, len) => format!("{} * {len}", header_ctype(element)),
        other => scalar_ctype(plain(other)).to_owned(),
    }
}

/// The expression with which the conformance peer draws a value of `ty`.
fn sample(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Char(len) => format!("rng.text({len})"),
        Type::Bytes(len) => format!("rng.raw({len})"),
        Type::Enum(number) => format!("{}(rng)", sampler(&layout.enums[*number].name)),
        Type::Struct(number) => format!("{}(rng)", sampler(&layout.structs[*number].name)),
        Type::Array(element, len) => {
            format!("tuple({} for _ in range({len}))", sample(layout, element))
        }
        Type::Scalar(Scalar::Bool) => "rng.boolean()".to_owned(),
        Type::Scalar(Scalar::F32) => "rng.f32()".to_owned(),
        Type::Scalar(Scalar::F64) => "rng.f64()".to_owned(),
        Type::Scalar(scalar) => {
            let kind = if scalar.is_signed() { "signed" } else { "unsigned" };
            format!("rng.{kind}({})", scalar.size() * 8)
        }
    }
}

/// The scalar that a type is: for places where the language allows nothing else.
pub(super) fn plain(ty: &Type) -> Scalar {
    match ty {
        Type::Scalar(scalar) => *scalar,
        other => unreachable!("only a scalar is allowed here, not {other:?}"),
    }
}

/// Python's type of a scalar.
pub(super) fn hint(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        scalar if scalar.is_float() => "float",
        _ => "int",
    }
}

fn zero(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "False",
        scalar if scalar.is_float() => "0.0",
        _ => "0",
    }
}

/// The view's class for a scalar.
pub(super) fn descriptor(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "BoolField",
        scalar if scalar.is_float() => "FloatField",
        _ => "IntField",
    }
}

/// Code of the `struct` module.
pub(super) fn code(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "B",
        Scalar::U16 => "H",
        Scalar::U32 => "I",
        Scalar::U64 => "Q",
        Scalar::I8 => "b",
        Scalar::I16 => "h",
        Scalar::I32 => "i",
        Scalar::I64 => "q",
        Scalar::F32 => "f",
        Scalar::F64 => "d",
        Scalar::Bool => "?",
    }
}

fn numpy_code(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "u1",
        Scalar::U16 => "<u2",
        Scalar::U32 => "<u4",
        Scalar::U64 => "<u8",
        Scalar::I8 => "i1",
        Scalar::I16 => "<i2",
        Scalar::I32 => "<i4",
        Scalar::I64 => "<i8",
        Scalar::F32 => "<f4",
        Scalar::F64 => "<f8",
        Scalar::Bool => "?",
    }
}

fn scalar_ctype(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "ctypes.c_uint8",
        Scalar::U16 => "ctypes.c_uint16",
        Scalar::U32 => "ctypes.c_uint32",
        Scalar::U64 => "ctypes.c_uint64",
        Scalar::I8 => "ctypes.c_int8",
        Scalar::I16 => "ctypes.c_int16",
        Scalar::I32 => "ctypes.c_int32",
        Scalar::I64 => "ctypes.c_int64",
        Scalar::F32 => "ctypes.c_float",
        Scalar::F64 => "ctypes.c_double",
        Scalar::Bool => "ctypes.c_bool",
    }
}

/// `line` as it stands `columns` further to the right.
pub(super) fn indented(line: &str, columns: usize) -> String {
    if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(columns)) }
}

/// Docs of attributes, which are indented within the docstring of their class.
const ATTRIBUTES: Prose = Prose { escape: literals::harmless, width: WIDTH - 8 };

/// The doc text of a field within the `Attributes:` of its class.
fn attribute_doc(name: &str, doc: &str, since: Option<(u16, u16)>, absent: &str) -> Vec<String> {
    let mut text = doc.trim().replace("\n\n", " ");
    if text.is_empty() {
        text = format!("The `{name}` field.");
    }
    if let Some((major, minor)) = since {
        text.push_str(&format!(" Since version {major}.{minor}; {absent} in older messages."));
    }
    let lines = ATTRIBUTES.wrap(&format!("{}: {text}", spell(NameKind::Field, name)));
    let indent = |(number, line): (usize, &String)| indented(line, if number == 0 { 0 } else { 4 });
    lines.iter().enumerate().map(indent).collect()
}
