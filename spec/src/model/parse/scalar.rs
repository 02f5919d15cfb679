//! Single values of the text: integers, sizes, versions, truth values and names.

use crate::diagnostic::{Finding, Fix};
use crate::rules;
use crate::source::yaml::{Kind, Node};
use crate::source::{Span, Spanned};

/// Longest identifier, in characters.
const MAX_NAME: usize = 64;

/// Words that YAML 1.1 readers take for truth values or for nothing when they are not quoted.
const TRAPS: &[&str] = &["yes", "no", "on", "off", "true", "false", "null", "~"];

/// How a name has to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Snake,
    Pascal,
}

/// The text of a single value and whether it was quoted; other nodes were reported before.
fn scalar(node: &Node) -> Option<(&str, bool)> {
    match &node.kind {
        Kind::Scalar { text, quoted } if *quoted || !text.is_empty() => Some((text, *quoted)),
        _ => None,
    }
}

/// At most 60 characters of a text, for messages.
pub(crate) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

/// Whether readers of YAML take the word, unless it is quoted, for a truth value or for nothing.
pub fn is_trap(text: &str) -> bool {
    TRAPS.iter().any(|trap| text.eq_ignore_ascii_case(trap))
}

/// Reads a text.
pub(crate) fn text(node: &Node, findings: &mut Vec<Finding>) -> Option<Spanned<String>> {
    let (text, quoted) = scalar(node)?;
    if !quoted && is_trap(text) {
        findings.push(
            Finding::new(rules::YAML_TRAP, format!("`{text}` where a text is expected"))
                .at(node.span, "YAML readers take this for a truth value or for nothing")
                .help(format!("quote it: \"{text}\""))
                .mend(Fix::replace(node.span, format!("\"{text}\""), format!("quotes `{text}`"))),
        );
    }
    Some(Spanned::new(text.to_owned(), node.span))
}

