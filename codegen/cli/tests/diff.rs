//! `bitrpc diff` as scripts and people see it: classes, exit codes, and specs of a commit.

#[path = "common/sandbox.rs"]
mod sandbox;

use std::process::Command;

use sandbox::{SPEC, Sandbox};
use serde_json::Value;

/// The spec of the sandbox with another version.
fn version(number: &str) -> String {
    SPEC.replace("1.0", number)
}

/// A message more.
const MORE: &str = "  - { name: Ping, id: 1002, fields: [] }\n";

/// A folder with one spec under several names, of which some were committed.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["spec/bitrpc.yaml", "my.yaml", "old.yaml", "new.yaml"] {
        sandbox.write(name, SPEC);
    }
    git(&sandbox, &["init", "--quiet", "--initial-branch", "main"]);
    git(&sandbox, &["add", "."]);
    commit(&sandbox);
    git(&sandbox, &["tag", "v1.0"]);
    git(&sandbox, &["branch", "origin/main"]);
    sandbox
}

fn commit(sandbox: &Sandbox) {
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example"];
    let rest = ["-c", "commit.gpgsign=false", "commit", "--quiet", "--all", "--message", "x"];
    git(sandbox, &[&who[..], &rest].concat());
}

fn git(sandbox: &Sandbox, words: &[&str]) {
    let status = Command::new("git").args(words).current_dir(sandbox.folder()).status();
    assert!(status.unwrap().success(), "git {words:?}");
}

