//! The steps of the suite, in their order.

use std::path::{Path, PathBuf};
use std::{env, fs};

use bitrpc_conform::toolchain::Missing;
use bitrpc_tests::{playground, python_packages, tools};

use crate::run::{Settings, check, tests};
use crate::summary::Outcome;

/// One step of the suite.
#[derive(Debug)]
pub(crate) struct Step {
    /// The word that chooses it.
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) about: &'static str,
    /// Runs it.
    pub(crate) run: fn(&Settings) -> Outcome,
}

/// Every step. What fails fast and explains later failures comes first.
pub(crate) const ALL: &[Step] = &[
    Step { name: "tools", about: "toolchains on this machine", run: find_tools },
    Step { name: "fmt", about: "format of all Rust code", run: fmt },
    Step { name: "clippy", about: "lints of all Rust code", run: clippy },
    Step { name: "doc", about: "documentation of all crates", run: doc },
    Step { name: "generated", about: "committed generated code is fresh", run: generated },
    Step { name: "unit", about: "unit, snapshot and documentation tests", run: unit },
    Step { name: "loom", about: "every interleaving of the ring's atomics", run: loom },
    Step { name: "tidy", about: "style of the whole repository", run: |s| suite(s, "tidy") },
    Step { name: "api", about: "one shape in four languages", run: |s| suite(s, "api") },
    Step { name: "house", about: "which crate may know which", run: |s| suite(s, "house") },
    Step { name: "package", about: "crates as they are published", run: package },
    Step { name: "lint", about: "generated code under strict tools", run: |s| suite(s, "lint") },
    Step { name: "names", about: "every reserved name, compiled", run: |s| suite(s, "names") },
    Step { name: "regenerate", about: "rules of builds", run: |s| suite(s, "regenerate") },
    Step { name: "layout", about: "layout facts by compiler", run: |s| suite(s, "layout_parity") },
    Step { name: "conform", about: "what is out there by spec", run: |s| suite(s, "conform") },
    Step { name: "golden", about: "committed bytes of all specs", run: |s| suite(s, "golden") },
    Step {
        name: "changes",
        about: "what diff promises, by programs of two versions",
        run: |s| suite(s, "changes"),
    },
    Step { name: "exchange", about: "every pair over every spec", run: |s| suite(s, "exchange") },
    Step { name: "cpp_engine", about: "C++ from inside", run: |s| suite(s, "cpp_engine") },
    Step { name: "python_engine", about: "Python from inside", run: |s| suite(s, "python_engine") },
    Step { name: "csharp_engine", about: "C# from inside", run: |s| suite(s, "csharp_engine") },
    Step { name: "bad_input", about: "one table of errors", run: |s| suite(s, "bad_input") },
    Step { name: "hostile", about: "rings under sabotage", run: |s| suite(s, "hostile") },
    Step { name: "statistics", about: "counters by reader", run: |s| suite(s, "statistics") },
    Step { name: "wakeups", about: "no sleep is missed", run: |s| suite(s, "wakeups") },
    Step { name: "bench", about: "programs that measure, untimed", run: |s| suite(s, "bench") },
    Step { name: "kill", about: "peers killed and paused", run: |s| suite(s, "kill") },
    Step { name: "cross", about: "cross_language_test", run: |s| suite(s, "cross_language") },
    Step { name: "acceptance", about: "promised snippets", run: |s| suite(s, "acceptance") },
    Step { name: "models", about: "the protocol's models", run: |s| suite(s, "models") },
    Step { name: "see", about: "documents in a browser", run: |s| suite(s, "see") },
    Step { name: "readme", about: "examples of the README", run: |s| suite(s, "readme") },
    Step { name: "demo", about: "the command `demo`", run: |s| suite(s, "demo") },
];

/// The step called `name`.
pub(crate) fn known(name: &str) -> Result<&'static Step, String> {
    let names = || ALL.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
    ALL.iter().find(|step| step.name == name).ok_or_else(|| format!("expected one of {}", names()))
}

