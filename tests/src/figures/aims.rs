//! What the figures should be, and what they are.

use serde::Serialize;

use super::{Case, Figures, Wait, median, ratio};

/// One aim.
#[derive(Debug, Clone, Serialize)]
pub struct Aim {
    /// What is compared.
    pub what: String,
    /// What is wanted, in words.
    pub wanted: String,
    /// What came out, in the same words; `None` if it was not measured.
    pub found: Option<String>,
    /// How far the aim was reached: 1 and more is reached.
    pub reached: Option<f64>,
}

impl Aim {
    /// "reached", how far it was missed, or that nobody looked.
    pub fn verdict(&self) -> String {
        match self.reached {
            None => "not measured".to_owned(),
            Some(part) if part >= 1.0 => "reached".to_owned(),
            Some(part) => format!("not reached: {part:.2}x"),
        }
    }
}

/// All aims, held against the figures.
pub fn all(figures: &Figures) -> Vec<Aim> {
    let mut aims = Vec::new();
    let polling = [Wait::Polling; 2];
    for case in Case::ALL.into_iter().filter(|case| *case != Case::WakeUp) {
        aims.push(alike(figures, case));
    }
    for ring in ["rust", "cpp"] {
        for case in [Case::Stream(64), Case::Stream(1024)] {
            aims.push(faster(figures, [ring, "boost"], case, polling, 1.5));
            aims.push(faster(figures, [ring, "pipe"], case, [Wait::Blocking; 2], 30.0));
        }
    }
    for ring in ["rust", "cpp"] {
        for size in [8, 40] {
            let cases = [Case::RoundTrip(size), Case::RoundTrip(8)];
            aims.push(at_most(figures, [ring, "line"], cases, polling, 1.4));
        }
        let cases = [Case::RoundTrip(64); 2];
        aims.push(at_most(figures, [ring, "two-lines"], cases, polling, 1.15));
        for (size, other) in [8, 40, 64].into_iter().flat_map(|s| [(s, "boost"), (s, "rtrb")]) {
            aims.push(faster(figures, [ring, other], Case::RoundTrip(size), polling, 1.0));
        }
        let waits = [Wait::Blocking; 2];
        aims.push(at_most(figures, [ring, "futex"], [Case::WakeUp; 2], waits, 1.2));
    }
    for case in Case::ALL.into_iter().filter(|case| *case != Case::WakeUp) {
        aims.push(faster(figures, ["dotnet", "cpp"], case, polling, 0.9));
    }
    for (claims, ring) in
        [("rust-claims", "rust"), ("cpp-claims", "cpp"), ("dotnet-claims", "dotnet")]
    {
        for case in [Case::Stream(8), Case::Stream(64)] {
            aims.push(faster(figures, [claims, ring], case, polling, 0.9));
        }
    }
    let waits = [Wait::Blocking; 2];
    aims.push(faster(figures, ["python", "mp-pipe"], Case::Stream(64), waits, 3.0));
    aims.push(faster(figures, ["python-batches", "python"], Case::Stream(64), waits, 2.0));
    aims.push(generation(figures));
    aims
}

/// How many times faster the first is than the second, in the same run.
fn speed(figures: &Figures, ids: [&str; 2], cases: [Case; 2], waits: [Wait; 2]) -> Option<f64> {
    let runs = figures.runs(ids[0], cases[0], waits[0])?;
    Some(ratio(figures.runs(ids[1], cases[1], waits[1])?, runs))
}

fn title(ids: [&str; 2], case: Case) -> String {
    let title = |id| super::ALL.iter().find(|c| c.id == id).map_or(id, |c| c.title);
    format!("{} against {}, {}", title(ids[0]), title(ids[1]), case.title())
}

fn alike(figures: &Figures, case: Case) -> Aim {
    let ids = ["rust", "cpp"];
    let speed = speed(figures, ids, [case; 2], [Wait::Polling; 2]);
    Aim {
        what: title(ids, case),
        wanted: "within 10 %".to_owned(),
        found: speed.map(|speed| format!("{speed:.2}x")),
        reached: speed.map(|speed| speed.min(1.0 / speed) / 0.9),
    }
}

fn faster(figures: &Figures, ids: [&str; 2], case: Case, waits: [Wait; 2], wanted: f64) -> Aim {
    let speed = speed(figures, ids, [case; 2], waits);
    Aim {
        what: title(ids, case),
        wanted: format!("at least {wanted}x"),
        found: speed.map(|speed| format!("{speed:.2}x")),
        reached: speed.map(|speed| speed / wanted),
    }
}

/// The two may be held against each other in different cases.
fn at_most(
    figures: &Figures,
    ids: [&str; 2],
    cases: [Case; 2],
    waits: [Wait; 2],
    wanted: f64,
) -> Aim {
    let times = speed(figures, ids, cases, waits).map(|speed| 1.0 / speed);
    Aim {
        what: title(ids, cases[0]),
        wanted: format!("at most {wanted}x the time"),
        found: times.map(|times| format!("{times:.2}x")),
        reached: times.map(|times| wanted / times),
    }
}

fn generation(figures: &Figures) -> Aim {
    let wanted = 0.3;
    let seconds = (!figures.generation.is_empty()).then(|| median(&figures.generation));
    Aim {
        what: format!("generating {} structs in all languages", super::generation::STRUCTS),
        wanted: format!("below {wanted} s"),
        found: seconds.map(|seconds| format!("{seconds:.3} s")),
        reached: seconds.map(|seconds| wanted / seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::{all, faster};
    use crate::figures::{Case, Entry, Figures, Wait};

    fn figures(rust_ns: f64, boost_ns: f64) -> Figures {
        let of = |entry: &Entry| match (entry.contestant.id, entry.wait) {
            ("rust", Wait::Polling) => Some(rust_ns),
            ("boost", _) => Some(boost_ns),
            _ => None,
        };
        let entries = Entry::all().into_iter().filter(|entry| entry.case == Case::Stream(64));
        let series = entries.filter_map(|entry| Some((entry, vec![of(&entry)?]))).collect();
        Figures { series, ..Figures::default() }
    }

    #[test]
    fn an_aim_says_how_far_it_was_reached() {
        let aim = |rust_ns| {
            let waits = [Wait::Polling; 2];
            faster(&figures(rust_ns, 30.0), ["rust", "boost"], Case::Stream(64), waits, 1.5)
        };
        assert_eq!(aim(10.0).verdict(), "reached");
        assert_eq!(aim(10.0).found.as_deref(), Some("3.00x"));
        assert_eq!(aim(25.0).verdict(), "not reached: 0.80x");
    }

    #[test]
    fn an_aim_without_figures_is_not_measured() {
        let verdicts = all(&Figures::default()).iter().map(super::Aim::verdict).collect::<Vec<_>>();
        assert!(verdicts.iter().all(|verdict| verdict == "not measured"), "{verdicts:?}");
    }
}
