//! Names in Rust.

use std::sync::LazyLock;

use super::language::Row;
use super::target::{
    Contradiction, Grammar, Group, LINE, NameRule, TargetKey, URL, free, is_lower,
};
use super::{Language, NameKind, Words, reason, snake_case};

pub(super) static ROW: Row =
    Row::new("rust", "Rust", snake_case).reserved(|| &WORDS).targets(&TARGETS);

static WORDS: LazyLock<Words> = LazyLock::new(|| Words::read(&[include_str!("rust.txt")]));

static TARGETS: [TargetKey; 2] = [
    TargetKey::name(
        "crate",
        "Name of the Cargo package, e.g. market-messages.",
        NameRule {
            derive: |name| name.replace('_', "-") + "-messages",
            taken: |_, _| None,
            check: package,
        },
    ),
    TargetKey::group(
        "runtime",
        "Where bitrpc-shm is; the registry unless stated.",
        &Group {
            what: "a Rust runtime",
            keys: &[
                TargetKey::text(
                    "path",
                    "Folder of bitrpc-shm, relative to the generated crate.",
                    &LINE,
                ),
                TargetKey::text("git", "URL of a git repository with bitrpc-shm in it.", &URL),
                TargetKey::text(
                    "rev",
                    "Commit of the git repository; the newest one unless stated.",
                    &Grammar {
                        fits: |text| text.chars().all(|c| c.is_ascii_alphanumeric()),
                        expected: "a commit",
                    },
                ),
            ],
            check: one_place,
        },
    ),
];

fn package(text: &str) -> Result<(), String> {
    if !is_lower(text, &['-', '_']) {
        return Err("a Cargo package name: a-z 0-9 - _, starting with a letter".into());
    }
    let word = text.replace('-', "_");
    free(&word, reason(Language::RUST, NameKind::Module, &word), || format!("{text}-messages"))
}

fn one_place(stated: &[&str]) -> Option<Contradiction> {
    let has = |key| stated.contains(&key);
    let (key, message) = match () {
        () if has("path") && has("git") => ("git", "a runtime in a folder and in git"),
        () if has("rev") && !has("git") => ("rev", "a revision without a git repository"),
        () => return None,
    };
    Some(Contradiction { key, message, expected: "`path`, or `git` with or without `rev`" })
}
