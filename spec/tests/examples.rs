//! Every spec of the repository is accepted, and its layout is recorded.

use std::path::Path;

use bitrpc_spec::layout::{Layout, to_text};
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Files;
use bitrpc_spec::testing::SPECS;

#[test]
fn every_example_has_a_layout() {
    insta::glob!("../examples", "*.yaml", |path| {
        // An imported file alone is no spec.
        if path.ends_with("common.yaml") {
            return;
        }
        let spec = Spec::load(path, &Files).unwrap_or_else(|findings| panic!("{findings}"));
        let layout = Layout::of(&spec);
        let notes: Vec<_> = spec.notes().iter().map(|note| note.message.clone()).collect();
        let notes = notes.join("\n");
        insta::assert_snapshot!(format!("{}\n{notes}", to_text(&layout)));
    });
}

#[test]
fn an_imported_file_alone_is_no_spec() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/common.yaml");
    let findings = Spec::load(path, &Files).unwrap_err();
    assert_eq!(findings.errors(), 1);
    assert_eq!(findings.iter().next().unwrap().rule.id, "E007");
}

#[test]
fn tests_of_other_crates_are_given_every_example() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_given = SPECS.iter().any(|(path, _)| path.strip_prefix("examples/") == Some(&name));
        assert!(is_given, "add {name} to `testing::SPECS`");
    }
}

#[test]
fn the_specs_that_people_start_from_break_no_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = std::fs::read_dir(folder.join("examples")).unwrap();
    let examples = examples.map(|entry| entry.unwrap().path());
    for path in examples.chain([folder.join("bitrpc.yaml")]) {
        // Of what is only imported, those that import it tell.
        if path.ends_with("common.yaml") {
            continue;
        }
        let spec = Spec::load(&path, &Files).unwrap();
        let findings = spec.notes();
        assert!(findings.is_empty(), "{findings}");
    }
}
