//! `bitrpc explain`: why a rule is there, and what keeps it.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use bitrpc_spec::diagnostic::{Finding, Findings, Severity};
use bitrpc_spec::rules::{self, Rule};
use serde_json::{Value, json};

use crate::console::{Failure, Outcome, complain, say};

const TITLE: Style = Style::new().bold();

/// Explain a rule that `bitrpc check` names: why it is there, a bad and a good example.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The rule, e.g. L204; without it, all rules are listed.
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// List all rules, a line for each.
    #[arg(long, conflicts_with = "rule")]
    list: bool,
    /// Print JSON: "id", "severity", "off", "summary", "why", and where there are examples, "bad"
    /// and "good"; rules about edits have "class", and "old" and "new" in place of "bad".
    #[arg(long)]
    pub(super) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc explain --list                    all rules, a line for each
  bitrpc explain L204                      why the rule is there, a bad and a good example
  bitrpc explain L204 --json | jq -r .bad  a spec that breaks the rule";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    match args.rule.as_ref().filter(|_| !args.list) {
        Some(id) => {
            let rule = rules::find(id).ok_or_else(|| unknown(id))?;
            if args.json {
                say(format_args!("{:#}", to_json(rule)))?
            } else {
                say(explained(rule))?
            }
        }
        None if args.json => {
            say(format_args!("{:#}", rules::ALL.iter().copied().map(to_json).collect::<Value>()))?;
        }
        None => {
            for rule in rules::ALL {
                let style = style(rule.severity);
                let severity = rule.severity.word();
                let off = if rule.is_pedantic { " (off)" } else { "" };
                let (id, summary) = (rule.id, rule.summary());
                say(format_args!("{id}  {style}{severity:7}{style:#}  {summary}{off}"))?;
            }
        }
    }
    Ok(Outcome::Fine)
}

fn unknown(id: &str) -> Failure {
    let hint = match rules::nearest(id) {
        Some(rule) => format!("did you mean `{}`?", rule.id),
        None => "`bitrpc explain` lists all".to_owned(),
    };
    Failure::system(format_args!("there is no rule `{}`; {hint}", id.escape_debug()))
}

/// Says once, below the errors of a spec, where to read more about the first of them.
pub(super) fn hint(findings: &Findings) {
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    if let Some(error) = findings.iter().find(is_error).filter(|_| !findings.is_io()) {
        complain(format_args!("\n`bitrpc explain {}` says more\n", error.rule.id));
    }
}

/// The rule as text, its title in the form that findings have.
fn explained(rule: &Rule) -> String {
    let style = style(rule.severity);
    let (severity, id, summary) = (rule.severity.word(), rule.id, rule.summary());
    let mut text =
        format!("{style}{severity}[{id}]{style:#}{TITLE}: {summary}{TITLE:#}\n\n{}", rule.why());
    for (title, example) in rule.examples() {
        let _ = write!(text, "\n\n{TITLE}{title}:{TITLE:#}\n");
        for line in example.lines() {
            let _ = write!(text, "\n    {line}");
        }
    }
    text
}

fn to_json(rule: &Rule) -> Value {
    let mut object = json!({
        "id": rule.id,
        "severity": rule.severity.word(),
        "off": rule.is_pedantic,
        "summary": rule.summary(),
        "why": rule.why(),
    });
    if let Some(class) = rule.class() {
        object["class"] = json!(class.word());
    }
    for (title, example) in rule.examples() {
        object[title.to_lowercase()] = json!(example);
    }
    object
}

/// The colours of the findings.
fn style(severity: Severity) -> Style {
    let color = match severity {
        Severity::Error => AnsiColor::BrightRed,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Info => AnsiColor::BrightGreen,
    };
    color.on_default().bold()
}
