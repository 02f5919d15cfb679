//! Installs what the suite needs, with the system's package manager.

use std::process::{Command, Stdio};

use bitrpc_tests::tools;

use crate::summary::Outcome;

/// Installs the packages of all tools that are missing.
pub(crate) fn install() -> Outcome {
    let missing = tools::ALL.iter().filter(|tool| tool.find().is_err());
    let packages: Vec<_> = missing.filter_map(|tool| tool.package).collect();
    if packages.is_empty() {
        println!("nothing to install");
        return Outcome::default();
    }
    let update = apt_get(&["update", "--quiet"]);
    let mut words = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    words.extend(&packages);
    let installed = update && apt_get(&words);
    Outcome::of(&format!("apt-get install {}", packages.join(" ")), installed)
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
