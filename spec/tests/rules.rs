//! Every rule is proven by its examples, and `RULES.md` is printed from them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bitrpc_spec::diagnostic::{Findings, Severity};
use bitrpc_spec::diff::{Class, Diff};
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

/// The rules about a spec as it is.
fn of_specs() -> impl Iterator<Item = &'static Rule> {
    rules::ALL.iter().copied().filter(|rule| rule.class().is_none())
}

/// The rules about the edits of a spec.
fn of_edits() -> impl Iterator<Item = &'static Rule> {
    rules::ALL.iter().copied().filter(|rule| rule.class().is_some())
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
    for rule in of_specs() {
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

/// The rules that an edit breaks, each once.
fn broken(old: &str, new: &str) -> (Diff, BTreeSet<&'static str>) {
    let spec = |text: &str| {
        Spec::load("example.yaml", &example(text))
            .unwrap_or_else(|findings| panic!("{findings}\n{text}"))
    };
    let diff = Diff::of(&spec(old), &spec(new));
    let broken = diff.changes.iter().map(|change| change.finding.rule.id).collect();
    (diff, broken)
}

#[test]
fn a_pair_breaks_its_rule_and_no_other() {
    for rule in of_edits() {
        let (old, new) = rule.pair().unwrap_or_else(|| panic!("{} has no pair", rule.id));
        let (diff, mut broken) = broken(old, new);
        // What is wrong with a number is what it says of another edit.
        if rule.id.starts_with("B4") {
            assert!(broken.len() > 1, "{}", rule.id);
            broken.retain(|id| id.starts_with("B4"));
        }
        assert_eq!(broken, BTreeSet::from([rule.id]), "{}", diff.all());
        assert_eq!(diff.class(), rule.class(), "{}", rule.id);
    }
}

#[test]
fn the_mended_pair_breaks_less() {
    for rule in of_edits() {
        let (Some((old, _)), Some(good)) = (rule.pair(), rule.good()) else { continue };
        let (diff, broken) = broken(old, good);
        assert!(!broken.contains(rule.id), "{}", diff.all());
        let most =
            if rule.class() >= Some(Class::Wire) { Class::Source } else { Class::Compatible };
        assert!(diff.class() <= Some(most), "{}: {}", rule.id, diff.all());
    }
}

#[test]
fn a_rule_says_why_and_shows_it_or_says_why_not() {
    for rule in rules::ALL {
        let (id, summary, why) = (rule.id, rule.summary(), rule.why());
        assert!(summary.ends_with('.') && !summary.contains('\n'), "{id}: {summary}");
        assert!(why.split("\n\n").count() >= 2, "{id} says what goes wrong, and what to do");
        let is_breaking = rule.class() != Some(Class::Compatible);
        let has_example = rule.bad().is_some() || rule.pair().is_some();
        assert_eq!(
            has_example && is_breaking,
            rule.good().is_some(),
            "{id}: an example is missing"
        );
        let says_why_not = why.contains("There is no example: ");
        assert_eq!(!has_example, says_why_not, "{id}: an example, or the reason for none");
        assert_eq!(rule.pair().is_some(), rule.class().is_some(), "{id}: a pair, or a bad example");
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
         What `bitrpc check` holds a spec against, and (`B`) what `bitrpc diff` says of edits.\n\
         `bitrpc explain L204` prints one of them. An *error* refuses the spec; with a *warning*\n\
         or an *info* it is used. What an edit breaks is told by its class: *attach*, *wire*,\n\
         *source*, *compatible*.\n\n\
         This page is printed from [`src/rules`](src/rules), where each rule is a file; its test \
         is\n[`tests/rules.rs`](tests/rules.rs), which writes the page when `UPDATE_EXPECT=1` is \
         set.\n\n\
         | id | severity or class | rule |\n| --- | --- | --- |\n",
    );
    for rule in rules::ALL {
        let (id, anchor) = (rule.id, rule.id.to_lowercase());
        let severity = rule.class().map_or(rule.severity.word(), Class::word);
        let summary = rule.summary();
        let off = if rule.is_pedantic { ", off" } else { "" };
        let _ = writeln!(page, "| [{id}](#{anchor}) | {severity}{off} | {summary} |");
    }
    for rule in rules::ALL {
        let _ = write!(page, "\n## {}\n\n**{}**\n\n{}\n", rule.id, rule.summary(), rule.why());
        for (title, text) in rule.examples() {
            let _ = write!(page, "\n{title}:\n\n```yaml\n{text}```\n");
        }
    }
    page
}
