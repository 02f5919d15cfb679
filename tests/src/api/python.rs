//! Python's names: the methods and fields of the generated package's classes, with those that they
//! inherit.

use std::collections::BTreeMap;
use std::io;

use bitrpc_codegen::names::Language;

use super::{Symbols, texts};
use crate::repo;

/// A class of the package: what it is made of, and what it says itself.
#[derive(Debug, Default)]
struct Class {
    bases: Vec<String>,
    members: Vec<String>,
}

pub(super) fn symbols() -> io::Result<Symbols> {
    let mut classes = BTreeMap::new();
    for text in texts(&repo::generated(Language::Python), "py")? {
        parse(&mut classes, &text);
    }
    let mut symbols = Symbols::default();
    for name in classes.keys() {
        add(&mut symbols, &classes, name, name);
    }
    Ok(symbols)
}

fn parse(classes: &mut BTreeMap<String, Class>, text: &str) {
    let mut open: Option<String> = None;
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("class ") {
            let (name, rest) = head.split_once(['(', ':']).unwrap_or((head, ""));
            let bases = rest.trim_end_matches(['(', ')', ':']).split([',', '[']);
            let bases = bases.map(|base| base.trim().to_owned()).collect();
            classes.insert(name.to_owned(), Class { bases, members: Vec::new() });
            open = Some(name.to_owned());
        } else if line.starts_with(|c: char| !c.is_whitespace()) {
            open = None;
        } else if let (Some(class), Some(name)) = (&open, member(line)) {
            classes.entry(class.clone()).or_default().members.push(name.to_owned());
        }
    }
}

fn member(line: &str) -> Option<&str> {
    let line = line.strip_prefix("    ")?;
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = match line.strip_prefix("def ") {
        Some(rest) => rest.split('(').next()?,
        None => line.split([':', '=']).next()?.trim_end(),
    };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && name.starts_with(|c: char| c.is_ascii_lowercase())).then_some(name)
}

fn add(symbols: &mut Symbols, classes: &BTreeMap<String, Class>, ty: &str, from: &str) {
    let Some(class) = classes.get(from) else { return };
    for member in &class.members {
        symbols.add(ty, member);
    }
    for base in &class.bases {
        add(symbols, classes, ty, base);
    }
}
