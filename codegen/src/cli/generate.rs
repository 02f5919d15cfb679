//! `bitrpc generate`: writes the files of every language, or checks that they are fresh.

use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use super::{SpecArg, language};
use crate::backend::{self, Backend, Input, Origin, shell_word};
use crate::console::{Failure, Outcome, complain, say};
use crate::emit::{self, Applied, Drift, Plan};
use crate::names::Language;
use crate::pipeline;

/// Changed lines that `--check` shows of one file.
const DIFF_LINES: usize = 10;

/// Write the rings of a spec, or check that the written ones are fresh.
///
/// All text is on disk under temporary names before the first file is replaced, and only files that
/// differ are touched: a failed run leaves the old output whole, and what a killed one leaves is no
/// obstacle to the next. Files that were edited by hand are never replaced without --force.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    /// Folder to write into; each language has a folder of its own in it.
    #[arg(long, value_name = "DIR", default_value = "generated")]
    out: PathBuf,
    /// Languages to write (all are checked all the same).
    #[arg(long, value_name = "LANG,...", value_delimiter = ',', value_parser = language)]
    lang: Vec<Language>,
    /// Write nothing; report every missing, stale, hand-edited and extra file and exit with 1.
    #[arg(long)]
    check: bool,
    /// Replace files that were edited by hand.
    #[arg(long, conflicts_with = "check")]
    force: bool,
    /// Also write the conformance peer of each language, into DIR/peer/LANG.
    #[arg(long)]
    peer: bool,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc generate                                  spec/bitrpc.yaml into generated/
  bitrpc generate my.yaml --out gen --lang cpp     only C++
  bitrpc generate --check                          for CI: exit code 1 unless all is fresh";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let plans = plans(args)?;
    if args.check { check(args, &plans) } else { write(args, &plans) }
}

fn plans(args: &Args) -> Result<Vec<(String, Plan)>, Failure> {
    let loaded = args.spec.load()?;
    if !args.json && !args.check {
        complain(loaded.notes.render());
    }
    let origin = Origin::new(args.spec.path(), &loaded.digest);
    let input = Input { layout: &loaded.layout, origin: &origin };
    let mut plans = Vec::new();
    for backend in chosen(&args.lang)? {
        let command = command(args, backend.language());
        if args.peer {
            let plan = pipeline::peer(backend, &input, &args.out).map_err(Failure::system)?;
            plans.push((format!("{command} --peer"), plan));
        }
        let plan = pipeline::library(backend, &input, &args.out).map_err(Failure::system)?;
        plans.push((command, plan));
    }
    Ok(plans)
}

/// The command that writes the files of `language`, with the paths as they were given here.
fn command(args: &Args, language: Language) -> String {
    let (spec, out) = (shell_word(&display(args.spec.path())), shell_word(&display(&args.out)));
    format!("bitrpc generate {spec} --out {out} --lang {}", language.id())
}

fn chosen(languages: &[Language]) -> Result<Vec<&'static dyn Backend>, Failure> {
    if languages.is_empty() {
        return Ok(backend::all().to_vec());
    }
    let find = |language: &Language| {
        let missing = || Failure::system(format!("no backend writes {} yet", language.title()));
        backend::find(*language).ok_or_else(missing)
    };
    languages.iter().map(find).collect()
}

fn write(args: &Args, plans: &[(String, Plan)]) -> Result<Outcome, Failure> {
    let plans: Vec<_> = plans.iter().map(|(_, plan)| plan.clone()).collect();
    let Applied { written, removed, unchanged } =
        emit::apply(&plans, args.force).map_err(Failure::system)?;
    if args.json {
        let report = json!({
            "written": display_all(&written),
            "removed": display_all(&removed),
            "unchanged": unchanged,
        });
        say(format_args!("{report:#}"))?;
        return Ok(Outcome::Fine);
    }
    for path in &written {
        say(format_args!("wrote   {}", path.display()))?;
    }
    for path in &removed {
        say(format_args!("removed {}", path.display()))?;
    }
    say(format_args!(
        "{} written, {} removed, {unchanged} unchanged",
        written.len(),
        removed.len()
    ))?;
    Ok(Outcome::Fine)
}

fn check(args: &Args, plans: &[(String, Plan)]) -> Result<Outcome, Failure> {
    let mut found = Vec::new();
    for (command, plan) in plans {
        for drift in plan.compare().map_err(Failure::system)? {
            found.push((command, drift));
        }
    }
    if args.json {
        let files: Vec<_> = found.iter().map(|(command, drift)| to_json(command, drift)).collect();
        say(format_args!("{:#}", json!({ "fresh": files.is_empty(), "files": files })))?;
    } else if found.is_empty() {
        say(format_args!("{} is fresh", args.out.display()))?;
    } else {
        report(&found)?;
    }
    Ok(if found.is_empty() { Outcome::Fine } else { Outcome::Findings })
}

fn to_json(command: &str, drift: &Drift) -> serde_json::Value {
    let (path, difference) = (display(&drift.path), drift.difference.word());
    json!({ "path": path, "difference": difference, "command": mending(command, drift) })
}

/// The command that mends one file.
fn mending(command: &str, drift: &Drift) -> String {
    if drift.needs_removal() {
        format!("rm {}", shell_word(&display(&drift.path)))
    } else if drift.needs_force() {
        format!("{command} --force")
    } else {
        command.to_owned()
    }
}

/// The commands that mend all files: what one of them does, no other one says again.
fn mending_all(found: &[(&String, Drift)]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for (command, drift) in found {
        let command = mending(command, drift);
        if commands.iter().any(|known| known.starts_with(&command)) {
            continue;
        }
        match commands.iter_mut().find(|known| command.starts_with(known.as_str())) {
            Some(known) => *known = command,
            None => commands.push(command),
        }
    }
    commands
}

fn report(found: &[(&String, Drift)]) -> Result<(), Failure> {
    for (_, drift) in found {
        let bold = Style::new().bold();
        let (path, word) = (drift.path.display(), drift.difference.word());
        say(format_args!("{bold}{path}{bold:#}: {word}"))?;
        print_diff(drift)?;
    }
    let files = if found.len() == 1 { "file differs" } else { "files differ" };
    say(format_args!("\n{} {files} from what the spec says. To mend this:", found.len()))?;
    for command in mending_all(found) {
        say(format_args!("  {command}"))?;
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

fn display(path: &Path) -> String {
    path.display().to_string()
}

fn display_all(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| display(path)).collect()
}
