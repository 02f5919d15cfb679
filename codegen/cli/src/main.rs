//! The command `bitrpc`: one file a verb.
//!
//! Exit codes: 0 fine, 1 findings in a spec, stale output or a failed pair, 2 wrong usage or an
//! operating system error, 3 to 5 edits of a spec that break something, by class.

mod check;
mod conform;
mod console;
mod demo;
mod diff;
mod doc;
mod explain;
mod findings;
mod generate;
mod import;
mod layout;
mod levels;
mod text_file;
mod view;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::console::{Failure, Outcome, complain};
use crate::findings::{Format, Report};
use bitrpc_codegen::Loaded;
use bitrpc_spec::names::Language;

#[derive(Debug, Parser)]
#[command(
    name = "bitrpc",
    version,
    about = about(),
    max_term_width = 100,
    after_help = EXAMPLES
)]
struct Cli {
    /// When to use colour; `auto` means on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc demo                                    see every language pair talk
  bitrpc check spec/telemetry.yaml               find what is wrong with a spec
  bitrpc diff spec/telemetry.yaml                what an edit breaks, against the last commit
  bitrpc explain L204                            why a rule is there, with examples
  bitrpc generate spec/telemetry.yaml --out gen  write the rings of all languages
  bitrpc generate --check                        fail when generated code is not fresh (for CI)
  bitrpc layout --json | jq .structs             offsets and sizes, for machines
  bitrpc layout --format html -o layout.html     the same, for a browser
  bitrpc doc --format html -o protocol.html      the whole protocol, for people
  bitrpc conform my.yaml --header telemetry.h    structs written by hand against the spec
  bitrpc import --header telemetry.h             a first spec from the structs you have

Exit codes: 0 fine, 1 findings or stale output, 2 usage or I/O.";

fn about() -> String {
    let titles = Language::ALL.map(Language::title);
    let (last, others) = titles.split_last().expect("there are languages");
    format!("One YAML spec, matching shared-memory rings in {} and {last}", others.join(", "))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Generate(generate::Args),
    Check(check::Args),
    Diff(diff::Args),
    Explain(explain::Args),
    Layout(layout::Args),
    Doc(doc::Args),
    Conform(conform::Args),
    Import(import::Args),
    View(view::Args),
    Demo(demo::Args),
}

impl Verb {
    /// The form in which the errors of a spec are printed.
    fn format(&self) -> Format {
        match self {
            Self::Generate(args) => args.format(),
            Self::Check(args) => args.format(),
            Self::Diff(args) => args.format(),
            Self::Explain(args) => Format::json_if(args.json),
            Self::Layout(args) => Format::json_if(args.json),
            Self::Conform(args) => Format::json_if(args.json),
            Self::Doc(_) | Self::Import(_) => Format::Human,
            Self::View(args) => Format::json_if(args.json),
            Self::Demo(args) => Format::json_if(args.json),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let result = match &cli.verb {
        Verb::Generate(args) => generate::run(args),
        Verb::Check(args) => check::run(args),
        Verb::Diff(args) => diff::run(args),
        Verb::Explain(args) => explain::run(args),
        Verb::Layout(args) => layout::run(args),
        Verb::Doc(args) => doc::run(args),
        Verb::Conform(args) => conform::run(args),
        Verb::Import(args) => import::run(args),
        Verb::View(args) => view::run(args),
        Verb::Demo(args) => demo::run(args),
    };
    exit_code(result, cli.verb.format())
}

/// Says why a verb did not do its work, in the form that it was asked for.
fn exit_code(result: Result<Outcome, Failure>, format: Format) -> ExitCode {
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Ok(Outcome::Breaks(class)) => ExitCode::from(diff::exit_code(class)),
        Err(Failure::Spec(found)) => {
            if let Err(refusal) = findings::print(format, &Report::failed(&found)) {
                return exit_code(Err(refusal), format);
            }
            if format.is_human() {
                explain::hint(&found);
            }
            ExitCode::from(if found.is_io() { 2 } else { 1 })
        }
        Err(Failure::System(text)) => {
            complain(format_args!("error: {text}\n"));
            ExitCode::from(2)
        }
    }
}

/// The spec that a verb works on.
#[derive(Debug, clap::Args)]
struct SpecArg {
    /// The YAML spec.
    #[arg(value_name = "SPEC", default_value = "spec/bitrpc.yaml")]
    spec: PathBuf,
}

impl SpecArg {
    fn path(&self) -> &Path {
        &self.spec
    }

    /// The spec with all bytes resolved.
    fn load(&self) -> Result<Loaded, Failure> {
        Ok(bitrpc_codegen::load(&self.spec)?)
    }
}

/// Parses one word of `--lang`.
fn language(word: &str) -> Result<Language, String> {
    let known = Language::ALL.map(Language::id).join(", ");
    Language::from_id(word).ok_or_else(|| format!("expected one of {known}"))
}
