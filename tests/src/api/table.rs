//! The table of concepts: which word each language has for what, and why one has none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bitrpc_codegen::names::Language;
use serde::Deserialize;

use super::{Symbols, plain};

/// What the sources do not say by themselves: which types belong together, which words mean the
/// same, and why a language has no word for something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concepts {
    groups: Vec<Group>,
}

/// Types of the four languages that are one concept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    about: String,
    types: BTreeMap<String, Vec<String>>,
    /// Other words for the same, by plain name: `{ open: { rust: open, cpp: create } }`.
    #[serde(default)]
    same: BTreeMap<String, BTreeMap<String, String>>,
    /// Why some languages have no word of their own.
    #[serde(default)]
    absent: Vec<Absence>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Absence {
    names: Vec<String>,
    languages: Vec<String>,
    why: String,
}

/// One row: the plain name and each language's spelling.
type Rows = BTreeMap<String, BTreeMap<&'static str, String>>;

fn languages() -> [Language; 4] {
    [Language::Rust, Language::Cpp, Language::Csharp, Language::Python]
}

impl Group {
    fn rows(&self, symbols: &BTreeMap<&'static str, Symbols>) -> Result<Rows, String> {
        let mut rows = Rows::new();
        for language in languages() {
            let id = language.id();
            let members = symbols[id].members(self.types.get(id).map_or(&[], Vec::as_slice))?;
            for member in members {
                let concept = self.same.iter().find(|(_, words)| words.get(id) == Some(&member));
                let name = concept.map_or_else(|| plain(&member), |(name, _)| name.clone());
                rows.entry(name).or_default().insert(id, member);
            }
        }
        Ok(rows)
    }

    fn why(&self, name: &str, language: &str) -> Option<&str> {
        let is_it = |absence: &&Absence| {
            absence.names.iter().any(|known| known == name)
                && absence.languages.iter().any(|known| known == language)
        };
        self.absent.iter().find(is_it).map(|absence| absence.why.as_str())
    }

    fn problems(&self, rows: &Rows) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, words) in rows {
            for id in languages().map(Language::id) {
                match (words.contains_key(id), self.why(name, id)) {
                    (false, None) => {
                        let others: Vec<_> = words.keys().copied().collect();
                        let others = others.join(", ");
                        problems.push(format!("{}.{name}: {others} has it, {id} not", self.name));
                    }
                    (true, Some(_)) => {
                        let group = &self.name;
                        problems
                            .push(format!("{group}.{name}: said to be absent in {id}, is there"));
                    }
                    _ => {}
                }
            }
        }
        let said = self.absent.iter().flat_map(|absence| &absence.names);
        for name in said.chain(self.same.keys()) {
            if !rows.contains_key(name) {
                problems.push(format!("{}.{name}: no language has it", self.name));
            }
        }
        problems
    }
}

fn all_symbols() -> Result<BTreeMap<&'static str, Symbols>, String> {
    let of = |language: Language| {
        Symbols::of(language).map(|symbols| (language.id(), symbols)).map_err(|e| e.to_string())
    };
    languages().into_iter().map(of).collect()
}

/// What one language has and another lacks without a stated reason, and reasons that are stale.
///
/// # Errors
///
/// Sources that cannot be read, and types that they do not have.
pub fn check(concepts: &Concepts) -> Result<Vec<String>, String> {
    let symbols = all_symbols()?;
    let mut problems = Vec::new();
    for group in &concepts.groups {
        problems.extend(group.problems(&group.rows(&symbols)?));
    }
    Ok(problems)
}

/// The table as Markdown.
///
/// # Errors
///
/// As for [`check`].
pub fn render(concepts: &Concepts) -> Result<String, String> {
    let symbols = all_symbols()?;
    let mut text = String::new();
    for group in &concepts.groups {
        // Writing to a String does not fail.
        let _ = write!(text, "\n## {}\n\n{}\n\n", group.name, group.about.trim());
        text.push_str("| | Rust | C++ | C# | Python |\n| --- | --- | --- | --- | --- |\n");
        let mut notes = BTreeSet::new();
        for (name, words) in group.rows(&symbols)? {
            let cells = languages().map(|language| match words.get(language.id()) {
                Some(word) => format!("`{word}`"),
                None => {
                    notes.extend(group.why(&name, language.id()));
                    "-".to_owned()
                }
            });
            let _ = writeln!(text, "| {} | {} |", name.replace('_', " "), cells.join(" | "));
        }
        if !notes.is_empty() {
            text.push_str("\nWhere a language has no word:\n\n");
        }
        for note in notes {
            let _ = writeln!(text, "- {note}");
        }
    }
    Ok(text)
}
