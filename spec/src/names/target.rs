//! The keys that a language has in `targets`: how its packages are called, and what else is its
//! own.

use super::Reason;

/// A key of a language in `targets`, which the language's [`Row`](super::Row) declares.
///
/// The reader of specs, the JSON Schema for editors and the messages derive from it. What came of a
/// key is read by its path, `cpp.header` for example.
#[derive(Debug, Clone, Copy)]
pub struct TargetKey {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) kind: TargetKind,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum TargetKind {
    /// A name that derives from the protocol's unless it is stated.
    Name(NameRule),
    /// A text that may be left out.
    Text(&'static Grammar),
    /// A mapping with keys of its own.
    Group(&'static Group),
}

/// How a name of a package derives from that of the protocol, and what a stated one has to be.
#[derive(Debug, Clone, Copy)]
pub struct NameRule {
    /// The package's name, of the protocol's in `snake_case`.
    pub derive: fn(&str) -> String,
    /// Why a derived name cannot be used: the package is then named as if `_messages` stood behind
    /// the protocol's name.
    pub taken: Taken,
    /// What a stated name was expected to be, if it is not.
    pub check: fn(&str) -> Result<(), String>,
}

/// Why a name is taken, by one that knows which types the spec has.
pub type Taken = fn(name: &str, is_type: &dyn Fn(&str) -> bool) -> Option<Reason>;

/// Which texts may stand behind a key, and how to say so.
#[derive(Debug)]
pub struct Grammar {
    /// Whether a text may; it is not empty, and is not long.
    pub fits: fn(&str) -> bool,
    /// What was expected.
    pub expected: &'static str,
}

/// Keys that stand together in a mapping.
#[derive(Debug)]
pub struct Group {
    /// What the mapping is, for messages: "a Rust runtime".
    pub what: &'static str,
    /// The keys.
    pub keys: &'static [TargetKey],
    /// What is wrong with these keys being stated together, or without others.
    pub check: fn(&[&str]) -> Option<Contradiction>,
}

/// Keys that do not go together.
#[derive(Debug, Clone, Copy)]
pub struct Contradiction {
    /// The key to point at.
    pub key: &'static str,
    /// What is wrong.
    pub message: &'static str,
    /// What was expected.
    pub expected: &'static str,
}

impl TargetKey {
    /// A name that derives from the protocol's unless it is stated.
    pub const fn name(name: &'static str, doc: &'static str, rule: NameRule) -> Self {
        Self { name, doc, kind: TargetKind::Name(rule) }
    }

    /// A text that may be left out.
    pub const fn text(name: &'static str, doc: &'static str, grammar: &'static Grammar) -> Self {
        Self { name, doc, kind: TargetKind::Text(grammar) }
    }

    /// A mapping with keys of its own.
    pub const fn group(name: &'static str, doc: &'static str, group: &'static Group) -> Self {
        Self { name, doc, kind: TargetKind::Group(group) }
    }
}

/// A text of one line.
pub(crate) static LINE: Grammar = Grammar { fits: is_line, expected: "one line without \" and \\" };

/// Where something is.
pub(crate) static URL: Grammar = Grammar {
    fits: |text| {
        let schemes = ["https://", "http://", "ssh://", "file://"];
        is_line(text)
            && !text.contains(|c: char| c.is_whitespace() || "<>".contains(c))
            && schemes.iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
    },
    expected: "a URL, such as https://example.org/acme/market",
};

/// Whether a text can stand between quotes in any manifest.
pub(crate) fn is_line(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || matches!(c, '"' | '\\'))
}

/// What is added to a protocol's name where something else has it already.
pub(crate) const ADDITION: &str = "_messages";

/// Refuses a word that is taken, with a name that is not.
pub(super) fn free(
    word: &str,
    taken: Option<Reason>,
    other: impl Fn() -> String,
) -> Result<(), String> {
    let Some(reason) = taken else { return Ok(()) };
    Err(format!("a free name, such as {}: `{word}` is {}", other(), reason.words()))
}

/// Whether all of a text is in lower case, with digits and these; it starts with a letter, and ends
/// in none of these.
pub(super) fn is_lower(text: &str, others: &[char]) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(&c))
        && !text.ends_with(others)
}

/// Checks the parts of a namespace; `taken` gives what looks at a part of this depth.
pub(super) fn namespace(
    text: &str,
    separator: &str,
    addition: &str,
    taken: impl Fn(usize) -> fn(&str) -> Option<Reason>,
) -> Result<(), String> {
    let parts: Vec<&str> = text.split(separator).collect();
    for (depth, part) in parts.iter().enumerate() {
        if !is_word(part) || part.contains("__") || part.ends_with('_') {
            return Err(format!("words joined by `{separator}`, such as acme{separator}market"));
        }
        free(part, taken(depth)(part), || {
            let (before, after) = (&parts[..depth], &parts[depth + 1..]);
            [before, &[&format!("{part}{addition}")], after].concat().join(separator)
        })?;
    }
    Ok(())
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