fn json(sandbox: &Sandbox, words: &str, code: i32) -> Value {
    let text = sandbox.expect(&format!("diff {words} --format json"), code);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn every_example_of_the_help_runs() {
    let sandbox = repository();
    let help = sandbox.expect("diff --help", 0);
    let examples = help.split("Examples:\n").nth(1).unwrap();
    let mut count = 0;
    for line in examples.lines().map_while(|line| line.strip_prefix("  bitrpc ")) {
        let command = line.split("  ").next().unwrap().split(" | ").next().unwrap();
        sandbox.expect(command, 0);
        count += 1;
    }
    assert_eq!(count, 7, "{help}");
}

#[test]
fn the_exit_code_tells_the_class() {
    let sandbox = Sandbox::new();
    sandbox.write("same.yaml", SPEC);
    sandbox.write("added.yaml", &(version("1.1") + MORE));
    sandbox.write("renamed.yaml", &version("1.1").replace("latitude", "north"));
    sandbox.write("retyped.yaml", &version("2.0").replace("f64", "i64"));
    sandbox.write("moved.yaml", &version("2.0").replace("name: demo", "name: other"));
    for (new, codes) in [
        // attach, wire, source, none
        ("same.yaml", [0, 0, 0, 0]),
        ("added.yaml", [0, 0, 0, 0]),
        ("renamed.yaml", [0, 0, 3, 0]),
        ("retyped.yaml", [0, 4, 4, 0]),
        ("moved.yaml", [5, 5, 5, 0]),
    ] {
        for (class, code) in ["attach", "wire", "source", "none"].iter().zip(codes) {
            sandbox.expect(&format!("diff demo.yaml {new} --fail-on {class}"), code);
        }
        sandbox.expect(&format!("diff demo.yaml {new}"), codes[1]);
        sandbox.expect(&format!("diff demo.yaml {new} --fail-on version"), 0);
    }
}

#[test]
fn a_version_number_that_does_not_fit_is_a_finding() {
    let sandbox = Sandbox::new();
    sandbox.write("added.yaml", &(SPEC.to_owned() + MORE));
    let text = sandbox.expect("diff demo.yaml added.yaml --fail-on version", 5);
    insta::assert_snapshot!("diff_version", text);
    sandbox.write("retyped.yaml", &version("1.1").replace("f64", "i64"));
    let found = json(&sandbox, "demo.yaml retyped.yaml --fail-on version", 4);
    assert_eq!(found["version"]["expected"], "2.0");
    assert_eq!(found["version"]["fits"], false);
}

#[test]
fn findings_stand_by_class_with_both_texts() {
    let sandbox = Sandbox::new();
    let new = version("2.0").replace("f64", "i64").replace("name: demo", "name: other") + MORE;
    sandbox.write("new.yaml", &new);
    let text = sandbox.expect("diff demo.yaml new.yaml", 5);
    insta::assert_snapshot!("diff_classes", text);
}

#[test]
fn machines_get_class_and_hashes_of_each_finding() {
    let sandbox = Sandbox::new();
    sandbox.write("new.yaml", &(version("2.0").replace("f64", "i64") + MORE));
    let found = json(&sandbox, "demo.yaml new.yaml", 4);
    assert_eq!((&found["ok"], &found["class"]), (&false.into(), &"wire".into()));
    let finding = &found["findings"][0];
    assert_eq!((&finding["rule"], &finding["class"]), (&"B115".into(), &"wire".into()));
    assert_eq!(finding["subject"], "Position.latitude");
    assert_eq!(finding["moves"], serde_json::json!(["schema_hash"]));
    assert_eq!((&finding["file"], &finding["line"]), (&"new.yaml".into(), &8.into()));
    assert_eq!(finding["related"][0]["file"], "demo.yaml");
    assert_eq!(found["findings"][1]["class"], "compatible");
    assert_ne!(found["old"]["schema_hash"], found["new"]["schema_hash"]);
    let found = json(&sandbox, "demo.yaml demo.yaml", 0);
    assert_eq!((&found["ok"], &found["class"]), (&true.into(), &Value::Null));
}

#[test]
fn each_form_has_both_places() {
    let sandbox = Sandbox::new();
    sandbox.write("new.yaml", &version("2.0").replace("f64", "i64"));
    let expect =
        |form: &str| sandbox.expect(&format!("diff demo.yaml new.yaml --format {form}"), 4);
    for form in ["sarif", "github", "junit"] {
        let text = expect(form);
        assert!(text.contains("B115") && text.contains("new.yaml"), "{text}");
    }
    let sarif: Value = serde_json::from_str(&expect("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "demo.yaml", "{result:#}");
}

#[test]
fn a_file_alone_is_compared_with_the_last_commit() {
    let sandbox = repository();
    sandbox.write("my.yaml", &version("2.0").replace("f64", "i64"));
    assert_eq!(json(&sandbox, "my.yaml", 4)["class"], "wire");
    commit(&sandbox);
    assert_eq!(json(&sandbox, "my.yaml", 0)["class"], Value::Null);
    for words in ["git:HEAD~1:my.yaml", "git:v1.0 my.yaml", "git:v1.0:my.yaml git:main:my.yaml"] {
        let found = json(&sandbox, words, 4);
        let related = found["findings"][0]["related"][0]["file"].as_str().unwrap().to_owned();
        assert!(related.starts_with("git:") && related.ends_with(":my.yaml"), "{related}");
    }
}

#[test]
fn imports_of_a_commit_are_those_of_that_commit() {
    let sandbox = Sandbox::new();
    let part = "bitrpc: 1\nconstants: [{ name: depth, type: u8, value: 4 }]\n";
    sandbox.write("parts/part.yaml", part);
    let main = format!("{SPEC}imports: [../parts/part.yaml]\n");
    sandbox.write("specs/main.yaml", &main);
    git(&sandbox, &["init", "--quiet"]);
    git(&sandbox, &["add", "."]);
    commit(&sandbox);
    sandbox.write("parts/part.yaml", &part.replace('4', "5"));
    let found = json(&sandbox, "specs/main.yaml --fail-on source", 3);
    let finding = &found["findings"][0];
    assert_eq!((&finding["rule"], &finding["file"]), (&"B203".into(), &"parts/part.yaml".into()));
    assert_eq!(finding["related"][0]["file"], "git:HEAD:parts/part.yaml");
    // The old folder may be gone.
    std::fs::remove_dir_all(sandbox.path("parts")).unwrap();
    sandbox.write("specs/main.yaml", SPEC);
    let found = json(&sandbox, "specs/main.yaml --fail-on source", 3);
    assert_eq!(found["findings"][0]["message"], "constant `depth` removed");
}

#[test]
fn what_is_missing_on_the_way_to_a_commit_is_named() {
    let sandbox = Sandbox::new();
    let says = |words: &str, expected: &str| {
        let text = sandbox.expect(&format!("diff {words}"), 2);
        assert!(text.contains(expected), "{text}");
    };
    says("git:HEAD:demo.yaml", "is in no git repository");
    says("git:", "names no commit and file");
    says("missing.yaml demo.yaml", "cannot read missing.yaml");
    git(&sandbox, &["init", "--quiet"]);
    git(&sandbox, &["add", "."]);
    says("git:HEAD:demo.yaml", "the repository has no commit `HEAD`");
    commit(&sandbox);
    says("git:nowhere:demo.yaml", "the repository has no commit `nowhere`");
    says("git:HEAD:absent.yaml demo.yaml", "`HEAD` has no such file");
    sandbox.write("folder/a.yaml", SPEC);
    git(&sandbox, &["add", "."]);
    commit(&sandbox);
    says("git:HEAD:folder demo.yaml", "in `HEAD` it is no file");
}

#[cfg(unix)]
#[test]
fn git_that_is_not_installed_is_said_so() {
    let sandbox = Sandbox::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bitrpc"));
    command.args(["diff", "git:HEAD:demo.yaml"]).current_dir(sandbox.folder());
    let output = command.env("PATH", sandbox.folder()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("`git` is not installed"), "{text}");
}

#[test]
fn a_spec_with_errors_is_reported_as_ever() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.yaml", &SPEC.replace("f64", "f65"));
    let text = sandbox.expect("diff demo.yaml bad.yaml", 1);
    assert!(text.contains("error[E022]"), "{text}");
}
