//! From a spec's identifiers to those of each language.
//!
//! A spec writes types in `PascalCase` and everything else in `snake_case`. Each language has its
//! own case per kind of name (see [`NameKind`]); the words stay the same.
//!
//! One rule keeps every result legal in every language: **a name that would be a keyword, a macro,
//! a builtin that the generated code needs, or (C#) the name of the enclosing type, gets `_`
//! appended.** A spec's identifier never ends in `_`, so an escaped name cannot meet a plain one.
//! Names of the engine are no reason: what a spec defines has a namespace of its own.

mod cpp;
mod csharp;
mod language;
mod python;
mod reserved;
mod rust;
pub(crate) mod target;

pub use cpp::{guarded_macros, is_system_header};
pub use language::{Language, Row};
pub use reserved::{Reason, Words, reason, reserved_words};
pub use target::{Contradiction, Grammar, Group, NameRule, Taken, TargetKey};

/// What a name is for, which decides its case and what it must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A struct, an enum or a flag set: `PascalCase` everywhere.
    Type,
    /// A field of a struct: `snake_case`, C# `PascalCase`.
    Field,
    /// A role-less field of the message header; its accessors stand beside the engine's own.
    HeaderField,
    /// A value of a spec's own enum or flag set: `SCREAMING_CASE`, C# `PascalCase`.
    EnumValue,
    /// A message type or message flag; spelled like [`NameKind::EnumValue`].
    ProtocolValue,
    /// A named constant: `SCREAMING_CASE`, C++ `kCamelCase`, C# `PascalCase`.
    Constant,
    /// A function or method: `snake_case`, C# `PascalCase`.
    Function,
    /// A module, package or file: `snake_case`.
    Module,
    /// A namespace part: `snake_case`, C# `PascalCase`.
    Namespace,
}

impl NameKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Type,
        Self::Field,
        Self::HeaderField,
        Self::EnumValue,
        Self::ProtocolValue,
        Self::Constant,
        Self::Function,
        Self::Module,
        Self::Namespace,
    ];

    /// The word that the data files use for the kind.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Field => "field",
            Self::HeaderField => "header_field",
            Self::EnumValue => "value",
            Self::ProtocolValue => "protocol_value",
            Self::Constant => "constant",
            Self::Function => "function",
            Self::Module => "module",
            Self::Namespace => "namespace",
        }
    }
}

/// The final identifier: words in the language's case, escaped where needed.
///
/// ```
/// use bitrpc_spec::names::{Language, NameKind, spell};
///
/// assert_eq!(spell(Language::RUST, NameKind::Field, "type"), "type_");
/// assert_eq!(spell(Language::CSHARP, NameKind::Field, "message_id"), "MessageId");
/// assert_eq!(spell(Language::CPP, NameKind::Constant, "max_levels"), "kMaxLevels");
/// assert_eq!(spell(Language::PYTHON, NameKind::EnumValue, "buy"), "BUY");
/// ```
pub fn spell(language: Language, kind: NameKind, ident: &str) -> String {
    spell_why(language, kind, ident).0
}

/// Like [`spell`] for a member of the type `owner`: C# forbids a member of its type's name.
pub fn spell_member(language: Language, kind: NameKind, owner: &str, ident: &str) -> String {
    spell_member_why(language, kind, owner, ident).0
}

/// The final identifier and, when it was escaped, why.
pub fn spell_why(language: Language, kind: NameKind, ident: &str) -> (String, Option<Reason>) {
    let mut name = unescaped(language, kind, ident);
    let reason = reason(language, kind, &name);
    if reason.is_some() {
        name.push('_');
    }
    (name, reason)
}

/// [`spell_member`] and, when the name was escaped, why.
pub fn spell_member_why(
    language: Language,
    kind: NameKind,
    owner: &str,
    ident: &str,
) -> (String, Option<Reason>) {
    let (mut name, reason) = spell_why(language, kind, ident);
    if reason.is_none()
        && language.keeps_type_name()
        && name == spell(language, NameKind::Type, owner)
    {
        name.push('_');
        return (name, Some(Reason::EnclosingType));
    }
    (name, reason)
}

/// The words of `ident` in the language's case, not escaped.
pub fn unescaped(language: Language, kind: NameKind, ident: &str) -> String {
    language.spell(kind, ident)
}

/// The case of most languages: `PascalCase` for types, `SCREAMING_CASE` for values, `snake_case`
/// for all else.
pub fn snake_case(kind: NameKind, ident: &str) -> String {
    match kind {
        NameKind::Type => pascal(ident),
        NameKind::EnumValue | NameKind::ProtocolValue | NameKind::Constant => screaming(ident),
        _ => snake(ident),
    }
}

