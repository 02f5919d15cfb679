//! How C++ spells names, scalar types, literals and comments.

use bitrpc_spec::layout::{Layout, Scalar};
use bitrpc_spec::names::{self, Language, NameKind};

/// The type that carries a scalar on the wire.
pub(super) fn scalar(scalar: Scalar) -> &'static str {
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

/// The header's namespace as code of any other one names it: whatever stands there under the same
/// name as something of the header does not hide that.
pub(super) fn root(layout: &Layout) -> String {
    format!("::{}", layout.targets.cpp_namespace.join("::"))
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
pub(super) fn string_literal(text: &str) -> String {
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
pub(super) fn line_comment(text: &str) -> String {
    let continues = |word: &str| word.ends_with('\\') || word.ends_with("??/");
    let quote = |word: &str| if continues(word) { format!("'{word}'") } else { word.to_owned() };
    text.split(' ').map(quote).collect::<Vec<_>>().join(" ")
}

/// The final C++ name.
pub(super) fn spell(kind: NameKind, name: &str) -> String {
    names::spell(Language::Cpp, kind, name)
}

/// Name of the peer's function that draws a value of the named type; the `_sample` keeps it clear
/// of keywords.
pub(super) fn sampler(name: &str) -> String {
    format!("{}_sample", spell(NameKind::Function, name).trim_end_matches('_'))
}
