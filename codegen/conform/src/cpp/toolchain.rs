//! C++ by the machine's own compiler.

use std::fs;
use std::process::Command;

use crate::toolchain::{self, BuildError, Found, Job, Missing, Program, Toolchain};
use bitrpc_spec::names::Language;

/// The first C++ compiler found, called directly: the library is one header.
pub(crate) struct Compiler;

const COMPILERS: [&str; 2] = ["g++", "clang++"];
const FLAGS: [&str; 4] = ["-std=c++17", "-O2", "-Wall", "-pthread"];

impl Toolchain for Compiler {
    fn id(&self) -> &'static str {
        "cpp"
    }

    fn language(&self) -> Language {
        Language::CPP
    }

    fn find(&self) -> Result<Found, Missing> {
        toolchain::first_of(&COMPILERS, &["--version"]).ok_or_else(|| Missing {
            reason: format!("no C++ compiler ({})", COMPILERS.join(", ")),
            install: "apt-get install g++".to_owned(),
        })
    }

    fn build(&self, found: &Found, job: &Job) -> Result<Program, BuildError> {
        let output = job.peer.join(toolchain::BUILD).join("peer");
        // A compiler that is stopped half-way must not leave what looks like the program.
        let unfinished = output.with_extension("unfinished");
        let mut command = Command::new(&found.program);
        command.args(FLAGS).arg("-I").arg(&job.library).arg(job.peer.join("main.cpp"));
        command.arg("-o").arg(&unfinished);
        let recipe = format!("{}\n{}\n", found.version, toolchain::words(&command));
        toolchain::make(&output, &recipe, job, || {
            toolchain::run(&mut command)?;
            fs::rename(&unfinished, &output)
                .map_err(|error| toolchain::not_written(&output, &error))
        })?;
        Ok(Program::new(output))
    }
}
