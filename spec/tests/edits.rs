//! Random edits of random specs: what the comparison says of them is what is known of them.
//!
//! Each failure is shrunk and printed as a pair of specs. `BITRPC_LONG=1` makes it 10,000 cases.

use bitrpc_spec::diff::{Change, Class, Diff};
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Memory;
use bitrpc_spec::testing::{Choices, Edited, RandomSpec};
use proptest::prelude::*;

/// Cases of the usual run and of the long one.
const USUAL: u32 = 300;
const LONG: u32 = 10_000;

/// A tenth of the cases is enough where nothing is shrunk down to a verdict.
const FEW: u32 = 10;

fn config(part: u32) -> ProptestConfig {
    let long = std::env::var_os("BITRPC_LONG").is_some_and(|value| value == "1");
    let cases = if long { LONG } else { USUAL } / part;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn edited(seed: u64, size: usize, count: usize, most: Class) -> Edited {
    RandomSpec::new(seed, size).edited(&mut Choices::new(seed ^ 0xED17), count, most)
}

fn load(spec: &RandomSpec) -> Result<Spec, String> {
    load_as("random.yaml", spec)
}

fn load_as(name: &str, spec: &RandomSpec) -> Result<Spec, String> {
    let text = spec.yaml();
    let files = Memory::new().with(name, text.clone());
    Spec::load(name, &files).map_err(|findings| format!("{findings}\n{text}"))
}

/// Whether a finding has places in both specs; what one of them leaves out is that of the default.
fn is_in_both(diff: &Diff, change: &Change) -> bool {
    let findings = diff.all();
    let labels = change.finding.primary.iter().chain(&change.finding.related);
    let names = labels.map(|label| findings.sources().get(label.span.source).name().to_owned());
    let names: std::collections::BTreeSet<_> = names.collect();
    names.len() == 2
}

/// What is wrong with the verdict on some edits; nothing when one of the specs cannot be.
fn wrong(edited: &Edited) -> Option<String> {
    let old = load_as("old.yaml", &edited.old).ok()?;
    let new = load_as("new.yaml", &edited.new).ok()?;
    let diff = Diff::of(&old, &new);
    let says = |text: String| Some(format!("{text}:\n{}", diff.all()));
    if diff.class() != edited.class() {
        return says(format!("{:?} and not {:?}", diff.class(), edited.class()));
    }
    if diff.version_finding().is_some() {
        return says("the version does not fit".to_owned());
    }
    if !diff.changes.iter().all(|change| is_in_both(&diff, change)) {
        return says("a place in one spec alone".to_owned());
    }
    let moves = |moves: fn(&Change) -> bool| diff.changes.iter().any(moves);
    if (diff.old.layout_hash != diff.new.layout_hash) != moves(|change| change.moves_layout) {
        return says("layout_hash and what is said of it".to_owned());
    }
    if (diff.old.schema_hash != diff.new.schema_hash) != moves(|change| change.moves_schema) {
        return says("schema_hash and what is said of it".to_owned());
    }
    None
}

/// Panics with the smallest pair that shows what is wrong.
fn check(edited: Edited) {
    let Some(first) = wrong(&edited) else { return };
    let kind = |text: &str| text.lines().next().map(str::to_owned);
    let shrunk = edited.shrunk(|smaller| wrong(smaller).as_deref().and_then(kind) == kind(&first));
    let text = wrong(&shrunk).unwrap_or(first);
    let (old, new) = (shrunk.old.yaml(), shrunk.new.yaml());
    panic!("{:#?}\n{text}\n--- old\n{old}--- new\n{new}", shrunk.edits);
}

#[test]
fn the_first_id_of_structs_can_be_reserved_once_it_was_given_up() {
    let head = "bitrpc: 1\nname: first\nversion: \"1.0\"\n";
    let text = format!("{head}reserved: {{ ids: [1000] }}\n");
    let files = Memory::new().with("first.yaml", text);
    assert!(Spec::load("first.yaml", &files).is_ok(), "nothing is sent under `custom_min`");
}

proptest! {
    #![proptest_config(config(1))]

    #[test]
    fn the_verdict_on_edits_is_what_they_break(
        seed: u64,
        size in 0_usize..12,
        count in 0_usize..4,
    ) {
        let edited = edited(seed, size, count, Class::Attach);
        for spec in [&edited.old, &edited.new] {
            if let Err(text) = load(spec) {
                panic!("{:#?}\n{text}", edited.edits);
            }
        }
        check(edited);
    }
}

proptest! {
    #![proptest_config(config(FEW))]

    #[test]
    fn edits_that_break_little_are_told_from_those_that_break_much(seed: u64, size in 0_usize..12) {
        for class in [Class::Compatible, Class::Source] {
            check(edited(seed, size, 5, class));
        }
    }

    #[test]
    fn a_spec_is_the_same_as_itself_however_it_is_written(seed: u64, size in 0_usize..12) {
        let spec = RandomSpec::new(seed, size);
        let (one, other) = (load(&spec).unwrap(), load(&spec.rewritten(seed)).unwrap());
        let diff = Diff::of(&one, &other);
        prop_assert!(diff.changes.is_empty(), "{}", diff.all());
        prop_assert_eq!(diff.next, diff.new.version);
    }

    #[test]
    fn any_two_specs_can_be_compared(seed: u64, size in 0_usize..8) {
        let (one, other) = (RandomSpec::new(seed, size), RandomSpec::new(seed ^ 1, size));
        let (one, other) = (load(&one).unwrap(), load(&other).unwrap());
        for (old, new) in [(&one, &other), (&other, &one)] {
            let diff = Diff::of(old, new);
            prop_assert!(diff.class() == Some(Class::Attach), "they have other names");
            prop_assert!(!diff.all().to_string().is_empty());
            let count = diff.to_json()["findings"].as_array().unwrap().len();
            prop_assert_eq!(count, diff.changes.len());
        }
    }

    #[test]
    fn what_since_added_is_compatible(seed: u64, size in 1_usize..10) {
        let spec = RandomSpec::new(seed, size);
        for minor in 0..spec.minor {
            let (old, new) = (load(&spec.at(minor)).unwrap(), load(&spec).unwrap());
            let diff = Diff::of(&old, &new);
            let is_layout = Layout::of(&old).layout_hash == Layout::of(&new).layout_hash;
            prop_assert!(is_layout && diff.class() <= Some(Class::Compatible), "{}", diff.all());
        }
    }
}
