//! `bitrpc generate --check`: what differs, and the commands that mend it.

use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use super::{Args, Target, display};
use crate::console::{Failure, Outcome, complain, say};
use crate::findings::{self, Format, Report};
use bitrpc_codegen::emit::{Drift, Plan};
use bitrpc_codegen::shell;
use bitrpc_spec::names::Language;

/// Changed lines that are shown of one file.
const DIFF_LINES: usize = 10;

pub(super) fn run(
    args: &Args,
    plans: &[(Target, Plan)],
    report: Report,
) -> Result<Outcome, Failure> {
    let mut found = Vec::new();
    for (target, plan) in plans {
        for drift in plan.compare().map_err(Failure::system)? {
            found.push((Mending::of(*target, &drift), drift));
        }
    }
    let fresh = found.is_empty();
    if !args.format().is_human() {
        let files: Vec<_> =
            found.iter().map(|(mending, drift)| to_json(args, mending, drift)).collect();
        let report = Report { ok: fresh, ..report }.with("fresh", fresh).with("files", files);
        findings::print(args.format(), &report)?;
        // The other forms hold what was found in the spec, and no files.
        if args.format() != Format::Json {
            for (mending, drift) in &found {
                let (path, word) = (drift.path.display(), drift.difference.word());
                complain(format_args!("{path}: {word}; mend it by: {}\n", mending.command(args)));
            }
        }
    } else if !fresh {
        tell(args, &found)?;
    } else if !args.quiet {
        say(format_args!("{} is fresh", args.out.display()))?;
    }
    Ok(if fresh { Outcome::Fine } else { Outcome::Findings })
}

/// What mends a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mending {
    /// Generating its language again, with its peer and over changes made by hand where need be.
    Generate { language: Language, peer: bool, force: bool },
    /// Removing a file that the generator leaves alone.
    Remove(PathBuf),
}

impl Mending {
    fn of(target: Target, drift: &Drift) -> Self {
        let Target { language, peer } = target;
        match drift.needs_removal() {
            true => Self::Remove(drift.path.clone()),
            false => Self::Generate { language, peer, force: drift.needs_force() },
        }
    }

    /// Takes in `other`, if one run of the command does both.
    fn takes_in(&mut self, other: &Self) -> bool {
        match (&mut *self, other) {
            (
                Self::Generate { language, peer, force },
                Self::Generate { language: also, peer: with_peer, force: by_force },
            ) if language == also => {
                *peer |= with_peer;
                *force |= by_force;
                true
            }
            (known, other) => known == other,
        }
    }

    fn command(&self, args: &Args) -> String {
        match self {
            Self::Remove(path) => format!("rm {}", shell::path(path)),
            Self::Generate { language, peer, force } => {
                let (spec, out) = (shell::path(args.spec.path()), shell::path(&args.out));
                let language = language.id();
                let peer = if *peer { " --peer" } else { "" };
                let force = if *force { " --force" } else { "" };
                format!("bitrpc generate {spec} --out {out} --lang {language}{peer}{force}")
            }
        }
    }
}

/// The least that mends all files, in the order of the files.
fn mending_all(found: &[(Mending, Drift)]) -> Vec<Mending> {
    let mut all: Vec<Mending> = Vec::new();
    for (mending, _) in found {
        if !all.iter_mut().any(|known| known.takes_in(mending)) {
            all.push(mending.clone());
        }
    }
    all
}

fn to_json(args: &Args, mending: &Mending, drift: &Drift) -> serde_json::Value {
    let (path, difference) = (display(&drift.path), drift.difference.word());
    json!({ "path": path, "difference": difference, "command": mending.command(args) })
}

fn tell(args: &Args, found: &[(Mending, Drift)]) -> Result<(), Failure> {
    for (_, drift) in found {
        let bold = Style::new().bold();
        let (path, word) = (drift.path.display(), drift.difference.word());
        say(format_args!("{bold}{path}{bold:#}: {word}"))?;
        print_diff(drift)?;
    }
    let files = if found.len() == 1 { "file differs" } else { "files differ" };
    say(format_args!("\n{} {files} from what the spec says. To mend this:", found.len()))?;
    for mending in mending_all(found) {
        say(format_args!("  {}", mending.command(args)))?;
    }
    if found.iter().any(|(_, drift)| drift.needs_force()) {
        say("--force drops what was edited by hand; what should stay belongs into the spec.")?;
    }
    Ok(())
}

fn print_diff(drift: &Drift) -> Result<(), Failure> {
    let (Some(found), Some(expected)) = (&drift.found, &drift.expected) else { return Ok(()) };
    let diff = TextDiff::from_lines(found.as_str(), expected.as_str());
    let changes = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
    let (mut shown, mut hidden) = (0, 0);
    for change in changes {
        if shown == DIFF_LINES {
            hidden += 1;
            continue;
        }
        let (sign, color, line) = match change.tag() {
            ChangeTag::Delete => ('-', AnsiColor::Red, change.old_index()),
            _ => ('+', AnsiColor::Green, change.new_index()),
        };
        let style = Style::new().fg_color(Some(color.into()));
        let text = change.value().trim_end();
        let line = line.map_or(0, |index| index + 1);
        say(format_args!("  {line:>5} {style}{sign} {text}{style:#}"))?;
        shown += 1;
    }
    if hidden > 0 {
        say(format_args!("        ... and {hidden} more changed lines"))?;
    }
    Ok(())
}
