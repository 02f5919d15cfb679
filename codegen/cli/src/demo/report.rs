//! What the demo says at its end: a table, or JSON.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::console::{Failure, say};
use bitrpc_conform::pairs::{PairName, Skipped};
use bitrpc_conform::runner::{Failure as PairFailure, Outcome};

/// One pair that was tried.
#[derive(Debug, Serialize)]
pub(super) struct PairRow {
    from: &'static str,
    to: &'static str,
    ok: bool,
    messages: u64,
    seconds: f64,
    #[serde(skip)]
    failure: Option<String>,
}

impl PairRow {
    pub(super) fn new(name: PairName, result: Result<Outcome, PairFailure>) -> Self {
        let (from, to) = (name.from, name.to);
        match result {
            Ok(Outcome { consumer, .. }) => {
                let (messages, seconds) = (consumer.messages, consumer.seconds);
                Self { from, to, ok: true, messages, seconds, failure: None }
            }
            Err(failure) => {
                let failure = Some(failure.to_string());
                Self { from, to, ok: false, messages: 0, seconds: 0.0, failure }
            }
        }
    }

    fn name(&self) -> String {
        format!("{} -> {}", self.from, self.to)
    }

    fn cells(&self) -> [String; 4] {
        let pair = self.name();
        if !self.ok {
            return [pair, "-".to_owned(), "FAILED".to_owned(), "-".to_owned()];
        }
        let rate = self.messages as f64 / self.seconds.max(1e-9) / 1e6;
        [pair, grouped(self.messages), "yes".to_owned(), format!("{rate:.2}")]
    }
}

/// Everything that the demo found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pairs: Vec<PairRow>,
    skipped: Vec<Skipped>,
}

impl Report {
    pub(super) fn new(pairs: Vec<PairRow>, skipped: Vec<Skipped>) -> Self {
        Self { pairs, skipped }
    }

    /// Whether at least one pair ran and every one was verified.
    pub(super) fn is_fine(&self) -> bool {
        !self.pairs.is_empty() && self.pairs.iter().all(|pair| pair.ok)
    }

    /// Prints the report on standard output, and why pairs failed on standard error.
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        for (reason, pairs) in self.failures() {
            anstream::eprintln!("{}: {reason}", pairs.join(", "));
        }
        if json {
            return say(serde_json::to_string(self).map_err(Failure::system)?);
        }
        if !self.pairs.is_empty() {
            say(self.table())?;
            say(self.summary())?;
        }
        for skip in &self.skipped {
            say(format_args!("skipped {}: {}", skip.language, skip.reason))?;
        }
        Ok(())
    }

    /// Why pairs failed: a peer that does not build fails several for the same reason.
    fn failures(&self) -> BTreeMap<&str, Vec<String>> {
        let mut failures: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for pair in &self.pairs {
            if let Some(reason) = &pair.failure {
                failures.entry(reason.as_str()).or_default().push(pair.name());
            }
        }
        failures
    }

    fn summary(&self) -> String {
        let failed = self.pairs.iter().filter(|pair| !pair.ok).count();
        let (color, text) = match (self.pairs.len(), failed) {
            (all, 0) => (AnsiColor::Green, format!("{all} of {all} pairs verified")),
            (all, failed) => (AnsiColor::Red, format!("{failed} of {all} pairs FAILED")),
        };
        let style = Style::new().bold().fg_color(Some(color.into()));
        format!("{style}{text}{style:#}")
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(["pair", "messages", "verified", "M msg/s"]);
        table.add_rows(self.pairs.iter().map(PairRow::cells));
        for number in [1, 3] {
            if let Some(column) = table.column_mut(number) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

/// `number` with a comma before every three digits, e.g. `1,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        let shown = [0, 7, 999, 1000, 12_345, 1_000_000].map(grouped);
        assert_eq!(shown, ["0", "7", "999", "1,000", "12,345", "1,000,000"]);
    }
}
