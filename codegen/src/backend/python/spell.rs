//! How Python spells names, types, literals and docs, in the form that the formatter leaves alone.

use bitrpc_spec::layout::{ConstantValue, Scalar, Type};
use bitrpc_spec::names::{self, Language, NameKind};

use crate::facts::Prose;

/// Columns of a line, as `pyproject.toml` tells the formatter.
pub(super) const WIDTH: usize = 100;

/// Docs of whatever has a docstring of its own.
pub(super) const PROSE: Prose = Prose { escape: harmless, width: WIDTH };

/// Docs of attributes, which are indented within the docstring of their class.
pub(super) const ATTRIBUTES: Prose = Prose { escape: harmless, width: WIDTH - 8 };

/// The final name.
pub fn name(kind: NameKind, ident: &str) -> String {
    names::spell(Language::PYTHON, kind, ident)
}

/// Whether classes have a member of the type's name, which hides the type within them.
pub(super) fn is_aliased(type_name: &str) -> bool {
    ["ALIGN", "SIZE", "View"].contains(&type_name)
}

/// How the code within classes calls a type of the spec.
pub(super) fn reference(type_name: &str) -> String {
    let mark = if is_aliased(type_name) { "_" } else { "" };
    format!("{mark}{}", name(NameKind::Type, type_name))
}

/// The scalar that a type is: for places where the language allows nothing else.
pub fn plain(ty: &Type) -> Scalar {
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

/// The number that is no number of anything.
pub(super) fn zero(scalar: Scalar) -> &'static str {
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

/// Code of numpy.
pub(super) fn numpy_code(scalar: Scalar) -> &'static str {
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

/// The part of a constant's type hint that its kind asks for, and its literal.
pub(super) fn constant(value: &ConstantValue) -> (&'static str, String) {
    match value {
        ConstantValue::Int(_, value) => ("[int]", value.to_string()),
        ConstantValue::Float(_, value) => ("[float]", float(*value)),
        ConstantValue::Bool(value) => ("", boolean(*value).to_owned()),
        ConstantValue::Text(literal) => ("", text(literal)),
    }
}

/// A doc text that does not end its docstring: three quotes in a row become apostrophes.
fn harmless(text: &str) -> String {
    text.replace("\"\"\"", "'''")
}

/// The lines of a docstring with its quotes, which stands `indent` columns from the left.
///
/// A quote or backslash at its very end gets a period behind it.
pub(super) fn docstring(lines: &[String], indent: usize) -> Vec<String> {
    let mut lines = opening(lines);
    let last = lines.last_mut().expect("a docstring has a first line");
    if last.ends_with(['"', '\\']) {
        last.push('.');
    }
    if lines.len() == 1 && lines[0].chars().count() + 3 <= WIDTH - indent {
        lines[0].push_str("\"\"\"");
    } else {
        lines.push("\"\"\"".to_owned());
    }
    lines
}

/// The lines of a docstring that goes on behind them; with a backslash in them it is a raw one.
pub(super) fn opening(lines: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = lines.iter().map(|line| line.trim_end().to_owned()).collect();
    while lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let quote = if lines.iter().any(|line| line.contains('\\')) { "r\"\"\"" } else { "\"\"\"" };
    let first = lines.first().map_or("", |line| line.trim_start());
    let first = format!("{quote}{first}");
    lines.splice(..1.min(lines.len()), [first]);
    lines
}

/// A string literal in ASCII, with the quotes that need fewer escapes.
fn text(text: &str) -> String {
    let count = |quote| text.chars().filter(|&c| c == quote).count();
    let quote = if count('"') > count('\'') { '\'' } else { '"' };
    let escape = |c: char| match c {
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c == quote => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        c if u32::from(c) <= 0xFF => format!("\\x{:02x}", u32::from(c)),
        c if u32::from(c) <= 0xFFFF => format!("\\u{:04x}", u32::from(c)),
        c => format!("\\U{:08x}", u32::from(c)),
    };
    format!("{quote}{}{quote}", text.chars().map(escape).collect::<String>())
}

/// A truth value.
pub(super) fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A float literal that reads back as the same number.
fn float(value: f64) -> String {
    format!("{value:?}")
}

/// The lines of an assignment, which takes `width` columns at most in one line.
pub(super) fn assignment(target: &str, value: &str, width: usize) -> Vec<String> {
    let line = format!("{target} = {value}");
    let lines = vec![format!("{target} = ("), format!("    {value}"), ")".to_owned()];
    if line.chars().count() <= width {
        vec![line]
    } else if skip(width, &lines).is_empty() {
        lines
    } else {
        vec![format!("{line}{SKIP}")]
    }
}

/// What tells the formatter to leave a statement as it is.
const SKIP: &str = "  # fmt: skip";

/// What stands behind a statement of these lines: nothing, unless one of them takes more than
/// `width` columns, as names of 64 letters make them. How a formatter breaks those is its own
/// affair.
pub(super) fn skip(width: usize, lines: &[impl AsRef<str>]) -> &'static str {
    let fits = |line: &str| line.chars().count() <= width;
    if lines.iter().all(|line| fits(line.as_ref())) { "" } else { SKIP }
}