/// The words of an identifier, in lower case: `HTTPServer2` is `http`, `server2`.
pub fn words(ident: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in ident.split('_').filter(|part| !part.is_empty()) {
        let letters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (i, &c) in letters.iter().enumerate() {
            let after_lower = i > 0 && !letters[i - 1].is_ascii_uppercase();
            let before_lower = letters.get(i + 1).is_some_and(char::is_ascii_lowercase);
            if i > 0 && c.is_ascii_uppercase() && (after_lower || before_lower) {
                words.push(std::mem::take(&mut word));
            }
            word.push(c.to_ascii_lowercase());
        }
        words.push(word);
    }
    words
}

/// `snake_case`.
pub fn snake(ident: &str) -> String {
    words(ident).join("_")
}

/// `SCREAMING_CASE`.
pub fn screaming(ident: &str) -> String {
    snake(ident).to_ascii_uppercase()
}

/// `PascalCase`; a name that is written so already (it starts with a capital and has no `_`)
/// keeps its capitals.
pub fn pascal(ident: &str) -> String {
    if ident.starts_with(|c: char| c.is_ascii_uppercase()) && !ident.contains('_') {
        return ident.to_owned();
    }
    words(ident).iter().map(|word| capital(word)).collect()
}

/// [`pascal`] of a name in `snake_case`, with the `_` between two digits: `at_7_5` is not `at_75`.
fn joined(ident: &str) -> String {
    if !ident.contains('_') {
        return pascal(ident);
    }
    let mut name = String::new();
    for word in words(ident) {
        let is_digit = |c: char| c.is_ascii_digit();
        if name.ends_with(is_digit) && word.starts_with(is_digit) {
            name.push('_');
        }
        name.push_str(&capital(&word));
    }
    name
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_case_and_underscores() {
        assert_eq!(words("last_fragment"), ["last", "fragment"]);
        assert_eq!(words("HTTPServer2"), ["http", "server2"]);
        assert_eq!(words("Vec3D"), ["vec3", "d"]);
        assert_eq!(words("level_2"), ["level", "2"]);
    }

    #[test]
    fn each_language_has_its_case() {
        let all = |kind, ident| Language::ALL.map(|language| spell(language, kind, ident));
        assert_eq!(all(NameKind::Type, "OHLCBar"), ["OHLCBar"; 4]);
        assert_eq!(
            all(NameKind::Field, "bid_size"),
            ["bid_size", "bid_size", "BidSize", "bid_size"]
        );
        assert_eq!(
            all(NameKind::ProtocolValue, "last_fragment"),
            ["LAST_FRAGMENT", "LAST_FRAGMENT", "LastFragment", "LAST_FRAGMENT"]
        );
        assert_eq!(
            all(NameKind::Constant, "max_levels"),
            ["MAX_LEVELS", "kMaxLevels", "MaxLevels", "MAX_LEVELS"]
        );
        assert_eq!(all(NameKind::Field, "at_7_5_m")[2], "At7_5M");
        assert_eq!(all(NameKind::Constant, "at_7_5")[1..3], ["kAt7_5", "At7_5"]);
    }

    #[test]
    fn whatever_a_language_keeps_for_itself_is_escaped() {
        let field = |language, ident| spell(language, NameKind::Field, ident);
        assert_eq!(field(Language::RUST, "type"), "type_");
        assert_eq!(field(Language::CPP, "class"), "class_");
        assert_eq!(field(Language::CPP, "errno"), "errno_");
        assert_eq!(field(Language::CPP, "min"), "min_");
        assert_eq!(field(Language::CSHARP, "get_type"), "GetType_");
        assert_eq!(field(Language::CSHARP, "class"), "Class");
        assert_eq!(field(Language::PYTHON, "lambda"), "lambda_");
        assert_eq!(field(Language::PYTHON, "int"), "int_");
        assert_eq!(spell(Language::CPP, NameKind::EnumValue, "delete"), "DELETE_");
        assert_eq!(spell(Language::CPP, NameKind::ProtocolValue, "error"), "ERROR");
    }

    #[test]
    fn names_of_the_engine_are_free_for_a_spec() {
        let types =
            ["Error", "Header", "Message", "Mode", "Protocol", "Record", "Status", "Timeout"];
        let fields = ["fixed", "header", "length", "pack", "tail_size", "accepts_size", "release"];
        let header_fields = ["payload", "flags", "commit", "message_id", "header", "release"];
        let constants = ["magic", "default_capacity", "layout_hash", "schema_hash"];
        for language in Language::ALL {
            let kept =
                |kind, name: &&str| spell(language, kind, name) == unescaped(language, kind, name);
            assert_eq!(types.map(|name| spell(language, NameKind::Type, name)), types);
            assert!(fields.iter().all(|name| kept(NameKind::Field, name)), "{language:?}");
            assert!(header_fields.iter().all(|name| kept(NameKind::HeaderField, name)));
            assert!(constants.iter().all(|name| kept(NameKind::Constant, name)));
        }
    }

    #[test]
    fn a_csharp_member_differs_from_its_type() {
        let member = |language| spell_member(language, NameKind::Field, "Leg", "leg");
        assert_eq!(Language::ALL.map(member), ["leg", "leg", "Leg_", "leg"]);
    }
}
