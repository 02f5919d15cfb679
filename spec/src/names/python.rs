//! Names in Python.

use std::sync::LazyLock;

use super::language::Row;
use super::target::{ADDITION, NameRule, TargetKey, free, is_lower};
use super::{Language, NameKind, Reason, Words, reason, snake_case};

pub(super) static ROW: Row =
    Row::new("python", "Python", snake_case).reserved(|| &WORDS).targets(&TARGETS);

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::read(&[include_str!("python.txt"), include_str!("python_modules.txt")])
});

static TARGETS: [TargetKey; 1] = [TargetKey::name(
    "module",
    "Name of the package, e.g. market.",
    NameRule { derive: str::to_owned, taken: |name, _| taken(name), check: module },
)];

fn taken(word: &str) -> Option<Reason> {
    reason(Language::PYTHON, NameKind::Module, word)
}

fn module(text: &str) -> Result<(), String> {
    if !is_lower(text, &['_']) {
        return Err("a module name in snake_case".into());
    }
    free(text, taken(text), || format!("{text}{ADDITION}"))
}
