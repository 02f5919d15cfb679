//! What is wrong with a spec, where, and what would be right.

mod fix;
mod render;

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

pub use fix::{Edit, Fix, Mended};

use crate::rules::{self, Rule};
use crate::source::{Sources, Span};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the spec is used.
    Info,
    /// Probably not meant; the spec is used.
    Warning,
    /// The spec is refused.
    Error,
}

impl Severity {
    /// The word for output: `info`, `warning`, `error`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in the text with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be said; may be empty.
    pub text: String,
}

/// One thing that is wrong, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is not kept.
    pub rule: &'static Rule,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, in one line.
    pub message: String,
    /// The place; a file that cannot be opened has none.
    pub primary: Option<Label>,
    /// Other places that belong to it, e.g. the first definition of a name.
    pub related: Vec<Label>,
    /// What would be right.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Vec<String>,
    /// The change of the text that does it, when there is one that can be made blindly.
    pub fix: Option<Fix>,
}

impl Finding {
    pub(crate) fn new(rule: &'static Rule, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            message: message.into(),
            primary: None,
            related: Vec::new(),
            expected: None,
            help: Vec::new(),
            fix: None,
        }
    }

    pub(crate) fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    pub(crate) fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    pub(crate) fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    pub(crate) fn mend(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// "did you mean", when one of the candidates is close to what was written.
    pub(crate) fn did_you_mean<'a>(
        self,
        written: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match closest(written, candidates) {
            Some(candidate) => self.help(format!("did you mean `{candidate}`?")),
            None => self,
        }
    }
}

/// The candidate that is most like what was written, if any is like it at all.
pub fn closest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A text this long is no slip of the fingers, and the comparison is quadratic.
    if written.len() > 64 {
        return None;
    }
    let lower = written.to_lowercase();
    let score = |candidate: &str| strsim::jaro_winkler(&lower, &candidate.to_lowercase());
    let scored = candidates.into_iter().map(|candidate| (score(candidate), candidate));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(score, _)| *score >= 0.8).map(|(_, candidate)| candidate)
}

/// Everything that was found in a spec, with the texts that it points into.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    sources: Arc<Sources>,
    list: Vec<Finding>,
}

impl Findings {
    /// Puts findings in the order of their places, those of one place by their rules, each once.
    pub(crate) fn new(sources: Arc<Sources>, mut list: Vec<Finding>) -> Self {
        let place = |finding: &Finding| finding.primary.as_ref().map(|label| label.span);
        list.sort_by_key(|finding| (place(finding), finding.rule.id));
        list.dedup();
        Self { sources, list }
    }

    /// The findings, by file, place and rule.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many of them refuse the spec.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// The files that the findings point into.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Whether the spec itself could not be opened, which is trouble with files and not with what
    /// they say.
    pub fn is_io(&self) -> bool {
        self.list.iter().any(|f| f.rule == rules::UNREADABLE && f.primary.is_none())
    }

    /// For people: each finding with its source lines, in terminal colors.
    ///
    /// Print it through a stream that removes them where they are not wanted (`anstream`), or use
    /// [`Display`](fmt::Display), which has none.
    pub fn render(&self) -> String {
        render::text(&self.sources, &self.list, true)
    }

    /// For machines: a list of `{rule, severity, message, file, line, column, end_line, end_column,
    /// label, expected, help, fix, related}`; keys without a value are left out.
    pub fn to_json(&self) -> Value {
        self.list.iter().map(|finding| self.finding_json(finding)).collect()
    }

    fn finding_json(&self, finding: &Finding) -> Value {
        let mut object = json!({
            "rule": finding.rule.id,
            "severity": finding.severity.word(),
            "message": finding.message,
        });
        if let Some(label) = &finding.primary {
            self.add_label(&mut object, label);
        }
        if let Some(expected) = &finding.expected {
            object["expected"] = json!(expected);
        }
        if !finding.help.is_empty() {
            object["help"] = json!(finding.help);
        }
        if let Some(fix) = &finding.fix {
            object["fix"] = json!({ "what": fix.what, "breaking": fix.breaking });
        }
        if !finding.related.is_empty() {
            let related = finding.related.iter().map(|label| {
                let mut place = json!({});
                self.add_label(&mut place, label);
                place
            });
            object["related"] = related.collect();
        }
        object
    }

    fn add_label(&self, object: &mut Value, label: &Label) {
        let source = self.sources.get(label.span.source);
        let (line, column) = source.position(label.span.start);
        let (end_line, end_column) = source.position(label.span.end);
        object["file"] = json!(source.name());
        object["line"] = json!(line);
        object["column"] = json!(column);
        object["end_line"] = json!(end_line);
        object["end_column"] = json!(end_column);
        object["label"] = json!(label.text);
    }
}

impl fmt::Display for Findings {
    /// The rendered text, without colors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::text(&self.sources, &self.list, false))
    }
}

impl std::error::Error for Findings {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_close_words_are_suggested() {
        let keys = ["fields", "message_types", "flags"];
        assert_eq!(closest("feilds", keys), Some("fields"));
        assert_eq!(closest("messageTypes", keys), Some("message_types"));
        assert_eq!(closest("zzz", keys), None);
        assert_eq!(closest(&"f".repeat(100_000), keys), None);
    }

    #[test]
    fn json_has_places_from_one() {
        let mut sources = Sources::default();
        let source = sources.add("a.yaml".into(), "bitrpc: 1\nfoo: 2\n".into());
        let span = Span { source, start: 10, end: 13 };
        let finding = Finding::new(rules::UNKNOWN_KEY, "unknown key `foo`").at(span, "here");
        let json = Findings::new(Arc::new(sources), vec![finding]).to_json();
        assert_eq!(
            json,
            json!([{
                "rule": "E006", "severity": "error", "message": "unknown key `foo`",
                "file": "a.yaml", "line": 2, "column": 1, "end_line": 2, "end_column": 4,
                "label": "here",
            }])
        );
    }
}
