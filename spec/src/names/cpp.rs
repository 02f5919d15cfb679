//! Names in C++, and what its headers keep for themselves.

use std::sync::LazyLock;

use super::language::Row;
use super::target::{ADDITION, NameRule, TargetKey, free, namespace};
use super::{Language, NameKind, Reason, Words, joined, reason, snake_case, unescaped};
use crate::layout::Layout;

pub(super) static ROW: Row = Row::new("cpp", "C++", case).reserved(|| &WORDS).targets(&TARGETS);

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::read(&[
        include_str!("cpp.txt"),
        include_str!("cpp_macros.txt"),
        include_str!("cpp_globals.txt"),
        include_str!("cpp_headers.txt"),
    ])
});

static TARGETS: [TargetKey; 2] = [
    TargetKey::name(
        "namespace",
        "Namespace, e.g. acme::market.",
        NameRule {
            derive: str::to_owned,
            taken: |name, _| outermost(name),
            check: |text| {
                namespace(text, "::", ADDITION, |depth| if depth == 0 { outermost } else { inner })
            },
        },
    ),
    TargetKey::name(
        "header",
        "File name of the header, e.g. market.h.",
        NameRule {
            derive: |name| format!("{name}.h"),
            taken: |header, _| system_header(header.trim_end_matches(".h")),
            check: header,
        },
    ),
];

/// Why a namespace without another one around it cannot have this name.
fn outermost(part: &str) -> Option<Reason> {
    reason(Language::CPP, NameKind::Namespace, part)
}

/// Why a namespace inside another one cannot: what the system declares is outside of it.
fn inner(part: &str) -> Option<Reason> {
    outermost(part).filter(|reason| *reason != Reason::Global)
}

fn system_header(stem: &str) -> Option<Reason> {
    is_system_header(stem).then_some(Reason::Header)
}

fn header(text: &str) -> Result<(), String> {
    const EXPECTED: &str = "a file name without folders that ends in .h, .hh or .hpp";
    let ending = [".hpp", ".hh", ".h"].iter().find(|end| text.ends_with(**end)).ok_or(EXPECTED)?;
    let stem = &text[..text.len() - ending.len()];
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !stem.starts_with(|c: char| c.is_ascii_alphanumeric()) || !stem.chars().all(known) {
        return Err(EXPECTED.into());
    }
    let taken = if *ending == ".h" { system_header(stem) } else { None };
    free(stem, taken, || format!("{stem}{ADDITION}{ending}"))
}

fn case(kind: NameKind, ident: &str) -> String {
    match kind {
        NameKind::Constant => format!("k{}", joined(ident)),
        _ => snake_case(kind, ident),
    }
}

/// Whether a C++ header of this name, its ending aside, would be found in place of a system's. Some
/// file systems take capitals for small letters.
pub fn is_system_header(stem: &str) -> bool {
    WORDS.reasons(&stem.to_ascii_lowercase()).any(|(reason, _)| reason == Reason::Header)
}

/// Macros of platform headers that the C++ names of message types and flags are spelled like.
///
/// These names are not escaped, so that the protocol reads as documented (`MessageType::ERROR`);
/// the generated header has to set the macros aside (`push_macro`, `#undef`, `pop_macro`).
pub fn guarded_macros(layout: &Layout) -> Vec<String> {
    let values = layout.message_types.iter().chain(&layout.flags.bits);
    let names = values.map(|value| unescaped(Language::CPP, NameKind::ProtocolValue, &value.name));
    let is_macro = |name: &String| {
        reason(Language::CPP, NameKind::EnumValue, name) == Some(Reason::PlatformMacro)
            && reason(Language::CPP, NameKind::ProtocolValue, name).is_none()
    };
    let mut macros: Vec<_> = names.filter(is_macro).collect();
    macros.sort_unstable();
    macros.dedup();
    macros
}
