//! Types as they are written.

use super::scalar::{parse_int, shorten};
use crate::diagnostic::{Finding, rule};
use crate::layout::Scalar;
use crate::source::Spanned;

/// Most elements that a length may state; more fits into no ring.
const MAX_LENGTH: i128 = 1 << 31;

/// How many elements an array has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Length {
    /// A number.
    Count(u64),
    /// The name of an integer constant.
    Constant(String),
}

/// The form of a type; names are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TypeText {
    /// `T`.
    One(String),
    /// `T[N]`.
    Array(String, Length),
    /// `T[]`.
    Tail(String),
    /// `char[N]`.
    Char(Length),
    /// `bytes[N]`.
    Bytes(Length),
    /// `string`.
    StringTail,
    /// `bytes`.
    BytesTail,
}

/// The scalar of this name.
pub(crate) fn scalar(name: &str) -> Option<Scalar> {
    Scalar::ALL.into_iter().find(|scalar| scalar.name() == name)
}

/// Words that other languages use for a scalar, with the word of this one. An empty second word
/// means that the size differs from platform to platform and the author has to say which one.
const FOREIGN: &[(&str, &str)] = &[
    ("int", "i32"),
    ("uint", "u32"),
    ("short", "i16"),
    ("ushort", "u16"),
    ("long", ""),
    ("ulong", ""),
    ("usize", ""),
    ("isize", ""),
    ("size_t", ""),
    ("uintptr_t", ""),
    ("pointer", ""),
    ("wchar_t", ""),
    ("float", "f32"),
    ("double", "f64"),
    ("float32", "f32"),
    ("float64", "f64"),
    ("boolean", "bool"),
    ("byte", "u8"),
    ("sbyte", "i8"),
    ("int8", "i8"),
    ("int16", "i16"),
    ("int32", "i32"),
    ("int64", "i64"),
    ("uint8", "u8"),
    ("uint16", "u16"),
    ("uint32", "u32"),
    ("uint64", "u64"),
    ("int8_t", "i8"),
    ("int16_t", "i16"),
    ("int32_t", "i32"),
    ("int64_t", "i64"),
    ("uint8_t", "u8"),
    ("uint16_t", "u16"),
    ("uint32_t", "u32"),
    ("uint64_t", "u64"),
    ("str", "string"),
    ("text", "string"),
    ("i128", ""),
    ("u128", ""),
    ("f16", ""),
    ("f128", ""),
];

/// Reads a type; a malformed one is reported.
pub(crate) fn parse(text: &Spanned<String>, findings: &mut Vec<Finding>) -> Option<TypeText> {
    match read(text.value.trim()) {
        Ok(ty) => Some(ty),
        Err(why) => {
            let message = format!("`{}` is not a type", shorten(&text.value));
            findings.push(
                Finding::error(rule::BAD_TYPE, message)
                    .at(text.span, why)
                    .expected("T, T[N], char[N], bytes[N], or at the end: string, bytes, T[]"),
            );
            None
        }
    }
}

fn read(text: &str) -> Result<TypeText, String> {
    let Some((name, rest)) = text.split_once('[') else {
        return match text {
            "string" => Ok(TypeText::StringTail),
            "bytes" => Ok(TypeText::BytesTail),
            "char" => Err("needs a length: char[16]; or string for text of any length".into()),
            name => Ok(TypeText::One(checked_name(name)?)),
        };
    };
    let name = name.trim();
    let Some(inside) = rest.strip_suffix(']') else {
        return Err("`[` without `]` at the end".into());
    };
    if inside.contains('[') || inside.contains(']') {
        return Err("arrays of arrays are not part of the language; put one in a struct".into());
    }
    let inside = inside.trim();
    if inside.is_empty() {
        return match name {
            "char" => Err("text of any length is written as string".into()),
            "bytes" => Err("bytes of any length are written as bytes".into()),
            "string" => Err("string has no length; char[N] is text of a fixed size".into()),
            name => Ok(TypeText::Tail(checked_name(name)?)),
        };
    }
    let length = length(inside)?;
    match name {
        "char" => Ok(TypeText::Char(length)),
        "bytes" => Ok(TypeText::Bytes(length)),
        "string" => Err("string has no length; char[N] is text of a fixed size".into()),
        name => Ok(TypeText::Array(checked_name(name)?, length)),
    }
}

fn checked_name(name: &str) -> Result<String, String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(word) {
        Ok(name.to_owned())
    } else {
        Err("not the name of a type".into())
    }
}

fn length(text: &str) -> Result<Length, String> {
    if text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(Length::Constant(checked_name(text)?));
    }
    match parse_int(text) {
        Ok(0) => Err("a length of 0 holds nothing".into()),
        Ok(count @ 1..=MAX_LENGTH) => Ok(Length::Count(count as u64)),
        Ok(_) => Err(format!("the length is not between 1 and {MAX_LENGTH}")),
        Err(_) => Err("the length is neither a number nor the name of a constant".into()),
    }
}

/// Says that a name is no type, and which one may be meant.
pub(crate) fn unknown<'a>(
    name: &str,
    span: crate::source::Span,
    known: impl Iterator<Item = &'a str>,
) -> Finding {
    if let Some((_, ours)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
        let finding = Finding::error(rule::UNSUPPORTED_SCALAR, format!("unknown type `{name}`"))
            .at(span, "not a type of the language");
        return match *ours {
            "" => finding
                .expected("a type with the same size everywhere")
                .help("choose one of: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64"),
            ours => finding.help(format!("write `{ours}`")),
        };
    }
    let scalars = Scalar::ALL.iter().map(|scalar| -> &str { scalar.name() });
    let known: Vec<&str> = known.chain(scalars).chain(["string", "bytes"]).collect();
    Finding::error(rule::UNKNOWN_TYPE, format!("unknown type `{}`", shorten(name)))
        .at(span, "neither built in nor defined in this spec or its imports")
        .did_you_mean(name, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let name = || "Leg".to_owned();
        assert_eq!(read("Leg"), Ok(TypeText::One(name())));
        assert_eq!(read("Leg[4]"), Ok(TypeText::Array(name(), Length::Count(4))));
        assert_eq!(read("Leg [ 0x10 ]"), Ok(TypeText::Array(name(), Length::Count(16))));
        let constant = Length::Constant("max_legs".into());
        assert_eq!(read("Leg[max_legs]"), Ok(TypeText::Array(name(), constant)));
        assert_eq!(read("Leg[]"), Ok(TypeText::Tail(name())));
        assert_eq!(read("char[16]"), Ok(TypeText::Char(Length::Count(16))));
        assert_eq!(read("bytes[1]"), Ok(TypeText::Bytes(Length::Count(1))));
        assert_eq!(read("string"), Ok(TypeText::StringTail));
        assert_eq!(read("bytes"), Ok(TypeText::BytesTail));
    }

    #[test]
    fn every_other_form_is_refused() {
        let bad = [
            "",
            "[",
            "[]",
            "[4]",
            "u8[",
            "u8]",
            "u8[4",
            "u8[0]",
            "u8[-1]",
            "u8[2][2]",
            "char",
            "char[]",
            "bytes[]",
            "string[4]",
            "u 8",
            "u8[4]x",
            "é",
            "u8[é]",
            "u8[99999999999]",
        ];
        for text in bad {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
