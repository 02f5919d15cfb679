//! `bitrpc check`: says everything that is wrong with a spec.

use serde_json::json;

use super::SpecArg;
use crate::console::{Failure, Outcome, complain, say};

/// Check a spec: report every error in it, for all languages.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    /// Report as JSON: "ok", and "findings" with rule, severity, message, place and expected.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc check                       spec/bitrpc.yaml
  bitrpc check my.yaml --json        for editors and CI";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    match bitrpc_codegen::load(args.spec.path()) {
        Ok(loaded) => {
            if args.json {
                say(format_args!(
                    "{:#}",
                    json!({ "ok": true, "findings": loaded.notes.to_json() })
                ))?;
            } else {
                complain(loaded.notes.render());
                let structs = counted(loaded.layout.structs.len(), "struct");
                let enums = counted(loaded.layout.enums.len(), "enum");
                let path = args.spec.path().display();
                say(format_args!("{path}: ok ({structs}, {enums})"))?;
            }
            Ok(Outcome::Fine)
        }
        Err(findings) if args.json && !findings.is_io() => {
            say(format_args!("{:#}", json!({ "ok": false, "findings": findings.to_json() })))?;
            Ok(Outcome::Findings)
        }
        Err(findings) => Err(findings.into()),
    }
}

/// `1 struct`, `2 structs`.
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
