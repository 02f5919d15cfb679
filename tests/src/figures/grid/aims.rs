//! What the grid should show: the default mode costs nothing where it can gain nothing.

use super::{Cell, Grid, MODES, Modes, Sample, is_saturated};
use crate::figures::aims::Aim;
use crate::figures::{median, ratio};

/// The default mode's median latency by that of latency mode, at most, where nothing is saturated.
const LATENCY: f64 = 1.15;
/// Its rate by the better one of the two, at least.
const RATE: f64 = 0.95;

/// All aims, held against the grid.
pub fn all(grid: &Grid) -> Vec<Aim> {
    MODES.iter().flat_map(|modes| [latency(grid, modes), rate(grid, modes)]).collect()
}

fn latency(grid: &Grid, modes: &Modes) -> Aim {
    let p50 = |sample: &Sample| sample.p50.max(1.0);
    let calm = grid.cells.iter().filter(|(cell, samples)| {
        samples.get(modes.latency.id).is_some_and(|latency| !is_saturated(cell, latency))
    });
    let ratios = calm.filter_map(|(cell, samples)| {
        let of = |id| Some(samples.get(id)?.iter().map(p50).collect::<Vec<_>>());
        Some((*cell, ratio(&of(modes.adaptive.id)?, &of(modes.latency.id)?)))
    });
    aim(
        format!("{}, default against latency mode: p50", modes.adaptive.title),
        format!("at most {LATENCY}x in every cell that is not saturated"),
        ratios.collect(),
        |ratio| LATENCY / ratio,
    )
}

fn rate(grid: &Grid, modes: &Modes) -> Aim {
    let each = |sample: &Sample| sample.each;
    let ratios = grid.cells.iter().filter_map(|(cell, samples)| {
        let of = |id| Some(samples.get(id)?.iter().map(each).collect::<Vec<_>>());
        let speed = ratio(&of(modes.latency.id)?, &of(modes.adaptive.id)?);
        Some((*cell, speed.min(1.0)))
    });
    aim(
        format!("{}, default against the better mode: rate", modes.adaptive.title),
        format!("at least {RATE}x in every cell"),
        ratios.collect(),
        |ratio| ratio / RATE,
    )
}

/// An aim for every cell: the one counts that is the furthest from it.
fn aim(
    what: String,
    wanted: String,
    ratios: Vec<(Cell, f64)>,
    reached: impl Fn(f64) -> f64,
) -> Aim {
    let worst = ratios.iter().min_by(|a, b| reached(a.1).total_cmp(&reached(b.1)));
    let found = worst.map(|(cell, worst)| {
        let median = median(&ratios.iter().map(|(_, ratio)| *ratio).collect::<Vec<_>>());
        let missed = ratios.iter().filter(|(_, ratio)| reached(*ratio) < 1.0).count();
        let (cell, count) = (cell.id(), ratios.len());
        format!("{median:.2}x; worst {worst:.2}x ({cell}); {missed} of {count} cells miss it")
    });
    Aim { what, wanted, found, reached: worst.map(|(_, ratio)| reached(*ratio)) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::all;
    use crate::figures::grid::{Cell, Flow, Grid, Sample};

    #[test]
    fn the_worst_cell_decides_and_saturated_ones_have_no_latency() {
        let cell = |gap_ns| Cell { flow: Flow::Stream { gap_ns, burst: 1, work_ns: 0 }, size: 64 };
        let samples = |adaptive: [f64; 2], latency: [f64; 2]| {
            let sample = |[each, p50]: [f64; 2]| vec![Sample { each, p50, p99: p50 }];
            BTreeMap::from([("rust", sample(adaptive)), ("rust-latency", sample(latency))])
        };
        let cells = vec![
            (cell(0), samples([15.0, 9000.0], [30.0, 200.0])),
            (cell(100), samples([100.0, 110.0], [100.0, 100.0])),
            (cell(1000), samples([1100.0, 200.0], [1000.0, 100.0])),
        ];
        let aims = all(&Grid { cells, ..Grid::default() });
        assert_eq!(
            aims[0].found.as_deref(),
            Some("2.00x; worst 2.00x (each-1000/64); 1 of 2 cells miss it")
        );
        assert_eq!(
            aims[1].found.as_deref(),
            Some("1.00x; worst 0.91x (each-1000/64); 1 of 3 cells miss it")
        );
        assert_eq!(aims[2].found, None);
    }
}
