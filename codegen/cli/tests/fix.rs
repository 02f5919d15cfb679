//! `bitrpc check --fix`: the text afterwards, and what it leaves alone.

#[path = "common/sandbox.rs"]
mod sandbox;

use std::fs;

use sandbox::Sandbox;

/// What can be mended, in both forms of mappings, among comments.
const SPEC: &str = "bitrpc: 1 # one
name: demo   # the name
structs:
  # first
  - name: Position
    id: 1001
    fields:
      - { name: stationId, type: u8 }   # small
      # a double
      - name: latitude   # north
        type: f64 # wide
        doc: Degrees.
      - { name: kind, type: \"u8[3]\" }
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("spec.yaml", SPEC);
    sandbox
}

fn text(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("spec.yaml")).unwrap()
}

#[test]
fn what_is_mechanical_is_mended_among_the_comments() {
    let sandbox = sandbox();
    let told = sandbox.expect("check spec.yaml --fix", 0);
    assert!(
        told.contains("mended spec.yaml:8 [E020]: renames `stationId` to `station_id`"),
        "{told}"
    );
    insta::assert_snapshot!("mended", text(&sandbox));
    let again = sandbox.expect("check spec.yaml --fix", 0);
    assert!(again.contains("nothing that can be mended"), "{again}");
}

#[test]
fn a_diff_changes_nothing() {
    let sandbox = sandbox();
    let diff = sandbox.run("check spec.yaml --fix --diff");
    assert_eq!(diff.status.code(), Some(1), "the text is as wrong as before");
    insta::assert_snapshot!("diff", String::from_utf8_lossy(&diff.stdout));
    assert_eq!(text(&sandbox), SPEC);
}

#[test]
fn another_order_is_shown_and_only_written_when_it_is_asked_for() {
    let sandbox = sandbox();
    sandbox.expect("check spec.yaml --fix", 0);
    let before = text(&sandbox);
    let shown = sandbox.run("check spec.yaml --fix=order");
    insta::assert_snapshot!("order", String::from_utf8_lossy(&shown.stdout));
    assert_eq!(text(&sandbox), before);
    sandbox.expect("check spec.yaml --fix=order --write", 0);
    insta::assert_snapshot!("ordered", text(&sandbox));
    assert!(!sandbox.expect("check spec.yaml", 0).contains("L113"));
}

#[test]
fn items_on_one_line_change_places() {
    let sandbox = Sandbox::new();
    let line = "  - { name: P, id: 1001, fields: [{ name: a, type: u8 }, \
                { name: b, type: f64 }, { name: c, type: u8 }] }";
    sandbox.write(
        "spec.yaml",
        &format!("bitrpc: 1\nname: demo\nversion: \"1.0\"\nstructs:\n{line}\n"),
    );
    sandbox.expect("check spec.yaml --fix=order --write", 0);
    let order = "[{ name: b, type: f64 }, { name: a, type: u8 }, { name: c, type: u8 }]";
    assert!(text(&sandbox).contains(order), "{}", text(&sandbox));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_stay() {
    let sandbox = Sandbox::new();
    let spec = format!("\u{feff}{}", SPEC.replace('\n', "\r\n"));
    sandbox.write("spec.yaml", &spec);
    sandbox.expect("check spec.yaml --fix", 0);
    let text = text(&sandbox);
    assert!(text.starts_with('\u{feff}') && text.contains("        offset: 8\r\n"), "{text}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

#[test]
fn imported_files_are_mended_too_and_nothing_that_is_allowed() {
    let sandbox = Sandbox::new();
    let part = "bitrpc: 1\nstructs:\n\
                - { name: Part, fields: [{ name: a, type: u8 }, { name: b, type: u16 }] }\n";
    sandbox.write("part.yaml", part);
    sandbox.write("spec.yaml", "bitrpc: 1\nname: demo\nversion: \"1.0\"\nimports: [part.yaml]\n");
    sandbox.expect("check spec.yaml --fix --allow L102", 0);
    assert_eq!(fs::read_to_string(sandbox.path("part.yaml")).unwrap(), part);
    sandbox.expect("check spec.yaml --fix", 0);
    assert!(fs::read_to_string(sandbox.path("part.yaml")).unwrap().contains("offset: 2"));
}
