//! Installs what the suite needs: with the system's package manager, and Python packages into a
//! virtual environment of their own.

use std::process::{Command, Stdio};

use bitrpc_conform::toolchain::run;
use bitrpc_tests::playground;
use bitrpc_tests::python_packages::{self, Package};
use bitrpc_tests::tools::{self, PYTHON};

use crate::summary::Outcome;

/// Debian's and Ubuntu's package without which Python makes no virtual environments.
const VENV: &str = "python3-venv";

/// Installs all tools that are missing.
pub(crate) fn install() -> Outcome {
    let missing: Vec<_> =
        python_packages::ALL.into_iter().filter(|package| package.find().is_err()).collect();
    let outcome = install_system_packages(!missing.is_empty()).and(install_rust_target());
    if missing.is_empty() { outcome } else { outcome.and(install_python_packages(&missing)) }
}

fn install_system_packages(needs_venv: bool) -> Outcome {
    let missing = tools::ALL.iter().filter(|tool| tool.find().is_err());
    let mut packages: Vec<_> = missing.filter_map(|tool| tool.package).collect();
    let has_venv = || run(Command::new(PYTHON.program).args(["-c", "import ensurepip"])).is_ok();
    if needs_venv && !has_venv() {
        packages.push(VENV);
    }
    let missing = tools::HEADERS.iter().filter(|headers| headers.find().is_err());
    packages.extend(missing.map(|headers| headers.package));
    if packages.is_empty() {
        println!("nothing to install with apt-get");
        return Outcome::default();
    }
    let update = apt_get(&["update", "--quiet"]);
    let mut words = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    words.extend(&packages);
    let installed = update && apt_get(&words);
    Outcome::of(&format!("apt-get install {}", packages.join(" ")), installed)
}

/// Rust's library for browsers, where rustup can bring it.
fn install_rust_target() -> Outcome {
    if playground::find().is_ok() || !playground::has_rustup() {
        return Outcome::default();
    }
    let words = ["target", "add", playground::TARGET];
    println!("rustup {}", words.join(" "));
    let added = run(Command::new("rustup").args(words)).map_err(|error| println!("{error}"));
    Outcome::of(&format!("rustup {}", words.join(" ")), added.is_ok())
}

fn install_python_packages(missing: &[Package]) -> Outcome {
    let requirements: Vec<_> = missing.iter().map(|package| package.requirement()).collect();
    let mut venv = Command::new(PYTHON.program);
    venv.args(["-m", "venv"]).arg(python_packages::environment());
    let mut pip = Command::new(python_packages::interpreter());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(&requirements);
    let installed = [&mut venv, &mut pip].into_iter().all(|command| {
        println!("{command:?}");
        run(command).map_err(|error| println!("{error}")).is_ok()
    });
    Outcome::of(&format!("pip install {}", requirements.join(" ")), installed)
}

/// Runs `apt-get`, by `sudo` when this is not root; says the command first.
fn apt_get(words: &[&str]) -> bool {
    // SAFETY: geteuid(2) has no arguments, touches no memory and cannot fail.
    let is_root = unsafe { libc::geteuid() } == 0;
    let mut command = Command::new(if is_root { "apt-get" } else { "sudo" });
    if !is_root {
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    }
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::inherit());
    let shown = [if is_root { "" } else { "sudo " }, "apt-get ", &words.join(" ")].concat();
    println!("{shown}");
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("{shown}: {error}");
            false
        }
    }
}
