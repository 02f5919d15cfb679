//! The public names of the four languages' APIs, read from their own sources, and the table that
//! sets them side by side.

mod cpp;
mod csharp;
mod python;
mod rust;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bitrpc_codegen::names::Language;

pub use table::{Concepts, check, render};

/// What one language offers: the public members of each public type, as they are spelled.
#[derive(Debug, Default)]
pub struct Symbols {
    types: BTreeMap<String, BTreeSet<String>>,
}

impl Symbols {
    /// Everything that the sources of `language` offer.
    ///
    /// # Errors
    ///
    /// A source that cannot be read.
    pub fn of(language: Language) -> io::Result<Self> {
        match language {
            Language::Rust => rust::symbols(),
            Language::Cpp => cpp::symbols(),
            Language::Csharp => csharp::symbols(),
            Language::Python => python::symbols(),
        }
    }

    fn add(&mut self, ty: &str, member: &str) {
        self.types.entry(ty.to_owned()).or_default().insert(member.to_owned());
    }

    /// The members of all `types` together.
    ///
    /// # Errors
    ///
    /// The first type that the sources do not have.
    pub fn members(&self, types: &[String]) -> Result<BTreeSet<String>, String> {
        let mut members = BTreeSet::new();
        for name in types {
            let known = self.types.get(name).ok_or_else(|| format!("there is no type {name}"))?;
            members.extend(known.iter().cloned());
        }
        Ok(members)
    }
}

/// `SendBatch`, `kSendBatch` and `send_batch` are one word: the last of them.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    let name = match name.strip_prefix('k') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => rest,
        _ => name,
    };
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
    use super::{last_word, plain};

    #[test]
    fn one_word_has_one_plain_form() {
        for spelling in ["SkipToLatest", "kSkipToLatest", "skip_to_latest"] {
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
