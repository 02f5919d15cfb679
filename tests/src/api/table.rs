//! The table of concepts: which word each language has for what, and why one has none or another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bitrpc_spec::names::Language;
use serde::Deserialize;

use super::{AllSymbols, languages, plain};

/// What the sources do not say by themselves: which types belong together, which words mean the
/// same, and why a language has no word for something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concepts {
    groups: Vec<Group>,
    /// Types that are compared with nothing.
    #[serde(default)]
    apart: Vec<Apart>,
}

/// Types of the four languages that are one concept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    about: String,
    types: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    same: Vec<Same>,
    #[serde(default)]
    absent: Vec<Absence>,
}

/// Different words for one concept, by language; the others have its plain name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Same {
    name: String,
    words: BTreeMap<String, String>,
    why: String,
}

/// Why some languages have no word for these concepts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Absence {
    names: Vec<String>,
    from: Vec<String>,
    why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Apart {
    types: BTreeMap<String, Vec<String>>,
    why: String,
}

/// One row: the plain name and each language's spelling.
type Rows = BTreeMap<String, BTreeMap<&'static str, String>>;

impl Group {
    fn rows(&self, symbols: &AllSymbols) -> Result<Rows, String> {
        let mut rows = Rows::new();
        for language in languages() {
            let id = language.id();
            let types = self.types.get(id).map_or(&[][..], Vec::as_slice);
            let members = symbols[id].members(types);
            for member in members.map_err(|problem| format!("{} in {id}: {problem}", self.name))? {
                let concept = self.same.iter().find(|same| same.words.get(id) == Some(&member));
                let name = concept.map_or_else(|| plain(&member), |same| same.name.clone());
                rows.entry(name).or_default().insert(id, member);
            }
        }
        Ok(rows)
    }

    fn absence(&self, name: &str, language: &str) -> Option<&Absence> {
        self.absent.iter().find(|absence| {
            absence.names.iter().any(|known| known == name)
                && absence.from.iter().any(|known| known == language)
        })
    }

    fn problems(&self, rows: &Rows) -> Vec<String> {
        let mut problems = Vec::new();
        let mut say =
            |name: &str, what: &str| problems.push(format!("{}.{name}: {what}", self.name));
        for (name, words) in rows {
            let lacks = |id: &&str| !words.contains_key(id) && self.absence(name, id).is_none();
            let lacking: Vec<_> = languages().map(Language::id).into_iter().filter(lacks).collect();
            if !lacking.is_empty() {
                let having = words.keys().copied().collect::<Vec<_>>().join(", ");
                say(name, &format!("in {having}, not in {}", lacking.join(", ")));
            }
        }
        for absence in &self.absent {
            for name in &absence.names {
                let Some(words) = rows.get(name) else {
                    say(name, "no language has it, but a reason is stated");
                    continue;
                };
                let is_there = |language: &&String| words.contains_key(language.as_str());
                for language in absence.from.iter().filter(is_there) {
                    say(name, &format!("said to be absent from {language}, is there"));
                }
            }
        }
        for same in &self.same {
            for (language, word) in &same.words {
                if plain(word) == same.name {
                    say(&same.name, &format!("{word} needs no reason in {language}"));
                }
                let found = rows.get(&same.name).and_then(|words| words.get(language.as_str()));
                if found != Some(word) {
                    say(&same.name, &format!("there is no {word} in {language}"));
                }
            }
        }
        problems
    }

    fn render(&self, rows: &Rows, text: &mut String) {
        // Writing to a String does not fail.
        let _ = write!(text, "\n## {}\n\n{}\n\n", self.name, self.about.trim());
        let titles = languages().map(Language::title).join(" | ");
        let _ = writeln!(text, "| | {titles} |\n|{}", " --- |".repeat(languages().len() + 1));
        for (name, words) in rows {
            let cells = languages().map(|language| {
                words.get(language.id()).map_or_else(|| "-".to_owned(), |word| format!("`{word}`"))
            });
            let _ = writeln!(text, "| {} | {} |", name.replace('_', " "), cells.join(" | "));
        }
        if !self.same.is_empty() || !self.absent.is_empty() {
            text.push('\n');
        }
        for Same { words, why, .. } in &self.same {
            let words: BTreeSet<_> = words.values().map(|word| format!("`{word}`")).collect();
            let words: Vec<_> = words.into_iter().collect();
            let _ = writeln!(text, "- {}: {}", words.join(", "), why.trim());
        }
        for Absence { names, from, why } in &self.absent {
            let names: Vec<_> = names.iter().map(|name| name.replace('_', " ")).collect();
            let from: Vec<_> = languages()
                .into_iter()
                .filter(|language| from.iter().any(|id| id == language.id()))
                .map(Language::title)
                .collect();
            let (names, from) = (names.join(", "), from.join(", "));
            let _ = writeln!(text, "- No {names} in {from}: {}", why.trim());
        }
    }
}

