//! Names in C#.

use std::sync::LazyLock;

use super::language::Row;
use super::target::{NameRule, TargetKey, namespace};
use super::{Language, NameKind, Reason, Words, joined, pascal, reason, snake};

pub(super) static ROW: Row =
    Row::new("csharp", "C#", case).reserved(|| &WORDS).keeping_type_names().targets(&TARGETS);

static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::read(&[include_str!("csharp.txt"), include_str!("csharp_types.txt")]));

static TARGETS: [TargetKey; 1] = [TargetKey::name(
    "namespace",
    "Namespace, e.g. Acme.Market.",
    NameRule {
        derive: pascal,
        // A type named like a part of its namespace hides it, or is hidden by it.
        taken: |name, is_type| if is_type(name) { Some(Reason::SpecType) } else { part(name) },
        check: |text| namespace(text, ".", "Messages", |_| part),
    },
)];

fn part(part: &str) -> Option<Reason> {
    reason(Language::CSHARP, NameKind::Namespace, part)
}

fn case(kind: NameKind, ident: &str) -> String {
    match kind {
        NameKind::Type => pascal(ident),
        NameKind::Module => snake(ident),
        _ => joined(ident),
    }
}
