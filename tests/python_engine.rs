//! The Python engine from inside: every way to send and receive, beginnings and ends, what waits
//! and for how long, misuse and hostile memory, views that may not outlive the ring, forks and
//! other processes, asyncio, managers, signals, the interpreter's end, numpy; and the same
//! without what a Python or a kernel may not have, and with other message headers.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use bitrpc_conform::toolchain::Missing;
use bitrpc_spec::names::Language;
use bitrpc_tests::python_packages::{self, NUMPY};
use bitrpc_tests::tools::PYTHON;
use bitrpc_tests::{harness, programs, repo};
use libtest_mimic::Trial;

/// A program of many tests that takes longer hangs.
const HANG: Duration = Duration::from_secs(600);

const MODULES: [&str; 15] = [
    "test_exchange",
    "test_ends",
    "test_waiting",
    "test_silence",
    "test_versions",
    "test_stale",
    "test_fragments",
    "test_creation",
    "test_misuse",
    "test_lifetime",
    "test_processes",
    "test_asyncio",
    "test_manager",
    "test_signals",
    "test_exit",
];

/// Name, modules that are run, and what is done to the interpreter before.
const OTHERWISE: [(&str, &[&str], &str); 6] = [
    (
        "without_ctypes",
        &["test_exchange", "test_asyncio", "test_ends"],
        "import sys; sys.modules['ctypes'] = None",
    ),
    (
        "without_membarrier",
        &["test_exchange"],
        "from shared_memory_api._engine import _platform\n\
         _platform.register_membarrier = lambda: False",
    ),
    (
        "with_fences_everywhere",
        &["test_exchange"],
        "import platform; platform.machine = lambda: 'something weak'\n\
         from shared_memory_api._engine import _memory\nassert _memory.WEAK_ORDER",
    ),
    (
        "with_memory_that_is_unmapped_by_its_last_reference",
        &[
            "test_exchange",
            "test_ends",
            "test_waiting",
            "test_asyncio",
            "test_manager",
            "test_processes",
        ],
        "from shared_memory_api._engine import _attachment\n_attachment.UNMAPS = False",
    ),
    (
        "with_a_time_in_the_header",
        &["test_exchange", "test_fragments", "test_stale"],
        "import other_layout\nother_layout.install(\n\
         FRAME_LENGTH_OFFSET=4, MESSAGE_TYPE_OFFSET=0, HAS_TIMESTAMP=True, TIMESTAMP_OFFSET=8,\n\
         MESSAGE_ID_OFFSET=20, FLAGS_OFFSET=18, FLAGS_SIZE=2, MESSAGE_HEADER_SIZE=24)",
    ),
    (
        "with_flags_far_from_the_id",
        &["test_exchange", "test_fragments", "test_stale"],
        "import other_layout\nother_layout.install(\n\
         MESSAGE_ID_OFFSET=12, HAS_TIMESTAMP=True, TIMESTAMP_OFFSET=16, FLAGS_OFFSET=28,\n\
         FLAGS_SIZE=4, MESSAGE_HEADER_SIZE=40)",
    ),
];

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for module in MODULES {
        trials.push(needs(PYTHON.find(), module, PYTHON.program.into(), vec![module], ""));
    }
    for (name, modules, prelude) in OTHERWISE {
        trials.push(needs(PYTHON.find(), name, PYTHON.program.into(), modules.to_vec(), prelude));
    }
    let interpreter = python_packages::interpreter();
    trials.push(needs(NUMPY.find(), "test_numpy", interpreter, vec!["test_numpy"], ""));
    harness::run(trials)
}

fn needs(
    found: Result<String, Missing>,
    name: &'static str,
    interpreter: PathBuf,
    modules: Vec<&'static str>,
    prelude: &'static str,
) -> Trial {
    match found {
        Err(missing) => harness::skipped(name, &missing),
        Ok(_) => harness::trial(name, move || run(interpreter, &modules, prelude)),
    }
}

fn run(interpreter: PathBuf, modules: &[&str], prelude: &str) -> Result<(), String> {
    let program = format!("{prelude}\nimport unittest; unittest.main(module=None)");
    let mut command = Command::new(interpreter);
    command.args(["-W", "error", "-c", &program, "-v"]).args(modules);
    command.current_dir(repo::root().join("tests/python_engine"));
    command.env("PYTHONPATH", repo::generated(Language::PYTHON));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    programs::run_within(HANG, &mut command).map(drop)
}