/// What one language has and another lacks without a stated reason, types that nobody compares, and
/// reasons that are stale.
///
/// # Errors
///
/// Types that the sources do not have.
pub fn check(concepts: &Concepts, symbols: &AllSymbols) -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    for group in &concepts.groups {
        problems.extend(group.problems(&group.rows(symbols)?));
    }
    let groups = concepts.groups.iter().map(|group| &group.types);
    let known: Vec<_> = groups.chain(concepts.apart.iter().map(|apart| &apart.types)).collect();
    for (language, symbols) in symbols {
        let listed: BTreeSet<_> =
            known.iter().filter_map(|types| types.get(*language)).flatten().collect();
        for ty in symbols.types.keys().filter(|ty| !listed.contains(ty)) {
            problems.push(format!("{ty} of {language} is in no group"));
        }
        for ty in listed.into_iter().filter(|ty| !symbols.types.contains_key(*ty)) {
            problems.push(format!("{language} has no type {ty}"));
        }
    }
    Ok(problems)
}

/// The table as Markdown.
///
/// # Errors
///
/// As for [`check`].
pub fn render(concepts: &Concepts, symbols: &AllSymbols) -> Result<String, String> {
    let mut text = String::new();
    for group in &concepts.groups {
        group.render(&group.rows(symbols)?, &mut text);
    }
    if !concepts.apart.is_empty() {
        text.push_str("\n## Not compared\n\n");
    }
    for Apart { types, why } in &concepts.apart {
        let names: BTreeSet<_> = types.values().flatten().map(|ty| format!("`{ty}`")).collect();
        let names: Vec<_> = names.into_iter().collect();
        let _ = writeln!(text, "- {}: {}", names.join(", "), why.trim());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{AllSymbols, Concepts, check, languages, render};
    use crate::api::Symbols;

    /// An API in which Python says `transmit` for `send` and has no `flush`.
    fn made_up(concepts: &str) -> (Concepts, AllSymbols) {
        let concepts = serde_saphyr::from_str(concepts).expect("concepts");
        let members = [
            ["send", "flush"].as_slice(),
            ["send", "flush"].as_slice(),
            ["Send", "Flush"].as_slice(),
            ["transmit"].as_slice(),
        ];
        let mut all = AllSymbols::new();
        for (language, members) in languages().into_iter().zip(members) {
            let mut symbols = Symbols::default();
            for member in members {
                symbols.add("Producer", member);
            }
            all.insert(language.id(), symbols);
        }
        (concepts, all)
    }

    const GROUP: &str = "groups:
- name: Producer
  about: Sends.
  types: { rust: [Producer], cpp: [Producer], csharp: [Producer], python: [Producer] }
";
    const SAME: &str = "  same: [{ name: send, words: { python: transmit }, why: custom }]\n";
    const ABSENT: &str = "  absent: [{ names: [flush], from: [python], why: no buffer }]\n";

    fn problems(concepts: &str) -> Vec<String> {
        let (concepts, symbols) = made_up(concepts);
        check(&concepts, &symbols).expect("all types are there")
    }

    #[test]
    fn a_difference_without_a_reason_is_a_problem() {
        let expected = [
            "Producer.flush: in cpp, csharp, rust, not in python",
            "Producer.send: in cpp, csharp, rust, not in python",
            "Producer.transmit: in python, not in rust, cpp, csharp",
        ];
        assert_eq!(problems(GROUP), expected);
        let expected = ["Producer.flush: in cpp, csharp, rust, not in python"];
        assert_eq!(problems(&format!("{GROUP}{SAME}")), expected);
    }

    #[test]
    fn stated_reasons_suffice_and_stand_below_the_table() {
        let text = format!("{GROUP}{SAME}{ABSENT}");
        assert!(problems(&text).is_empty());
        let (concepts, symbols) = made_up(&text);
        let table = render(&concepts, &symbols).expect("all types are there");
        for line in [
            "| flush | `flush` | `flush` | `Flush` | - |",
            "| send | `send` | `send` | `Send` | `transmit` |",
            "- `transmit`: custom",
            "- No flush in Python: no buffer",
        ] {
            assert!(table.lines().any(|found| found == line), "{line} is not in {table}");
        }
    }

    #[test]
    fn a_reason_that_is_not_needed_is_a_problem() {
        let stale = "  absent:
  - { names: [flush], from: [python, rust], why: no buffer }
  - { names: [sleep], from: [cpp], why: none }
";
        let expected = [
            "Producer.flush: said to be absent from rust, is there",
            "Producer.sleep: no language has it, but a reason is stated",
        ];
        assert_eq!(problems(&format!("{GROUP}{SAME}{stale}")), expected);
        let same = SAME.replace("python: transmit", "python: transmit, cpp: send, rust: emit");
        let expected = [
            "Producer.send: send needs no reason in cpp",
            "Producer.send: there is no emit in rust",
        ];
        assert_eq!(problems(&format!("{GROUP}{same}{ABSENT}")), expected);
    }

    #[test]
    fn a_type_that_nobody_compares_is_a_problem() {
        let group = GROUP.replace("python: [Producer]", "python: []");
        let found = problems(&group);
        assert!(found.contains(&"Producer of python is in no group".to_owned()), "{found:?}");
        let apart = "apart: [{ types: { python: [Producer] }, why: other }]\n";
        let found = problems(&format!("{group}{apart}"));
        assert!(!found.iter().any(|problem| problem.contains("no group")), "{found:?}");
    }
}
