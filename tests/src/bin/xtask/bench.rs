//! `cargo xtask bench`: measures, shows, and writes the figures.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bitrpc_tests::figures::aims::{self, Aim};
use bitrpc_tests::figures::grid::Cell;
use bitrpc_tests::figures::{Effort, Entry, Figures, Machine, Stage};
use bitrpc_tests::figures::{generate_seconds, measure, processors, report};
use bitrpc_tests::repo;
use indicatif::{ProgressBar, ProgressStyle};

/// Measure how fast messages are, against other means and against the project's own aims.
///
/// Two processes on two processors send messages to each other, or ask and answer; everything that
/// is compared is measured in turns within the same run, and the median counts. What is not
/// installed is skipped by name. An aim that is not reached is no failure.
///
/// With --grid: latencies and rates of many flows instead, in turns of several messages and in
/// streams at many paces, in the default mode, in latency mode, and of what others have.
///
/// Exit codes: 0 all that could be was measured; 1 something failed; 2 wrong usage.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, verbatim_doc_comment)]
pub(crate) struct BenchArgs {
    /// Shorter measurements, fewer of them: a first impression.
    #[arg(long)]
    quick: bool,
    /// The grid of latencies and rates instead.
    #[arg(long, conflicts_with = "only")]
    grid: bool,
    /// Only the cells of the grid that have this in their name, e.g. `turn-`, `each-100/`, `/8`.
    #[arg(long, value_name = "FILTER", requires = "grid")]
    cells: Option<String>,
    /// Only what has this in its name, e.g. `stream-64/`, `/rust/`, `generation`.
    #[arg(long, value_name = "FILTER")]
    only: Option<String>,
    /// How many times everything is measured.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one())]
    runs: u16,
    /// Where figures.csv, figures.json and figures.svg, or grid.json, are written [default: the
    /// cache of tests in Cargo's target folder].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the figures into README.md, with the machine and the date, and the drawing beside the
    /// programs that measure; or a part of the grid.
    #[arg(long, conflicts_with_all = ["quick", "only", "cells"])]
    pub(crate) readme: bool,
}

fn at_least_one() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..)
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask bench                               everything, for some minutes
  cargo xtask bench --quick --only stream-64/     who carries how many messages of 64 bytes
  cargo xtask bench --only /rust/ --runs 11       the Rust ring alone, more thoroughly
  cargo xtask bench --readme                      what the README shows
  cargo xtask bench --grid --quick                where the default mode costs latency
  cargo xtask bench --grid --cells turn-2/        questions and answers of two messages each";

/// The name of generating, for `--only`.
const GENERATION: &str = "generation";

/// Measures; `false` when something failed.
pub(crate) fn bench(args: &BenchArgs) -> bool {
    if args.grid {
        return super::grid::grid(args);
    }
    match run(args) {
        Ok(figures) => figures.failed.is_empty(),
        Err(error) => {
            anstream::eprintln!("{error}");
            false
        }
    }
}

fn run(args: &BenchArgs) -> Result<Figures, String> {
    let processors = processors()?;
    let mut figures = Figures::default();
    let entries = Entry::all().iter().filter(|entry| args.wants(&entry.id())).count() as u64;
    let bar = progress(entries * (args.runs() as u64 + 1));
    let mut plan = Plan { stage: Stage::default(), processors, entries: Vec::new() };
    plan.prepare(args, &mut figures, &bar);
    plan.measure(args, &mut figures, &bar);
    if args.wants(GENERATION) {
        bar.set_message("generating");
        match generate_seconds(args.runs()) {
            Ok(seconds) => figures.generation = seconds,
            Err(error) => drop(figures.failed.insert(GENERATION.to_owned(), error)),
        }
    }
    bar.finish_and_clear();
    let (machine, aims) = (Machine::here(), aims::all(&figures));
    show(&figures, &machine, &aims);
    write(args, &figures, &machine, &aims)?;
    Ok(figures)
}

/// What is measured, and how thoroughly.
struct Plan {
    stage: Stage,
    processors: [usize; 2],
    entries: Vec<(Entry, Effort)>,
}

