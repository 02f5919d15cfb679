//! `bitrpc check`: says everything that is wrong with a spec.

use super::SpecArg;
use crate::console::{Failure, Outcome, say};
use crate::findings::{self, Format, FormatArg, Report};

/// Check a spec: report everything that is wrong with it, for all languages.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc check                                 spec/bitrpc.yaml
  bitrpc check my.yaml --json                  for editors and scripts
  bitrpc check my.yaml --format sarif > a.sarif";

impl Args {
    pub(super) fn format(&self) -> Format {
        self.format.format()
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let loaded = args.spec.load()?;
    findings::print(args.format(), &Report::fine(&loaded.notes))?;
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
