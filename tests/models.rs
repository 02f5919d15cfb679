//! The models of the protocol, which are in Python.

use std::process::{Command, ExitCode};

use bitrpc_conform::toolchain;
use bitrpc_tests::tools::PYTHON;
use bitrpc_tests::{harness, repo};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    harness::run(vec![model("wake", &[]), model("crash", &["500"]), model("leave", &[])])
}

/// Runs one of the models; each says `BAD` where it finds what it should not.
fn model(name: &'static str, words: &'static [&str]) -> Trial {
    if let Err(missing) = PYTHON.find() {
        return harness::skipped(name, &missing);
    }
    harness::trial(name, move || {
        let path = repo::root().join("tests/model").join(name).with_extension("py");
        let output = toolchain::run(Command::new(PYTHON.program).arg(path).args(words));
        let output = output.map_err(|error| error.to_string())?;
        if output.contains("BAD") || !output.contains("ok ") { Err(output) } else { Ok(()) }
    })
}
