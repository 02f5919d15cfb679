//! Who talks to whom: the pairs asked for, and the languages that can take part.

use std::fmt;
use std::str::FromStr;
use std::thread;

use serde::Serialize;

use crate::driver::{self, Driver};
use crate::stage::Stage;
use crate::toolchain::{self, Found, Missing, Program, Toolchain};
use bitrpc_spec::names::Language;

/// A producer and a consumer, each the id of a language or of one of its toolchains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairName {
    /// Who sends.
    pub from: &'static str,
    /// Who receives.
    pub to: &'static str,
}

impl fmt::Display for PairName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

impl FromStr for PairName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) =
            text.split_once(':').ok_or("expected FROM:TO, for example cpp:rust".to_owned())?;
        Ok(Self { from: side(from)?, to: side(to)? })
    }
}

/// The id of a language that has a toolchain, or of a toolchain.
fn side(id: &str) -> Result<&'static str, String> {
    let languages = languages().map(Language::id);
    let mut known: Vec<_> = languages.chain(toolchain::all().iter().map(|t| t.id())).collect();
    known.sort_unstable();
    known.dedup();
    known
        .iter()
        .copied()
        .find(|side| *side == id)
        .ok_or_else(|| format!("unknown language `{id}`, expected one of: {}", known.join(", ")))
}

/// Every language that takes part in conformance runs.
fn languages() -> impl Iterator<Item = Language> {
    driver::all().iter().map(|driver| driver.language)
}

/// What the user asked for.
pub struct Wanted {
    /// Empty: all.
    pairs: Vec<PairName>,
    /// Every toolchain of a language, instead of the first one found.
    all_runtimes: bool,
}

impl Wanted {
    /// These pairs, or all if there are none; a language on its first toolchain, or on all.
    pub fn new(pairs: &[PairName], all_runtimes: bool) -> Self {
        Self { pairs: pairs.to_vec(), all_runtimes }
    }

    /// Everyone who takes part if a toolchain is there.
    fn seats(&self) -> Vec<Seat> {
        let mut seats = Vec::new();
        for Driver { language, toolchains, .. } in driver::all() {
            let language = *language;
            if !self.all_runtimes {
                seats.push(Seat { name: language.id(), language, toolchains });
            }
            let is_asked_for = |toolchain: &&dyn Toolchain| {
                let id = toolchain.id();
                self.all_runtimes
                    || id != language.id() && self.pairs.iter().any(|p| p.from == id || p.to == id)
            };
            let alone = |toolchain: &'static &'static dyn Toolchain| Seat {
                name: toolchain.id(),
                language,
                toolchains: std::slice::from_ref(toolchain),
            };
            seats.extend(toolchains.iter().filter(|t| is_asked_for(*t)).map(alone));
        }
        seats.retain(|seat| self.involves(seat));
        seats
    }

    fn involves(&self, seat: &Seat) -> bool {
        let takes_part = |p: &PairName| self.means(p.from, seat) || self.means(p.to, seat);
        self.pairs.is_empty() || self.pairs.iter().any(takes_part)
    }

    fn includes(&self, from: &Seat, to: &Seat) -> bool {
        let is_this = |p: &PairName| self.means(p.from, from) && self.means(p.to, to);
        self.pairs.is_empty() || self.pairs.iter().any(is_this)
    }

    /// Whether the user's word is for this seat.
    fn means(&self, side: &str, seat: &Seat) -> bool {
        side == seat.name || self.all_runtimes && side == seat.language.id()
    }
}

/// One that takes part: a language with the first of its toolchains that is there, or a toolchain.
struct Seat {
    name: &'static str,
    language: Language,
    toolchains: &'static [&'static dyn Toolchain],
}

impl Seat {
    /// The first toolchain that is there, else what is missing, and how to get any one of them.
    fn find(&self) -> Result<(&'static dyn Toolchain, Found), Missing> {
        let mut missing = Vec::new();
        for toolchain in self.toolchains {
            match toolchain.find() {
                Ok(found) => return Ok((*toolchain, found)),
                Err(reason) => missing.push(reason),
            }
        }
        let join = |part: fn(&Missing) -> &str, word| {
            missing.iter().map(part).collect::<Vec<_>>().join(word)
        };
        Err(Missing {
            reason: join(|missing| &missing.reason, " and "),
            install: join(|missing| &missing.install, ", or: "),
        })
    }
}

