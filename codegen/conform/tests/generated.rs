//! The peer that each language gets for each spec of the repository.
//!
//! As in the generator's own test, the snapshot of a spec is the difference from what the default
//! spec gives; what a peer takes along from the library is that test's.

use std::path::{Path, PathBuf};

use bitrpc_codegen::backend::{self, Input, Origin};
use bitrpc_codegen::emit::File;
use bitrpc_codegen::load;
use bitrpc_conform::driver::{self, Driver};
use similar::TextDiff;

const EXAMPLES: [&str; 5] =
    ["minimal", "telemetry", "market_data", "custom_headers", "kitchen_sink"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(driver: &Driver, spec: &str) -> Vec<File> {
    let path = root().join(spec);
    let loaded = load(&path).unwrap_or_else(|findings| panic!("{findings}"));
    let origin = Origin::new(&path, "0000000000000000");
    let input = Input { layout: &loaded.layout, origin: &origin };
    let library = backend::find(driver.language).unwrap().files(&input);
    let mut files = (driver.peer)(&input);
    files.retain(|file| !library.contains(file));
    files
}

#[test]
fn peers_of_the_examples_differ_where_the_specs_do() {
    for name in EXAMPLES {
        for driver in driver::all() {
            let default = files(driver, "spec/bitrpc.yaml");
            let other = files(driver, &format!("spec/examples/{name}.yaml"));
            assert_eq!(default.len(), other.len(), "the same files for every spec");
            let mut text = String::new();
            for (old, new) in default.iter().zip(&other) {
                let diff = TextDiff::from_lines(&old.text, &new.text);
                text += &format!("==== {}\n", new.path);
                text += &diff.unified_diff().context_radius(0).to_string();
            }
            insta::assert_snapshot!(format!("{name}_{}", driver.language.id()), text);
        }
    }
}

#[test]
fn every_language_that_is_generated_has_a_peer() {
    for backend in backend::all() {
        let driver = driver::find(backend.language());
        assert!(driver.is_some(), "no peer for {}", backend.language().title());
    }
}

#[test]
fn no_peer_has_a_trailing_space_or_a_tab() {
    for driver in driver::all() {
        for file in files(driver, "spec/examples/kitchen_sink.yaml") {
            for (number, line) in file.text.lines().enumerate() {
                let is_clean = line.trim_end() == line && !line.contains('\t');
                assert!(is_clean, "{}:{}: {line:?}", file.path, number + 1);
            }
        }
    }
}
