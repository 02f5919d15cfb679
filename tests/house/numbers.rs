//! Numbers of the protocol that are no layout: no spec states them, so every engine has them. Those
//! of C++, C# and Rust stand in one file each, under the same names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bitrpc_spec::names::screaming;
use bitrpc_tests::repo;

/// Where each of them states the numbers that all engines have.
const CONSTANTS: [&str; 3] = [
    "codegen/templates/cpp/engine/constants.h",
    "codegen/templates/csharp/engine/Constants.cs",
    "runtime/src/constants.rs",
];

/// Where each of them states how a consumer keeps its distance.
const DISTANCE: [&str; 3] = [
    "codegen/templates/cpp/engine/distance.h",
    "codegen/templates/csharp/engine/RingDistance.cs",
    "runtime/src/ring/distance.rs",
];

/// What Rust does without: it starts a lost race over for so long, not so many times.
const NOT_IN_RUST: &[&str] = &["RACES"];

const PYTHON: &str = "codegen/templates/python/engine";

/// Those that Python has a name for, and which.
const IN_PYTHON: &[(&str, &str)] = &[
    ("WORD", "WORD"),
    ("MIN_CAPACITY", "MIN_CAPACITY"),
    ("MAX_CAPACITY", "MAX_CAPACITY"),
    ("MAX_FRAME", "MAX_FRAME"),
    ("MAX_NAME_LENGTH", "LONGEST_NAME"),
    ("MIN_PIECE", "SMALLEST"),
    ("PRODUCER_LOCK", "LOCK_BASE"),
    ("STATE_NEVER", "NEVER"),
    ("STATE_ATTACHED", "ATTACHED"),
    ("STATE_CLOSED", "CLOSED"),
    ("WAITING", "WAITING"),
    ("CAN_MEMBARRIER", "CAN_MEMBARRIER"),
    ("SEQUENCE_SHIFT", "SEQUENCE_SHIFT"),
    ("LIVENESS_NS", "LIVENESS_NS"),
    ("REFUSED_NAP_NS", "NAP_NS"),
    ("STALLED_BEATS", "STALLED_AFTER"),
    ("START_LOOKS", "ATTEMPTS"),
];

/// Every number that stands in front of its value, by its name.
type Numbers = BTreeMap<String, BTreeSet<u128>>;

/// C++, C# and Rust agree in names and values.
pub(super) fn of_the_native_engines() -> Result<(), String> {
    agree(CONSTANTS, NOT_IN_RUST)?;
    agree(DISTANCE, &[])
}

fn agree([cpp, csharp, rust]: [&str; 3], not_in_rust: &[&str]) -> Result<(), String> {
    let mut expected = listed(cpp)?;
    if expected.is_empty() {
        return Err(format!("no number is found in {cpp}"));
    }
    compare(&expected, csharp)?;
    expected.retain(|name, _| !not_in_rust.contains(&name.as_str()));
    compare(&expected, rust)
}

fn compare(expected: &BTreeMap<String, u128>, file: &str) -> Result<(), String> {
    let found = listed(file)?;
    let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let differs = |name: &&&String| expected.get(**name) != found.get(**name);
    let said = |value: Option<&u128>| value.map_or("missing".to_owned(), u128::to_string);
    let problems = names.iter().filter(differs).map(|name| {
        let (wanted, is) = (said(expected.get(*name)), said(found.get(*name)));
        format!("{file}: {name} is {is}, and {wanted} in C++")
    });
    let problems: Vec<_> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// Python says the same where it has a name for it.
pub(super) fn of_python() -> Result<(), String> {
    let (expected, python) = (listed(CONSTANTS[0])?, found_in(PYTHON, "py")?);
    let mut problems = Vec::new();
    for (name, in_python) in IN_PYTHON {
        match expected.get(*name) {
            None => problems.push(format!("{} has no {name}", CONSTANTS[0])),
            Some(value) if python.get(*in_python).is_some_and(|found| found.contains(value)) => {}
            Some(value) => {
                problems.push(format!("{name} is {value}, but not {in_python} in {PYTHON}"));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// The constants of a file, with their names as Rust spells them.
fn listed(file: &str) -> Result<BTreeMap<String, u128>, String> {
    let text = fs::read_to_string(repo::root().join(file)).map_err(|error| error.to_string())?;
    let stated = text.lines().filter_map(|line| {
        let (head, value) = line.strip_suffix(';')?.split_once(" = ")?;
        let (_, declared) = head.split_once("const")?;
        // `WORD: u64` in Rust; elsewhere the name comes last.
        let mut words = declared.split_whitespace();
        let typed = words.clone().find_map(|word| word.strip_suffix(':'));
        let name = typed.or_else(|| words.next_back())?;
        Some((constant_name(name)?, value))
    });
    let number = |(name, value): (String, &str)| match value_of(value) {
        Some(number) => Ok((name, number)),
        None => Err(format!("{file}: {name} is no number: {value}")),
    };
    stated.map(number).collect()
}

/// `MIN_CAPACITY` for `kMinCapacity` and `MinCapacity`; variables have none.
fn constant_name(name: &str) -> Option<String> {
    let name = name.strip_prefix('k').unwrap_or(name);
    name.starts_with(|c: char| c.is_ascii_uppercase()).then(|| screaming(name))
}

/// All numbers that files of a folder give a name in capitals.
fn found_in(folder: &str, ending: &str) -> Result<Numbers, String> {
    let mut numbers = Numbers::new();
    collect(&repo::root().join(folder), ending, &mut numbers).map_err(|error| error.to_string())?;
    Ok(numbers)
}

fn collect(folder: &Path, ending: &str, numbers: &mut Numbers) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, ending, numbers)?;
        } else if path.extension().is_some_and(|it| it == ending) {
            for line in fs::read_to_string(&path)?.lines() {
                let Some((head, value)) = line.split_once(" = ") else { continue };
                let name = head.rsplit("const ").next().unwrap_or(head);
                let name = name.split(':').next().unwrap_or(name).trim().trim_start_matches('_');
                let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
                if let Some(value) = value_of(value.trim_end_matches(';')).filter(|_| is_name) {
                    numbers.entry(name.to_owned()).or_default().insert(value);
                }
            }
        }
    }
    Ok(())
}

/// A sum of products of numbers that may be shifted: `(1ULL << 62) + 1`, `64U * 1024U`.
fn value_of(text: &str) -> Option<u128> {
    let factor = |text: &str| shifted(text.trim().trim_matches(['(', ')']));
    text.split('+').map(|term| term.split('*').map(factor).product::<Option<u128>>()).sum()
}

fn shifted(text: &str) -> Option<u128> {
    match text.split_once("<<") {
        Some((number, bits)) => Some(plain(number)? << plain(bits)?),
        None => plain(text),
    }
}

fn plain(text: &str) -> Option<u128> {
    let digits = text.trim().trim_end_matches(['U', 'L']).replace('_', "");
    match digits.strip_prefix("0b") {
        Some(bits) => u128::from_str_radix(bits, 2).ok(),
        None => digits.parse().ok(),
    }
}