/// Reads a doc text or a text constant: no characters that would break out of a comment's line or
/// show the reader something else than the compiler sees.
pub(crate) fn prose(node: &Node, findings: &mut Vec<Finding>) -> Option<Spanned<String>> {
    let text = text(node, findings)?;
    let bad = text.value.chars().find(|c| match c {
        '\n' | '\t' => false,
        '\u{2028}' | '\u{2029}' | '\u{feff}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    });
    if let Some(bad) = bad {
        findings.push(
            Finding::new(rules::BAD_TEXT, format!("U+{:04X} in a text", u32::from(bad)))
                .at(node.span, "holds a control character or direction mark")
                .help("remove it; it would break comments in generated code"),
        );
        return None;
    }
    Some(text.map(|text| text.trim().to_owned()))
}

/// Reads an identifier. A bad one is reported and returned all the same, so that what refers to it
/// is not reported too.
pub(crate) fn name(
    node: &Node,
    case: Case,
    findings: &mut Vec<Finding>,
) -> Option<Spanned<String>> {
    let before = findings.len();
    let name = text(node, findings)?;
    // A word that YAML may take for something else was reported already.
    if findings.len() == before {
        findings.extend(bad_name(&name.value, node.span, case));
    }
    Some(name)
}

fn bad_name(name: &str, span: Span, case: Case) -> Option<Finding> {
    let bad = |rule, label: &str| {
        Finding::new(rule, format!("`{}` is not a name", shorten(name))).at(span, label)
    };
    if name.is_empty() {
        return Some(Finding::new(rules::BAD_IDENTIFIER, "an empty name").at(span, "is empty"));
    }
    if name.starts_with('_') || name.ends_with('_') || name.contains("__") {
        let label = "leading, trailing and double underscores are reserved in C++ and Python";
        return Some(bad(rules::RESERVED_UNDERSCORE, label));
    }
    if name.chars().count() > MAX_NAME {
        let label = format!("has {} characters; {MAX_NAME} are allowed", name.chars().count());
        return Some(bad(rules::BAD_IDENTIFIER, &label));
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '_') {
        let label = format!("holds {c:?}");
        return Some(
            bad(rules::BAD_IDENTIFIER, &label).expected("letters A-Z a-z, digits and `_`"),
        );
    }
    let first = name.chars().next().unwrap_or('_');
    let (fits, wanted, better) = match case {
        Case::Snake => (
            first.is_ascii_lowercase() && !name.chars().any(|c| c.is_ascii_uppercase()),
            "snake_case, starting with a letter",
            crate::names::snake(name),
        ),
        Case::Pascal => (
            first.is_ascii_uppercase() && !name.contains('_'),
            "PascalCase, starting with a letter",
            crate::names::pascal(name),
        ),
    };
    if fits {
        return None;
    }
    let finding = bad(rules::BAD_IDENTIFIER, "has another case or starts with a digit");
    let finding = finding.expected(wanted);
    let helps = better != name && better.starts_with(|c: char| c.is_ascii_alphabetic());
    if !helps {
        return Some(finding);
    }
    let what = format!("renames `{name}` to `{better}`");
    Some(finding.help(format!("write `{better}`")).mend(Fix::replace(span, better, what)))
}

/// Reads an integer of any size that a type of the language can have.
pub(crate) fn int(node: &Node, findings: &mut Vec<Finding>) -> Option<Spanned<i128>> {
    let (text, quoted) = scalar(node)?;
    match parse_int(text) {
        Ok(value) if !quoted => Some(Spanned::new(value, node.span)),
        result => {
            findings.push(bad_int(node, text, quoted, result.err()));
            None
        }
    }
}

/// Why a text is not an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadInt {
    /// No integer at all.
    Form,
    /// `017` or `0o17`, which YAML versions read differently.
    Octal,
    /// More digits than any type holds.
    Huge,
}

/// Reads `12`, `-3`, `0x1F`, `0b101`, `1_000`.
pub(crate) fn parse_int(text: &str) -> Result<i128, BadInt> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some("0o") => return Err(BadInt::Octal),
        _ => (10, digits),
    };
    let plain = digits.replace('_', "");
    let ends_well = !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
    if plain.is_empty() || !ends_well || !plain.chars().all(|c| c.is_digit(radix)) {
        return Err(BadInt::Form);
    }
    if radix == 10 && plain.len() > 1 && plain.starts_with('0') {
        return Err(BadInt::Octal);
    }
    let value = i128::from_str_radix(&plain, radix).map_err(|_| BadInt::Huge)?;
    Ok(if negative { -value } else { value })
}

fn bad_int(node: &Node, text: &str, quoted: bool, why: Option<BadInt>) -> Finding {
    let short = shorten(text);
    match why {
        Some(BadInt::Octal) => {
            Finding::new(rules::YAML_TRAP, format!("`{short}` looks like an octal number"))
                .at(node.span, "YAML 1.1 and 1.2 read it differently")
                .help("write it in decimal without leading zeros, or as 0x...")
        }
        Some(BadInt::Huge) => {
            Finding::new(rules::OUT_OF_RANGE, format!("`{short}` is too large for any type"))
                .at(node.span, "has more than 64 bits")
        }
        None if quoted => Finding::new(rules::WRONG_FORM, format!("the text \"{short}\""))
            .at(node.span, "is quoted, which makes it a text")
            .expected("an integer without quotes"),
        _ => Finding::new(rules::WRONG_FORM, format!("`{short}` is not an integer"))
            .at(node.span, "not an integer")
            .expected("an integer, such as 12, -3 or 0x1F"),
    }
}

