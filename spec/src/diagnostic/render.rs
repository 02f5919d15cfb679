//! Findings as text with source lines, drawn by annotate-snippets.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Finding, Label, Severity};
use crate::source::Sources;

/// Findings shown in full; a broken generator of specs can make thousands of them.
const MOST_SHOWN: usize = 100;

pub(super) fn text(sources: &Sources, findings: &[Finding], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for finding in findings.iter().take(MOST_SHOWN) {
        out.push_str(&renderer.render(&[group(sources, finding)]));
        out.push_str("\n\n");
    }
    if let Some(more) = findings.len().checked_sub(MOST_SHOWN + 1) {
        out.push_str(&format!("... and {} more\n\n", more + 1));
    }
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn group<'a>(sources: &'a Sources, finding: &'a Finding) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.rule.id);
    let mut group = Group::with_title(title);
    let labels = finding.primary.iter().chain(&finding.related);
    let mut files: Vec<_> = Vec::new();
    for label in labels.clone() {
        if !files.contains(&label.span.source) {
            files.push(label.span.source);
        }
    }
    for file in files {
        let source = sources.get(file);
        let mut snippet = Snippet::source(source.text()).path(source.name()).fold(true);
        for label in labels.clone().filter(|label| label.span.source == file) {
            let primary = finding.primary.as_ref() == Some(label);
            let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet =
                snippet.annotation(kind.span(visible(source.text(), label)).label(&label.text));
        }
        group = group.element(snippet);
    }
    if let Some(expected) = &finding.expected {
        group = group.element(Level::NOTE.with_name("expected").message(expected.as_str()));
    }
    for help in &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// The first line of a span: a whole struct underlined says less than its first line.
fn visible(text: &str, label: &Label) -> std::ops::Range<usize> {
    let range = label.span.range();
    let (start, end) = (range.start.min(text.len()), range.end.min(text.len()));
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
    start..end.min(line_end).max(start)
}
