//! Numbers of the protocol that are no layout: no spec states them, so every engine has them. Those
//! of C++ and C# stand in one file each, under the same names in the same order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bitrpc_tests::repo;

const CPP: &str = "codegen/templates/cpp/engine/constants.h";
const CSHARP: &str = "codegen/templates/csharp/engine/Constants.cs";
const RUST: &str = "runtime/src";
const PYTHON: &str = "codegen/templates/python/engine";

/// The name in C++ and C#, what Rust and Python call it; empty where they have no name for it.
const ALIASES: &[(&str, &str, &str)] = &[
    ("Word", "ALIGN", "WORD"),
    ("MinCapacity", "MIN_CAPACITY", "MIN_CAPACITY"),
    ("MaxCapacity", "MAX_CAPACITY", "MAX_CAPACITY"),
    ("MaxFrame", "", "MAX_FRAME"),
    ("MaxNameLength", "LONGEST", "LONGEST_NAME"),
    ("PrefixSize", "PREFIX", ""),
    ("MinPiece", "", "SMALLEST"),
    ("ProducerLock", "LOCK_BASE", "LOCK_BASE"),
    ("StateNever", "NEVER", "NEVER"),
    ("StateAttached", "ATTACHED", "ATTACHED"),
    ("StateClosed", "CLOSED", "CLOSED"),
    ("Waiting", "WAITING", "WAITING"),
    ("CanMembarrier", "CAN_MEMBARRIER", "CAN_MEMBARRIER"),
    ("SequenceShift", "SEQUENCE_SHIFT", ""),
    ("LivenessNs", "LIVENESS_NS", "LIVENESS_NS"),
    ("PollLooks", "LOOKS", ""),
    ("StalledBeats", "STALLED_AFTER", "STALLED_AFTER"),
    ("ShortWait", "SHORT_WAIT", ""),
    ("StartLooks", "ATTEMPTS", ""),
    ("StepBackNs", "STEP_BACK_NS", ""),
    ("TightRoom", "TIGHT", ""),
    ("Stretch", "STRETCH", ""),
    ("Line", "LINE", ""),
    ("PrefetchDistance", "PREFETCH", ""),
    ("Beyond", "BEYOND", ""),
    ("WaitedFor", "WAITED_FOR", ""),
];

/// Every number that stands in front of its value, by its name.
type Numbers = BTreeMap<String, BTreeSet<u128>>;

/// C++ and C# agree in names, order and values.
pub(super) fn of_the_native_engines() -> Result<(), String> {
    let (cpp, csharp) = (listed(CPP, 'k')?, listed(CSHARP, ' ')?);
    if cpp.is_empty() {
        return Err(format!("no number is found in {CPP}"));
    }
    let wrong = cpp.iter().zip(&csharp).find(|(one, other)| one != other);
    match wrong {
        Some((one, other)) => Err(format!("{one:?} of C++ is {other:?} in C#")),
        None if cpp.len() != csharp.len() => Err("one has more numbers than the other".to_owned()),
        None => Ok(()),
    }
}

/// Rust and Python say the same where they have a name for it.
pub(super) fn of_all_engines() -> Result<(), String> {
    let expected: BTreeMap<_, _> = listed(CPP, 'k')?.into_iter().collect();
    let (rust, python) = (found_in(RUST, "rs")?, found_in(PYTHON, "py")?);
    let mut problems = Vec::new();
    for (name, in_rust, in_python) in ALIASES {
        let Some(value) = expected.get(*name) else {
            problems.push(format!("{CPP} has no {name}"));
            continue;
        };
        for (alias, numbers, place) in [(in_rust, &rust, RUST), (in_python, &python, PYTHON)] {
            let is_right = numbers.get(*alias).is_some_and(|values| values.contains(value));
            if !alias.is_empty() && !is_right {
                problems.push(format!("{name} is {value}, but not {alias} in {place}"));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// The constants of a file, in order; `first` is the letter before their names, if any.
fn listed(file: &str, first: char) -> Result<Vec<(String, u128)>, String> {
    let text = fs::read_to_string(repo::root().join(file)).map_err(|error| error.to_string())?;
    let constants = text.lines().filter(|line| line.contains("const") && line.ends_with(';'));
    let of = |line: &str| {
        let (head, value) = line.trim_end_matches(';').split_once('=')?;
        let name = head.split_whitespace().last()?.trim_start_matches(first);
        Some((name.to_owned(), value_of(value)?))
    };
    constants.map(|line| of(line).ok_or_else(|| format!("{file}: no number: {line}"))).collect()
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

/// A sum of numbers that may be shifted: `(1ULL << 62) + 1`.
fn value_of(text: &str) -> Option<u128> {
    text.split('+').map(|term| shifted(term.trim().trim_matches(['(', ')']))).sum()
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
