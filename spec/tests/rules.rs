//! Every rule is proven by its examples, and `RULES.md` is printed from them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bitrpc_spec::diagnostic::{Findings, Severity};
use bitrpc_spec::model::Spec;
use bitrpc_spec::rules::{self, Level, Levels, Rule};
use bitrpc_spec::source::Memory;

/// Set to `1`, this makes the test write the page anew instead of comparing it.
const UPDATE: &str = "UPDATE_EXPECT";

const HEAD: &str = "bitrpc: 1\nname: bad\nversion: \"1.0\"\n";

/// What is wrong with a spec; of one that is used, what is worth knowing.
fn findings(files: &Memory, levels: &Levels) -> Findings {
    match Spec::load("example.yaml", files) {
        Ok(spec) => spec.findings(levels),
        Err(findings) => findings,
    }
}

/// The levels of a run that finds what breaks the rule.
fn asking_for(rule: &'static Rule) -> Levels {
    let mut levels = Levels::default();
    if rule.is_pedantic {
        levels.set(rule, Level::Warn).unwrap();
    }
    levels
}

fn example(text: &str) -> Memory {
    Memory::new().with("example.yaml", text)
}

/// What breaks a rule that has no example.
fn made_up(rule: &Rule) -> Memory {
    let structs = |count: usize, line: fn(usize) -> String| {
        example(&format!("{HEAD}structs:\n{}", (0..count).map(line).collect::<String>()))
    };
    match rule.id {
        "E004" => example(&format!("{HEAD}doc: {}{}", "[".repeat(100), "]".repeat(100))),
        "E009" => example(&format!("{HEAD}imports: [part.yaml]\n"))
            .with("part.yaml", "bitrpc: 1\nmagic: 1\n"),
        "E035" => structs(34, |n| {
            let ty = n.checked_sub(1).map_or("u8".to_owned(), |inner| format!("S{inner}"));
            format!("  - {{ name: S{n}, fields: [{{ name: a, type: {ty} }}] }}\n")
        }),
        id => panic!("{id} has no example, and nothing else shows it"),
    }
}

#[test]
fn a_bad_example_breaks_its_rule_and_no_other() {
    for rule in rules::ALL {
        let files = rule.bad().map_or_else(|| made_up(rule), example);
        let findings = findings(&files, &asking_for(rule));
        let broken: BTreeSet<_> = findings.iter().map(|f| (f.rule.id, f.severity)).collect();
        let severity = if rule.is_pedantic { Severity::Warning } else { rule.severity };
        assert_eq!(broken, BTreeSet::from([(rule.id, severity)]), "{findings}");
    }
}

#[test]
fn a_good_example_is_as_it_should_be() {
    for rule in rules::ALL {
        let Some(good) = rule.good() else { continue };
        let findings = findings(&example(good), &asking_for(rule));
        assert!(findings.is_empty(), "{}: {findings}", rule.id);
    }
}

#[test]
fn a_rule_says_why_and_shows_it_or_says_why_not() {
    for rule in rules::ALL {
        let (id, summary, why) = (rule.id, rule.summary(), rule.why());
        assert!(summary.ends_with('.') && !summary.contains('\n'), "{id}: {summary}");
        assert!(why.split("\n\n").count() >= 2, "{id} says what goes wrong, and what to do");
        assert_eq!(rule.bad().is_some(), rule.good().is_some(), "{id}: one example is missing");
        let says_why_not = why.contains("There is no example: ");
        assert_eq!(rule.bad().is_none(), says_why_not, "{id}: an example, or the reason for none");
    }
}

#[test]
fn the_page_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/RULES.md");
    let fresh = page();
    if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
        std::fs::write(path, &fresh).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == fresh, "spec/RULES.md is stale: run this test with {UPDATE}=1");
}

fn page() -> String {
    let mut page = String::from(
        "# Rules\n\n\
         What `bitrpc check` holds a spec against. `bitrpc explain L204` prints one of them. An\n\
         *error* refuses the spec; with a *warning* or an *info* it is used.\n\n\
         This page is printed from [`src/rules`](src/rules), where each rule is a file; its test \
         is\n[`tests/rules.rs`](tests/rules.rs), which writes the page when `UPDATE_EXPECT=1` is \
         set.\n\n\
         | id | severity | rule |\n| --- | --- | --- |\n",
    );
    for rule in rules::ALL {
        let (id, anchor) = (rule.id, rule.id.to_lowercase());
        let (severity, summary) = (rule.severity.word(), rule.summary());
        let off = if rule.is_pedantic { ", off" } else { "" };
        let _ = writeln!(page, "| [{id}](#{anchor}) | {severity}{off} | {summary} |");
    }
    for rule in rules::ALL {
        let _ = write!(page, "\n## {}\n\n**{}**\n\n{}\n", rule.id, rule.summary(), rule.why());
        for (title, text) in [("Bad", rule.bad()), ("Good", rule.good())] {
            if let Some(text) = text {
                let _ = write!(page, "\n{title}:\n\n```yaml\n{text}```\n");
            }
        }
    }
    page
}
