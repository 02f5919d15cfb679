//! Runs named trials, and skips by name what this machine cannot run.

use std::env;
use std::fmt;
use std::process::ExitCode;
use std::thread;

use bitrpc_conform::toolchain::Missing;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::tally;

/// Names the variable that turns skips into failures: all of them with `1`.
pub const REQUIRE_ALL: &str = "BITRPC_REQUIRE_ALL";

/// The value with which only that must be there which `cargo xtask test --install` installs.
pub const INSTALLED: &str = "installed";

/// How the commands begin that `cargo xtask test --install` is, or runs.
const INSTALLERS: [&str; 2] = ["apt-get ", "cargo xtask "];

/// Whether it is a failure that this is missing.
pub fn is_required(missing: &Missing) -> bool {
    match env::var(REQUIRE_ALL).as_deref() {
        Ok("1") => true,
        Ok(INSTALLED) => INSTALLERS.iter().any(|words| missing.install.starts_with(words)),
        _ => false,
    }
}

/// Names the variable that asks for the time that a thorough run needs.
pub const LONG: &str = "BITRPC_LONG";

/// Whether to take the time that a thorough run needs.
pub fn is_long() -> bool {
    env::var(LONG).is_ok_and(|value| value == "1")
}

/// The number in the variable `name`; without one, `short` or `long` as the run asks for.
pub fn amount(name: &str, short: u64, long: u64) -> u64 {
    let given = env::var(name).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(if is_long() { long } else { short })
}

/// A trial that runs `test`.
pub fn trial<E: fmt::Display>(
    name: impl Into<String>,
    test: impl FnOnce() -> Result<(), E> + Send + 'static,
) -> Trial {
    Trial::test(name, move || test().map_err(|error| Failed::from(error.to_string())))
}

/// A trial of something that was looked for: run if it was found, skipped if it is missing.
pub fn needs<T, E: fmt::Display>(
    found: &Result<T, Missing>,
    name: impl Into<String>,
    test: impl FnOnce() -> Result<(), E> + Send + 'static,
) -> Trial {
    match found {
        Err(missing) => skipped(name, missing),
        Ok(_) => trial(name, test),
    }
}

/// A trial that cannot run here: ignored with its reason, or a failure when all is required.
pub fn skipped(name: impl Into<String>, missing: &Missing) -> Trial {
    let (reason, is_required) = (missing.to_string(), is_required(missing));
    let failure = Failed::from(reason.clone());
    Trial::test(name, move || Err(failure)).with_kind(reason).with_ignored_flag(!is_required)
}

/// Runs the trials that the command line names and says how that went.
///
/// A trial usually drives two busy processes, so half as many run at once as there are processors.
pub fn run(trials: Vec<Trial>) -> ExitCode {
    run_at_once(trials, processors() / 2)
}

/// The same for trials that are one busy process each, such as a compiler: as many run at once as
/// there are processors.
pub fn run_compilers(trials: Vec<Trial>) -> ExitCode {
    run_at_once(trials, processors())
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn run_at_once(trials: Vec<Trial>, most: usize) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(most.max(1));
    let conclusion = libtest_mimic::run(&arguments, trials);
    tally::print();
    conclusion.exit_code()
}
