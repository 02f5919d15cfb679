//! `bitrpc generate`: writes the files of every language, or checks that they are fresh.

mod build;
mod check;

use std::path::{Path, PathBuf};

use self::build::BuildFiles;
use super::{SpecArg, language};
use crate::console::{Failure, Outcome, say};
use crate::findings::{self, Format, FormatArg, Report};
use crate::levels::LevelArgs;
use bitrpc_codegen::Loaded;
use bitrpc_codegen::backend::{self, Backend, Input, Origin};
use bitrpc_codegen::emit::{self, Applied, Plan};
use bitrpc_conform::driver;
use bitrpc_spec::names::Language;

/// Write the rings of a spec, or check that the written ones are fresh.
///
/// All text is on disk under temporary names before the first file is replaced, and only files that
/// differ are touched: a failed run leaves the old output whole, and what a killed one leaves is no
/// obstacle to the next. Files that were edited by hand are never replaced without --force. What is
/// written depends on the spec and on this tool alone, not on folders or line ends.
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
    #[command(flatten)]
    build: BuildFiles,
    /// Print errors and what --check finds, and nothing else.
    #[arg(long, conflicts_with_all = ["json", "format"])]
    quiet: bool,
    #[command(flatten)]
    levels: LevelArgs,
    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc generate                                  spec/bitrpc.yaml into generated/
  bitrpc generate my.yaml --out gen --lang cpp     only C++
  bitrpc generate --check                          for CI: exit code 1 unless all is fresh
  bitrpc generate my.yaml --quiet --stamp my.stamp --depfile my.d
                                                   for a rule that makes my.stamp of my.yaml";

/// One folder that is written.
#[derive(Debug, Clone, Copy)]
struct Target {
    language: Language,
    /// Whether it is the conformance peer's and not the library's.
    peer: bool,
}

impl Args {
    pub(super) fn format(&self) -> Format {
        self.format.format()
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let levels = args.levels.levels()?;
    let loaded = args.spec.load()?;
    let found = loaded.checked(&levels)?;
    let plans = plans(args, &loaded)?;
    let report = Report::fine(&found);
    let outcome =
        if args.check { check::run(args, &plans, report)? } else { write(args, plans, report)? };
    if outcome == Outcome::Fine {
        args.build.done(&loaded)?;
    }
    Ok(outcome)
}

fn plans(args: &Args, loaded: &Loaded) -> Result<Vec<(Target, Plan)>, Failure> {
    let origin = Origin::new(args.spec.path(), &loaded.digest);
    let input = Input { layout: &loaded.layout, origin: &origin };
    let mut plans = Vec::new();
    for backend in chosen(&args.lang)? {
        let language = backend.language();
        let target = |peer| Target { language, peer };
        if let Some(driver) = driver::find(language).filter(|_| args.peer) {
            plans.push((target(true), driver.plan(&input, &args.out)));
        }
        let plan = bitrpc_codegen::library(backend, &input, &args.out);
        plans.push((target(false), plan));
    }
    Ok(plans)
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

fn write(args: &Args, plans: Vec<(Target, Plan)>, report: Report) -> Result<Outcome, Failure> {
    let plans: Vec<_> = plans.into_iter().map(|(_, plan)| plan).collect();
    let Applied { written, removed, unchanged } =
        emit::apply(&plans, args.force).map_err(Failure::system)?;
    if args.quiet {
        return Ok(Outcome::Fine);
    }
    let report = report
        .with("written", display_all(&written))
        .with("removed", display_all(&removed))
        .with("unchanged", unchanged);
    findings::print(args.format(), &report)?;
    if args.format().is_human() {
        for path in &written {
            say(format_args!("wrote   {}", path.display()))?;
        }
        for path in &removed {
            say(format_args!("removed {}", path.display()))?;
        }
        let (written, removed) = (written.len(), removed.len());
        say(format_args!("{written} written, {removed} removed, {unchanged} unchanged"))?;
    }
    Ok(Outcome::Fine)
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

fn display_all(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| display(path)).collect()
}
