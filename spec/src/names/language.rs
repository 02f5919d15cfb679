//! Languages: whatever is a language's own is a row that it declares in its own file.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use super::reserved::Words;
use super::target::TargetKey;
use super::{NameKind, cpp, csharp, python, rust};

/// A language that code is generated for.
///
/// Those in [`Language::ALL`] are built in, and every spec is checked for them. One that a program
/// brings along for a backend of its own is a [`Row`] more.
#[derive(Clone, Copy)]
pub struct Language(&'static Row);

impl Language {
    /// Rust, edition 2024.
    pub const RUST: Self = Self(&rust::ROW);
    /// C++17 and later.
    pub const CPP: Self = Self(&cpp::ROW);
    /// C# 7.2 and later.
    pub const CSHARP: Self = Self(&csharp::ROW);
    /// Python 3.9 and later.
    pub const PYTHON: Self = Self(&python::ROW);

    /// The registry: one entry a language. Names are checked for all of them, also when one is
    /// generated.
    pub const ALL: [Self; 4] = [Self::RUST, Self::CPP, Self::CSHARP, Self::PYTHON];

    /// The language of a row.
    pub const fn new(row: &'static Row) -> Self {
        Self(row)
    }

    /// The word that options and folders use: `rust`, `cpp`, `csharp`, `python`.
    pub const fn id(self) -> &'static str {
        self.0.id
    }

    /// The name that people use: `Rust`, `C++`, `C#`, `Python`.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// The built-in language with this [`Language::id`].
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.id() == id)
    }

    /// The words of `ident` in the language's case, not escaped.
    pub(super) fn spell(self, kind: NameKind, ident: &str) -> String {
        (self.0.case)(kind, ident)
    }

    /// Whether a member may not be named like its type.
    pub(super) fn keeps_type_name(self) -> bool {
        self.0.keeps_type_name
    }

    /// Its keys in `targets`.
    pub(crate) fn targets(self) -> &'static [TargetKey] {
        self.0.targets
    }

    /// The words that the language keeps for itself.
    pub(super) fn words(self) -> &'static Words {
        (self.0.words)()
    }
}

/// What a language declares of itself.
#[derive(Debug)]
pub struct Row {
    id: &'static str,
    title: &'static str,
    case: fn(NameKind, &str) -> String,
    words: fn() -> &'static Words,
    keeps_type_name: bool,
    targets: &'static [TargetKey],
}

impl Row {
    /// A language by the word that options and folders use and the name that people use, with its
    /// case for each kind of name, e.g. [`snake_case`](super::snake_case).
    pub const fn new(
        id: &'static str,
        title: &'static str,
        case: fn(NameKind, &str) -> String,
    ) -> Self {
        static NONE: LazyLock<Words> = LazyLock::new(|| Words::read(&[]));
        Self { id, title, case, words: || &NONE, keeps_type_name: false, targets: &[] }
    }

    /// The same with the words that it keeps for itself, which are read when they are asked for.
    #[must_use]
    pub const fn reserved(mut self, words: fn() -> &'static Words) -> Self {
        self.words = words;
        self
    }

    /// The same where a member may not be named like its type.
    #[must_use]
    pub const fn keeping_type_names(mut self) -> Self {
        self.keeps_type_name = true;
        self
    }

    /// The same with its keys in `targets`.
    #[must_use]
    pub const fn targets(mut self, keys: &'static [TargetKey]) -> Self {
        self.targets = keys;
        self
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Language {}

impl Hash for Language {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}
