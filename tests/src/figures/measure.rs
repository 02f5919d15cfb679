//! One measurement: two processes, each on its processor, and the time that one of them took.

use std::process::Command;
use std::time::Duration;

use bitrpc_conform::runner::{Arena, Running};
use bitrpc_conform::toolchain::Program;
use serde_json::Value;

use super::{Case, Contestant, Entry};

/// What takes longer hangs.
const HANG: Duration = Duration::from_secs(120);

/// How many messages a measurement takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Messages that are not timed.
    pub warm_up: u64,
    /// Messages that are.
    pub count: u64,
}

impl Effort {
    /// Hardly any: shows that it works.
    pub const TINY: Self = Self { warm_up: 10, count: 100 };

    /// Finds out how many messages `entry` needs for about `target` of timed messages.
    ///
    /// # Errors
    ///
    /// When a program fails or hangs.
    pub fn calibrated(
        entry: &Entry,
        programs: [&Program; 2],
        processors: [usize; 2],
        target: Duration,
    ) -> Result<Self, String> {
        let target_ns = target.as_nanos() as f64;
        let factor = entry.contestant.warm_up_factor();
        if entry.case == Case::WakeUp {
            // Each waits for its gap first, whoever it is.
            let count = (target_ns / 250e3) as u64 + 1;
            return Ok(Self { warm_up: count / 5 + 1, count });
        }
        let mut effort = Self { warm_up: 200, count: 1000 };
        loop {
            let ns = measure(entry, programs, processors, effort)?.max(0.1);
            let wanted = target_ns / ns;
            let count = wanted.min(effort.count as f64 * 30.0).max(100.0) as u64;
            let is_close = wanted <= effort.count as f64 * 3.0;
            effort = Self { warm_up: (count as f64 * factor / 4.0) as u64 + 1, count };
            if is_close {
                return Ok(effort);
            }
        }
    }
}

/// Measures once; nanoseconds for each message or round.
///
/// # Errors
///
/// When a program fails or hangs.
pub fn measure(
    entry: &Entry,
    programs: [&Program; 2],
    processors: [usize; 2],
    effort: Effort,
) -> Result<f64, String> {
    let arguments = [
        ("--warm-up", effort.warm_up.to_string()),
        ("--count", effort.count.to_string()),
        ("--wait", entry.wait.id().to_owned()),
    ];
    let task = Task {
        contestant: entry.contestant,
        parts: entry.case.parts(),
        whole: entry.case.whole(),
        size: entry.case.size(),
        arguments: &arguments,
    };
    let found = run(&task, programs, processors)?;
    found["ns"].as_f64().ok_or_else(|| format!("no time in: {found}"))
}

/// What both sides of a measurement are told.
pub(super) struct Task<'a> {
    pub(super) contestant: &'static Contestant,
    /// What the side that sends first does, and the other one.
    pub(super) parts: [&'static str; 2],
    /// What a process does that is both.
    pub(super) whole: &'static str,
    /// Bytes of a message.
    pub(super) size: usize,
    pub(super) arguments: &'a [(&'static str, String)],
}

/// Lets both sides do their parts; what the one found out that takes the time.
pub(super) fn run(
    task: &Task,
    programs: [&Program; 2],
    processors: [usize; 2],
) -> Result<Value, String> {
    let arena = Arena::new().map_err(|error| error.to_string())?;
    let start = |program: &Program, part: &str, processors: &[usize]| {
        let mut command = program.command();
        command.args([part, "--transport", task.contestant.transport]);
        command.args(["--size", &task.size.to_string()]);
        command.args(task.arguments.iter().flat_map(|(name, value)| [*name, value.as_str()]));
        if let [first, second] = processors {
            command.arg("--cpus").arg(format!("{first},{second}"));
        }
        pin(&mut command, processors);
        arena.spawn(part, &mut command).map_err(|error| error.to_string())
    };
    if task.contestant.is_one_process {
        let mut whole = start(programs[0], task.whole, &processors)?;
        return parsed(&end(&mut whole)?);
    }
    let [first, second] = task.parts;
    let mut receiving = start(programs[1], second, &processors[1..])?;
    let mut sending = start(programs[0], first, &processors[..1])?;
    let [sent, received] = both_ends([&mut sending, &mut receiving])?;
    let (sent, received) = (parsed(&sent)?, parsed(&received)?);
    Ok(if sent["ns"].is_null() { received } else { sent })
}

/// Lets `command` run on these processors only.
fn pin(command: &mut Command, processors: &[usize]) {
    use std::os::unix::process::CommandExt;
    let mut set = super::machine::empty_set();
    for &processor in processors {
        // SAFETY: CPU_SET writes one bit of the set, and none if the number is too large.
        unsafe { libc::CPU_SET(processor, &mut set) };
    }
    let pin = move || {
        // SAFETY: the set is valid for the call and as large as said.
        match unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    };
    // SAFETY: between fork and exec, `pin` makes one system call, and allocates nothing.
    unsafe { command.pre_exec(pin) };
}

/// What both print, when both have ended well; the first failure ends the other one too.
fn both_ends([a, b]: [&mut Running; 2]) -> Result<[String; 2], String> {
    const TICK: Duration = Duration::from_millis(20);
    let mut left = HANG;
    loop {
        let ended = [a.wait(TICK).is_some(), b.wait(TICK).is_some()];
        if ended == [true, true] {
            return Ok([end(a)?, end(b)?]);
        }
        for (side, _) in [(&mut *a, ended[0]), (&mut *b, ended[1])].into_iter().filter(|s| s.1) {
            end(side)?;
        }
        left = left.saturating_sub(2 * TICK);
        if left.is_zero() {
            return Err("hangs".to_owned());
        }
    }
}

/// What a side prints until its end.
fn end(side: &mut Running) -> Result<String, String> {
    let label = side.label().to_owned();
    let end = side.wait(HANG).ok_or_else(|| format!("{label}: hangs"))?;
    match end.status.success() {
        true => Ok(end.text.clone()),
        false => Err(format!("{label}: {}\n{}", end.status, end.text.trim_end())),
    }
}

/// What a side says in its last line.
fn parsed(text: &str) -> Result<Value, String> {
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).map_err(|error| format!("{error}: {text}"))
}
