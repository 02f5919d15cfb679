//! A crate whose build script generates: nothing is committed, nothing is copied.

use std::fs;
use std::io;
use std::path::PathBuf;

use bitrpc_conform::toolchain::run;
use bitrpc_tests::{harness, programs, repo};
use libtest_mimic::Trial;

const BUILD: &str = r#"fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    bitrpc_codegen::Builder::new("messages.yaml")
        .languages([bitrpc_codegen::Language::RUST])
        .generate(out)
        .unwrap();
}
"#;

const MAIN: &str = r#"mod protocol {
    include!(concat!(env!("OUT_DIR"), "/rust/src/protocol.rs"));
}

use bitrpc_shm::Options;
use protocol::{Consumer, Producer, Sample};

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let options = Options::new().directory(folder);
    let mut producer = Producer::create("built", &options).unwrap();
    producer.send_typed(&Sample { VALUE: 7, ..Sample::default() }).unwrap();
    let mut consumer = Consumer::open("built", &options).unwrap();
    let sample: Sample = consumer.receive_typed(None).unwrap().unwrap();
    println!("{} of {}", sample.VALUE, std::mem::size_of::<Sample>());
}
"#;

const SPEC: &str = "bitrpc: 1\nname: built\nversion: \"1.0\"\nimports: [parts.yaml]\nstructs:\n  \
                    - { name: Sample, id: 1001, fields: [{ name: VALUE, type: TYPE }] }\n";

pub(crate) fn trials() -> Vec<Trial> {
    vec![harness::trial("a_build_script_generates_and_prints_the_diagnostic", generates_and_prints)]
}

struct User(PathBuf);

impl User {
    fn new() -> io::Result<Self> {
        let folder = repo::cache().join("build_script");
        fs::create_dir_all(folder.join("src"))?;
        let generator = repo::root().join("codegen");
        let manifest = format!(
            "[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
             [build-dependencies]\nbitrpc-codegen = {{ path = {generator:?} }}\n\n\
             [dependencies]\nbitrpc-shm = \"*\"\n\n[workspace]\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(folder.join("build.rs"), BUILD)?;
        Ok(Self(folder))
    }

    /// What the program prints, whose message has a value of the type `ty` and this name.
    fn build_and_run(&self, name: &str, ty: &str) -> Result<String, String> {
        let write = |file: &str, text: &str| fs::write(self.0.join(file), text);
        let work = || -> io::Result<_> {
            write("messages.yaml", &SPEC.replace("VALUE", name).replace("TYPE", ty))?;
            write("src/main.rs", &MAIN.replace("VALUE", name))?;
            let rings = tempfile::tempdir()?;
            let mut command = programs::cargo(&self.0, &["run", "--quiet"])?;
            command.current_dir(&self.0).arg("--").arg(rings.path());
            Ok((rings, command))
        };
        let (_rings, mut command) = work().map_err(|error| error.to_string())?;
        run(&mut command).map_err(|error| error.to_string())
    }

    fn import(&self, text: &str) -> Result<(), String> {
        fs::write(self.0.join("parts.yaml"), text).map_err(|error| error.to_string())
    }
}

fn generates_and_prints() -> Result<(), String> {
    let user = User::new().map_err(|error| error.to_string())?;
    let expect = |found: Result<String, String>, expected: &str| match found {
        Ok(text) if text.trim() == expected => Ok(()),
        found => Err(format!("expected {expected:?}, found {found:?}")),
    };
    user.import("bitrpc: 1\nconstants:\n  - { name: count, type: u32, value: 4 }\n")?;
    expect(user.build_and_run("first", "u32"), "7 of 4")?;
    // The spec is another one, and then an import is wrong: the script runs again each time.
    expect(user.build_and_run("second", "u64"), "7 of 8")?;
    user.import("bitrpc: 1\nconstants:\n  - { name: count, type: u33, value: 4 }\n")?;
    let refused = user.build_and_run("second", "u64").err().ok_or("a wrong import is refused")?;
    let said = ["parts.yaml:3", "u33", "error["];
    match said.iter().find(|word| !refused.contains(**word)) {
        Some(word) => Err(format!("the diagnostic does not say {word:?}: {refused}")),
        None => Ok(()),
    }
}
