//! Python: ruff with all rules but a reasoned few, its format, and mypy's strict mode, as the
//! generated `pyproject.toml` sets them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_conform::Stage;
use bitrpc_spec::names::Language;
use bitrpc_tests::harness;
use bitrpc_tests::matrix::{Subject, subjects};
use bitrpc_tests::python_packages::{MYPY, Package, RUFF};
use bitrpc_tests::repo;
use libtest_mimic::Trial;

use super::{cross_language_test, run};

/// Rules for libraries.
const NOT_FOR_PROGRAMS: [&str; 7] = [
    "ARG001",  // functions of one table have the same arguments
    "INP001",  // a program is no package
    "N801",    // classes are called as the spec calls them
    "PLW0108", // samples are drawn by small functions, whatever they draw
    "PT",      // there is no pytest; a spec may call a struct "test"
    "RUF001",  // texts are in many scripts
    "T201",    // programs print
];

/// More rules that are not for tests.
const NOT_FOR_TESTS: [&str; 3] = [
    "D1",      // names say what is tested
    "PLR2004", // numbers are examples
    "S",       // random numbers, pickles and files are the tests' own
];

type Test = fn(&Code) -> Result<(), String>;

const TESTS: [(&str, Package, Test); 3] =
    [("ruff_check", RUFF, ruff_check), ("ruff_format", RUFF, ruff_format), ("mypy", MYPY, mypy)];

/// What is linted together, and the settings for it.
struct Code {
    settings: PathBuf,
    folder: PathBuf,
    /// Where modules from elsewhere are found.
    library: PathBuf,
    /// Rules that it breaks on purpose, beside those that the settings leave out.
    broken: Vec<&'static str>,
}

/// All trials of the language.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for subject in subjects() {
        for (name, package, test) in TESTS {
            trials.push(harness::needs(
                &package.find(),
                format!("{}/{name}", subject.name),
                move || test(&library(subject)?),
            ));
            trials.push(harness::needs(
                &package.find(),
                format!("{}/{name}_peer", subject.name),
                move || test(&peer(subject)?),
            ));
        }
    }
    for letters in LENGTHS {
        for (name, package, test) in TESTS {
            let name = format!("names_of_{letters}_letters/{name}");
            trials.push(harness::needs(&package.find(), name, move || test(&long_names(letters)?)));
        }
    }
    for (name, package, test) in TESTS {
        for (program, folder) in [
            ("cross_language_test", cross_language_test(Language::PYTHON)),
            ("python_engine", repo::root().join("tests/python_engine")),
            ("see", repo::root().join("tests/see")),
        ] {
            let folder = folder.clone();
            trials.push(harness::needs(&package.find(), format!("{program}/{name}"), move || {
                test(&own(folder))
            }));
        }
    }
    trials
}

fn library(subject: &Subject) -> Result<Code, String> {
    let library = subject.job(Language::PYTHON)?.library;
    Ok(Code {
        settings: library.join("pyproject.toml"),
        folder: library.clone(),
        library,
        broken: Vec::new(),
    })
}

fn peer(subject: &Subject) -> Result<Code, String> {
    let job = subject.job(Language::PYTHON)?;
    let settings = job.library.join("pyproject.toml");
    Ok(Code { settings, folder: job.peer, library: job.library, broken: NOT_FOR_PROGRAMS.into() })
}

/// How long the names of [`LONG_NAMES`] are made: up to the longest legal ones.
const LENGTHS: [usize; 4] = [15, 31, 46, 64];

/// A spec whose names end in `NAME` or `TYPE`, which stand for letters.
const LONG_NAMES: &str = include_str!("long_names.yaml");

/// The library of [`LONG_NAMES`] with names of so many letters, generated once.
fn long_names(letters: usize) -> Result<Code, String> {
    static LOCK: Mutex<()> = Mutex::new(());
    let _guard = LOCK.lock();
    let folder = repo::cache().join(format!("names_of_{letters}_letters"));
    let spec = folder.join("spec.yaml");
    let all: String = ('a'..='z').cycle().take(letters - 1).collect();
    let text = LONG_NAMES.replace("TYPE", &all).replace("NAME", &all[1..]);
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&spec, text));
    written.map_err(|error| format!("{}: {error}", spec.display()))?;
    let loaded = bitrpc_codegen::load(&spec).map_err(|findings| findings.render())?;
    let origin = Origin::new(&spec, &loaded.digest);
    let stage = Stage::write(&folder, &Input { layout: &loaded.layout, origin: &origin })
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    let library = stage.job(Language::PYTHON).library;
    Ok(Code {
        settings: library.join("pyproject.toml"),
        folder: library.clone(),
        library,
        broken: Vec::new(),
    })
}

/// Code of this repository, which uses the committed library.
fn own(folder: PathBuf) -> Code {
    let library = repo::generated(Language::PYTHON);
    let broken = [NOT_FOR_PROGRAMS.as_slice(), NOT_FOR_TESTS.as_slice()].concat();
    Code { settings: library.join("pyproject.toml"), folder, library, broken }
}

fn ruff_check(code: &Code) -> Result<(), String> {
    let mut command = RUFF.command();
    command.args(["check", "--quiet", "--no-cache", "--config"]).arg(&code.settings);
    if !code.broken.is_empty() {
        command.arg("--extend-ignore").arg(code.broken.join(","));
    }
    run(command.arg(".").current_dir(&code.folder))
}

fn ruff_format(code: &Code) -> Result<(), String> {
    let mut command = RUFF.command();
    command.args(["format", "--check", "--diff", "--quiet", "--no-cache", "--config"]);
    run(command.arg(&code.settings).arg(".").current_dir(&code.folder))
}

fn mypy(code: &Code) -> Result<(), String> {
    let mut command = MYPY.command();
    command.args(["--strict", "--cache-dir"]).arg(cache_of(&code.folder));
    command.arg("--config-file").arg(&code.settings).arg(".").current_dir(&code.folder);
    if code.folder != code.library && !holds_a_package(&code.folder) {
        command.env("MYPYPATH", &code.library);
    }
    run(&mut command)
}

/// Where mypy keeps what it knows: not beside the sources.
fn cache_of(folder: &Path) -> PathBuf {
    let name = folder.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "_");
    repo::cache().join("mypy").join(name)
}

/// A peer has its library in its own folder.
fn holds_a_package(folder: &Path) -> bool {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| path.join("py.typed").is_file())
}