/// Reads a number of bytes: `64`, `0x1000`, `64KiB`, `1MiB`, `2GiB`.
pub(crate) fn size(node: &Node, findings: &mut Vec<Finding>) -> Option<Spanned<u64>> {
    let (text, quoted) = scalar(node)?;
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let unit_at = if hexadecimal { None } else { text.find(|c: char| c.is_ascii_alphabetic()) };
    let (digits, unit) = text.split_at(unit_at.unwrap_or(text.len()));
    let factor: Option<i128> = match unit {
        "" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        "TiB" => Some(1 << 40),
        _ => None,
    };
    let number = parse_int(digits.trim_end());
    if let (Some(factor), Ok(number), false) = (factor, number, quoted) {
        return match number.checked_mul(factor).and_then(|bytes| u64::try_from(bytes).ok()) {
            Some(bytes) => Some(Spanned::new(bytes, node.span)),
            None => {
                findings.push(
                    Finding::new(rules::OUT_OF_RANGE, format!("a size of {}", shorten(text)))
                        .at(node.span, "is negative or has more than 64 bits"),
                );
                None
            }
        };
    }
    let finding = match (number, factor) {
        (Err(BadInt::Octal), _) => bad_int(node, text, quoted, Some(BadInt::Octal)),
        (Ok(_), None) => {
            Finding::new(rules::WRONG_FORM, format!("`{}` is not a unit", shorten(unit)))
                .at(node.span, "has an unknown unit")
                .expected("KiB, MiB, GiB or TiB (1024 based), or a plain number of bytes")
        }
        _ => Finding::new(rules::WRONG_FORM, format!("`{}` is not a size", shorten(text)))
            .at(node.span, "not a number of bytes")
            .expected("a number of bytes without quotes, such as 64 or 4KiB"),
    };
    findings.push(finding);
    None
}

/// Reads `true` or `false`.
pub(crate) fn boolean(node: &Node, findings: &mut Vec<Finding>) -> Option<Spanned<bool>> {
    let (text, quoted) = scalar(node)?;
    match text {
        "true" if !quoted => return Some(Spanned::new(true, node.span)),
        "false" if !quoted => return Some(Spanned::new(false, node.span)),
        _ => {}
    }
    let finding = if is_trap(text) {
        Finding::new(rules::YAML_TRAP, format!("`{text}` as a truth value"))
            .at(node.span, "YAML readers differ on it")
    } else {
        Finding::new(rules::WRONG_FORM, format!("`{}` is not a truth value", shorten(text)))
            .at(node.span, "neither true nor false")
    };
    findings.push(finding.expected("true or false"));
    None
}

/// Reads a quoted `"major.minor"`.
pub(crate) fn version(node: &Node, findings: &mut Vec<Finding>) -> Option<Spanned<(u16, u16)>> {
    let (text, quoted) = scalar(node)?;
    match parse_version(text) {
        Some(version) if quoted => return Some(Spanned::new(version, node.span)),
        Some(_) => findings.push(
            Finding::new(rules::YAML_TRAP, format!("the version {text} without quotes"))
                .at(node.span, "other YAML readers take it for a fraction: 1.10 becomes 1.1")
                .help(format!("quote it: \"{text}\""))
                .mend(Fix::replace(node.span, format!("\"{text}\""), format!("quotes {text}"))),
        ),
        None => findings.push(
            Finding::new(rules::BAD_VERSION, format!("`{}` is not a version", shorten(text)))
                .at(node.span, "not a version")
                .expected("\"major.minor\", each from 0 to 65535, such as \"1.0\""),
        ),
    }
    None
}

fn parse_version(text: &str) -> Option<(u16, u16)> {
    let (major, minor) = text.split_once('.')?;
    let part = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let plain = digits && (text.len() == 1 || !text.starts_with('0'));
        plain.then(|| text.parse().ok()).flatten()
    };
    Some((part(major)?, part(minor)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_four_forms() {
        for (text, value) in
            [("0", 0), ("12", 12), ("-3", -3), ("0x1F", 31), ("0b101", 5), ("1_000", 1000)]
        {
            assert_eq!(parse_int(text), Ok(value), "{text}");
        }
        for text in ["", "-", "0x", "1.5", "1e3", "_1", "1_", "1__0", "ten", "1:30", "é", "0é"] {
            assert_eq!(parse_int(text), Err(BadInt::Form), "{text}");
        }
        for text in ["010", "0o17", "00"] {
            assert_eq!(parse_int(text), Err(BadInt::Octal), "{text}");
        }
        assert_eq!(parse_int(&"9".repeat(60)), Err(BadInt::Huge));
    }

    #[test]
    fn versions_are_two_small_numbers() {
        assert_eq!(parse_version("1.10"), Some((1, 10)));
        for text in ["1", "1.", ".1", "1.01", "1.0.0", "70000.0", "-1.0", "a.b", "+1.0"] {
            assert_eq!(parse_version(text), None, "{text}");
        }
    }
}
