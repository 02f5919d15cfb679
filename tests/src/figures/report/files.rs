//! The figures for other programs: every run of everything.

use serde_json::{Value, json};

use super::super::aims::Aim;
use super::super::{Entry, Figures, Machine};

/// A line for each run: `case,contestant,wait,bytes,run,ns`.
pub fn csv(figures: &Figures) -> String {
    let mut text = String::from("case,contestant,wait,bytes,run,ns\n");
    for (entry, runs) in &figures.series {
        for (run, ns) in runs.iter().enumerate() {
            let Entry { contestant, case, wait } = entry;
            let (case, bytes) = (case.id(), case.size());
            let (id, wait) = (contestant.id, wait.id());
            text += &format!("{case},{id},{wait},{bytes},{run},{ns:.3}\n");
        }
    }
    text
}

/// Everything, with the machine and the aims.
pub fn json(figures: &Figures, machine: &Machine, aims: &[Aim]) -> Value {
    let series = figures.series.iter().map(|(entry, runs)| {
        json!({
            "case": entry.case.id(),
            "contestant": entry.contestant.id,
            "wait": entry.wait.id(),
            "bytes": entry.case.size(),
            "median_ns": super::super::median(runs),
            "runs_ns": runs,
        })
    });
    json!({
        "machine": machine,
        "series": series.collect::<Vec<_>>(),
        "generation_seconds": figures.generation,
        "aims": aims,
        "skipped": figures.skipped,
        "failed": figures.failed,
    })
}
