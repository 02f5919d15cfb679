//! `bitrpc doc`: the protocol for people.

use clap::ValueEnum;

use super::SpecArg;
use crate::console::{Failure, Outcome, Output};
use bitrpc_spec::layout::{Layout, render};
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Files;

/// Write the whole protocol down in the spec's own words.
///
/// Messages with their ids, structs, enums, flags and constants with their docs, where every byte
/// is, who writes which line of the ring, and what each version brought.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    /// What to write.
    #[arg(long, value_name = "FORMAT", default_value = "markdown")]
    format: Format,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a wiki or a repository.
    Markdown,
    /// One file for a browser, which needs no network.
    Html,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc doc > PROTOCOL.md
  bitrpc doc my.yaml --format html -o my.html";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let spec = Spec::load(args.spec.path(), &Files)?;
    let layout = Layout::of(&spec);
    let text = match args.format {
        Format::Markdown => render::doc_to_markdown(&spec, &layout),
        Format::Html => render::doc_to_html(&spec, &layout),
    };
    args.output.write(&text)?;
    Ok(Outcome::Fine)
}
