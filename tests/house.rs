//! The house: which crate may know which, what each takes along when it is published, and that the
//! engines have the same numbers and files.

#[path = "house/engine.rs"]
mod engine;
#[path = "house/numbers.rs"]
mod numbers;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use bitrpc_codegen::backend;
use bitrpc_conform::driver;
use bitrpc_conform::toolchain::run;
use bitrpc_spec::names::Language;
use bitrpc_tests::{harness, repo};
use serde::Deserialize;

/// Each crate, and those of ours that it may use. A crate that is not here has no place yet.
const MAY_USE: &[(&str, &[&str])] = &[
    ("bitrpc-spec", &[]),
    ("bitrpc-codegen", &["bitrpc-spec"]),
    ("bitrpc-conform", &["bitrpc-spec", "bitrpc-codegen"]),
    ("bitrpc-cli", &["bitrpc-spec", "bitrpc-codegen", "bitrpc-conform"]),
    ("bitrpc-playground", &["bitrpc-spec", "bitrpc-codegen"]),
    ("bitrpc-shm", &[]),
];

/// Sees everything and is not published.
const TESTS: &str = "bitrpc-tests";

#[derive(Deserialize)]
struct Workspace {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    description: Option<String>,
    license: Option<String>,
    repository: Option<String>,
    keywords: Vec<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

fn main() -> ExitCode {
    harness::run(vec![
        harness::trial("crates_use_only_those_that_they_may", || check(uses)),
        harness::trial("crates_say_what_a_registry_asks_for", || check(metadata)),
        harness::trial("crates_take_the_licence_and_a_readme_along", || check(files)),
        harness::trial("a_language_is_in_every_registry", registries),
        harness::trial("documents_name_every_language", documents),
        harness::trial("the_native_engines_list_the_same_numbers", numbers::of_the_native_engines),
        harness::trial("python_has_the_numbers_of_the_native_engines", numbers::of_python),
        harness::trial(
            "the_csharp_engine_is_the_same_for_every_spec",
            engine::of_csharp_is_the_same_for_every_spec,
        ),
        harness::trial(
            "the_python_engine_is_the_same_for_every_spec",
            engine::of_python_is_the_same_for_every_spec,
        ),
        harness::trial("the_runtime_has_the_rules_of_the_workspace", runtime_stands_alone),
    ])
}

fn check(rule: fn(&Package) -> Vec<String>) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let text = run(command.current_dir(repo::root())).map_err(|error| error.to_string())?;
    let found: Workspace = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let published = found.packages.iter().filter(|package| package.name != TESTS);
    let of = |package: &Package| {
        let findings = rule(package).into_iter();
        findings.map(|finding| format!("{}: {finding}", package.name)).collect::<Vec<_>>()
    };
    let findings: Vec<_> = published.flat_map(of).collect();
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n")) }
}

fn uses(package: &Package) -> Vec<String> {
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == package.name) else {
        return vec!["a crate without a place: say what it may use".to_owned()];
    };
    let ours = package.dependencies.iter().filter(|used| used.name.starts_with("bitrpc-"));
    let wrong = ours.filter(|used| used.kind.is_none() && !allowed.contains(&used.name.as_str()));
    wrong.map(|used| format!("must not use {}", used.name)).collect()
}

fn metadata(package: &Package) -> Vec<String> {
    let said = [
        ("a description", package.description.is_some()),
        ("a license", package.license.is_some()),
        ("a repository", package.repository.is_some()),
        ("keywords", !package.keywords.is_empty()),
    ];
    said.iter().filter(|(_, is_there)| !is_there).map(|(what, _)| format!("no {what}")).collect()
}

fn files(package: &Package) -> Vec<String> {
    let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let mut findings = Vec::new();
    if read(folder.join("LICENSE")) != read(repo::root().join("LICENSE")) {
        findings.push("LICENSE is not the one of the repository".to_owned());
    }
    if !folder.join("README.md").is_file() {
        findings.push("no README.md".to_owned());
    }
    findings
}

fn registries() -> Result<(), String> {
    let names: Vec<_> = Language::ALL.to_vec();
    let printed: Vec<_> = backend::all().iter().map(|backend| backend.language()).collect();
    let run: Vec<_> = driver::all().iter().map(|driver| driver.language).collect();
    if names == printed && names == run {
        return Ok(());
    }
    Err(format!("named: {names:?}, generated: {printed:?}, run against each other: {run:?}"))
}

fn documents() -> Result<(), String> {
    let titles = Language::ALL.map(Language::title);
    let (last, others) = titles.split_last().ok_or("there are no languages")?;
    let sentence = format!("{} and {last}", others.join(", "));
    let columns = format!("| | {} |", titles.join(" | "));
    let documents = [
        ("README.md", &sentence),
        ("codegen/README.md", &sentence),
        ("codegen/cli/README.md", &sentence),
        ("spec/README.md", &columns),
        ("spec/API.md", &columns),
    ];
    for (path, wanted) in documents {
        let text = fs::read_to_string(repo::root().join(path));
        let text = text.map_err(|error| format!("{path}: {error}"))?;
        let words: Vec<_> = text.split_whitespace().collect();
        if !words.join(" ").contains(wanted.as_str()) {
            return Err(format!("{path} does not say: {wanted}"));
        }
    }
    Ok(())
}

/// The runtime's folder can be copied into any project, and so takes nothing from the workspace;
/// what it states instead is the same.
fn runtime_stands_alone() -> Result<(), String> {
    let read = |path: &str| fs::read_to_string(repo::root().join(path));
    let manifests = read("Cargo.toml").and_then(|root| Ok((root, read("runtime/Cargo.toml")?)));
    let (root, runtime) = manifests.map_err(|error| error.to_string())?;
    if runtime.contains("workspace = true") {
        return Err("runtime/Cargo.toml takes something from the workspace".to_owned());
    }
    let sections = [
        ("workspace.package", "package"),
        ("workspace.lints.rust", "lints.rust"),
        ("workspace.lints.clippy", "lints.clippy"),
    ];
    let differs = |(of_root, of_runtime): &(&str, &str)| {
        let stated = section(&runtime, of_runtime);
        section(&root, of_root).iter().any(|line| !stated.contains(line))
    };
    match sections.iter().find(|both| differs(both)) {
        Some((name, _)) => Err(format!("runtime/Cargo.toml differs from [{name}]")),
        None => Ok(()),
    }
}

/// The lines of one section of a manifest.
fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let head = format!("[{name}]");
    let lines = manifest.lines().skip_while(|line| **line != *head).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()).collect()
}
