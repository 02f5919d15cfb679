//! Names in Rust.

use std::sync::LazyLock;

use super::language::Row;
use super::{Words, snake_case};

pub(super) static ROW: Row = Row::new("rust", "Rust", snake_case).reserved(|| &WORDS);

static WORDS: LazyLock<Words> = LazyLock::new(|| Words::read(&[include_str!("rust.txt")]));
