//! Generated code as emitted, under the strictest settings of its languages' own tools.

#[path = "lint/python.rs"]
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bitrpc_conform::toolchain;
use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::{Subject, subjects};
use bitrpc_tests::tools::{CLANG_FORMAT, CLANGXX, GXX, Tool};
use bitrpc_tests::{harness, programs, repo};

#[path = "lint/csharp.rs"]
mod csharp;
#[path = "lint/rust.rs"]
mod rust;

const STRICT: [&str; 12] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Wold-style-cast",
    "-Wundef",
    "-Wswitch-enum",
    "-Wfloat-equal",
    "-Wzero-as-null-pointer-constant",
    "-Werror",
    "-fsyntax-only",
];

/// The warnings that only one compiler knows.
fn own_warnings(tool: Tool) -> &'static [&'static str] {
    if tool == GXX { &["-Wuseless-cast", "-Wlogical-op", "-Wduplicated-cond"] } else { &[] }
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for subject in subjects() {
        for tool in [GXX, CLANGXX] {
            for (dialect, flags) in DIALECTS {
                let name = format!("{}/{}_{dialect}", subject.name, tool.program);
                trials
                    .push(harness::needs(&tool.find(), name, move || strict(subject, tool, flags)));
            }
        }
        let name = format!("{}/clang_format", subject.name);
        trials.push(harness::needs(&CLANG_FORMAT.find(), name, move || clang_format(subject)));
        let name = format!("{}/clang_format_peer", subject.name);
        trials.push(harness::needs(&CLANG_FORMAT.find(), name, move || clang_format_peer(subject)));
        let name = format!("{}/rustfmt", subject.name);
        trials.push(harness::trial(name, move || rustfmt(subject)));
    }
    trials.push(harness::trial("all_specs/clippy", || clippy(&[])));
    trials.push(harness::trial("all_specs/clippy_any_layout", || clippy(ANY_LAYOUT)));
    for tool in [GXX, CLANGXX] {
        for standard in ["c++17", "c++20", "c++2b"] {
            let name = format!("cross_language_test/{}_{standard}", tool.program);
            trials.push(harness::needs(&tool.find(), name, move || strict_program(tool, standard)));
        }
    }
    trials.push(harness::needs(
        &CLANG_FORMAT.find(),
        "cross_language_test/clang_format".to_owned(),
        || {
            format_is_right(
                &repo::generated(Language::CPP),
                &[cross_language_test(Language::CPP).join("main.cpp")],
            )
        },
    ));
    trials.push(harness::trial("cross_language_test/clippy", || {
        clippy_of(&cross_language_test(Language::RUST), &[])
    }));
    trials.extend(python::trials());
    trials.extend(rust::trials());
    trials.extend(csharp::trials());
    harness::run_compilers(trials)
}

/// A compilation unit's name, and the flags that it is compiled with.
const DIALECTS: [(&str, &[&str]); 3] = [
    ("peer", &["-std=c++17", "peer"]),
    ("without_exceptions_and_rtti", &["-std=c++17", "-fno-exceptions", "-fno-rtti", "alone"]),
    ("cpp20_among_hostile_macros", &["-std=c++20", "macros"]),
];

/// A program that only includes the header, twice.
const ALONE: &str = "#include \"HEADER\"\n#include \"HEADER\"\nint main() {}\n";

/// The same after what `<windows.h>` and others are known to define.
const MACROS: &str = "#define ERROR 0\n#define DELETE 1\n#define IN\n#define OUT\n\
     #define min(a, b) ((a) < (b) ? (a) : (b))\n#define max(a, b) ((a) < (b) ? (b) : (a))\n\
     #include \"HEADER\"\n#ifndef ERROR\n#error the header lost a macro of its user\n#endif\n\
     int main() {}\n";

fn run(command: &mut Command) -> Result<(), String> {
    toolchain::run(command).map(drop).map_err(|error| error.to_string())
}

fn strict(subject: &Subject, tool: Tool, flags: &[&str]) -> Result<(), String> {
    let job = subject.job(Language::CPP)?;
    let (unit, flags) = flags.split_last().ok_or("no flags")?;
    let header = &subject.layout()?.targets.cpp_header;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let source = match *unit {
        "peer" => job.peer.join("main.cpp"),
        unit => {
            let text = if unit == "alone" { ALONE } else { MACROS };
            let file = folder.path().join("unit.cpp");
            fs::write(&file, text.replace("HEADER", header)).map_err(|error| error.to_string())?;
            file
        }
    };
    let mut command = Command::new(tool.program);
    command.args(flags).args(STRICT).args(own_warnings(tool));
    run(command.arg("-I").arg(&job.library).arg(source))
}

fn clang_format(subject: &Subject) -> Result<(), String> {
    let library = subject.job(Language::CPP)?.library;
    format_is_right(&library, &sources(&library, &["h"])?)
}

fn clang_format_peer(subject: &Subject) -> Result<(), String> {
    let job = subject.job(Language::CPP)?;
    format_is_right(&job.library, &sources(&job.peer, &["h", "cpp"])?)
}

/// Whether `files` are formatted as the style in the folder `library` says.
fn format_is_right(library: &Path, files: &[PathBuf]) -> Result<(), String> {
    let style = format!("--style=file:{}", library.join(".clang-format").display());
    let mut command = Command::new(CLANG_FORMAT.program);
    run(command.args([&style, "--dry-run", "--Werror"]).args(files))
}

fn cross_language_test(language: Language) -> PathBuf {
    repo::root().join("tests/peers").join(language.id())
}

fn strict_program(tool: Tool, standard: &str) -> Result<(), String> {
    let mut command = Command::new(tool.program);
    command.arg(format!("-std={standard}")).args(STRICT).args(own_warnings(tool));
    run(command
        .arg("-I")
        .arg(repo::generated(Language::CPP))
        .arg(cross_language_test(Language::CPP).join("main.cpp")))
}

fn rustfmt(subject: &Subject) -> Result<(), String> {
    let job = subject.job(Language::RUST)?;
    rustfmt_files(&[job.library.join("src/lib.rs"), job.peer.join("src/main.rs")])
}

/// Whether `files` are formatted as rustfmt's own style says, which most users have.
fn rustfmt_files(files: &[PathBuf]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let style = folder.path().join("rustfmt.toml");
    fs::write(&style, "").map_err(|error| error.to_string())?;
    let mut command = Command::new("rustfmt");
    command.args(["--check", "--edition", "2021", "--config-path"]).arg(style);
    run(command.args(files))
}

/// The half of the peers whose layout is a value.
const ANY_LAYOUT: &[&str] = &["--features", "any-layout"];

/// The peers of all specs hold their generated code, and are linted as one crate.
fn clippy(features: &[&str]) -> Result<(), String> {
    let peer = |subject: &'static Subject| {
        Ok((subject.name.as_str(), subject.job(Language::RUST)?.peer.join("src/main.rs")))
    };
    let peers = subjects().iter().map(peer).collect::<Result<Vec<_>, String>>()?;
    let folder = programs::crate_of("all_peers", &peers).map_err(|error| error.to_string())?;
    clippy_of(&folder, features)
}

fn clippy_of(folder: &Path, features: &[&str]) -> Result<(), String> {
    let words = [&["clippy", "--quiet", "--all-targets"], features].concat();
    let command = programs::cargo(folder, &words);
    run(command.map_err(|error| error.to_string())?.args(["--", "-D", "warnings"]))
}

/// The files of `folder` with one of these extensions, in order.
fn sources(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let extension = path.extension().map(|extension| extension.to_string_lossy());
        if extension.is_some_and(|extension| extensions.contains(&&*extension)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
