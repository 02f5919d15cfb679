//! How long the generator takes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bitrpc_conform::toolchain;

use crate::repo;

/// Structs of the spec that is generated.
pub(super) const STRUCTS: usize = 200;

/// The release build of the command `bitrpc`; blocks until Cargo has ended.
fn build() -> Result<std::path::PathBuf, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--release", "--quiet", "--package", "bitrpc-cli"]);
    toolchain::run(command.current_dir(repo::root())).map_err(|error| error.to_string())?;
    let target = repo::cache();
    let target = target.parent().ok_or("the cache lies in Cargo's folder")?;
    Ok(target.join("release/bitrpc"))
}

/// Seconds that the command takes from its start to its end, so many times over, for a spec of
/// 200 structs in all languages, into a new folder.
///
/// # Errors
///
/// When it does not build or fails.
pub fn generate_seconds(runs: usize) -> Result<Vec<f64>, String> {
    let program = build()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let spec = folder.path().join("large.yaml");
    fs::write(&spec, large_spec()).map_err(|error| error.to_string())?;
    (0..runs).map(|run| generate(&program, &spec, &folder.path().join(run.to_string()))).collect()
}

fn generate(program: &Path, spec: &Path, out: &Path) -> Result<f64, String> {
    let mut command = Command::new(program);
    command.arg("generate").arg(spec).arg("--out").arg(out);
    let start = Instant::now();
    toolchain::run(&mut command).map_err(|error| error.to_string())?;
    Ok(start.elapsed().as_secs_f64())
}

/// A spec with [`STRUCTS`] structs of ten fields each: scalars, texts, arrays, enums and structs.
fn large_spec() -> String {
    let mut text = String::from(
        "bitrpc: 1\nname: large\nversion: \"1.0\"\nendianness: little\n\
         enums:\n  - name: Side\n    type: u8\n    values:\n\
         \x20     - { name: unknown, value: 0 }\n      - { name: buy, value: 1 }\n\
         \x20     - { name: sell, value: 2 }\n\
         structs:\n  - name: Leg\n    fields:\n\
         \x20     - { name: price, type: f64 }\n      - { name: size, type: u64 }\n",
    );
    for number in 1..STRUCTS {
        let _ = writeln!(text, "  - name: Message{number}\n    id: {}\n    fields:", 1000 + number);
        let types =
            ["u64", "i32", "u32", "f64", "char[32]", "Leg", "Leg[4]", "f32[8]", "Side", "string"];
        for (field, kind) in types.iter().enumerate() {
            let _ = writeln!(
                text,
                "      - {{ name: field_{field}, type: \"{kind}\", doc: \"Number {field}.\" }}"
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{STRUCTS, large_spec};

    #[test]
    fn the_large_spec_is_sound_and_as_large_as_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large.yaml");
        std::fs::write(&path, large_spec()).expect("a file");
        let loaded = bitrpc_codegen::load(&path).map_err(|findings| findings.render());
        assert_eq!(loaded.expect("no finding").layout.structs.len(), STRUCTS);
    }
}
