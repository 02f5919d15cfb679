//! `bitrpc explain` as scripts and people see it.

#[path = "common/sandbox.rs"]
mod sandbox;

use std::fs;

use sandbox::{SPEC, Sandbox};

#[test]
fn a_rule_is_shown_with_its_examples() {
    let sandbox = Sandbox::new();
    let text = sandbox.expect("explain L101", 0);
    assert_eq!(sandbox.expect("explain l101", 0), text, "in any letter case");
    insta::assert_snapshot!("explain_L101", text);
}

#[test]
fn a_rule_without_example_says_why() {
    let text = Sandbox::new().expect("explain E035", 0);
    insta::assert_snapshot!("explain_E035", text);
}

#[test]
fn machines_get_every_rule() {
    let sandbox = Sandbox::new();
    let read = |words: &str| -> serde_json::Value {
        serde_json::from_str(&sandbox.expect(words, 0)).unwrap()
    };
    let all = read("explain --json");
    let all = all.as_array().unwrap();
    let lines = sandbox.expect("explain --list", 0);
    assert_eq!(sandbox.expect("explain", 0), lines);
    assert_eq!(lines.lines().count(), all.len());
    for (rule, line) in all.iter().zip(lines.lines()) {
        let word = |key: &str| rule[key].as_str().unwrap();
        assert!(!word("why").is_empty());
        assert!(line.starts_with(word("id")) && line.contains(word("summary")), "{line}");
        assert!(line.contains(word("severity")), "{line}");
        assert_eq!(line.ends_with(" (off)"), rule["off"] == true, "{line}");
    }
    let one = read("explain L101 --json");
    assert!(all.contains(&one));
    assert!(read("explain E035 --json").get("bad").is_none());
}

#[test]
fn an_unknown_rule_is_wrong_usage_and_the_nearest_is_named() {
    let sandbox = Sandbox::new();
    let text = sandbox.expect("explain L24", 2);
    insta::assert_snapshot!(text, @"error: there is no rule `L24`; did you mean `L204`?");
    let text = sandbox.expect("explain alignment", 2);
    insta::assert_snapshot!(
        text,
        @"error: there is no rule `alignment`; `bitrpc explain` lists all"
    );
}

#[test]
fn an_example_can_be_tried() {
    let sandbox = Sandbox::new();
    let rule: serde_json::Value =
        serde_json::from_str(&sandbox.expect("explain L101 --json", 0)).unwrap();
    for (key, code) in [("bad", 1), ("good", 0)] {
        fs::write(sandbox.path("tried.yaml"), rule[key].as_str().unwrap()).unwrap();
        let text = sandbox.expect("check tried.yaml", code);
        assert_eq!(text.contains("[L101]"), code == 1, "{text}");
    }
}

#[test]
fn errors_say_once_where_to_read_more() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.yaml", &SPEC.replace("f64", "f65").replace("1001", "-1"));
    for verb in ["check", "layout", "generate --check"] {
        let text = sandbox.expect(&format!("{verb} bad.yaml"), 1);
        assert_eq!(text.matches("explain").count(), 1, "{text}");
        assert!(text.ends_with("\n\n`bitrpc explain L303` says more\n"), "{text}");
    }
    let text = sandbox.expect("check bad.yaml --json", 1) + &sandbox.expect("check demo.yaml", 0);
    assert!(!text.contains("explain"), "{text}");
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let sandbox = Sandbox::new();
    for words in ["explain", "explain L112"] {
        assert!(!sandbox.expect(words, 0).contains('\x1b'));
        assert!(sandbox.expect(&format!("{words} --color always"), 0).contains('\x1b'));
    }
    assert!(!sandbox.expect("explain L112 --json --color always", 0).contains('\x1b'));
}
