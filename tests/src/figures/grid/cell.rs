//! What the grid consists of.

/// One cell: how messages flow, and how large they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// How they flow.
    pub flow: Flow,
    /// Bytes of each.
    pub size: usize,
}

/// How messages flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// So many messages one way, then as many back, over two rings.
    Turns(u64),
    /// One way.
    Stream {
        /// From the start of one burst to that of the next, in nanoseconds; 0: as fast as it goes.
        gap_ns: u64,
        /// Messages of a burst.
        burst: u64,
        /// What the receiver spends on each message, in nanoseconds.
        work_ns: u64,
    },
}

const TURNS: [u64; 6] = [1, 2, 3, 4, 8, 32];
const GAPS_NS: [u64; 8] = [0, 50, 100, 200, 300, 1000, 3000, 10_000];
/// Messages of a burst, and nanoseconds from one to the next.
const BURSTS: [(u64, u64); 2] = [(10, 10_000), (100, 20_000)];
const WORK_NS: [u64; 3] = [0, 50, 200];
const SIZES: [usize; 3] = [8, 64, 1024];

impl Cell {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let streams = WORK_NS.iter().flat_map(|&work_ns| {
            let gaps = GAPS_NS.iter().map(|&gap_ns| (1, gap_ns));
            let stream = move |(burst, gap_ns)| Flow::Stream { gap_ns, burst, work_ns };
            gaps.chain(BURSTS).map(stream)
        });
        let flows: Vec<_> = TURNS.into_iter().map(Flow::Turns).chain(streams).collect();
        let of_size = |&size: &usize| flows.iter().map(move |&flow| Self { flow, size });
        SIZES.iter().flat_map(of_size).collect()
    }

    /// Whether it is one of those that a first look takes, and the README shows.
    pub fn is_basic(&self) -> bool {
        self.size == 64 && !matches!(self.flow, Flow::Stream { work_ns: 1.., .. })
    }

    /// What names it, e.g. `turn-2/64` or `each-100-work-50/8`.
    pub fn id(&self) -> String {
        let size = self.size;
        match self.flow {
            Flow::Turns(count) => format!("turn-{count}/{size}"),
            Flow::Stream { gap_ns, burst, work_ns } => {
                let stream = match burst {
                    1 => format!("each-{gap_ns}"),
                    _ => format!("burst-{burst}"),
                };
                let work = if work_ns > 0 { format!("-work-{work_ns}") } else { String::new() };
                format!("{stream}{work}/{size}")
            }
        }
    }

    /// What people call it, without the size.
    pub fn title(&self) -> String {
        match self.flow {
            Flow::Turns(count) => format!("turns of {count}"),
            Flow::Stream { gap_ns: 0, .. } => "as fast as it goes".to_owned(),
            Flow::Stream { gap_ns, burst: 1, .. } => format!("one each {gap_ns} ns"),
            Flow::Stream { gap_ns, burst, .. } => {
                format!("{burst} each {} us", gap_ns / 1000)
            }
        }
    }

    /// Nanoseconds between two messages on average, if the sender does not go as fast as it can.
    pub(super) fn nominal_ns(&self) -> Option<f64> {
        match self.flow {
            Flow::Stream { gap_ns, burst, .. } if gap_ns > 0 => Some(gap_ns as f64 / burst as f64),
            _ => None,
        }
    }

    /// What both sides are told to do: first the one that sends first; and one that is both.
    pub(super) fn parts(&self) -> ([&'static str; 2], &'static str) {
        match self.flow {
            Flow::Turns(_) => (["turn", "return"], "turns"),
            Flow::Stream { .. } => (["pace", "arrive"], "paced"),
        }
    }

    pub(super) fn arguments(&self) -> Vec<(&'static str, String)> {
        match self.flow {
            Flow::Turns(count) => vec![("--turn", count.to_string())],
            Flow::Stream { gap_ns, burst, work_ns } => vec![
                ("--gap", gap_ns.to_string()),
                ("--burst", burst.to_string()),
                ("--work", work_ns.to_string()),
            ],
        }
    }
}
