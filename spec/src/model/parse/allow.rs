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
    match known(&rule) {
        Ok(found) if !why.value.trim().is_empty() => {
            let rule = Spanned::new(found, rule.span);
            Some(Allow { span: node.span, item, rule, why })
        }
        Ok(_) => {
            let finding = Finding::new(rules::BAD_ALLOW, "an `allow` without a reason");
            out.push(finding.at(why.span, "says nothing").expected("why the rule is not kept"));
            None
        }
        Err(finding) => {
            out.push(finding);
            None
        }
    }
}

/// The rule of this id, if it is one that can be allowed.
fn known(id: &Spanned<String>) -> Result<&'static Rule, Finding> {
    let Some(rule) = rules::find(&id.value) else {
        let message = format!("there is no rule `{}`", scalar::shorten(&id.value));
        let finding = Finding::new(rules::BAD_ALLOW, message).at(id.span, "not the id of a rule");
        let ids = rules::ALL.iter().filter(|rule| rule.severity != Severity::Error);
        return Err(finding
            .expected("the id of a warning or an info, such as L102")
            .did_you_mean(&id.value, ids.map(|rule| rule.id)));
    };
    if rule.severity == Severity::Error {
        let message = format!("{} cannot be allowed", rule.id);
        return Err(Finding::new(rules::BAD_ALLOW, message)
            .at(id.span, "is an error: no ring works without the rule")
            .expected("the id of a warning or an info, such as L102"));
    }
    Ok(rule)
}
