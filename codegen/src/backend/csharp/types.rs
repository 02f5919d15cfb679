//! C# types and literals.

use std::collections::BTreeMap;

use serde::Serialize;

use super::type_spelling;
use bitrpc_spec::layout::{ConstantValue, Layout, Scalar, Type};

/// A name with a literal or expression.
#[derive(Debug, Serialize)]
pub(super) struct NamedLiteral {
    pub(super) name: String,
    pub(super) raw_name: String,
    /// The struct that it is named after.
    pub(super) qualified: String,
    pub(super) doc: Vec<String>,
    pub(super) literal: String,
    /// Names a struct that not every runtime takes.
    pub(super) is_large: bool,
}

/// An array or text that lies in a struct: a type of its own, because C# has no array of fixed
/// length that every runtime takes.
#[derive(Debug, Serialize)]
pub(super) struct InlineType {
    pub(super) name: String,
    pub(super) is_text: bool,
    /// Number of elements; bytes for a text.
    pub(super) length: u64,
    pub(super) size: u64,
    pub(super) element: String,
    /// The type that an element has in memory.
    pub(super) wire: String,
    /// Expressions that read the element at `index`, and that an element is stored as.
    pub(super) get: String,
    pub(super) set: &'static str,
    /// Expression that compares the elements at `i` of what `a` and `b` point to.
    pub(super) same: String,
    /// Expression of the text of element `i`.
    pub(super) show: String,
    /// Whether an element can be referred to: a bool is a byte in memory.
    pub(super) has_at: bool,
    pub(super) is_large: bool,
}

/// Most bytes of a struct that every runtime takes: Mono refuses larger ones.
const LARGEST_FOR_ALL: u64 = 1 << 20;

pub(super) fn is_large(size: u64) -> bool {
    size > LARGEST_FOR_ALL
}

/// How values of a type are compared: an expression of two operands.
pub(super) fn same(ty: &Type, left: &str, right: &str) -> String {
    match ty {
        // By value, so that a NaN is itself.
        Type::Scalar(Scalar::F32 | Scalar::F64) => format!("{left}.Equals({right})"),
        _ => format!("{left} == {right}"),
    }
}

/// The text of a value of a type, the same in every culture; `helper` is what comes before the
/// engine's names.
pub(super) fn show(ty: &Type, value: &str, helper: &str) -> String {
    match ty {
        Type::Scalar(_) => format!("{helper}RingText.Of({value})"),
        _ => format!("{value}.ToString()"),
    }
}

/// Every array and text type that a field of the spec has, by name.
pub(super) fn inline_types(layout: &Layout) -> Vec<InlineType> {
    let ring = layout.ring_header.fields.iter().map(|f| (&f.ty, f.size));
    let message = layout.message_header.fields.iter().map(|f| (&f.ty, f.size));
    let structs = layout.structs.iter().flat_map(|s| s.fields.iter().map(|f| (&f.ty, f.size)));
    let mut found = BTreeMap::new();
    for (ty, size) in ring.chain(message).chain(structs) {
        if let Some(item) = inline_type(layout, ty, size) {
            found.insert((item.element.clone(), item.is_text, item.length), item);
        }
    }
    found.into_values().collect()
}

fn inline_type(layout: &Layout, ty: &Type, size: u64) -> Option<InlineType> {
    let (element, wire, length) = match ty {
        Type::Char(length) => (String::new(), String::new(), *length),
        Type::Bytes(length) => ("byte".to_owned(), "byte".to_owned(), *length),
        Type::Array(element, length) => {
            (qualified(layout, element), qualified_wire(layout, element), *length)
        }
        _ => return None,
    };
    let is_bool = element == "bool";
    let element_type = match ty {
        Type::Array(element, _) => element.as_ref().clone(),
        _ => Type::Scalar(Scalar::U8),
    };
    let at = |start: &str| format!("(({wire}*){start})[i]");
    Some(InlineType {
        name: inline_name(layout, ty)?,
        is_text: matches!(ty, Type::Char(_)),
        length,
        size,
        get: if is_bool {
            "start[index] != 0".to_owned()
        } else {
            format!("(({wire}*)start)[index]")
        },
        set: if is_bool { "value ? (byte)1 : (byte)0" } else { "value" },
        same: if is_bool {
            "(a[i] != 0) == (b[i] != 0)".to_owned()
        } else {
            same(&element_type, &at("a"), &at("b"))
        },
        show: show(&element_type, "this[i]", ""),
        has_at: !is_bool && !matches!(ty, Type::Char(_)),
        is_large: is_large(size),
        element,
        wire,
    })
}

