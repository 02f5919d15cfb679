//! What each language's API offers, as it stands in their own sources, and the table that sets them
//! side by side.

mod cpp;
mod csharp;
mod python;
mod rust;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bitrpc_spec::names::Language;

pub use table::{Concepts, check, render};

/// Under this name the functions that belong to no type are members like others.
const FUNCTIONS: &str = "functions";

/// What one language offers: the public members of each public type, as they are spelled.
#[derive(Debug, Default)]
pub struct Symbols {
    types: BTreeMap<String, BTreeSet<String>>,
}

/// The symbols of each language, by its id.
pub type AllSymbols = BTreeMap<&'static str, Symbols>;

/// Everything that the sources of all languages offer.
///
/// # Errors
///
/// A source that cannot be read.
pub fn symbols() -> io::Result<AllSymbols> {
    languages().into_iter().map(|it| Symbols::of(it).map(|symbols| (it.id(), symbols))).collect()
}

/// In the order of the table's columns.
fn languages() -> [Language; 4] {
    Language::ALL
}

impl Symbols {
    fn of(language: Language) -> io::Result<Self> {
        match language.id() {
            "rust" => rust::symbols(),
            "cpp" => cpp::symbols(),
            "csharp" => csharp::symbols(),
            "python" => python::symbols(),
            other => Err(io::Error::other(format!("nobody has said how to read {other}"))),
        }
    }

    fn add(&mut self, ty: &str, member: &str) {
        self.types.entry(ty.to_owned()).or_default().insert(member.to_owned());
    }

    /// The members of all `types` together.
    fn members(&self, types: &[String]) -> Result<BTreeSet<String>, String> {
        let mut members = BTreeSet::new();
        for name in types {
            let known = self.types.get(name).ok_or_else(|| format!("there is no type {name}"))?;
            members.extend(known.iter().cloned());
        }
        Ok(members)
    }
}

/// `SendBatch`, `kSendBatch`, `SEND_BATCH` and `send_batch` are one word: the last of them.
fn plain(name: &str) -> String {
    let name = match name.strip_prefix('k') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => rest,
        _ => name,
    };
    if !name.contains(|c: char| c.is_ascii_lowercase()) {
        return name.to_ascii_lowercase();
    }
    let mut plain = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
        plain.push(c.to_ascii_lowercase());
    }
    plain
}

/// The texts of all files with this `extension` in `folder` and below.
fn texts(folder: &Path, extension: &str) -> io::Result<Vec<String>> {
    let mut texts = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<PathBuf> = folder
            .read_dir()?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                texts.push(fs::read_to_string(path)?);
            }
        }
    }
    Ok(texts)
}

/// The word that ends where `text` does.
fn last_word(text: &str) -> Option<&str> {
    let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    let word = &text[start..];
    (!word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit())).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::{Symbols, last_word, plain};

    impl Symbols {
        /// All that was found, as "type.member".
        pub(super) fn listed(&self) -> Vec<String> {
            let of = |(ty, members): (&String, &super::BTreeSet<String>)| {
                members.iter().map(|member| format!("{ty}.{member}")).collect::<Vec<_>>()
            };
            self.types.iter().flat_map(of).collect()
        }
    }

    #[test]
    fn one_word_has_one_plain_form() {
        for spelling in ["SkipToLatest", "kSkipToLatest", "skip_to_latest", "SKIP_TO_LATEST"] {
            assert_eq!(plain(spelling), "skip_to_latest");
        }
        assert_eq!(plain("kind"), "kind");
    }

    #[test]
    fn the_last_word_is_a_name() {
        assert_eq!(last_word("Status send_string"), Some("send_string"));
        assert_eq!(last_word("operator=="), None);
        assert_eq!(last_word("value 12"), None);
    }
}
