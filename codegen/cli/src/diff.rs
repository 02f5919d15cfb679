//! `bitrpc diff`: what an edit of a spec breaks, and for whom.

mod git;
mod sides;

use std::fmt::Write as _;

use anstyle::Style;
use bitrpc_spec::diff::{Class, Diff, written};
use bitrpc_spec::model::Version;
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::console::{Failure, Outcome, say};
use crate::findings::{self, Format, FormatArg, Report};
use sides::Sides;

const TITLE: Style = Style::new().bold();

/// Edits that are named one by one when many moved a hash.
const MOST_NAMED: usize = 6;

/// Compare two versions of a spec: what breaks between old and new programs, and what does not.
///
/// OLD and NEW are files, or `git:REF:PATH` for a file (and what it imports) as it is in a commit;
/// `git:REF` alone takes the path of the other one. One file alone is compared with what was
/// committed last; without any, that file is spec/bitrpc.yaml.
///
/// Each edit is of a class. attach: old and new programs cannot share a ring. wire: they misread
/// each other's payloads. source: the bytes are the same, but programs have to be adapted.
/// compatible: they understand each other.
///
/// The JSON form has "ok", "class", "old" and "new" with version and hashes, "version" with what it
/// should be, and "findings", each with its "class" and the hashes that it "moves".
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The old spec, or, alone, the spec to compare with what was committed last.
    #[arg(value_name = "OLD")]
    old: Option<String>,
    /// The new spec.
    #[arg(value_name = "NEW")]
    new: Option<String>,
    /// Least class that makes the exit code tell it; `version` is for a version number that does
    /// not say what changed.
    #[arg(long, value_name = "CLASS", default_value = "wire")]
    fail_on: FailOn,
    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc diff                                          spec/bitrpc.yaml against the last commit
  bitrpc diff my.yaml                                  the same for another spec
  bitrpc diff git:v1.0 my.yaml                         against a tag
  bitrpc diff old.yaml new.yaml --fail-on source       renamed names fail, too
  bitrpc diff git:HEAD my.yaml --fail-on version       only a wrong version number fails
  bitrpc diff git:HEAD my.yaml --json | jq -r .class   for scripts
  bitrpc diff git:origin/main my.yaml --format github  for pull requests

Exit codes: 0 nothing of the class --fail-on or above it, 1 a spec has errors, 2 usage or I/O,
3 source, 4 wire, 5 attach: the gravest class that was found.";

/// The least class that is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Rings cannot be shared.
    Attach,
    /// That, and payloads that are misread.
    Wire,
    /// That, and programs that have to be adapted.
    Source,
    /// A version number that does not fit, and nothing else.
    Version,
    /// Nothing.
    None,
}

impl Args {
    pub(super) fn format(&self) -> Format {
        self.format.format()
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let sides = Sides::parse(args.old.as_deref(), args.new.as_deref()).map_err(Failure::System)?;
    let (old, new) = sides.load()?;
    let diff = Diff::of(&old, &new);
    let failed = failed(&diff, args.fail_on);
    match args.format() {
        Format::Human => say(report(&diff))?,
        Format::Json => say(format_args!("{:#}", to_json(&diff, failed.is_none())))?,
        format => {
            let findings = diff.all();
            let ok = failed.is_none();
            findings::print(format, &Report { findings: &findings, ok, more: Map::new() })?;
        }
    }
    Ok(failed.map_or(Outcome::Fine, Outcome::Breaks))
}

/// The exit code of a class.
pub(super) fn exit_code(class: Class) -> u8 {
    match class {
        Class::Compatible => 0,
        Class::Source => 3,
        Class::Wire => 4,
        Class::Attach => 5,
    }
}

/// The class that the exit code has to tell.
fn failed(diff: &Diff, fail_on: FailOn) -> Option<Class> {
    let least = match fail_on {
        FailOn::Attach => Class::Attach,
        FailOn::Wire => Class::Wire,
        FailOn::Source => Class::Source,
        FailOn::Version => return diff.version_finding().map(|change| change.class),
        FailOn::None => return None,
    };
    diff.class().filter(|class| *class >= least)
}

fn to_json(diff: &Diff, ok: bool) -> Value {
    let mut object = diff.to_json();
    object["ok"] = json!(ok);
    object
}

/// The findings by class, and a summary.
fn report(diff: &Diff) -> String {
    let mut text = String::new();
    for class in Class::ALL {
        let findings = diff.of_class(class);
        if !findings.is_empty() {
            let (word, meaning) = (class.word(), class.meaning());
            let _ = write!(text, "{TITLE}{word}: {meaning}{TITLE:#}\n\n{}\n", findings.render());
        }
    }
    text + &summary(diff)
}

fn summary(diff: &Diff) -> String {
    let (old, new) = (&diff.old, &diff.new);
    let counts = Class::ALL.iter().filter_map(|class| {
        let count = diff.changes.iter().filter(|change| change.class == *class).count();
        (count > 0).then(|| format!("{count} {}", class.word()))
    });
    let counts: Vec<_> = counts.collect();
    let counts = if counts.is_empty() { "no difference".to_owned() } else { counts.join(", ") };
    let movers = |moves: fn(&bitrpc_spec::diff::Change) -> bool| {
        let all: Vec<_> = diff.changes.iter().filter(|change| moves(change)).collect();
        let mut names: Vec<_> = all.iter().map(|change| change.subject.as_str()).collect();
        names.dedup();
        let more = names.len().saturating_sub(MOST_NAMED);
        names.truncate(MOST_NAMED);
        names.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
    };
    let layout = hash(old.layout_hash, new.layout_hash, movers(|change| change.moves_layout));
    let schema = hash(old.schema_hash, new.schema_hash, movers(|change| change.moves_schema));
    let version = version(old.version, new.version, diff.next);
    format!("{counts}\nlayout_hash {layout}\nschema_hash {schema}\nversion     {version}")
}

fn hash(old: u64, new: u64, movers: String) -> String {
    if old == new {
        return format!("{old:#018x}, the same");
    }
    format!("{old:#018x} -> {new:#018x}, moved by {movers}")
}

fn version(old: Version, new: Version, next: Version) -> String {
    let step =
        if old == new { written(old) } else { format!("{} -> {}", written(old), written(new)) };
    let verdict =
        if next == new { "fits".to_owned() } else { format!("should be {}", written(next)) };
    format!("{step}, {verdict}")
}
