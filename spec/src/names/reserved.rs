//! The words that a spelled name must step aside for, read from the data files beside this one.

use std::collections::HashMap;

use super::{Language, NameKind};

/// Why a word cannot be used as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A keyword, also a contextual one.
    Keyword,
    /// A macro of the C or C++ standard library or of a compiler.
    Macro,
    /// A macro of an operating system's headers.
    PlatformMacro,
    /// A builtin or standard-library name that the generated code relies on.
    Builtin,
    /// What a system header declares outside of all namespaces.
    Global,
    /// The name of a system header.
    Header,
    /// A name that the generated code gives to something of its own.
    Engine,
    /// The name of the type that the member belongs to.
    EnclosingType,
    /// The name of a type of the spec.
    SpecType,
}

impl Reason {
    const DATA: [(&'static str, Self); 7] = [
        ("keyword", Self::Keyword),
        ("macro", Self::Macro),
        ("platform_macro", Self::PlatformMacro),
        ("builtin", Self::Builtin),
        ("global", Self::Global),
        ("header", Self::Header),
        ("engine", Self::Engine),
    ];

    /// Words for a message: the name "is ...".
    pub fn words(self) -> &'static str {
        match self {
            Self::Keyword => "a keyword",
            Self::Macro => "a macro of the standard library",
            Self::PlatformMacro => "a macro of a platform's headers",
            Self::Builtin => "a builtin name",
            Self::Global => "a name that system headers declare",
            Self::Header => "the name of a system header",
            Self::Engine => "a name that the generated code uses",
            Self::EnclosingType => "the name of its own type",
            Self::SpecType => "the name of a type of the spec",
        }
    }
}

/// Words of one language with the kinds of names that each is reserved for.
#[derive(Debug)]
pub struct Words {
    /// Reason and kinds of each section, at most 64.
    sections: Vec<(Reason, u32)>,
    /// The sections that a word stands in, a bit each.
    words: HashMap<&'static str, u64>,
}

/// Why `word`, as the language would spell it, cannot be a name of this kind, if it cannot.
pub fn reason(language: Language, kind: NameKind, word: &str) -> Option<Reason> {
    language.words().find(kind, word)
}

/// Every word that the lists of a language have, in order, each once.
pub fn reserved_words(language: Language) -> Vec<&'static str> {
    let mut words: Vec<_> = language.words().words.keys().copied().collect();
    words.sort_unstable();
    words
}

const fn bit(kind: NameKind) -> u32 {
    1 << kind as u32
}

impl Words {
    /// Reads lists of words: sections, each below `[reason kind kind ...]`, with `any` for every
    /// kind and `-kind` for all but one.
    ///
    /// # Panics
    ///
    /// When a list is not in this form.
    pub fn read(lists: &[&'static str]) -> Self {
        // The largest lists have tens of thousands of words of some twenty letters.
        let words = lists.iter().map(|list| list.len()).sum::<usize>() / 16;
        let mut all = Self { sections: Vec::new(), words: HashMap::with_capacity(words) };
        for line in lists.iter().flat_map(|list| list.lines()) {
            if let Some(head) = line.strip_prefix('[') {
                all.sections.push(read_head(head));
            } else if !line.is_empty() && !line.starts_with('#') {
                let section = all.sections.len().checked_sub(1).expect("words stand in a section");
                for word in line.split_ascii_whitespace() {
                    *all.words.entry(word).or_default() |= 1 << section;
                }
            }
        }
        all
    }

    fn find(&self, kind: NameKind, word: &str) -> Option<Reason> {
        let mut reasons = self.reasons(word);
        reasons.find(|(_, kinds)| kinds & bit(kind) != 0).map(|(reason, _)| reason)
    }

    /// Everything that a word is reserved for.
    pub(super) fn reasons(&self, word: &str) -> impl Iterator<Item = (Reason, u32)> {
        let sections = self.words.get(word).copied().unwrap_or_default();
        let has = move |index: &usize| sections & 1 << index != 0;
        (0..self.sections.len()).filter(has).map(|index| self.sections[index])
    }
}

/// Reads `reason kind kind]`; `any` is every kind, `-kind` takes one out again.
fn read_head(head: &str) -> (Reason, u32) {
    let mut parts = head.trim_end_matches(']').split_whitespace();
    let name = parts.next().unwrap_or_default();
    let reason = Reason::DATA.iter().find(|(n, _)| *n == name);
    let (_, reason) = reason.unwrap_or_else(|| panic!("unknown reason `{name}` in a word list"));
    let mut kinds = 0;
    for part in parts {
        if part == "any" {
            kinds = u32::MAX;
        } else if let Some(kind) = part.strip_prefix('-') {
            kinds &= !bit(kind_named(kind));
        } else {
            kinds |= bit(kind_named(part));
        }
    }
    (*reason, kinds)
}

fn kind_named(name: &str) -> NameKind {
    let kind = NameKind::ALL.iter().find(|kind| kind.id() == name);
    *kind.unwrap_or_else(|| panic!("unknown kind `{name}` in a word list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_list_is_read() {
        for (language, word) in [
            (Language::RUST, "gen"),
            (Language::CPP, "and_eq"),
            (Language::CSHARP, "stackalloc"),
            (Language::PYTHON, "nonlocal"),
        ] {
            assert_eq!(reason(language, NameKind::Function, word), Some(Reason::Keyword));
        }
    }

    #[test]
    fn a_platform_macro_leaves_the_protocol_values_alone() {
        let cpp = |kind| reason(Language::CPP, kind, "ERROR");
        assert_eq!(cpp(NameKind::EnumValue), Some(Reason::PlatformMacro));
        assert_eq!(cpp(NameKind::ProtocolValue), None);
        let eof = reason(Language::CPP, NameKind::ProtocolValue, "EOF");
        assert_eq!(eof, Some(Reason::Macro));
    }
}
