//! The command line.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;

pub(crate) const USAGE: &str = "\
usage: bench send|receive|ask|answer|wake|sleep --transport NAME --size BYTES
             --warm-up N --count N --wait polling|blocking
       bench pace|arrive --transport NAME --size BYTES --wait polling|blocking
             --gap NS --burst N --work NS --warm-up-us N --timed-us N
       bench turn|return --transport NAME --size BYTES --wait polling|blocking
             --turn N --warm-up-us N --timed-us N
       bench stream|round-trip|paced|turns --transport rtrb ... --cpus A,B";

/// How many messages.
pub(crate) struct Plan {
    /// Messages that are not timed.
    pub(crate) warm_up: u64,
    /// Messages that are.
    pub(crate) count: u64,
}

/// How a part of the grid goes on, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// From the start of one burst to that of the next; 0: as fast as it goes.
    pub(crate) gap_ns: u64,
    /// Messages of a burst.
    pub(crate) burst: u64,
    /// What the receiver spends on each message.
    pub(crate) work_ns: u64,
    /// Messages of a question, and of its answer.
    pub(crate) turn: u64,
    /// Not timed.
    pub(crate) warm_up_us: u64,
    /// Timed.
    pub(crate) timed_us: u64,
}

impl Pace {
    /// How long it is to go on.
    pub(crate) fn total_ns(&self) -> u64 {
        (self.warm_up_us + self.timed_us) * 1000
    }
}

/// What to do.
pub(crate) struct Args {
    pub(crate) part: String,
    pub(crate) transport: String,
    pub(crate) size: usize,
    pub(crate) plan: Plan,
    pub(crate) pace: Pace,
    /// Whether waiting sides never sleep.
    pub(crate) polling: bool,
    /// The processors of the two sides, where both are threads of this process.
    pub(crate) cpus: [usize; 2],
    /// Where both sides find each other.
    pub(crate) folder: PathBuf,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self {
            part: words.next().ok_or("no part is given")?,
            transport: String::new(),
            size: 0,
            plan: Plan { warm_up: 0, count: 0 },
            pace: Pace { gap_ns: 0, burst: 1, work_ns: 0, turn: 1, warm_up_us: 0, timed_us: 0 },
            polling: false,
            cpus: [0, 1],
            folder: env::var_os("BITRPC_SHM_DIR").map_or_else(env::temp_dir, Into::into),
        };
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--transport" => args.transport = value,
                "--size" => args.size = number(&option, &value)?,
                "--warm-up" => args.plan.warm_up = number(&option, &value)?,
                "--count" => args.plan.count = number(&option, &value)?,
                "--gap" => args.pace.gap_ns = number(&option, &value)?,
                "--burst" => args.pace.burst = number(&option, &value)?,
                "--work" => args.pace.work_ns = number(&option, &value)?,
                "--turn" => args.pace.turn = number(&option, &value)?,
                "--warm-up-us" => args.pace.warm_up_us = number(&option, &value)?,
                "--timed-us" => args.pace.timed_us = number(&option, &value)?,
                "--wait" => args.polling = value == "polling",
                "--cpus" => args.cpus = pair(&option, &value)?,
                _ => return Err(format!("unknown option {option}")),
            }
        }
        Ok(args)
    }
}

fn pair(option: &str, text: &str) -> Result<[usize; 2], String> {
    let (a, b) = text.split_once(',').ok_or_else(|| format!("{option}: {text} is no pair"))?;
    Ok([number(option, a)?, number(option, b)?])
}

fn number<T: FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{option}: {text} is not a number in range"))
}