fn find_tools(settings: &Settings) -> Outcome {
    let mut outcome = Outcome::default();
    for tool in tools::ALL {
        // What no package brings is asked for by its tests alone.
        let is_required = settings.required.is_some() && tool.package.is_some();
        note(&mut outcome, tool.program, tool.purpose, tool.find(), is_required);
    }
    let is_required = settings.required.is_some() && playground::has_rustup();
    note(&mut outcome, playground::TARGET, "the playground", playground::find(), is_required);
    for package in python_packages::ALL {
        note(
            &mut outcome,
            package.name,
            package.purpose,
            package.find(),
            settings.required.is_some(),
        );
    }
    outcome
}

/// Prints what was found, and counts it.
fn note(
    outcome: &mut Outcome,
    name: &str,
    purpose: &str,
    found: Result<String, Missing>,
    is_required: bool,
) {
    match found {
        Ok(version) => {
            println!("{name:<13} {version}");
            outcome.passed += 1;
        }
        Err(missing) => {
            println!("{name:<13} missing, used for: {purpose}");
            let reason = format!("{name} for {purpose} ({missing})");
            match is_required {
                true => outcome.failed.push(reason),
                false => outcome.skipped.push(reason),
            }
        }
    }
}

fn fmt(settings: &Settings) -> Outcome {
    check("cargo fmt", &mut settings.cargo(&["fmt", "--all", "--check"]))
}

fn clippy(settings: &Settings) -> Outcome {
    let all = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    check("all targets", &mut settings.cargo(&all))
}

fn doc(settings: &Settings) -> Outcome {
    let mut command = settings.cargo(&["doc", "--workspace", "--no-deps"]);
    check("cargo doc", command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn generated(settings: &Settings) -> Outcome {
    let words = ["run", "--quiet", "--package", "bitrpc-cli", "--", "generate", "--check"];
    check("bitrpc generate --check", &mut settings.cargo(&words))
}

fn package(settings: &Settings) -> Outcome {
    forget_unpacked();
    // Builds each from its archive, in publishing order. What is not committed yet counts, too.
    let words = ["package", "--workspace", "--exclude", "bitrpc-tests", "--allow-dirty", "--quiet"];
    check("cargo package", &mut settings.cargo(&words))
}

/// Removes what Cargo unpacked when it packed these crates before: it takes an archive of the same
/// version for the same, and would build the crates as they were then.
fn forget_unpacked() {
    let of_user = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    let Some(home) = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(of_user) else { return };
    // A registry in a folder has no host before the `-`.
    let starts = |path: &Path, with: &str| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(with))
    };
    let below = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let local = below(&home.join("registry/src")).into_iter().filter(|path| starts(path, "-"));
    let ours = local.flat_map(|path| below(&path)).filter(|path| starts(path, "bitrpc-"));
    for unpacked in ours {
        // What cannot be removed fails the build that follows, if it is in the way.
        let _ = fs::remove_dir_all(unpacked);
    }
}

fn unit(settings: &Settings) -> Outcome {
    let all = ["test", "--workspace", "--exclude", "bitrpc-tests", "--no-fail-fast"];
    let own = ["test", "--package", "bitrpc-tests", "--lib", "--bins", "--no-fail-fast"];
    tests("crates", &mut settings.cargo(&all)).and(tests("tests", &mut settings.cargo(&own)))
}

fn loom(settings: &Settings) -> Outcome {
    // Another configuration of the same crates: a folder of its own keeps both built.
    let words = ["test", "--release", "--package", "bitrpc-shm", "--lib", "loom"];
    let mut command = settings.cargo(&words);
    command.env("RUSTFLAGS", "--cfg loom").env("CARGO_TARGET_DIR", "target/loom");
    tests("loom", &mut command)
}

/// One of the test programs of this crate.
fn suite(settings: &Settings, name: &str) -> Outcome {
    tests(name, &mut settings.cargo(&["test", "--package", "bitrpc-tests", "--test", name]))
}
