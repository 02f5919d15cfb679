//! `cargo xtask bench --grid`: latencies and rates of many flows.

use std::collections::BTreeMap;
use std::fs;

use bitrpc_tests::figures::grid::{self, Cell, Grid, aims};
use bitrpc_tests::figures::{Machine, Stage, processors, report};
use bitrpc_tests::repo;
use indicatif::ProgressBar;

use super::bench::{BenchArgs, progress, save};

/// Measures; `false` when something failed.
pub(crate) fn grid(args: &BenchArgs) -> bool {
    match run(args) {
        Ok(grid) => grid.failed.is_empty(),
        Err(error) => {
            anstream::eprintln!("{error}");
            false
        }
    }
}

fn run(args: &BenchArgs) -> Result<Grid, String> {
    let processors = processors()?;
    let cells: Vec<_> = Cell::all().into_iter().filter(|cell| args.includes(cell)).collect();
    let mut grid = Grid::default();
    let mut stage = Stage::default();
    let bar = progress(cells.len() as u64);
    for cell in cells {
        let samples = measure(args, &cell, processors, &mut stage, &mut grid, &bar);
        grid.cells.push((cell, samples));
        bar.inc(1);
    }
    bar.finish_and_clear();
    show(args, &grid)?;
    Ok(grid)
}

/// All rounds of one cell.
fn measure(
    args: &BenchArgs,
    cell: &Cell,
    processors: [usize; 2],
    stage: &mut Stage,
    grid: &mut Grid,
    bar: &ProgressBar,
) -> BTreeMap<&'static str, Vec<grid::Sample>> {
    let mut samples = BTreeMap::<_, Vec<_>>::new();
    for _ in 0..args.runs() {
        for who in grid::contestants().filter(|who| who.is_in(cell)) {
            let id = format!("{}/{}", cell.id(), who.id);
            bar.set_message(id.clone());
            if let Some(missing) = who.missing() {
                grid.skipped.insert(who.title.to_owned(), missing.to_string());
                continue;
            }
            let programs = stage.programs(who);
            match programs.and_then(|programs| grid::measure(cell, who, programs, processors)) {
                Ok(sample) => samples.entry(who.id).or_default().push(sample),
                Err(error) => drop(grid.failed.insert(id, error)),
            }
        }
    }
    // Ratios are those of the same round: who failed in one has none.
    samples.retain(|_, samples| samples.len() == args.runs());
    samples
}

fn show(args: &BenchArgs, grid: &Grid) -> Result<(), String> {
    let (machine, aims) = (Machine::here(), aims::all(grid));
    let Machine { processor, cores, kernel, date } = &machine;
    anstream::println!("{date}: {processor} ({cores} cores), {kernel}");
    anstream::println!("{}", grid::report::table(grid));
    anstream::println!("ns (or us), millions of messages a second; * saturated");
    anstream::println!("{}", report::aims_table(&aims));
    for (what, reason) in &grid.skipped {
        anstream::println!("skipped {what}: {reason}");
    }
    for (what, reason) in &grid.failed {
        anstream::eprintln!("FAILED {what}: {reason}");
    }
    let folder = args.folder();
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let json = grid::report::json(grid, &machine, &aims);
    save(&folder.join("grid.json"), &format!("{json:#}\n"))?;
    anstream::println!("written: {}/grid.json", folder.display());
    if !args.readme {
        return Ok(());
    }
    if !grid.failed.is_empty() {
        return Err("README.md stays as it is: not everything was measured".to_owned());
    }
    let path = repo::root().join("README.md");
    let readme = fs::read_to_string(&path).map_err(|error| format!("README.md: {error}"))?;
    let markers = [grid::report::BEGIN, grid::report::END];
    let block = grid::report::block(grid, &machine, &aims);
    let readme = report::replace_block(&readme, &block, markers)
        .map_err(|error| format!("README.md: {error}"))?;
    save(&path, &readme)
}
