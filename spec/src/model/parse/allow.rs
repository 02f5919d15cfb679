//! What a spec lets pass: `allow: [{ rule: L102, why: "..." }]` on any item.

use super::scalar;
use super::shape::{Form, Shape};
use crate::diagnostic::{Finding, Severity};
use crate::model::Allow;
use crate::rules::{self, Rule};
use crate::source::yaml::{Entry, Node};
use crate::source::{Span, Spanned};

/// The key of the lists.
pub(crate) const KEY: &str = "allow";

/// Reads the list of a mapping, and those of all mappings in it, in the order of the text.
pub(super) fn read(node: &Node, shape: &Shape, out: &mut Vec<Finding>) -> Vec<Allow> {
    let mut all = Vec::new();
    // What a file lets pass, it lets pass everywhere.
    collect(node, shape, Span { start: 0, end: usize::MAX, ..node.span }, &mut all, out);
    all
}

fn collect(node: &Node, shape: &Shape, item: Span, all: &mut Vec<Allow>, out: &mut Vec<Finding>) {
    for entry in node.entries() {
        let Some(key) = shape.keys.iter().find(|key| key.name == entry.key) else { continue };
        match &key.form {
            _ if key.name == KEY => {
                all.extend(entry.value.items().iter().filter_map(|node| allow(node, item, out)));
            }
            Form::Map(inner) => collect(&entry.value, inner, section(entry), all, out),
            Form::List(Form::Map(inner)) => {
                for node in entry.value.items() {
                    collect(node, inner, node.span, all, out);
                }
            }
            _ => {}
        }
    }
}

/// A section with its key, which findings about the whole of it point at.
fn section(entry: &Entry) -> Span {
    Span { start: entry.key_span.start, ..entry.value.span }
}

fn allow(node: &Node, item: Span, out: &mut Vec<Finding>) -> Option<Allow> {
    let rule = scalar::text(node.get("rule")?, out)?;
    let why = scalar::text(node.get("why")?, out)?;
    let found = known(&rule, out)?;
    if why.value.trim().is_empty() {
        let finding = Finding::new(rules::BAD_ALLOW, "an `allow` without a reason");
        out.push(finding.at(why.span, "says nothing").expected("why the rule is not kept"));
        return None;
    }
    Some(Allow { span: node.span, item, rule: Spanned::new(found, rule.span), why })
}

/// The rule of this id; one that is not there or cannot be allowed is reported.
fn known(id: &Spanned<String>, out: &mut Vec<Finding>) -> Option<&'static Rule> {
    const EXPECTED: &str = "the id of a warning or an info, such as L102";
    let Some(rule) = rules::find(&id.value) else {
        let message = format!("there is no rule `{}`", scalar::shorten(&id.value));
        let finding = Finding::new(rules::BAD_ALLOW, message).at(id.span, "not the id of a rule");
        let ids = rules::ALL.iter().filter(|rule| rule.severity != Severity::Error);
        let ids = ids.map(|rule| rule.id);
        out.push(finding.expected(EXPECTED).did_you_mean(&id.value, ids));
        return None;
    };
    if rule.severity == Severity::Error {
        let message = format!("{} cannot be allowed", rule.id);
        let finding = Finding::new(rules::BAD_ALLOW, message);
        let finding = finding.at(id.span, "is an error: no ring works without the rule");
        out.push(finding.expected(EXPECTED));
        return None;
    }
    Some(rule)
}
