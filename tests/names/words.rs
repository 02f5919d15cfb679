//! The names that are tried: all that lists reserve, and all that generated code uses itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bitrpc_spec::names::{Language, NameKind, reason, reserved_words, snake, spell, unescaped};

use bitrpc_tests::repo;

use crate::batch::Batch;

/// Names of one language as a spec writes them.
pub(crate) struct Names {
    /// In PascalCase.
    pub(crate) types: BTreeSet<String>,
    /// In snake_case.
    pub(crate) members: BTreeSet<String>,
}

/// Everything that the code of `language` is made of, and its keywords, builtins and other reserved
/// words, but for what C's headers define, which is tried apart.
///
/// # Errors
///
/// The code cannot be generated or read.
pub(crate) fn of_language(language: Language) -> Result<Names, String> {
    let job = Batch::new("bare").generate("bare")?.stage.job(language);
    let mut words = BTreeSet::new();
    for folder in [&job.library, &job.peer] {
        read(folder, &mut words).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    words.extend(reserved_words(language).into_iter().filter(is_own(language)).map(str::to_owned));
    words.extend(engine_words());
    let mut names = Names::of(&words);
    // Fields have setters, which may meet something, too.
    let set = names.members.iter().filter_map(|name| name.strip_prefix("set_"));
    let set: Vec<_> = set.filter(|name| is_member(name)).map(str::to_owned).collect();
    names.members.extend(set);
    Ok(names)
}

/// Whether a word is reserved for another reason than that some header of C defines it.
fn is_own(language: Language) -> impl Fn(&&str) -> bool {
    move |word| language != Language::CPP || !is_of_headers(word)
}

/// Files, from the repository's root, with the classes that fields of the message header are
/// members of.
const MESSAGE_CLASSES: [(Language, &[&str]); 4] = [
    (Language::RUST, &["generated/rust/src/protocol.rs"]),
    (
        Language::CPP,
        &[
            "codegen/templates/cpp/header_fields.h",
            "codegen/templates/cpp/engine/claim.h",
            "codegen/templates/cpp/engine/message.h",
        ],
    ),
    (
        Language::CSHARP,
        &[
            "generated/csharp/Headers.cs",
            "generated/csharp/Engine/Claim.cs",
            "generated/csharp/Engine/Message.cs",
        ],
    ),
    (
        Language::PYTHON,
        &[
            "generated/python/shared_memory_api/_headers.py",
            "generated/python/shared_memory_api/_engine/_claim.py",
            "generated/python/shared_memory_api/_engine/_message.py",
        ],
    ),
];

/// What messages and claims are made of, and what the language reserves.
///
/// # Errors
///
/// A file cannot be read.
pub(crate) fn of_messages(language: Language) -> Result<Names, String> {
    let mut words = BTreeSet::new();
    for (_, files) in MESSAGE_CLASSES.iter().filter(|(of, _)| *of == language) {
        for file in *files {
            let text = fs::read_to_string(repo::root().join(file));
            collect(&text.map_err(|error| format!("{file}: {error}"))?, &mut words);
        }
    }
    words.extend(reserved_words(language).into_iter().filter(is_own(language)).map(str::to_owned));
    words.extend(engine_words());
    Ok(Names::of(&words))
}

/// What the engines use themselves.
pub(crate) fn of_engine() -> Names {
    Names::of(&engine_words().collect())
}

fn engine_words() -> impl Iterator<Item = String> {
    let lines = include_str!("engine_words.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).map(str::to_owned)
}

/// What headers define in C++.
pub(crate) fn of_headers() -> Names {
    let words = reserved_words(Language::CPP);
    Names::of(&words.into_iter().filter(|word| is_of_headers(word)).map(str::to_owned).collect())
}

/// Everything that the code of a header is made of.
pub(crate) fn of_code(header: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for line in header.lines() {
        collect(line.split("//").next().unwrap_or_default(), &mut words);
    }
    words
}

/// What a header includes here.
pub(crate) fn includes(header: &str) -> String {
    let is_here = |line: &&str| line.starts_with("#include <") && !WINDOWS.contains(line);
    header.lines().filter(is_here).map(|line| format!("{line}\n")).collect()
}

/// What only Windows has.
const WINDOWS: [&str; 2] = ["#include <windows.h>", "#include <intrin.h>"];

/// Whether a word is in a list for the sake of some header alone.
fn is_of_headers(word: &str) -> bool {
    let reasons = NameKind::ALL.map(|kind| reason(Language::CPP, kind, word));
    use bitrpc_spec::names::Reason::{Builtin, Engine, Keyword};
    !reasons.iter().flatten().any(|reason| [Builtin, Engine, Keyword].contains(reason))
}

impl Names {
    /// Those of `names` alone.
    pub(crate) fn only(&self, names: &BTreeSet<String>) -> Self {
        Self { types: &self.types & names, members: &self.members & names }
    }

    /// Members, those that a language reserves as a message flag before all others.
    pub(crate) fn reserved_first(&self, language: Language) -> Vec<String> {
        let kind = NameKind::ProtocolValue;
        let is_plain =
            |name: &String| spell(language, kind, name) == unescaped(language, kind, name);
        let mut members: Vec<_> = self.members.iter().cloned().collect();
        members.sort_by_key(is_plain);
        members
    }

    pub(crate) fn count(&self) -> usize {
        self.types.len() + self.members.len()
    }

    fn of(words: &BTreeSet<String>) -> Self {
        let is_type = |word: &&String| {
            word.starts_with(|c: char| c.is_ascii_uppercase())
                && word.len() <= 64
                && word.chars().all(|c| c.is_ascii_alphanumeric())
        };
        let member = |word: &String| {
            Some(snake(word)).filter(|name| !word.starts_with('_') && is_member(name))
        };
        Self {
            types: words.iter().filter(is_type).cloned().collect(),
            members: words.iter().filter_map(member).collect(),
        }
    }
}

/// Whether a spec may have the name for what is no type.
pub(crate) fn is_member(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// All words of the files below `folder`, but for what builds have left.
fn read(folder: &Path, words: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "build") {
                read(&path, words)?;
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            collect(&text, words);
        }
    }
    Ok(())
}

fn collect(text: &str, words: &mut BTreeSet<String>) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    words.extend(text.split(|c| !is_part(c)).filter(|word| !word.is_empty()).map(str::to_owned));
}
