//! `bitrpc demo`: every producer and consumer of every language, over real rings.

mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use self::report::{PairRow, Report};
use crate::console::{Failure, Outcome};
use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_conform::pairs::{Crew, PairName, Wanted};
use bitrpc_conform::runner::{self, Failure as PairFailure, Task};
use bitrpc_conform::{Stage, toolchain};
use bitrpc_spec::layout::Layout;

/// Largest ring that the demo makes, whatever the spec's default is.
const MAX_CAPACITY: u64 = 16 << 20;

/// When a pair that has not finished counts as hung.
const PAIR_LIMIT: Duration = Duration::from_secs(120);

/// See every pair of languages exchange verified messages over a real ring.
///
/// Generates all languages into a temporary folder, builds them with the toolchains found, and runs
/// each producer with each consumer as two processes. Nothing is left behind.
///
/// Every message is made from a seed and compared byte by byte on arrival, which takes most of the
/// time: the rates shown are those of verified messages, not of the bare ring.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The YAML spec; without one, the default protocol that this program has in it.
    #[arg(value_name = "SPEC")]
    spec: Option<PathBuf>,
    /// Only these pairs, producer first; a side is a language or one of its runtimes.
    #[arg(long, value_name = "FROM:TO,...", value_delimiter = ',')]
    pairs: Vec<PairName>,
    /// Run C# on .NET and on Mono, instead of the first of the two that is there.
    #[arg(long)]
    all_runtimes: bool,
    /// Messages that each pair exchanges.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Report as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep the folder with the generated code and programs, and say where it is.
    #[arg(long)]
    keep: bool,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc demo                               the default protocol, all pairs
  bitrpc demo my.yaml --pairs rust:cpp      your own spec, one pair
  bitrpc demo --pairs csharp-mono:rust      one runtime of a language
  bitrpc demo --json | jq '.pairs[] | select(.ok | not)'

The JSON report:
  {\"pairs\":[{\"from\":\"rust\",\"to\":\"cpp\",\"ok\":true,\"messages\":N,\"seconds\":S}],
   \"skipped\":[{\"language\":\"cpp\",\"reason\":\"...\"}]}

A language without a toolchain is skipped by name. Exit code 1 if a pair fails or none could run.";

/// Runs the demo; blocks until the last pair has ended.
///
/// # Errors
///
/// When the spec is wrong or the operating system refuses. A pair that fails is reported and is an
/// [`Outcome::Findings`].
pub(crate) fn run(args: &Args) -> Result<Outcome, Failure> {
    let wanted = Wanted::new(&args.pairs, args.all_runtimes);
    let loaded = match &args.spec {
        Some(spec) => bitrpc_codegen::load(spec)?,
        None => bitrpc_codegen::load_default()?,
    };
    let interrupted = catch_interrupts().map_err(Failure::system)?;
    let folder = tempfile::Builder::new()
        .prefix("bitrpc-demo-")
        .tempdir()
        .map_err(|error| Failure::System(format!("cannot make a temporary folder: {error}")))?;
    let origin = Origin::new(&loaded.files[0], &loaded.digest);
    let input = Input { layout: &loaded.layout, origin: &origin };
    let show = Show { args, layout: &loaded.layout, interrupted };
    let report = show.perform(&wanted, folder.path(), &input)?;
    if args.keep {
        let kept = folder.keep();
        anstream::eprintln!("kept: {}", kept.display());
    }
    report.print(args.json)?;
    Ok(if report.is_fine() { Outcome::Fine } else { Outcome::Findings })
}

/// Turns Ctrl-C and `kill` into a flag, so that the folders are removed on the way out.
fn catch_interrupts() -> std::io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}

/// One performance of the demo.
struct Show<'a> {
    args: &'a Args,
    layout: &'a Layout,
    interrupted: Arc<AtomicBool>,
}

impl Show<'_> {
    fn perform(&self, wanted: &Wanted, folder: &Path, input: &Input) -> Result<Report, Failure> {
        let bar = ProgressBar::new(1).with_style(style("{spinner} {msg}"));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar.set_message("looking for toolchains");
        let mut crew = Crew::find(wanted);
        bar.set_message("generating");
        let stage = Stage::write(folder, input).map_err(Failure::system)?;
        bar.set_message(format!("building {}", crew.names()));
        crew.build(&stage);
        self.stop_if_interrupted()?;

        let pairs = crew.pairs(wanted);
        bar.set_length(self.args.count * pairs.len() as u64);
        bar.set_style(style("{spinner} {msg:<18} {wide_bar} {percent:>3} %"));
        let mut rows = Vec::new();
        for (name, from, to) in pairs {
            bar.set_message(name.to_string());
            let done = self.args.count * rows.len() as u64;
            let result = match (from, to) {
                (Ok(from), Ok(to)) => self.run_pair(from, to, done, &bar),
                (Err(reason), _) | (_, Err(reason)) => Err(PairFailure::new(reason)),
            };
            self.stop_if_interrupted()?;
            bar.set_position(done + self.args.count);
            rows.push(PairRow::new(name, result));
        }
        bar.finish_and_clear();
        Ok(Report::new(rows, crew.into_skipped()))
    }

    fn run_pair(
        &self,
        from: &toolchain::Program,
        to: &toolchain::Program,
        done: u64,
        bar: &ProgressBar,
    ) -> Result<runner::Outcome, PairFailure> {
        let task = Task {
            count: self.args.count,
            capacity: self.layout.default_capacity.min(MAX_CAPACITY),
            limit: PAIR_LIMIT,
            ..Task::default()
        };
        runner::run_pair(self.layout, from, to, &task, &mut |messages| {
            bar.set_position(done + messages.min(self.args.count));
            !self.interrupted.load(Ordering::Relaxed)
        })
    }

    fn stop_if_interrupted(&self) -> Result<(), Failure> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(Failure::System("interrupted".to_owned()));
        }
        Ok(())
    }
}

/// Shown on standard error, and only when that is a terminal.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates above are well-formed")
}
