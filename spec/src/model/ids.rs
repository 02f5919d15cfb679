//! Message ids and the names, ids and flags that are reserved.

use std::collections::HashMap;

use super::lower::Context;
use super::raw::{Document, Named, Struct};
use super::scalar::shorten;
use crate::diagnostic::Finding;
use crate::layout::FlagsLayout;
use crate::rules;
use crate::source::Span;

/// The message type that says where the ids of structs begin; nothing is sent under it.
const FIRST_ID: &str = "custom_min";

/// Checks the ids of all structs against message types, each other and the reserved ones.
pub(super) fn check(
    documents: &[Document],
    types: &[Named],
    structs: &[&Struct],
    cx: &mut Context,
) {
    let mut taken: HashMap<i128, (Span, String)> = HashMap::new();
    let mut least = None;
    for named in types {
        let (Some(name), Some(value)) = (&named.name, &named.value) else { continue };
        if name.value == FIRST_ID {
            least = Some(value);
        } else {
            let what = format!("message type `{}`", name.value);
            taken.insert(value.value, (value.span, what));
        }
    }
    let reserved: HashMap<i128, Span> = documents
        .iter()
        .flat_map(|document| &document.reserved.ids)
        .map(|id| (id.value, id.span))
        .collect();
    for named in types {
        if let Some(value) = &named.value
            && let Some(span) = reserved.get(&value.value)
        {
            cx.report(reserved_id(value.value, value.span, *span));
        }
    }
    for item in structs {
        let Some(id) = &item.id else { continue };
        let name = item.name.as_ref().map_or("?", |name| &name.value);
        if id.value == 0 {
            let finding = Finding::new(rules::PADDING_VALUE, "a message with the id 0");
            cx.report(finding.at(id.span, "0 marks padding records"));
        } else if !(1..=i128::from(u32::MAX)).contains(&id.value) {
            let finding = Finding::new(rules::OUT_OF_RANGE, format!("the id {}", id.value));
            cx.report(finding.at(id.span, "out of range").expected("1 to 4294967295"));
        } else if let Some(span) = reserved.get(&id.value) {
            cx.report(reserved_id(id.value, id.span, *span));
        } else if let Some((span, other)) = taken.get(&id.value) {
            cx.report(
                Finding::new(rules::ID_CLASH, format!("the id {} is taken", id.value))
                    .at(id.span, format!("is also the {other}"))
                    .also(*span, "first here"),
            );
        } else if let Some(least) = least.filter(|least| id.value < least.value) {
            cx.report(
                Finding::new(rules::ID_CLASH, format!("the id {} is below custom_min", id.value))
                    .at(id.span, "is kept for the protocol itself")
                    .also(least.span, "ids of structs begin here")
                    .expected(format!("{} or more", least.value)),
            );
        } else {
            taken.insert(id.value, (id.span, format!("id of `{name}`")));
        }
    }
}

fn reserved_id(id: i128, at: Span, reserved: Span) -> Finding {
    Finding::new(rules::ID_CLASH, format!("the id {id} is reserved"))
        .at(at, "used again")
        .also(reserved, "reserved here")
        .help("old programs may still send it with another meaning; take a new id")
}

/// Checks that no message flag uses a reserved bit.
pub(super) fn check_reserved_flags(documents: &[Document], flags: &FlagsLayout, cx: &mut Context) {
    for reserved in documents.iter().flat_map(|document| &document.reserved.flags) {
        let most = flags.scalar.range().map_or(0, |(_, most)| most);
        if !(1..=most).contains(&reserved.value) {
            let message = format!("the reserved flag {:#x}", reserved.value);
            cx.report(
                Finding::new(rules::OUT_OF_RANGE, message)
                    .at(reserved.span, format!("no bits of {}", flags.scalar.name())),
            );
            continue;
        }
        for bit in flags.bits.iter().filter(|bit| bit.value & reserved.value != 0) {
            let message = format!("the flag `{}` uses a reserved bit", bit.name);
            let label = format!("shares {:#x} with it", bit.value & reserved.value);
            cx.report(Finding::new(rules::FLAGS_OVERLAP, message).at(reserved.span, label));
        }
    }
}

/// Checks that no reserved name is used: `Type`, `Type.member`, or a name of the protocol.
pub(super) fn check_reserved_names(documents: &[Document], cx: &mut Context) {
    let mut found = Vec::new();
    for reserved in documents.iter().flat_map(|document| &document.reserved.names) {
        let parts: Vec<_> = reserved.value.split('.').collect();
        let word = |part: &&str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if parts.len() > 2 || !parts.iter().all(word) {
            let message = format!("`{}` is not a name", shorten(&reserved.value));
            let finding = Finding::new(rules::BAD_IDENTIFIER, message);
            found.push(
                finding.at(reserved.span, "not a name").expected("Type, Type.member or name"),
            );
            continue;
        }
        let (owner, name) = match parts[..] {
            [owner, name] => (Some(owner), name),
            _ => (None, parts[0]),
        };
        for span in cx.scopes.uses(owner, name) {
            found.push(
                Finding::new(rules::RESERVED_NAME, format!("`{}` is reserved", reserved.value))
                    .at(span, "used again")
                    .also(reserved.span, "reserved here"),
            );
        }
    }
    cx.findings.extend(found);
}
