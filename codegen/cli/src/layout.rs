//! `bitrpc layout`: where every byte is.

use super::SpecArg;
use crate::console::{Failure, Outcome, say};
use bitrpc_spec::layout;

/// Show the layout: offset, size and padding of every field.
///
/// The JSON form is stable: "ring_header", "message_header" and each of "structs" have "name",
/// "size", "align" and "fields" (each with "name", "type", "offset", "size", "padding_before");
/// beside them stand "layout_hash" and "schema_hash" as hexadecimal strings.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc layout                                  tables and byte diagrams
  bitrpc layout my.yaml --json | jq .layout_hash";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let loaded = args.spec.load()?;
    if args.json {
        say(format_args!("{:#}", layout::to_json(&loaded.layout)))?;
    } else {
        say(layout::to_text(&loaded.layout))?;
    }
    Ok(Outcome::Fine)
}
