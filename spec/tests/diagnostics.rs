//! Every rule has a spec that breaks it, and the message that its author gets is recorded.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bitrpc_spec::diagnostic::Findings;
use bitrpc_spec::model::Spec;
use bitrpc_spec::rules::{self, Level, Levels};
use bitrpc_spec::source::{Files, Memory};

/// Rules that no single file shows: what breaks them is made in `hostile_text.rs`.
const SHOWN_ELSEWHERE: &[&str] = &["E004"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

/// All files of the folder by their names alone, so that messages hold no path of this machine.
fn files() -> (Memory, Vec<String>) {
    let mut files = Memory::new();
    let mut names = Vec::new();
    for (folder, prefix) in [(folder(), ""), (folder().join("parts"), "parts/")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
                files = files.with(&name, std::fs::read(&path).unwrap());
                names.push(name);
            }
        }
    }
    names.retain(|name| !name.starts_with("parts/"));
    names.sort();
    (files, names)
}

/// What is wrong with a spec; of one that is used, what is worth knowing.
fn findings(name: &str, files: &Memory) -> Findings {
    let mut levels = Levels::default();
    let rule = name.split('_').next().and_then(rules::find);
    if let Some(rule) = rule.filter(|rule| rule.is_pedantic) {
        levels.set(rule, Level::Warn).unwrap();
    }
    match Spec::load(name, files) {
        Ok(spec) => spec.findings(&levels),
        Err(findings) => findings,
    }
}

#[test]
fn every_bad_spec_gets_its_message() {
    let (files, names) = files();
    for name in names {
        let findings = findings(&name, &files);
        assert!(!findings.is_empty(), "{name} is as it should be");
        let rules: BTreeSet<_> = findings.iter().map(|finding| finding.rule.id).collect();
        let promised = name.split('_').next().unwrap();
        let is_rule = rules::find(promised).is_some();
        assert!(!is_rule || rules.contains(promised), "{name} breaks {rules:?}\n{findings}");
        insta::assert_snapshot!(name.trim_end_matches(".yaml"), findings.to_string());
    }
}

#[test]
fn every_rule_is_shown() {
    let (_, names) = files();
    for rule in rules::ALL.iter().filter(|rule| !SHOWN_ELSEWHERE.contains(&rule.id)) {
        let is_shown = names.iter().any(|name| name.starts_with(rule.id));
        assert!(is_shown, "no file in tests/diagnostics shows {}", rule.id);
    }
}

#[test]
fn every_finding_points_into_the_text() {
    let (files, names) = files();
    for name in names {
        let findings = findings(&name, &files);
        for finding in findings.to_json().as_array().unwrap() {
            assert!(finding["line"].as_u64().is_some_and(|line| line > 0), "{name}: {finding}");
            assert!(finding["message"].as_str().is_some_and(|text| !text.is_empty()));
        }
    }
}

#[test]
fn findings_are_also_given_to_machines() {
    let (files, _) = files();
    insta::assert_json_snapshot!("many_json", findings("many.yaml", &files).to_json());
}

#[test]
fn a_file_that_is_not_there_is_trouble_with_files() {
    let findings = Spec::load("no/such/file.yaml", &Files).unwrap_err();
    assert!(findings.is_io());
    assert!(findings.to_string().contains("no/such/file.yaml"), "{findings}");
    assert!(findings.to_json()[0].get("line").is_none());
}

#[test]
fn colors_are_in_the_rendered_text_only() {
    let (files, _) = files();
    let findings = findings("many.yaml", &files);
    assert!(findings.render().contains("\u{1b}["));
    assert!(!findings.to_string().contains('\u{1b}'));
}
