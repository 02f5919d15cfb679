//! Findings in every form, for people and machines.

#[path = "common/sandbox.rs"]
mod sandbox;

use sandbox::{SPEC, Sandbox};
use serde_json::Value;

/// Two errors, one of them with a second place.
const BAD: &str = "bitrpc: 1
name: demo
structs:
  - { name: A, id: 1001, fields: [{ name: a, type: f65 }] }
  - { name: B, id: 1001, fields: [] }
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("my specs/bad.yaml", BAD);
    sandbox.write("noted.yaml", &SPEC.replace("latitude", "class"));
    sandbox
}

/// Standard output of a check that ends with `code`.
fn checked(sandbox: &Sandbox, spec: &str, format: &str, code: i32) -> String {
    let output = sandbox.run_words(&["check", spec, "--format", format]);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn json_says_whether_all_is_well_and_what_is_not() {
    let sandbox = sandbox();
    let bad = checked(&sandbox, "my specs/bad.yaml", "json", 1);
    insta::assert_snapshot!("bad_json", bad);
    assert_eq!(
        sandbox.expect("check demo.yaml --json", 0),
        checked(&sandbox, "demo.yaml", "json", 0)
    );
}

#[test]
fn github_gets_a_command_for_each_finding() {
    let sandbox = sandbox();
    insta::assert_snapshot!("bad_github", checked(&sandbox, "my specs/bad.yaml", "github", 1));
    insta::assert_snapshot!("noted_github", checked(&sandbox, "noted.yaml", "github", 0));
    assert_eq!(checked(&sandbox, "demo.yaml", "github", 0), "");
}

#[test]
fn junit_has_a_case_for_each_finding_and_one_for_none() {
    let sandbox = sandbox();
    insta::assert_snapshot!("bad_junit", checked(&sandbox, "my specs/bad.yaml", "junit", 1));
    insta::assert_snapshot!("noted_junit", checked(&sandbox, "noted.yaml", "junit", 0));
    insta::assert_snapshot!("clean_junit", checked(&sandbox, "demo.yaml", "junit", 0));
}

#[test]
fn sarif_has_rules_results_and_places() {
    let sandbox = sandbox();
    insta::assert_snapshot!("bad_sarif", checked(&sandbox, "my specs/bad.yaml", "sarif", 1));
    let clean: Value = serde_json::from_str(&checked(&sandbox, "demo.yaml", "sarif", 0)).unwrap();
    assert_eq!(clean["runs"][0]["results"], Value::Array(Vec::new()));
}

#[test]
fn errors_of_a_spec_end_every_verb_in_the_same_way() {
    let sandbox = sandbox();
    sandbox.write("bad.yaml", BAD);
    let checked = sandbox.expect("check bad.yaml --json", 1);
    for verb in ["generate", "generate --check", "layout", "view --lang cpp", "demo"] {
        assert_eq!(sandbox.expect(&format!("{verb} bad.yaml --json"), 1), checked, "{verb}");
    }
    for format in ["human", "json", "sarif", "github", "junit"] {
        let of = |verb: &str| sandbox.expect(&format!("{verb} bad.yaml --format {format}"), 1);
        assert_eq!(of("check"), of("generate"), "{format}");
    }
}

#[test]
fn a_file_that_is_not_there_is_told_in_every_form() {
    let sandbox = sandbox();
    for format in ["human", "json", "sarif", "github", "junit"] {
        let text = sandbox.expect(&format!("check missing.yaml --format {format}"), 2);
        assert!(text.contains("E001") && text.contains("missing.yaml"), "{text}");
    }
}

#[test]
fn levels_make_errors_of_what_is_noted_and_drop_it() {
    let sandbox = sandbox();
    let check = |options: &str, code| sandbox.expect(&format!("check noted.yaml {options}"), code);
    assert!(check("", 0).contains("info[L402]"));
    assert!(check("--strict", 0).contains("info[L402]"), "an info is no warning");
    assert!(check("--warn L402", 0).contains("warning[L402]"));
    assert!(check("--warn L402 --strict", 0).contains("warning[L402]"));
    assert!(check("--deny L101,L402", 1).contains("error[L402]"));
    assert!(!check("--allow l402", 0).contains("L402"));
    let generate = sandbox.expect("generate noted.yaml --out gen --deny L402", 1);
    assert!(generate.contains("error[L402]") && !sandbox.path("gen").exists(), "{generate}");
    let json = check("--deny L402 --json", 1);
    assert!(json.contains("\"ok\": false") && json.contains("\"severity\": \"error\""), "{json}");
}

#[test]
fn levels_that_make_no_sense_are_wrong_usage() {
    let sandbox = sandbox();
    let refused = |options: &str| sandbox.expect(&format!("check noted.yaml {options}"), 2);
    assert!(refused("--deny L40").contains("did you mean `L40"));
    assert!(refused("--allow E022").contains("E022 is an error"));
    assert!(refused("--deny L402 --allow L402").contains("both --deny and --allow name L402"));
}

#[test]
fn a_spec_allows_what_it_means() {
    let sandbox = sandbox();
    let allowed = SPEC.replace(
        "latitude, type: f64",
        "class, type: f64, allow: [{ rule: L402, why: It is one. }]",
    );
    sandbox.write("allowed.yaml", &allowed);
    assert_eq!(
        sandbox.expect("check allowed.yaml --deny L402", 0),
        "allowed.yaml: ok (1 struct, 0 enums)\n"
    );
    sandbox.write("unused.yaml", &allowed.replace("class", "kind"));
    let text = sandbox.expect("check unused.yaml --strict", 1);
    assert!(text.contains("error[L601]: an `allow` of L402 that allows nothing"), "{text}");
}

#[test]
fn what_a_spec_allows_changes_no_byte() {
    let sandbox = sandbox();
    let hashes = |spec: &str| {
        let layout: Value =
            serde_json::from_str(&sandbox.expect(&format!("layout {spec} --json"), 0)).unwrap();
        (layout["layout_hash"].clone(), layout["schema_hash"].clone())
    };
    sandbox.write("allowing.yaml", &format!("{SPEC}allow: [{{ rule: L402, why: Any. }}]\n"));
    assert_eq!(hashes("allowing.yaml"), hashes("demo.yaml"));
}

#[test]
fn stale_files_are_told_in_every_form() {
    let sandbox = sandbox();
    for format in ["human", "json", "sarif", "github", "junit"] {
        let words = format!("generate demo.yaml --check --lang cpp --out none --format {format}");
        let text = sandbox.expect(&words, 1);
        assert!(text.contains("none/cpp/README.md"), "{format}: {text}");
    }
}
