//! What Rust's tools say of the generated crate whatever the names and docs of a spec are, and of
//! its optional half; and that the lowest zerocopy which the runtime states is enough.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::subjects;
use bitrpc_tests::{harness, programs, repo};
use libtest_mimic::Trial;

use super::{run, rustfmt_files};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        harness::trial("long_names/rust", long_names),
        harness::trial("all_specs/serde", serde),
        harness::trial("lowest_zerocopy_is_the_one_in_use", lowest_zerocopy),
    ]
}

/// The longest names that there are, and shorter ones, where the formatter's decisions change; a
/// doc text that would start a code block; a struct too large for the stack.
fn long_names() -> Result<(), String> {
    let spec = repo::cache().join("long_names.yaml");
    fs::write(&spec, long_spec()).map_err(|error| error.to_string())?;
    let out = repo::cache().join("long_names");
    let mut generate = Command::new(env!("CARGO"));
    generate.args(["run", "--quiet", "--package", "bitrpc-cli", "--", "generate"]);
    generate.arg(&spec).args(["--lang", "rust", "--out"]).arg(&out);
    run(generate.current_dir(repo::root()))?;
    let folder = out.join("rust");
    rustfmt_files(&[folder.join("src/lib.rs")])?;
    run(&mut cargo(
        &folder,
        &["clippy", "--quiet", "--features", "serde", "--", "-D", "warnings"],
    )?)?;
    let mut doc = cargo(&folder, &["doc", "--quiet", "--no-deps"])?;
    run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn long_spec() -> String {
    let member = |stem: &str, len: usize| {
        let name = format!("{stem}_{}", "letters_".repeat(8));
        name[..len].trim_end_matches('_').to_owned()
    };
    let type_name =
        |stem: &str, len: usize| format!("{stem}{}", "Letters".repeat(9))[..len].to_owned();
    let (state, set, item) = (type_name("State", 59), type_name("Set", 59), type_name("Item", 59));
    let mut spec = format!(
        "bitrpc: 1\nname: long_names\nversion: \"1.1\"\nconstants:\n\
         \x20 - {{ name: {}, type: string, value: {:?} }}\n\
         enums:\n\
         \x20 - name: {state}\n    type: u8\n    values:\n\
         \x20     - {{ name: {}, value: 0 }}\n\
         \x20 - name: {set}\n    type: u64\n    bits:\n\
         \x20     - {{ name: {}, mask: 0xF000000000000000 }}\n\
         structs:\n\
         \x20 - name: {item}\n    doc: \"```\"\n    fields:\n\
         \x20     - {{ name: {}, type: {state} }}\n\
         \x20 - name: Large\n    id: 1001\n    fields:\n\
         \x20     - {{ name: bytes, type: \"u8[100000]\" }}\n\
         \x20     - {{ name: {}, type: \"{item}[]\" }}\n",
        member("text", 60),
        "long text ".repeat(12),
        member("value", 60),
        member("bit", 60),
        member("field", 60),
        member("tail", 60),
    );
    for len in (12..60).step_by(3) {
        let (field, tail) = (member("field", len), member("tail", len));
        let (plain, tailed) = (type_name("Plain", len), type_name("Tailed", len));
        // Writing to a string cannot fail.
        let _ = write!(
            spec,
            "  - name: {plain}\n    id: {}\n    fields: [{{ name: {field}, type: {set} }}]\n\
             \x20 - name: {tailed}\n    id: {}\n    fields:\n\
             \x20     - {{ name: {field}, type: \"{item}[3]\" }}\n\
             \x20     - {{ name: {tail}, type: string }}\n",
            2000 + len,
            3000 + len,
        );
    }
    spec
}

/// The crates with the feature `serde`; the peers, which have no features, are linted without it.
fn serde() -> Result<(), String> {
    for subject in subjects() {
        let folder = subject.job(Language::RUST)?.library;
        let words = ["clippy", "--quiet", "--features", "serde", "--", "-D", "warnings"];
        run(&mut cargo(&folder, &words)?)?;
    }
    Ok(())
}

fn cargo(folder: &std::path::Path, words: &[&str]) -> Result<Command, String> {
    // What follows `--` is not for cargo.
    let split = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    let (own, others) = words.split_at(split);
    let mut command = programs::cargo(folder, own).map_err(|error| error.to_string())?;
    command.args(others);
    Ok(command)
}

/// Everything here is built with the versions of the lock file, the generated crates included: so
/// the one that is stated as the lowest is the one that is tried.
fn lowest_zerocopy() -> Result<(), String> {
    let read = |name: &str| {
        let file: PathBuf = repo::root().join(name);
        fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
    };
    let manifest = read("runtime/Cargo.toml")?;
    let stated = manifest.lines().find_map(|line| line.strip_prefix("zerocopy = { version = \""));
    let stated = stated.and_then(|rest| rest.split('"').next()).ok_or("no version is stated")?;
    let locked = read("Cargo.lock")?;
    match locked.contains(&format!("name = \"zerocopy\"\nversion = \"{stated}\"\n")) {
        true => Ok(()),
        false => Err(format!(
            "Cargo.lock has another zerocopy than the lowest that the runtime states, {stated}: \
             cargo update -p zerocopy --precise {stated}"
        )),
    }
}