/// Name of an array or text type inside the namespace of such types.
fn inline_name(layout: &Layout, ty: &Type) -> Option<String> {
    match ty {
        Type::Char(length) => Some(format!("Text{length}")),
        Type::Bytes(length) => Some(format!("ByteArray{length}")),
        Type::Array(element, length) => {
            let element = match element.as_ref() {
                Type::Scalar(ty) => class_name(*ty).to_owned(),
                Type::Enum(index) => type_spelling(&layout.enums[*index].name),
                Type::Struct(index) => type_spelling(&layout.structs[*index].name),
                other => unreachable!("a spec has no array of {other:?}"),
            };
            Some(format!("{element}Array{length}"))
        }
        _ => None,
    }
}

/// A type's name within the namespace of the spec's types, where only theirs are short.
pub(super) fn type_name(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(ty) => scalar(*ty).to_owned(),
        Type::Enum(index) => type_spelling(&layout.enums[*index].name),
        Type::Struct(index) => type_spelling(&layout.structs[*index].name),
        Type::Char(_) | Type::Bytes(_) | Type::Array(..) => {
            let name = inline_name(layout, ty).expect("an array or text");
            format!("{}Inline.{name}", namespace_prefix(layout))
        }
    }
}

/// A type's name for other namespaces.
pub(super) fn qualified(layout: &Layout, ty: &Type) -> String {
    let name = type_name(layout, ty);
    match ty {
        Type::Enum(_) | Type::Struct(_) => spec_type(layout, &name),
        _ => name,
    }
}

/// The type that lies in memory, for other namespaces: a bool is a byte there, of which any value
/// may come.
pub(super) fn qualified_wire(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => "byte".to_owned(),
        other => qualified(layout, other),
    }
}

/// The name for other namespaces of what the spec calls `name`.
pub(super) fn spec_type(layout: &Layout, name: &str) -> String {
    format!("{}Messages.{name}", namespace_prefix(layout))
}

/// What stands before the names of the engine in other namespaces.
fn namespace_prefix(layout: &Layout) -> String {
    format!("global::{}.", layout.targets.csharp_namespace.join("."))
}

pub(super) fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "byte",
        Scalar::U16 => "ushort",
        Scalar::U32 => "uint",
        Scalar::U64 => "ulong",
        Scalar::I8 => "sbyte",
        Scalar::I16 => "short",
        Scalar::I32 => "int",
        Scalar::I64 => "long",
        Scalar::F32 => "float",
        Scalar::F64 => "double",
        Scalar::Bool => "bool",
    }
}

/// The base library's name of a scalar.
fn class_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "Byte",
        Scalar::U16 => "UInt16",
        Scalar::U32 => "UInt32",
        Scalar::U64 => "UInt64",
        Scalar::I8 => "SByte",
        Scalar::I16 => "Int16",
        Scalar::I32 => "Int32",
        Scalar::I64 => "Int64",
        Scalar::F32 => "Single",
        Scalar::F64 => "Double",
        Scalar::Bool => "Boolean",
    }
}

pub(super) fn literal(value: &ConstantValue) -> String {
    match value {
        ConstantValue::Int(_, value) => value.to_string(),
        ConstantValue::Float(Scalar::F32, value) => format!("{value:?}f"),
        ConstantValue::Float(_, value) => format!("{value:?}"),
        ConstantValue::Bool(value) => value.to_string(),
        ConstantValue::Text(text) => string_literal(text),
    }
}

pub(super) fn string_literal(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        // U+2028 and U+2029 end a line for the compiler.
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
            format!("\\u{:04x}", u32::from(c))
        }
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_literals_hold_what_would_end_them() {
        assert_eq!(string_literal("a\"\\\n\u{2028}é"), r#""a\"\\\u000a\u2028é""#);
    }
}
