//! Names in C++, and what its headers keep for themselves.

use std::sync::LazyLock;

use super::language::Row;
use super::{Language, NameKind, Reason, Words, joined, reason, snake_case, unescaped};
use crate::layout::Layout;

pub(super) static ROW: Row = Row::new("cpp", "C++", case).reserved(|| &WORDS);

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::read(&[
        include_str!("cpp.txt"),
        include_str!("cpp_macros.txt"),
        include_str!("cpp_globals.txt"),
        include_str!("cpp_headers.txt"),
    ])
});

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
