//! C++'s names: what stands in the public parts of the classes of the generated header, which
//! clang-format has laid out: types begin in the first column, their members in the fifth.

use std::fs;
use std::io;

use bitrpc_codegen::names::Language;

use super::{Symbols, last_word};
use crate::repo;

pub(super) fn symbols() -> io::Result<Symbols> {
    let header = repo::generated(Language::Cpp).join("shared_memory_api.h");
    Ok(parse(&fs::read_to_string(header)?))
}

fn parse(text: &str) -> Symbols {
    let mut symbols = Symbols::default();
    let mut open: Option<(String, bool)> = None;
    let mut before = String::new();
    for line in text.lines() {
        if let Some(opened) = opening(line) {
            open = Some(opened);
        } else if line.starts_with("};") {
            open = None;
        } else if line.starts_with("public:") || line.starts_with("private:") {
            open = open.map(|(ty, _)| (ty, line.starts_with("public:")));
        } else if let Some((ty, true)) = &open {
            if let Some(member) = member(line, &before).filter(|member| member != ty) {
                symbols.add(ty, member);
            }
            line.clone_into(&mut before);
        }
    }
    symbols
}

/// The type that begins in this line, and whether its first members are public.
fn opening(line: &str) -> Option<(String, bool)> {
    let (word, rest) = line.split_once(' ')?;
    let is_public = match word {
        "class" => false,
        "struct" => true,
        "enum" => true,
        _ => return None,
    };
    if !line.ends_with('{') && !line.contains("public ") {
        return None;
    }
    let rest = rest.strip_prefix("class ").unwrap_or(rest);
    let name = rest.split([' ', '{']).next().filter(|name| !name.is_empty())?;
    Some((name.to_owned(), is_public))
}

/// The name that this line declares.
fn member<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    let declaration = line.strip_prefix("    ")?;
    if declaration.starts_with([' ', '/', '~', '}', ':', ')', '#']) || before.ends_with([',', '('])
    {
        return None;
    }
    if declaration.starts_with("friend ") || declaration.contains("operator") {
        return None;
    }
    let head = match declaration.find('(') {
        Some(at) if !declaration[..at].contains('=') => &declaration[..at],
        _ => declaration.split([';', '=', '{', ',']).next()?.trim_end(),
    };
    last_word(head).filter(|word| !matches!(*word, "template" | "return" | "const"))
}
