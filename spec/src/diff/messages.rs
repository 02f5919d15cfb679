//! Messages and their parts that came or went as a whole.

use std::collections::HashMap;

use super::Change;
use super::fields::gone;
use super::pair::{Pair, reserved_id, reserved_name};
use crate::model::Struct;
use crate::rules;
use crate::source::Span;

pub(super) fn compare(pair: &Pair, out: &mut Vec<Change>) {
    let ids = Ids::of(pair);
    for index in pair.structs.removed() {
        out.extend(removed(pair, &ids, &pair.old.spec.structs[index]));
    }
    for index in pair.structs.added() {
        out.extend(added(pair, &ids, &pair.new.spec.structs[index]));
    }
}

/// What message ids stand for, in each version.
struct Ids<'a> {
    old: HashMap<i128, (&'a str, Span)>,
    /// Ids of structs that the old version had not.
    added: HashMap<i128, &'a str>,
}

impl<'a> Ids<'a> {
    fn of(pair: &Pair<'a>) -> Self {
        let spec = pair.old.spec;
        let types = spec.message_types.list.iter();
        let types = types.map(|t| (t.value.value, (t.name.value.as_str(), t.value.span)));
        let structs = spec.structs.iter().filter_map(|item| {
            let id = item.id.as_ref()?;
            Some((i128::from(id.value), (item.name.value.as_str(), id.span)))
        });
        let added = pair.structs.added().filter_map(|index| {
            let item = &pair.new.spec.structs[index];
            Some((i128::from(item.id.as_ref()?.value), item.name.value.as_str()))
        });
        Self { old: types.chain(structs).collect(), added: added.collect() }
    }
}

fn removed(pair: &Pair, ids: &Ids, was: &Struct) -> Option<Change> {
    let name = &was.name.value;
    let (at, label) = gone(pair, pair.new.spec.name.span);
    let change = |rule, message: String| {
        Change::new(rule, name, message).at(at, label).also(was.name.span, "was here").schema()
    };
    let Some(id) = was.id.as_ref().map(|id| i128::from(id.value)) else {
        return Some(change(rules::TYPE_RENAMED, format!("type `{name}` removed")));
    };
    if let Some(span) = reserved_id(&pair.new.spec.reserved, id) {
        let change = change(rules::TYPE_RENAMED, format!("message `{name}` removed and reserved"));
        return Some(change.also(pair.in_new(span), "reserved"));
    }
    // What has the id now says that it had another meaning.
    if ids.added.contains_key(&id) {
        return None;
    }
    let message = format!("message `{name}` ({id}) removed without being reserved");
    let help = "old programs still send it: keep it, or reserve its id so that nobody gives it \
                another meaning";
    let change = change(rules::REMOVED, message).help(help);
    Some(change.help(format!("reserved: {{ ids: [{id}] }}")))
}

fn added(pair: &Pair, ids: &Ids, is: &Struct) -> Option<Change> {
    let name = &is.name.value;
    let reserved = &pair.old.spec.reserved;
    let id = is.id.as_ref().map(|id| i128::from(id.value));
    if reserved_name(reserved, None, name).is_some()
        || id.is_some_and(|id| reserved_id(reserved, id).is_some())
    {
        return None;
    }
    let taken = id.and_then(|id| ids.old.get(&id));
    if let (Some(span), Some((before, old))) = (is.id.as_ref().map(|id| id.span), taken) {
        let id = id.unwrap_or_default();
        return Some(
            Change::new(
                rules::REUSED,
                name,
                format!("message `{name}` takes the id {id}, which was that of `{before}`"),
            )
            .at(pair.in_new(span), "had another meaning")
            .also(*old, "was this")
            .help("old programs still send it with that meaning: take an id that is free")
            .schema(),
        );
    }
    let message = match id {
        Some(id) => format!("message `{name}` ({id}) added"),
        None => format!("type `{name}` added"),
    };
    let change = Change::new(rules::ADDED, name, message).schema();
    let change = change.at(pair.in_new(is.name.span), "new");
    Some(change.also(pair.old.spec.name.span, "did not have it"))
}
