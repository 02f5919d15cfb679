//! Findings as workflow commands of GitHub Actions.

use bitrpc_spec::diagnostic::{Finding, Findings, Severity};

use super::{place, prose};

/// One command a finding.
pub(super) fn commands(findings: &Findings) -> Vec<String> {
    findings.iter().map(|finding| command(findings, finding)).collect()
}

fn command(findings: &Findings, finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(label) = &finding.primary {
        let place = place(findings, label);
        let ((line, column), (end_line, end_column)) = (place.start, place.end);
        properties.push(format!("file={}", property(place.file)));
        properties.push(format!("line={line},endLine={end_line}"));
        // Columns are of one line, and the last one is meant.
        if line == end_line {
            let last = end_column.saturating_sub(1).max(column);
            properties.push(format!("col={column},endColumn={last}"));
        }
    }
    let id = finding.rule.id;
    properties.push(format!("title={}", property(&format!("{}[{id}]", finding.severity.word()))));
    format!("::{word} {}::{}", properties.join(","), data(&prose(finding)))
}

/// Escapes what would end the message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes what would end a property as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
