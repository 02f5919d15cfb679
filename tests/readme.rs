//! The examples of the README: programs build and run, specs are accepted.

use std::fs;
use std::process::ExitCode;

use bitrpc_conform::runner::Arena;
use bitrpc_conform::toolchain;
use bitrpc_spec::names::Language;
use bitrpc_tests::markdown::{Block, blocks};
use bitrpc_tests::matrix::{Member, members, subjects};
use bitrpc_tests::{harness, programs, repo};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let readme = fs::read_to_string(repo::root().join("README.md")).expect("there is a README");
    let examples = blocks(&readme);
    let mut trials = Vec::new();
    for (number, block) in examples.into_iter().enumerate() {
        let name = format!("block_{}/{}", number + 1, block.tag);
        if block.tag == "yaml" {
            let block = block.clone();
            trials.push(harness::trial(name.clone(), move || accepted(&block)));
        }
        let speaks = |member: &&Member| member.toolchain.language().id() == block.tag;
        for member in members().iter().filter(speaks) {
            trials.push(program(format!("{name}/{}", member.id()), member, block.clone()));
        }
    }
    trials.push(harness::trial("generated/rust/README.md", generated_crate));
    for member in members() {
        let language = member.toolchain.language();
        let name = format!("generated/{}/README.md/{}", language.id(), member.id());
        match &member.found {
            _ if language == Language::RUST => {}
            Err(missing) => trials.push(harness::skipped(name, missing)),
            Ok(_) => trials.push(harness::trial(name, move || generated_readme(member))),
        }
    }
    harness::run(trials)
}

/// The crate that users vendor, with the examples of its README.
fn generated_crate() -> Result<(), String> {
    let default = subjects().first().ok_or("there is no spec")?;
    let library = default.job(Language::RUST)?.library;
    let command = programs::cargo(&library, &["test", "--quiet"]);
    let mut command = command.map_err(|error| error.to_string())?;
    toolchain::run(&mut command).map(drop).map_err(|error| error.to_string())
}

/// The programs of the README that lies beside generated sources: they run one after the other, so
/// that each finds what the one before it has sent.
fn generated_readme(member: &Member) -> Result<(), String> {
    let language = member.toolchain.language();
    let readme = fs::read_to_string(repo::generated(language).join("README.md"));
    let examples = blocks(&readme.map_err(|error| error.to_string())?);
    let programs: Vec<_> =
        examples.iter().filter(|block| block.tag == language.id()).enumerate().collect();
    let arena = Arena::new().map_err(|error| error.to_string())?;
    for (number, block) in &programs {
        let name = format!("readme_{}_{number}", member.id());
        let program = programs::build(member, &name, &block.text)?;
        programs::run_in(&arena, programs::HANG, &mut program.command())?;
    }
    if programs.is_empty() { Err("there are no programs".to_owned()) } else { Ok(()) }
}

fn program(name: String, member: &'static Member, block: Block) -> Trial {
    if let Err(missing) = &member.found {
        return harness::skipped(name, missing);
    }
    let folder = name.replace('/', "_");
    harness::trial(name, move || {
        let program = programs::build(member, &folder, &block.text)?;
        let output = programs::run(&mut program.command())?;
        if output.is_empty() { Err("the example prints nothing".to_owned()) } else { Ok(()) }
    })
}

fn accepted(block: &Block) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("example.yaml");
    fs::write(&file, &block.text).map_err(|error| error.to_string())?;
    bitrpc_codegen::load(&file).map(drop).map_err(|findings| findings.render())
}