/// One that could not take part.
#[derive(Debug, Serialize)]
pub struct Skipped {
    /// The id of the language or of its toolchain.
    pub language: &'static str,
    /// What is missing, and how to get it.
    pub reason: String,
}

/// The peer of a seat, or why the compiler refused it.
pub type Built = Result<Program, String>;

/// One that takes part, with what builds it.
struct Member {
    seat: Seat,
    toolchain: &'static dyn Toolchain,
    found: Found,
}

/// Everyone who takes part.
pub struct Crew {
    members: Vec<Member>,
    peers: Vec<Built>,
    skipped: Vec<Skipped>,
}

impl Crew {
    /// Looks for the toolchains of everyone who is wanted.
    pub fn find(wanted: &Wanted) -> Self {
        let mut crew = Self { members: Vec::new(), peers: Vec::new(), skipped: Vec::new() };
        for seat in wanted.seats() {
            match seat.find() {
                Ok((toolchain, found)) => crew.members.push(Member { seat, toolchain, found }),
                Err(missing) => {
                    crew.skipped.push(Skipped { language: seat.name, reason: missing.to_string() })
                }
            }
        }
        crew
    }

    /// What takes part and on what, in words.
    pub fn names(&self) -> String {
        let mut names: Vec<_> =
            self.members.iter().map(|member| member.seat.language.title()).collect();
        names.dedup();
        names.join(", ")
    }

    /// Builds all peers, side by side; blocks until the last compiler has ended.
    pub fn build(&mut self, stage: &Stage) {
        self.peers = thread::scope(|scope| {
            let build = |Member { toolchain, found, .. }: &Member| {
                let (toolchain, found) = (*toolchain, found.clone());
                scope.spawn(move || stage.build(toolchain, &found).map_err(|e| e.to_string()))
            };
            let builds: Vec<_> = self.members.iter().map(build).collect();
            let join = |handle: thread::ScopedJoinHandle<'_, Built>| {
                handle.join().unwrap_or_else(|_| Err("the build panicked".to_owned()))
            };
            builds.into_iter().map(join).collect()
        });
    }

    /// The wanted pairs of those that take part, with their peers.
    pub fn pairs(&self, wanted: &Wanted) -> Vec<(PairName, &Built, &Built)> {
        let seats = || self.members.iter().map(|member| &member.seat).zip(&self.peers);
        let mut pairs = Vec::new();
        for (from, producer) in seats() {
            for (to, consumer) in seats() {
                if wanted.includes(from, to) {
                    pairs.push((PairName { from: from.name, to: to.name }, producer, consumer));
                }
            }
        }
        pairs
    }

    /// Those that do not take part.
    pub fn into_skipped(self) -> Vec<Skipped> {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::{PairName, Wanted, languages};
    use bitrpc_codegen::backend;

    fn seats(pairs: &[&str], all_runtimes: bool) -> Vec<&'static str> {
        let pairs: Vec<PairName> = pairs.iter().map(|pair| pair.parse().unwrap()).collect();
        Wanted::new(&pairs, all_runtimes).seats().iter().map(|seat| seat.name).collect()
    }

    #[test]
    fn every_generated_language_can_take_part() {
        let generated: Vec<_> = backend::all().iter().map(|backend| backend.language()).collect();
        assert_eq!(languages().collect::<Vec<_>>(), generated);
    }

    #[test]
    fn a_pair_is_two_known_languages() {
        assert_eq!("cpp:rust".parse::<PairName>().unwrap().to_string(), "cpp -> rust");
        assert!("cpp".parse::<PairName>().unwrap_err().contains("FROM:TO"));
        assert!("cpp:cobol".parse::<PairName>().unwrap_err().contains("expected one of: cpp, "));
    }

    #[test]
    fn a_language_takes_part_on_one_runtime_unless_more_are_asked_for() {
        assert_eq!(seats(&["rust:csharp"], false), ["rust", "csharp"]);
        assert_eq!(seats(&["rust:csharp-mono"], false), ["rust", "csharp-mono"]);
        assert_eq!(seats(&["rust:csharp"], true), ["rust", "csharp-dotnet", "csharp-mono"]);
        let all = seats(&[], true);
        assert!(all.contains(&"csharp-dotnet") && all.contains(&"csharp-mono"));
        assert!(!all.contains(&"csharp"));
    }
}
