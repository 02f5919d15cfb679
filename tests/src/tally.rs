//! How much a run has done, for whoever wants to know what its passing is worth.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

static COUNTS: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

/// Adds to what is called `what` in the plural.
pub fn add(what: &'static str, count: u64) {
    // A trial that failed has done what it has counted.
    let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    *counts.entry(what).or_default() += count;
}

/// Prints what was added by all trials together.
pub(crate) fn print() {
    let counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    if !counts.is_empty() {
        let words: Vec<_> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        println!("done: {}", words.join(", "));
    }
}
