//! The peer that each language gets for each spec of the repository.
//!
//! As in the generator's own test, the snapshot of a spec is the difference from what the default
//! spec gives; what a peer takes along from the library is that test's.

use bitrpc_codegen::backend::{self, Input};
use bitrpc_codegen::emit::File;
use bitrpc_codegen::testing;
use bitrpc_conform::driver::{self, Driver};

fn files(driver: &Driver, input: &Input) -> Vec<File> {
    let library = backend::find(driver.language).unwrap().files(input);
    let mut files = (driver.peer)(input);
    files.retain(|file| !library.contains(file));
    files
}

#[test]
fn peers_of_the_examples_differ_where_the_specs_do() {
    for driver in driver::all() {
        for (name, text) in testing::differences(|input| files(driver, input)) {
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
        let spec = "examples/kitchen_sink.yaml";
        testing::assert_tidy(&testing::files(spec, |input| files(driver, input)));
    }
}
