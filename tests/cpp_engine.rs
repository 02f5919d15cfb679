//! The C++ engine from inside: errors, wrap, batches, claims, fragments, ends, times, memory, death
//! and hostile peers, compiled with the sanitizers where one process plays both sides; and its
//! header as text.

#[path = "cpp_engine/text.rs"]
mod text;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_conform::Stage;
use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::subjects;
use bitrpc_tests::tools::GXX;
use bitrpc_tests::{harness, programs, repo};

const SANITIZED: &[&str] = &["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"];
const PLAIN: &[&str] = &["-O2"];

/// A program of many tests that takes longer hangs.
const HANG: Duration = Duration::from_secs(600);

/// Program, specs whose headers it includes, flags.
const PROGRAMS: &[(&str, &[&str], &[&str])] = &[
    ("errors", &["bitrpc"], SANITIZED),
    ("ring", &["bitrpc"], SANITIZED),
    ("ends", &["bitrpc"], SANITIZED),
    ("times", &["bitrpc"], SANITIZED),
    ("memory", &["bitrpc"], SANITIZED),
    ("evolution", &["older", "newer", "swapped", "stranger"], SANITIZED),
    ("hostile", &["bitrpc"], SANITIZED),
    ("manager", &["bitrpc"], SANITIZED),
    ("custom", &["custom_headers"], SANITIZED),
    ("process", &["bitrpc"], PLAIN),
    ("kernel", &["bitrpc"], PLAIN),
    ("distance", &["bitrpc"], PLAIN),
];

/// Specs that differ from `growth.yaml` in the namespace and header that they are named after, and
/// in these words.
const VARIANTS: &[(&str, &[(&str, &str)])] = &[
    ("older", &[]),
    (
        "newer",
        &[
            ("version: \"1.0\"", "version: \"1.1\""),
            (
                "type: \"Level[2]\" }",
                "type: \"Level[2]\" }\n      - { name: size, type: u32, since: \"1.1\" }",
            ),
            (
                "name: code, type: u16 }",
                "name: code, type: u16 }\n      - { name: text, type: string, since: \"1.1\" }",
            ),
        ],
    ),
    (
        "swapped",
        &[
            ("name: bid,", "name: other,"),
            ("name: ask,", "name: bid,"),
            ("name: other,", "name: ask,"),
        ],
    ),
    ("stranger", &[("name: growth", "name: strange")]),
];

fn main() -> ExitCode {
    let trial =
        |&(program, specs, flags): &(&'static str, &'static [&str], &'static [&str])| match GXX
            .find()
        {
            Err(missing) => harness::skipped(program, &missing),
            Ok(_) => harness::trial(program, move || run(program, specs, flags)),
        };
    harness::run(PROGRAMS.iter().map(trial).chain(text::trials()).collect())
}

fn run(program: &str, specs: &[&str], flags: &[&str]) -> Result<(), String> {
    let binary = build(program, specs, flags)?;
    programs::run_within(HANG, &mut Command::new(binary)).map(drop)
}

fn build(program: &str, specs: &[&str], flags: &[&str]) -> Result<PathBuf, String> {
    let folder = repo::cache().join("cpp_engine");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let binary = folder.join(program);
    let source = repo::root().join("tests/cpp_engine").join(program).with_extension("cpp");
    let mut command = Command::new(GXX.program);
    command.args(["-std=c++17", "-Wall", "-Wextra", "-Werror"]).args(flags);
    for spec in specs {
        command.arg("-I").arg(library_of(spec)?);
    }
    command.arg(source).arg("-o").arg(&binary).arg("-pthread");
    bitrpc_conform::toolchain::run(&mut command).map_err(|error| error.to_string())?;
    Ok(binary)
}

/// The folder with the header of a spec.
fn library_of(spec: &str) -> Result<PathBuf, String> {
    if let Some(subject) = subjects().iter().find(|subject| subject.name == spec) {
        return Ok(subject.job(Language::CPP)?.library);
    }
    let variant = VARIANTS.iter().find(|(name, _)| *name == spec);
    let (name, changes) = variant.ok_or_else(|| format!("no spec {spec}"))?;
    let origin = repo::root().join("tests/cpp_engine/growth.yaml");
    let mut text = fs::read_to_string(origin).map_err(|error| error.to_string())?;
    let names =
        ("namespace: older, header: older.h", format!("namespace: {name}, header: {name}.h"));
    text = text.replace(names.0, &names.1);
    for (from, to) in *changes {
        text = text.replace(from, to);
    }
    let folder = repo::cache().join("cpp_engine").join(name);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let file = folder.join(name).with_extension("yaml");
    fs::write(&file, text).map_err(|error| error.to_string())?;
    let loaded = bitrpc_codegen::load(&file).map_err(|findings| findings.render())?;
    let origin = Origin::new(&file, &loaded.digest);
    let stage = Stage::write(&folder, &Input { layout: &loaded.layout, origin: &origin });
    Ok(stage.map_err(|error| error.to_string())?.job(Language::CPP).library)
}
