//! `bitrpc check`: says everything that is wrong with a spec.

mod fix;

use super::SpecArg;
use crate::console::{Failure, Outcome, say};
use crate::findings::{self, Format, FormatArg, Report};
use crate::levels::LevelArgs;

/// Check a spec: report everything that is wrong with it, for all languages.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    #[command(flatten)]
    levels: LevelArgs,
    #[command(flatten)]
    fix: fix::FixArgs,
    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc check                                 spec/bitrpc.yaml
  bitrpc check my.yaml --strict                warnings are errors, as in CI
  bitrpc check my.yaml --deny L102 --allow L402,L403
  bitrpc check my.yaml --fix --diff            what can be mended; without --diff it is
  bitrpc check my.yaml --fix=order             an order of fields that takes less room
  bitrpc check my.yaml --json                  for editors and scripts
  bitrpc check my.yaml --format sarif > a.sarif";

impl Args {
    pub(super) fn format(&self) -> Format {
        self.format.format()
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let levels = args.levels.levels()?;
    if args.fix.fix.is_some() {
        fix::run(&args.fix, args.spec.path(), &levels)?;
    }
    let loaded = args.spec.load()?;
    let found = loaded.checked(&levels)?;
    findings::print(args.format(), &Report::fine(&found))?;
    if args.format().is_human() {
        let structs = counted(loaded.layout.structs.len(), "struct");
        let enums = counted(loaded.layout.enums.len(), "enum");
        let path = args.spec.path().display();
        say(format_args!("{path}: ok ({structs}, {enums})"))?;
    }
    Ok(Outcome::Fine)
}

/// `1 struct`, `2 structs`.
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
