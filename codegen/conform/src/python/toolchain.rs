//! Python: nothing to build but the modules' bytecode.

use std::process::Command;

use crate::toolchain::{self, BuildError, Found, Job, Missing, Program, Toolchain};
use bitrpc_spec::names::Language;

/// The first interpreter found that is new enough: the library needs nothing beside it.
pub(crate) struct Interpreter;

const INTERPRETERS: [&str; 2] = ["python3", "python"];

/// Prints the version, and fails where the generated code could not run.
const PROBE: &str = "\
import sys
print('Python', sys.version.split()[0], sys.implementation.name)
sys.exit(sys.version_info < (3, 9) or sys.implementation.name != 'cpython')";

/// Runs a program whose modules lie beside it, with a library from elsewhere.
const LAUNCHER: &str = "\
import os, runpy, sys
library, program = sys.argv[1:3]
sys.argv = sys.argv[2:]
sys.path[:1] = [os.path.dirname(program), library]
runpy.run_path(program, run_name='__main__')";

/// The conformance peer's file, and that of the program that users were promised.
const PROGRAMS: [&str; 2] = ["main.py", "cross_language_test.py"];

impl Toolchain for Interpreter {
    fn id(&self) -> &'static str {
        "python"
    }

    fn language(&self) -> Language {
        Language::PYTHON
    }

    fn find(&self) -> Result<Found, Missing> {
        toolchain::first_of(&INTERPRETERS, &["-c", PROBE]).ok_or_else(|| Missing {
            reason: format!("no CPython 3.9 or later ({})", INTERPRETERS.join(", ")),
            install: "apt-get install python3".to_owned(),
        })
    }

    fn build(&self, found: &Found, job: &Job) -> Result<Program, BuildError> {
        let mut command = Command::new(&found.program);
        // Each start would compile all modules anew where it may not write the bytecode.
        toolchain::run(command.args(["-m", "compileall", "-q"]).arg(&job.peer).arg(&job.library))?;
        let files = PROGRAMS.map(|name| job.peer.join(name));
        let [first, _] = &files;
        let file = files.iter().find(|file| file.is_file()).unwrap_or(first);
        let program = Program::new(&found.program).with("-c").with(LAUNCHER);
        Ok(program.with(&job.library).with(file))
    }
}
