//! How findings are printed: the same in every verb that has some.
//!
//! A verb takes a [`FormatArg`] among its own, and gives what it found to [`print`] as a
//! [`Report`]. People get each finding with its source lines, on standard error; what machines get
//! is one document on standard output, also when nothing was found.

mod github;
mod junit;
mod sarif;

use bitrpc_spec::diagnostic::{Finding, Findings, Label, Severity};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::console::{Failure, complain, say};

/// The forms in which findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Each with its source lines, in colours on a terminal.
    Human,
    /// "ok", and "findings" with rule, severity, message, place, expected and help.
    Json,
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
    /// Workflow commands, which GitHub shows beside the changed lines.
    Github,
    /// A JUnit report, for CI servers; errors are its failures.
    Junit,
}

/// The options that choose the form.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct FormatArg {
    /// Form of the findings; all but `human` are whole documents on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl FormatArg {
    /// The form that is asked for.
    pub(crate) fn format(self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

impl Format {
    /// The form of findings in a verb that has `--json` alone.
    pub(crate) fn json_if(json: bool) -> Self {
        if json { Self::Json } else { Self::Human }
    }

    /// Whether the verb may print lines of its own for people.
    pub(crate) fn is_human(self) -> bool {
        self == Self::Human
    }
}

/// What a verb found.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// The findings.
    pub(crate) findings: &'a Findings,
    /// Whether the verb ends with exit code 0.
    pub(crate) ok: bool,
    /// What else the verb says in its JSON form, beside "ok" and "findings".
    pub(crate) more: Map<String, Value>,
}

impl<'a> Report<'a> {
    /// What is worth knowing of something that is as it should be.
    pub(crate) fn fine(findings: &'a Findings) -> Self {
        Self { findings, ok: true, more: Map::new() }
    }

    /// Why the verb ends with another exit code than 0.
    pub(crate) fn failed(findings: &'a Findings) -> Self {
        Self { findings, ok: false, more: Map::new() }
    }

    /// The same with one more key of the JSON form.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.more.insert(key.to_owned(), value.into());
        self
    }
}

/// Prints a report.
///
/// # Errors
///
/// When standard output cannot be written to.
pub(crate) fn print(format: Format, report: &Report) -> Result<(), Failure> {
    match format {
        Format::Human => {
            complain(report.findings.render());
            Ok(())
        }
        Format::Json => say(format_args!("{:#}", to_json(report))),
        Format::Sarif => say(format_args!("{:#}", sarif::document(report.findings))),
        Format::Github => github::commands(report.findings).iter().try_for_each(say),
        Format::Junit => say(junit::document(report.findings).map_err(Failure::system)?),
    }
}

fn to_json(report: &Report) -> Value {
    let mut object = Map::new();
    object.insert("ok".to_owned(), json!(report.ok));
    object.insert("findings".to_owned(), report.findings.to_json());
    object.extend(report.more.clone());
    Value::Object(object)
}

/// Where a finding is, for forms that have no source lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place<'a> {
    file: &'a str,
    start: (usize, usize),
    end: (usize, usize),
}

/// The place of a label: lines and columns from 1, the end behind the last character.
fn place<'a>(findings: &'a Findings, label: &Label) -> Place<'a> {
    let source = findings.sources().get(label.span.source);
    let (start, end) = (source.position(label.span.start), source.position(label.span.end));
    Place { file: source.name(), start, end }
}

/// All that is said about a finding, without its source lines: the message first.
fn prose(finding: &Finding) -> String {
    let label = finding.primary.as_ref().map(|label| label.text.as_str());
    let mut text = finding.message.clone();
    if let Some(label) = label.filter(|label| !label.is_empty()) {
        text += &format!(": {label}");
    }
    if let Some(expected) = &finding.expected {
        text += &format!("\nexpected: {expected}");
    }
    for help in &finding.help {
        text += &format!("\nhelp: {help}");
    }
    text
}

/// Whether a finding is why the exit code is not 0.
fn is_failure(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}
