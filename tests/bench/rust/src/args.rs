//! The command line.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;

pub(crate) const USAGE: &str = "\
usage: bench send|receive|ask|answer|wake|sleep --transport NAME --size BYTES
             --warm-up N --count N --wait polling|blocking
       bench stream|round-trip --transport rtrb ... --cpus A,B";

/// How many messages.
pub(crate) struct Plan {
    /// Messages that are not timed.
    pub(crate) warm_up: u64,
    /// Messages that are.
    pub(crate) count: u64,
}

/// What to do.
pub(crate) struct Args {
    pub(crate) part: String,
    pub(crate) transport: String,
    pub(crate) size: usize,
    pub(crate) plan: Plan,
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
