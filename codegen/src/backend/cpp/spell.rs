//! How C++ spells names, types, literals and docs.

use bitrpc_spec::layout::{ConstantValue, Layout, Scalar, StructLayout, Type};
use bitrpc_spec::names::{self, Language, NameKind};

use crate::facts::{self, Prose};

/// Columns of a line, as `.clang-format` says.
pub(super) const WIDTH: usize = 100;

pub(super) const PROSE: Prose = Prose { escape: line_comment, width: WIDTH };

/// The final name.
pub fn name(kind: NameKind, ident: &str) -> String {
    names::spell(Language::CPP, kind, ident)
}

/// Name of a struct without its tail, which is the struct's own when it has none.
pub fn fixed_name(item: &StructLayout) -> String {
    facts::fixed_name(item, &name(NameKind::Type, &item.name))
}

/// The name of a constant that the engine itself uses, for which a spec's own step aside.
pub(super) fn engine_constant(name: &str) -> String {
    names::unescaped(Language::CPP, NameKind::Constant, name)
}

/// The header's namespace as code of any other one names it: whatever stands there under the same
/// name as something of the header does not hide that.
pub(super) fn root(layout: &Layout) -> String {
    format!("::{}", layout.targets.cpp_namespace.join("::"))
}

/// The type that carries a scalar on the wire.
pub fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "std::uint8_t",
        Scalar::U16 => "std::uint16_t",
        Scalar::U32 => "std::uint32_t",
        Scalar::U64 => "std::uint64_t",
        Scalar::I8 => "std::int8_t",
        Scalar::I16 => "std::int16_t",
        Scalar::I32 => "std::int32_t",
        Scalar::I64 => "std::int64_t",
        Scalar::F32 => "float",
        Scalar::F64 => "double",
        Scalar::Bool => "WireBool",
    }
}

/// The type of a field.
pub fn type_name(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => format!("{}::{}", root(layout), scalar(Scalar::Bool)),
        Type::Scalar(ty) => scalar(*ty).to_owned(),
        Type::Char(len) => format!("std::array<char, {len}>"),
        Type::Bytes(len) => format!("std::array<std::uint8_t, {len}>"),
        Type::Enum(index) => name(NameKind::Type, &layout.enums[*index].name),
        Type::Struct(index) => name(NameKind::Type, &layout.structs[*index].name),
        Type::Array(element, len) => format!("std::array<{}, {len}>", type_name(layout, element)),
    }
}

/// Type and literal of a constant.
pub(super) fn constant(value: &ConstantValue) -> (&'static str, String) {
    match value {
        ConstantValue::Int(ty, value) => (scalar(*ty), integer(*ty, *value)),
        ConstantValue::Float(Scalar::F32, value) => ("float", format!("{:?}F", *value as f32)),
        ConstantValue::Float(_, value) => ("double", format!("{value:?}")),
        ConstantValue::Bool(value) => ("bool", value.to_string()),
        ConstantValue::Text(text) => ("std::string_view", string_literal(text)),
    }
}

/// The literal of a set's bit.
pub(super) fn bit(scalar: Scalar, mask: &str) -> String {
    let suffix = if scalar == Scalar::U64 { "ULL" } else { "U" };
    format!("{mask}{suffix}")
}

/// An integer literal that has exactly its type's range: no implicit sign change, and the least
/// values spelled as the language can.
pub(super) fn integer(scalar: Scalar, value: i128) -> String {
    match scalar {
        Scalar::U8 | Scalar::U16 | Scalar::U32 => format!("{value}U"),
        Scalar::U64 => format!("{value}ULL"),
        Scalar::I64 if value == i128::from(i64::MIN) => format!("{}LL - 1", value + 1),
        Scalar::I64 => format!("{value}LL"),
        Scalar::I32 if value == i128::from(i32::MIN) => format!("{} - 1", value + 1),
        _ => value.to_string(),
    }
}

/// A C++ string literal: everything but printable ASCII as three octal digits, which cannot run
/// into the next character as hexadecimal escapes would. Two `?` could begin a trigraph.
fn string_literal(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    let mut escaped: String = text.bytes().map(escape).collect();
    if text.contains("??") {
        escaped = escaped.replace('?', "\\?");
    }
    format!("\"{escaped}\"")
}

/// A backslash at the end of a line, or the trigraph for one, would make the next line a comment
/// too, and any line may end where the text is wrapped.
fn line_comment(text: &str) -> String {
    let continues = |word: &str| word.ends_with('\\') || word.ends_with("??/");
    let quote = |word: &str| if continues(word) { format!("'{word}'") } else { word.to_owned() };
    text.split(' ').map(quote).collect::<Vec<_>>().join(" ")
}
