//! Types as they are written.

use super::scalar::{parse_int, shorten};
use crate::diagnostic::Finding;
use crate::model::Scalar;
use crate::rules;
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

/// Words that other languages use for a scalar, with the word of this one.
const FOREIGN: &[(&str, &str)] = &[
    ("int", "i32"),
    ("uint", "u32"),
    ("short", "i16"),
    ("ushort", "u16"),
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
    ("char8_t", "u8"),
    ("char16_t", "u16"),
    ("char32_t", "u32"),
];

/// Words for what has another size on another platform: the author has to say which one is meant.
const PLATFORM: &[(&str, &[(&str, &str)])] = &[
    ("long", &[("i32", "as on Windows"), ("i64", "as on 64-bit Linux and macOS")]),
    ("ulong", &[("u32", "as on Windows"), ("u64", "as on 64-bit Linux and macOS")]),
    ("wchar_t", &[("u16", "UTF-16, as on Windows"), ("u32", "UTF-32, as on Linux and macOS")]),
    ("size_t", &[("u64", "as on 64-bit platforms"), ("u32", "as on 32-bit ones")]),
    ("usize", &[("u64", "as on 64-bit platforms"), ("u32", "as on 32-bit ones")]),
    ("isize", &[("i64", "as on 64-bit platforms"), ("i32", "as on 32-bit ones")]),
    ("uintptr_t", &[("u64", "as on 64-bit platforms"), ("u32", "as on 32-bit ones")]),
    ("pointer", &[("u64", "a number: no address is one in another process")]),
];

/// Words for what not every language has.
const NOWHERE: &[&str] = &["i128", "u128", "f16", "f128"];

/// Reads a type; a malformed one is reported.
pub(crate) fn parse(text: &Spanned<String>, findings: &mut Vec<Finding>) -> Option<TypeText> {
    match read(text.value.trim()) {
        Ok(ty) => Some(ty),
        Err(why) => {
            let message = format!("`{}` is not a type", shorten(&text.value));
            findings.push(
                Finding::new(rules::BAD_TYPE, message)
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

/// Says that `name` in the type `text` is no type, and which one may be meant.
pub(crate) fn unknown<'a>(
    name: &str,
    text: &Spanned<String>,
    known: impl Iterator<Item = &'a str>,
) -> Finding {
    let brackets = text.value.find('[').map_or("", |at| text.value[at..].trim());
    let foreign = || {
        Finding::new(rules::UNSUPPORTED_SCALAR, format!("unknown type `{name}`"))
            .at(text.span, "not a type of the language")
    };
    if let Some((_, ours)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
        return foreign().help(format!("write `{ours}{brackets}`"));
    }
    if ["str", "text"].contains(&name) {
        let ours = if brackets.trim_matches(['[', ']']).is_empty() { "string" } else { "char" };
        let brackets = if ours == "char" { brackets } else { "" };
        return foreign().help(format!("write `{ours}{brackets}`"));
    }
    if let Some((_, choices)) = PLATFORM.iter().find(|(foreign, _)| *foreign == name) {
        let choices: Vec<_> =
            choices.iter().map(|(ours, why)| format!("`{ours}{brackets}` ({why})")).collect();
        return foreign()
            .expected("a type with the same size everywhere")
            .help(format!("write {}", choices.join(" or ")));
    }
    if NOWHERE.contains(&name) {
        return foreign()
            .expected("a type that every language has")
            .help("choose one of: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64, or an array of them");
    }
    let scalars = Scalar::ALL.iter().map(|scalar| -> &str { scalar.name() });
    let known: Vec<&str> = known.chain(scalars).chain(["string", "bytes"]).collect();
    Finding::new(rules::UNKNOWN_TYPE, format!("unknown type `{}`", shorten(name)))
        .at(text.span, "neither built in nor defined in this spec or its imports")
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
