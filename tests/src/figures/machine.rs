//! What the figures were measured on.

use std::fs;
use std::process::Command;

use bitrpc_conform::toolchain;
use serde::Serialize;

/// A machine, in words.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name, as it says itself.
    pub processor: String,
    /// Processors that this process may use.
    pub cores: usize,
    /// Name and version of the system's kernel.
    pub kernel: String,
    /// The day, as in 2026-01-31.
    pub date: String,
}

impl Machine {
    /// This machine, today.
    pub fn here() -> Self {
        let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = cpu_info.lines().find_map(|line| line.strip_prefix("model name"));
        let processor =
            processor.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim());
        let say = |program: &str, words: &[&str]| {
            let text = toolchain::run(Command::new(program).args(words)).unwrap_or_default();
            text.trim().to_owned()
        };
        Self {
            processor: processor.unwrap_or("unknown processor").to_owned(),
            cores: allowed().len(),
            kernel: say("uname", &["-s", "-r", "-m"]),
            date: say("date", &["+%Y-%m-%d"]),
        }
    }
}

/// Two processors for the two sides, of different cores where there are such.
///
/// # Errors
///
/// When this process may use only one.
pub fn processors() -> Result<[usize; 2], String> {
    let allowed = allowed();
    let [first, rest @ ..] = allowed.as_slice() else { return Err("no processor".to_owned()) };
    let siblings = siblings(*first);
    let other_core = rest.iter().find(|processor| !siblings.contains(processor));
    match other_core.or(rest.first()) {
        Some(second) => Ok([*first, *second]),
        None => Err("two processors are needed, and only one may be used".to_owned()),
    }
}

/// The processors that share a core with `processor`, as the kernel lists them: `0,4` or `0-1`.
fn siblings(processor: usize) -> Vec<usize> {
    let file = format!("/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list");
    let text = fs::read_to_string(file).unwrap_or_default();
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
    };
    text.trim().split(',').filter_map(range).flatten().collect()
}

fn allowed() -> Vec<usize> {
    let mut set = empty_set();
    // SAFETY: the set is valid for the call and as large as said; a failure leaves it empty.
    unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    let most = libc::CPU_SETSIZE as usize;
    // SAFETY: CPU_ISSET reads one bit of the set.
    (0..most).filter(|&processor| unsafe { libc::CPU_ISSET(processor, &set) }).collect()
}

pub(super) fn empty_set() -> libc::cpu_set_t {
    // SAFETY: cpu_set_t is a plain bit set for which zero is a value.
    unsafe { core::mem::zeroed() }
}
