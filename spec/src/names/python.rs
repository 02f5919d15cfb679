//! Names in Python.

use std::sync::LazyLock;

use super::language::Row;
use super::{Words, snake_case};

pub(super) static ROW: Row = Row::new("python", "Python", snake_case).reserved(|| &WORDS);

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::read(&[include_str!("python.txt"), include_str!("python_modules.txt")])
});
