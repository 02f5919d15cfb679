//! Findings as SARIF 2.1.0.

use bitrpc_spec::diagnostic::{Finding, Findings, Label, Severity};
use bitrpc_spec::rules::Rule;
use serde_json::{Value, json};

use super::{place, prose};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Where the rules are explained.
const RULES_PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/spec/RULES.md");

pub(super) fn document(findings: &Findings) -> Value {
    let mut rules: Vec<&Rule> = findings.iter().map(|finding| finding.rule).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup();
    let results = findings.iter().map(|finding| result(findings, finding, &rules));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bitrpc",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Value>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Value>(),
        }],
    })
}

fn descriptor(rule: &Rule) -> Value {
    let examples = rule.examples();
    let examples = examples.map(|(title, text)| format!("\n\n{title}:\n\n```yaml\n{text}```"));
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.summary() },
        "help": {
            "text": rule.why(),
            "markdown": examples.fold(rule.why().to_owned(), |text, example| text + &example),
        },
        "helpUri": format!("{RULES_PAGE}#{}", rule.id.to_lowercase()),
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(findings: &Findings, finding: &Finding, rules: &[&Rule]) -> Value {
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": level(finding.severity),
        "message": { "text": prose(finding) },
    });
    if let Some(label) = &finding.primary {
        result["locations"] = json!([location(findings, label)]);
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(id, label)| {
            let mut location = location(findings, label);
            location["id"] = json!(id);
            location["message"] = json!({ "text": label.text });
            location
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn location(findings: &Findings, label: &Label) -> Value {
    let place = place(findings, label);
    let ((line, column), (end_line, end_column)) = (place.start, place.end);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(place.file) },
        "region": {
            "startLine": line, "startColumn": column,
            "endLine": end_line, "endColumn": end_column,
        },
    } })
}

/// A path as a URI: relative to where the command was started, or of the scheme `file`.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    if path.starts_with('/') {
        format!("file://{uri}")
    } else if cfg!(windows) && path.get(1..2) == Some(":") {
        format!("file:///{}", uri.replacen("%3A", ":", 1))
    } else {
        uri
    }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("spec/my spec.yaml"), "spec/my%20spec.yaml");
        assert_eq!(uri("(built-in) bitrpc.yaml"), "%28built-in%29%20bitrpc.yaml");
        assert_eq!(uri("../é:1.yaml"), "../%C3%A9%3A1.yaml");
        if cfg!(unix) {
            assert_eq!(uri("/a/b.yaml"), "file:///a/b.yaml");
        }
    }
}
