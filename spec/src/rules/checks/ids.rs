//! Message ids, and what is reserved.

use std::collections::HashMap;

use super::Subject;
use crate::diagnostic::Finding;
use crate::rules;
use crate::source::Span;

/// The message type that says where the ids of structs begin; nothing is sent under it.
pub(super) const FIRST_ID: &str = "custom_min";

/// L307: ids of structs against message types, each other and the reserved ones.
pub(super) fn clashes(subject: &Subject, findings: &mut Vec<Finding>) {
    let spec = subject.spec;
    let reserved: HashMap<i128, Span> =
        spec.reserved.ids.iter().map(|id| (id.value, id.span)).collect();
    let mut taken: HashMap<i128, (Span, String)> = HashMap::new();
    let mut least = None;
    for named in &spec.message_types.list {
        let value = &named.value;
        if named.name.value == FIRST_ID {
            least = Some(value);
            continue;
        }
        let what = format!("message type `{}`", named.name.value);
        taken.insert(value.value, (value.span, what));
        if let Some(span) = reserved.get(&value.value) {
            findings.push(reserved_id(value.value, value.span, *span));
        }
    }
    for item in subject.in_order() {
        let Some(id) = item.id.as_ref().filter(|id| id.value != 0) else { continue };
        let value = i128::from(id.value);
        if let Some(span) = reserved.get(&value) {
            findings.push(reserved_id(value, id.span, *span));
        } else if let Some((span, other)) = taken.get(&value) {
            findings.push(
                Finding::new(rules::ID_CLASH, format!("the id {value} is taken"))
                    .at(id.span, format!("is also the {other}"))
                    .also(*span, "first here"),
            );
        } else if let Some(least) = least.filter(|least| value < least.value) {
            findings.push(
                Finding::new(rules::ID_CLASH, format!("the id {value} is below custom_min"))
                    .at(id.span, "is kept for the protocol itself")
                    .also(least.span, "ids of structs begin here")
                    .expected(format!("{} or more", least.value)),
            );
        } else {
            taken.insert(value, (id.span, format!("id of `{}`", item.name.value)));
        }
    }
}

fn reserved_id(id: i128, at: Span, reserved: Span) -> Finding {
    Finding::new(rules::ID_CLASH, format!("the id {id} is reserved"))
        .at(at, "used again")
        .also(reserved, "reserved here")
        .help("old programs may still send it with another meaning; take a new id")
}

/// L209: what is named or numbered 0, the message type of padding.
pub(super) fn padding(subject: &Subject, findings: &mut Vec<Finding>) {
    for named in subject.spec.message_types.list.iter().filter(|named| named.value.value == 0) {
        findings.push(
            Finding::new(rules::PADDING_VALUE, "a message type with the value 0")
                .at(named.value.span, "0 marks padding records")
                .expected("1 to 4294967295"),
        );
    }
    let ids = subject.spec.structs.iter().filter_map(|item| item.id.as_ref());
    for id in ids.filter(|id| id.value == 0) {
        let finding = Finding::new(rules::PADDING_VALUE, "a message with the id 0");
        findings.push(finding.at(id.span, "0 marks padding records"));
    }
}

/// E032: reserved names: `Type`, `Type.member`, or a name of the protocol.
pub(super) fn names(subject: &Subject, findings: &mut Vec<Finding>) {
    for reserved in &subject.spec.reserved.names {
        let (owner, name) = (reserved.value.owner.as_deref(), &reserved.value.name);
        let written = owner.map_or_else(|| name.clone(), |owner| format!("{owner}.{name}"));
        for span in subject.draft.scopes.uses(owner, name) {
            findings.push(
                Finding::new(rules::RESERVED_NAME, format!("`{written}` is reserved"))
                    .at(span, "used again")
                    .also(reserved.span, "reserved here"),
            );
        }
    }
}
