//! What a user vendors resolves by itself, outside of this repository: the generated crate, with a
//! copy of the runtime.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use bitrpc_conform::toolchain::run;
use bitrpc_tests::{harness, repo};
use libtest_mimic::Trial;

const MAIN: &str = r#"use bitrpc_shm::Options;
use vendored_messages::{Consumer, Producer, Sample};

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let options = Options::new().directory(folder);
    let mut producer = Producer::create("vendored", &options).unwrap();
    producer.send_typed(&Sample { value: 7, ..Sample::default() }).unwrap();
    let mut consumer = Consumer::open("vendored", &options).unwrap();
    let sample: Sample = consumer.receive_typed(None).unwrap().unwrap();
    println!("{}", sample.value);
}
"#;

const MANIFEST: &str = "[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
                        [dependencies]\nvendored-messages = { path = \"gen/rust\" }\n\
                        bitrpc-shm = RUNTIME\n\n[workspace]\n";

const SPEC: &str = "bitrpc: 1\nname: vendored\nversion: \"1.0\"\ntargets: { rust: { runtime: \
                    RUNTIME } }\nstructs:\n  - { name: Sample, id: 1001, fields: [{ name: value, \
                    type: u32 }] }\n";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        harness::trial("a_generated_crate_takes_a_copied_runtime", || {
            let user = User::new().map_err(|error| error.to_string())?;
            // From the generated crate, and from the user's.
            user.build_and_run("{ path: ../../vendor }", "{ path = \"vendor\" }")
        }),
        harness::trial("a_generated_crate_takes_a_runtime_in_git", || {
            let user = User::new().map_err(|error| error.to_string())?;
            let vendor = user.0.path().join("vendor");
            let commit = commit(&vendor)?;
            let url = format!("file://{}", vendor.display());
            user.build_and_run(
                &format!("{{ git: \"{url}\", rev: \"{commit}\" }}"),
                &format!("{{ git = \"{url}\", rev = \"{commit}\" }}"),
            )
        }),
    ]
}

/// A project that has a copy of the folder `runtime/`.
struct User(tempfile::TempDir);

impl User {
    fn new() -> io::Result<Self> {
        let user = Self(tempfile::tempdir()?);
        copy(&repo::root().join("runtime"), &user.0.path().join("vendor"))?;
        fs::create_dir(user.0.path().join("src"))?;
        fs::write(user.0.path().join("src/main.rs"), MAIN)?;
        // The versions that are fetched already.
        fs::copy(repo::root().join("Cargo.lock"), user.0.path().join("Cargo.lock"))?;
        Ok(user)
    }

    /// With a runtime as the spec states it, and as the user's own manifest does.
    fn build_and_run(&self, stated: &str, own: &str) -> Result<(), String> {
        let folder = self.0.path();
        let write = |file: &str, text: &str, runtime: &str| {
            let text = text.replace("RUNTIME", runtime);
            fs::write(folder.join(file), text).map_err(|error| error.to_string())
        };
        write("messages.yaml", SPEC, stated)?;
        write("Cargo.toml", MANIFEST, own)?;
        let builder = bitrpc_codegen::Builder::new(folder.join("messages.yaml"));
        builder.generate(folder.join("gen")).map_err(|error| error.to_string())?;
        let rings = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO"));
        command.args(["run", "--quiet"]).current_dir(folder);
        command.env("CARGO_TARGET_DIR", repo::cache().join("cargo")).arg("--").arg(rings.path());
        match run(&mut command).map_err(|error| error.to_string())?.trim() {
            "7" => Ok(()),
            found => Err(format!("expected 7, found {found:?}")),
        }
    }
}

/// Copies what is in the repository, and not what builds left.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

/// Makes a git repository of `folder`, and returns its commit.
fn commit(folder: &Path) -> Result<String, String> {
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=A", "-c", "user.email=a@b.example"]);
        run(command.args(words).current_dir(folder)).map_err(|error| error.to_string())
    };
    git(&["init", "--quiet"])?;
    git(&["add", "."])?;
    git(&["commit", "--quiet", "--message", "the runtime"])?;
    Ok(git(&["rev-parse", "HEAD"])?.trim().to_owned())
}
