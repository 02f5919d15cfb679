//! Who talks to whom: the pairs asked for, and the languages that can take part.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::thread;

use super::report::SkipRow;
use super::stage::Stage;
use super::toolchain::{self, Found, Missing, Program, Toolchain};
use crate::names::Language;

/// A producer's and a consumer's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PairName {
    pub(super) from: Language,
    pub(super) to: Language,
}

impl fmt::Display for PairName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from.id(), self.to.id())
    }
}

impl FromStr for PairName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) =
            text.split_once(':').ok_or("expected FROM:TO, for example cpp:rust".to_owned())?;
        Ok(Self { from: language(from)?, to: language(to)? })
    }
}

/// A language that has a toolchain.
fn language(id: &str) -> Result<Language, String> {
    let known = languages();
    known.iter().copied().find(|language| language.id() == id).ok_or_else(|| {
        let known = known.iter().map(|language| language.id()).collect::<Vec<_>>().join(", ");
        format!("unknown language `{id}`, expected one of: {known}")
    })
}

/// Every language that the registry of toolchains knows, once.
fn languages() -> Vec<Language> {
    let mut known: Vec<_> = toolchain::all().iter().map(|t| t.language()).collect();
    known.dedup();
    known
}

/// The pairs that the user asked for.
pub(super) struct Wanted {
    /// Empty: all.
    pairs: Vec<PairName>,
}

impl Wanted {
    pub(super) fn new(pairs: &[PairName]) -> Self {
        Self { pairs: pairs.to_vec() }
    }

    fn includes(&self, pair: PairName) -> bool {
        self.pairs.is_empty() || self.pairs.contains(&pair)
    }

    fn involves(&self, language: Language) -> bool {
        let takes_part = |pair: &PairName| pair.from == language || pair.to == language;
        self.pairs.is_empty() || self.pairs.iter().any(takes_part)
    }
}

/// The peer of a language, or why the compiler refused it.
pub(super) type Built = Result<Program, String>;

/// The languages that take part.
pub(super) struct Crew {
    members: Vec<(&'static dyn Toolchain, Found)>,
    peers: BTreeMap<Language, Built>,
    skipped: Vec<SkipRow>,
}

impl Crew {
    /// Looks for one toolchain of each language that is wanted.
    pub(super) fn find(wanted: &Wanted) -> Self {
        let mut crew = Self { members: Vec::new(), peers: BTreeMap::new(), skipped: Vec::new() };
        for language in languages().into_iter().filter(|l| wanted.involves(*l)) {
            match find(language) {
                Ok(member) => crew.members.push(member),
                Err(missing) => crew
                    .skipped
                    .push(SkipRow { language: language.id(), reason: missing.to_string() }),
            }
        }
        crew
    }

    /// The languages that take part, as a list in words.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.members.iter().map(|(t, _)| t.language().title()).collect();
        names.join(", ")
    }

    /// Builds all peers, side by side; blocks until the last compiler has ended.
    pub(super) fn build(&mut self, stage: &Stage) {
        self.peers = thread::scope(|scope| {
            let build = |(toolchain, found): &(&'static dyn Toolchain, Found)| {
                let (toolchain, found) = (*toolchain, found.clone());
                let built = move || stage.build(toolchain, &found).map_err(|e| e.to_string());
                (toolchain.language(), scope.spawn(built))
            };
            let builds: Vec<_> = self.members.iter().map(build).collect();
            let join = |handle: thread::ScopedJoinHandle<'_, Built>| {
                handle.join().unwrap_or_else(|_| Err("the build panicked".to_owned()))
            };
            builds.into_iter().map(|(language, handle)| (language, join(handle))).collect()
        });
    }

    /// The wanted pairs of languages that take part, with their peers.
    pub(super) fn pairs(&self, wanted: &Wanted) -> Vec<(PairName, &Built, &Built)> {
        let mut pairs = Vec::new();
        for (&from, producer) in &self.peers {
            for (&to, consumer) in &self.peers {
                let name = PairName { from, to };
                if wanted.includes(name) {
                    pairs.push((name, producer, consumer));
                }
            }
        }
        pairs
    }

    /// The languages that do not take part.
    pub(super) fn into_skipped(self) -> Vec<SkipRow> {
        self.skipped
    }
}

/// The first toolchain of `language` that is there, else what is missing for the first one.
fn find(language: Language) -> Result<(&'static dyn Toolchain, Found), Missing> {
    let mut missing = None;
    for toolchain in toolchain::all().iter().filter(|t| t.language() == language) {
        match toolchain.find() {
            Ok(found) => return Ok((*toolchain, found)),
            Err(reason) => missing = missing.or(Some(reason)),
        }
    }
    Err(missing.expect("languages come from the registry, so each has a toolchain"))
}

#[cfg(test)]
mod tests {
    use super::{PairName, languages};
    use crate::backend;

    #[test]
    fn every_generated_language_can_take_part() {
        let generated: Vec<_> = backend::all().iter().map(|backend| backend.language()).collect();
        assert_eq!(languages(), generated);
    }

    #[test]
    fn a_pair_is_two_known_languages() {
        assert_eq!("cpp:rust".parse::<PairName>().unwrap().to_string(), "cpp -> rust");
        assert!("cpp".parse::<PairName>().unwrap_err().contains("FROM:TO"));
        assert!(
            "cpp:cobol".parse::<PairName>().unwrap_err().contains("expected one of: rust, cpp")
        );
    }
}
