//! How C# spells names, types, literals and docs.

use bitrpc_spec::layout::{ConstantValue, Layout, Scalar, StructLayout, TailLayout, Type};
use bitrpc_spec::names::{self, Language, NameKind};

use crate::facts::{self, Doc, Prose};

/// The final name.
pub fn name(kind: NameKind, ident: &str) -> String {
    names::spell(Language::CSHARP, kind, ident)
}

/// The final name of a struct or enum.
pub fn type_ident(ident: &str) -> String {
    name(NameKind::Type, ident)
}

/// The final name of a field of the struct `owner`.
pub fn member(owner: &str, ident: &str) -> String {
    names::spell_member(Language::CSHARP, NameKind::Field, owner, ident)
}

/// The final name of the tail of `item`, beside its fixed part, which has a name too.
pub fn tail_member(item: &StructLayout, tail: &TailLayout) -> String {
    let mut name = member(&item.name, &tail.name);
    if name == "Fixed" {
        name.push('_');
    }
    name
}

/// Name of a struct without its tail, which is the struct's own when it has none.
pub fn fixed_name(item: &StructLayout) -> String {
    facts::fixed_name(item, &type_ident(&item.name))
}

/// The field that lies in memory for the member `name`: a bool is shown by another one.
pub fn storage(name: &str, ty: &Type) -> String {
    let mark = if *ty == Type::Scalar(Scalar::Bool) { "_" } else { "" };
    format!("{mark}{name}")
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

/// Name of an array or text type inside the namespace of such types.
pub(super) fn inline_name(layout: &Layout, ty: &Type) -> Option<String> {
    match ty {
        Type::Char(length) => Some(format!("Text{length}")),
        Type::Bytes(length) => Some(format!("ByteArray{length}")),
        Type::Array(element, length) => {
            let element = match element.as_ref() {
                Type::Scalar(ty) => class_name(*ty).to_owned(),
                Type::Enum(index) => type_ident(&layout.enums[*index].name),
                Type::Struct(index) => type_ident(&layout.structs[*index].name),
                other => unreachable!("a spec has no array of {other:?}"),
            };
            Some(format!("{element}Array{length}"))
        }
        _ => None,
    }
}

/// A type's name within the namespace of the spec's types, where only theirs are short.
pub fn type_name(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(ty) => scalar(*ty).to_owned(),
        Type::Enum(index) => type_ident(&layout.enums[*index].name),
        Type::Struct(index) => type_ident(&layout.structs[*index].name),
        Type::Char(_) | Type::Bytes(_) | Type::Array(..) => {
            let name = inline_name(layout, ty).expect("an array or text");
            format!("{}Inline.{name}", namespace_prefix(layout))
        }
    }
}

/// A type's name for other namespaces.
pub fn qualified(layout: &Layout, ty: &Type) -> String {
    let name = type_name(layout, ty);
    match ty {
        Type::Enum(_) | Type::Struct(_) => spec_type(layout, &name),
        _ => name,
    }
}

/// The type that lies in memory, for other namespaces: a bool is a byte there, of which any value
/// may come.
pub fn qualified_wire(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => "byte".to_owned(),
        other => qualified(layout, other),
    }
}

/// The name for other namespaces of what the spec calls `name`.
pub fn spec_type(layout: &Layout, name: &str) -> String {
    format!("{}Messages.{name}", namespace_prefix(layout))
}

/// What stands before the names of the engine in other namespaces.
fn namespace_prefix(layout: &Layout) -> String {
    format!("global::{}.", layout.targets.csharp_namespace.join("."))
}

/// The keyword of a scalar.
pub fn scalar(scalar: Scalar) -> &'static str {
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

/// Type and literal of a constant.
pub(super) fn constant(value: &ConstantValue) -> (&'static str, String) {
    match value {
        ConstantValue::Int(ty, value) => (scalar(*ty), value.to_string()),
        ConstantValue::Float(Scalar::F32, value) => ("float", format!("{value:?}f")),
        ConstantValue::Float(_, value) => ("double", format!("{value:?}")),
        ConstantValue::Bool(value) => ("bool", value.to_string()),
        ConstantValue::Text(text) => ("string", string_literal(text)),
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

/// Columns that are left in the deepest comment between `<para>` and `</para>`.
const PROSE: Prose = Prose { escape, width: WIDTH - "<para></para>".len() - "    ".len() };

/// Columns of a line.
const WIDTH: usize = 100;

/// A doc text as a `<summary>`; without the `/// ` in front.
pub(super) fn doc(text: &str) -> Vec<String> {
    summary(&PROSE.wrap(text))
}

/// The same of a field or tail, with what it is in messages of older senders.
pub(super) fn member_doc(doc: &Doc) -> Vec<String> {
    summary(&PROSE.member(doc))
}

/// Wrapped paragraphs, an empty line between two, as an XML element.
fn summary(lines: &[String]) -> Vec<String> {
    const LONGEST: usize = WIDTH - "        /// <summary></summary>".len();
    if let [line] = lines
        && line.len() <= LONGEST
    {
        return vec![format!("<summary>{line}</summary>")];
    }
    let paragraphs: Vec<_> = lines.split(String::is_empty).collect();
    let mut out = vec!["<summary>".to_owned()];
    for paragraph in &paragraphs {
        for (at, line) in paragraph.iter().enumerate() {
            let several = paragraphs.len() > 1;
            let open = if several && at == 0 { "<para>" } else { "" };
            let close = if several && at + 1 == paragraph.len() { "</para>" } else { "" };
            out.push(format!("{open}{line}{close}"));
        }
    }
    out.push("</summary>".to_owned());
    out
}

/// Text inside an XML element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_literals_hold_what_would_end_them() {
        assert_eq!(string_literal("a\"\\\n\u{2028}é"), r#""a\"\\\u000a\u2028é""#);
    }

    #[test]
    fn a_short_text_is_one_line_and_its_markup_is_harmless() {
        let lines = doc("a < b & c");
        assert_eq!(lines, ["<summary>a &lt; b &amp; c</summary>"]);
    }

    #[test]
    fn paragraphs_stay_apart() {
        let lines = doc("one\n\ntwo");
        assert_eq!(lines, ["<summary>", "<para>one</para>", "<para>two</para>", "</summary>"]);
    }
}
