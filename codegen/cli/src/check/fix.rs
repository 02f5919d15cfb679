//! `bitrpc check --fix`: mends in the text what can be mended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bitrpc_spec::diagnostic::{Finding, Findings, Fix};
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::Spec;
use bitrpc_spec::rules::Levels;
use bitrpc_spec::source::{Files, Loader};
use clap::ValueEnum;

use crate::console::{Failure, say};
use crate::text_file;

/// Rounds after which mending ends; each mends what was in the way of the one before.
const ROUNDS: usize = 20;

/// What is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// What leaves all bytes as they are.
    Safe,
    /// The order of fields, as L113 and L114 say, which is a breaking change.
    Order,
}

/// The options about mending.
#[derive(Debug, clap::Args)]
pub(super) struct FixArgs {
    /// Mend what can be mended without changing a byte of the protocol; with =order, show the order
    /// of fields that L113 and L114 propose.
    #[arg(long, value_name = "KIND", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "safe", conflicts_with_all = ["json", "format"])]
    pub(super) fix: Option<Kind>,
    /// Show what --fix would change, and change nothing.
    #[arg(long, requires = "fix", conflicts_with = "write")]
    diff: bool,
    /// Change the files also where --fix=order breaks the protocol.
    #[arg(long, requires = "fix")]
    write: bool,
}

/// Files as they are on disk, but for those that were mended.
#[derive(Debug, Default)]
struct Overlay(BTreeMap<PathBuf, String>);

impl Loader for Overlay {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        match self.0.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Files.read(path),
        }
    }

    fn identity(&self, path: &Path) -> PathBuf {
        Files.identity(path)
    }
}

/// What a spec is now: its layout's hashes, if it has one, and what is found in it.
struct State {
    hashes: Option<(u64, u64)>,
    found: Findings,
}

impl State {
    fn load(path: &Path, overlay: &Overlay, levels: &Levels) -> Self {
        match Spec::load(path, overlay) {
            Ok(spec) => {
                let layout = Layout::of(&spec);
                let hashes = Some((layout.layout_hash, layout.schema_hash));
                Self { hashes, found: spec.findings(levels) }
            }
            Err(found) => Self { hashes: None, found },
        }
    }
}

/// Mends the spec at `path`, or shows how.
///
/// # Errors
///
/// When a file cannot be read or written.
pub(super) fn run(args: &FixArgs, path: &Path, levels: &Levels) -> Result<(), Failure> {
    let kind = args.fix.unwrap_or(Kind::Safe);
    let mut overlay = Overlay::default();
    let mut done: Vec<String> = Vec::new();
    let mut state = State::load(path, &overlay, levels);
    for _ in 0..ROUNDS {
        let wanted = |_: &Finding, fix: &Fix| fix.breaking == (kind == Kind::Order);
        let Some((next, after, what)) = round(path, &overlay, &state, levels, &wanted) else {
            break;
        };
        (overlay, state) = (next, after);
        done.extend(what);
        if kind == Kind::Order {
            break;
        }
    }
    let writes = !args.diff && (kind == Kind::Safe || args.write);
    for (path, text) in &overlay.0 {
        if writes {
            text_file::replace(path, text)?;
        } else {
            text_file::show_change(path, text)?;
        }
    }
    for line in &done {
        let mark = if writes { "mended" } else { "would mend" };
        say(format_args!("{mark} {line}"))?;
    }
    if kind == Kind::Order && !done.is_empty() && !writes {
        say("Another order is a breaking change: payloads of the old one are misread, and\n\
             schema_hash becomes another. --fix=order --write writes it all the same.")?;
    }
    if done.is_empty() {
        say("nothing that can be mended")?;
    }
    Ok(())
}

type Round = (Overlay, State, Vec<String>);

/// Makes all changes that go together; when the text is no better for it, one after the other.
fn round(
    path: &Path,
    overlay: &Overlay,
    state: &State,
    levels: &Levels,
    wanted: &dyn Fn(&Finding, &Fix) -> bool,
) -> Option<Round> {
    let attempt = |wanted: &dyn Fn(&Finding, &Fix) -> bool| {
        let mended = state.found.mended(wanted);
        if mended.findings.is_empty() {
            return None;
        }
        let mut next = Overlay(overlay.0.clone());
        for (source, text) in &mended.texts {
            let name = state.found.sources().get(*source).name();
            next.0.insert(PathBuf::from(name), text.clone());
        }
        let after = State::load(path, &next, levels);
        let breaks = mended.findings.iter().any(|f| f.fix.as_ref().is_some_and(|f| f.breaking));
        let same_bytes = breaks || state.hashes.is_none() || state.hashes == after.hashes;
        // What is found in a text with errors is less than all.
        let is_better = match (&state.hashes, &after.hashes) {
            (Some(_), None) => false,
            (None, Some(_)) => true,
            _ => after.found.len() < state.found.len(),
        };
        let what = mended.findings.iter().map(|finding| told(&state.found, finding));
        (same_bytes && is_better).then(|| (next, after, what.collect()))
    };
    attempt(wanted).or_else(|| {
        let fixes = state.found.iter().filter(|f| f.fix.as_ref().is_some_and(|x| wanted(f, x)));
        fixes.into_iter().find_map(|one| attempt(&|other, _| std::ptr::eq(one, other)))
    })
}

/// Where something is mended, by which rule, and what that is.
fn told(found: &Findings, finding: &Finding) -> String {
    let at = finding.primary.as_ref().map(|label| {
        let source = found.sources().get(label.span.source);
        format!("{}:{}", source.name(), source.position(label.span.start).0)
    });
    let what = finding.fix.as_ref().map_or("", |fix| fix.what.as_str());
    format!("{} [{}]: {what}", at.unwrap_or_default(), finding.rule.id)
}