impl Plan {
    /// Builds the programs, and finds out how many messages each entry needs.
    fn prepare(&mut self, args: &BenchArgs, figures: &mut Figures, bar: &ProgressBar) {
        for entry in Entry::all().into_iter().filter(|entry| args.wants(&entry.id())) {
            bar.set_message(format!("{} (how many?)", entry.id()));
            let title = entry.contestant.title;
            if let Some(missing) = entry.contestant.missing() {
                figures.skipped.insert(title.to_owned(), missing.to_string());
                continue;
            }
            let effort = self.stage.programs(entry.contestant).and_then(|programs| {
                Effort::calibrated(&entry, programs, self.processors, args.target())
            });
            match effort {
                Ok(effort) => self.entries.push((entry, effort)),
                Err(error) => drop(figures.failed.insert(entry.id(), error)),
            }
            bar.inc(1);
        }
        bar.set_length(self.entries.len() as u64 * (args.runs() as u64 + 1));
        bar.set_position(self.entries.len() as u64);
    }

    /// Measures everything once in each run: what is compared is measured side by side.
    fn measure(&mut self, args: &BenchArgs, figures: &mut Figures, bar: &ProgressBar) {
        let mut series: Vec<_> =
            self.entries.iter().map(|(entry, _)| (*entry, Vec::new())).collect();
        for _ in 0..args.runs() {
            for ((entry, effort), (_, runs)) in self.entries.iter().zip(&mut series) {
                bar.set_message(entry.id());
                let result = self
                    .stage
                    .programs(entry.contestant)
                    .and_then(|programs| measure(entry, programs, self.processors, *effort));
                match result {
                    Ok(ns) => runs.push(ns),
                    Err(error) => drop(figures.failed.insert(entry.id(), error)),
                }
                bar.inc(1);
            }
        }
        // Ratios are those of the same run: an entry that failed in one has none.
        figures.series = series.into_iter().filter(|(_, runs)| runs.len() == args.runs()).collect();
    }
}

impl BenchArgs {
    fn wants(&self, id: &str) -> bool {
        self.only.as_ref().is_none_or(|filter| id.contains(filter.as_str()))
    }

    /// Whether `cell` is to be measured.
    pub(crate) fn includes(&self, cell: &Cell) -> bool {
        let is_wanted = |filter: &String| cell.id().contains(filter.as_str());
        self.cells.as_ref().map_or(!self.quick || cell.is_basic(), is_wanted)
    }

    pub(crate) fn runs(&self) -> usize {
        usize::from(if self.quick { self.runs.min(3) } else { self.runs })
    }

    /// Where everything is written.
    pub(crate) fn folder(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| repo::cache().join("figures"))
    }

    /// How long one measurement takes, without its warm-up.
    fn target(&self) -> Duration {
        Duration::from_millis(if self.quick { 60 } else { 150 })
    }
}

/// Shown on standard error, and only when that is a terminal.
pub(crate) fn progress(length: u64) -> ProgressBar {
    let template = "{spinner} {msg:<40} {wide_bar} {percent:>3} %";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    let bar = ProgressBar::new(length).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn show(figures: &Figures, machine: &Machine, aims: &[Aim]) {
    let Machine { processor, cores, kernel, date } = machine;
    anstream::println!("{date}: {processor} ({cores} cores), {kernel}");
    anstream::println!("{}", report::table(figures));
    // Of a part of the figures, most aims say nothing.
    let measured: Vec<_> = aims.iter().filter(|aim| aim.reached.is_some()).cloned().collect();
    anstream::println!("{}", report::aims_table(&measured));
    for (what, reason) in &figures.skipped {
        anstream::println!("skipped {what}: {reason}");
    }
    for (what, reason) in &figures.failed {
        anstream::eprintln!("FAILED {what}: {reason}");
    }
}

fn write(
    args: &BenchArgs,
    figures: &Figures,
    machine: &Machine,
    aims: &[Aim],
) -> Result<(), String> {
    let folder = args.folder();
    let svg = report::svg(figures).map_err(|error| error.to_string())?;
    let json = report::json(figures, machine, aims);
    let files = [
        ("figures.csv", report::csv(figures)),
        ("figures.json", format!("{json:#}\n")),
        ("figures.svg", svg.clone()),
    ];
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, text) in &files {
        save(&folder.join(name), text)?;
    }
    anstream::println!("written: {}/figures.{{csv,json,svg}}", folder.display());
    if !args.readme {
        return Ok(());
    }
    if !figures.failed.is_empty() {
        return Err("README.md stays as it is: not everything was measured".to_owned());
    }
    save(&repo::root().join(report::DRAWING), &svg)?;
    let path = repo::root().join("README.md");
    let readme = fs::read_to_string(&path).map_err(|error| format!("README.md: {error}"))?;
    let block = report::block(figures, machine, aims);
    let readme = report::replace_block(&readme, &block, report::MARKERS)
        .map_err(|error| format!("README.md: {error}"))?;
    save(&path, &readme)
}

pub(crate) fn save(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
