//! Names in C#.

use std::sync::LazyLock;

use super::language::Row;
use super::{NameKind, Words, joined, pascal, snake};

pub(super) static ROW: Row =
    Row::new("csharp", "C#", case).reserved(|| &WORDS).keeping_type_names();

static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::read(&[include_str!("csharp.txt"), include_str!("csharp_types.txt")]));

fn case(kind: NameKind, ident: &str) -> String {
    match kind {
        NameKind::Type => pascal(ident),
        NameKind::Module => snake(ident),
        _ => joined(ident),
    }
}