/// A tuple of numbers.
pub(super) fn tuple(values: &[u64]) -> String {
    match values {
        [one] => format!("({one},)"),
        values => {
            let texts: Vec<_> = values.iter().map(u64::to_string).collect();
            format!("({})", texts.join(", "))
        }
    }
}

/// How ruff orders the names of one import: constants, classes, others; numbers by value.
pub(super) fn import_key(name: &str) -> (u8, Vec<Part>, Vec<Part>) {
    (class_of(name), natural(&name.to_lowercase()), natural(name))
}

/// How ruff orders the names of `__all__`.
pub(super) fn export_key(name: &str) -> (u8, Vec<Part>) {
    (class_of(name), natural(name))
}

fn class_of(name: &str) -> u8 {
    let is_upper = name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
    if is_upper && name.len() > 1 {
        0
    } else if name.starts_with(char::is_uppercase) {
        1
    } else {
        2
    }
}

/// A piece of a name for comparing: digits compare as a number, and before letters.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Digits in a row.
    Number(u128),
    /// Any other character.
    Letter(char),
}

fn natural(name: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut digits = String::new();
    for c in name.chars().map(Some).chain([None]) {
        match c {
            Some(c) if c.is_ascii_digit() => digits.push(c),
            other => {
                if !digits.is_empty() {
                    parts.push(Part::Number(digits.parse().unwrap_or(u128::MAX)));
                    digits.clear();
                }
                parts.extend(other.map(Part::Letter));
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docstrings_survive_what_would_end_them() {
        let lines = |texts: &[&str]| {
            docstring(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), 0)
        };
        assert_eq!(lines(&["One line."]), ["\"\"\"One line.\"\"\""]);
        assert_eq!(lines(&["Two", "", "lines."]), ["\"\"\"Two", "", "lines.", "\"\"\""]);
        assert_eq!(lines(&["a \\ b \""]), ["r\"\"\"a \\ b \".\"\"\""]);
        assert_eq!(harmless("a \"\"\"\" b"), "a '''\" b");
    }

    #[test]
    fn texts_take_the_quotes_that_need_fewer_escapes() {
        assert_eq!(text("it's"), "\"it's\"");
        assert_eq!(text("say \"hi\""), "'say \"hi\"'");
        assert_eq!(text("é🙂\\\n"), "\"\\xe9\\U0001f642\\\\\\n\"");
    }

    #[test]
    fn what_no_line_holds_is_left_by_the_formatter() {
        assert_eq!(assignment("a", "b", 5), ["a = b"]);
        assert_eq!(assignment("long", "value", 9), ["long = (", "    value", ")"]);
        assert_eq!(assignment("a", "longest value", 9), ["a = longest value  # fmt: skip"]);
    }

    #[test]
    fn names_sort_as_ruff_sorts_them() {
        let mut names = vec!["decode", "V10", "V9", "TestData", "MAX", "T"];
        names.sort_by_cached_key(|name| import_key(name));
        assert_eq!(names, ["MAX", "V9", "V10", "T", "TestData", "decode"]);
    }
}
