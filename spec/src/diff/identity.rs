//! What tells a protocol from others, and what programs see of it besides its messages.

use std::collections::HashMap;

use super::pair::Pair;
use super::{Change, written};
use crate::model::{Constant, ConstantValue};
use crate::rules;
use crate::source::{Span, Stated};

pub(super) fn compare(pair: &Pair, out: &mut Vec<Change>) {
    identity(pair, out);
    packages(pair, out);
    constants(pair, out);
}

fn identity(pair: &Pair, out: &mut Vec<Change>) {
    let (old, new) = (pair.old.spec, pair.new.spec);
    if old.name.value != new.name.value {
        let (was, is) = (&old.name.value, &new.name.value);
        let message = format!("the protocol `{was}` is called `{is}`");
        out.push(
            Change::new(rules::FRAMING_CHANGED, "name", message)
                .at(pair.in_new(new.name.span), "another protocol to the engine")
                .also(old.name.span, "was this one")
                .layout(),
        );
    }
    let prefix = &new.file_prefix;
    if old.file_prefix.value != prefix.value {
        let (was, is) = (&old.file_prefix.value, &prefix.value);
        let message = format!("ring files are called `{is}<name>` and not `{was}<name>`");
        let change = Change::new(rules::FRAMING_CHANGED, "segment.prefix", message);
        out.push(stated(pair, change, &old.file_prefix, prefix, "old programs open other files"));
    }
    if old.magic.value != new.magic.value {
        let (was, is) = (old.magic.value, new.magic.value);
        let message = format!("the magic is {is:#010x} and was {was:#010x}");
        let change = Change::new(rules::MAGIC_CHANGED, "magic", message);
        out.push(stated(pair, change, &old.magic, &new.magic, "old programs see no ring in it"));
    }
    let capacity = &new.default_capacity;
    if old.default_capacity.value != capacity.value {
        let (was, is) = (old.default_capacity.value, capacity.value);
        let message = format!("new rings have {is} bytes and not {was} unless stated");
        let change = Change::new(rules::HARMLESS, "segment.capacity", message);
        let label = "a ring that is there is taken as it is";
        out.push(stated(pair, change, &old.default_capacity, capacity, label));
    }
}

/// Places of something that a spec may leave out: its own, or else that of the protocol's name.
fn stated<T>(pair: &Pair, change: Change, old: &Stated<T>, new: &Stated<T>, label: &str) -> Change {
    let own = |span: Option<Span>, name: Span| span.unwrap_or(name);
    let not = |is_stated: bool, text: &str| {
        if is_stated { text.to_owned() } else { format!("{text} (not stated)") }
    };
    change
        .at(pair.in_new(own(new.span, pair.new.spec.name.span)), not(new.is_stated(), label))
        .also(own(old.span, pair.old.spec.name.span), not(old.is_stated(), "was another one"))
}

/// Names of packages. Those that nobody states follow the protocol's.
fn packages(pair: &Pair, out: &mut Vec<Change>) {
    let (old, new) = (&pair.old.spec.targets, &pair.new.spec.targets);
    // Where the runtime lies is the build's affair; no program names it.
    let named = old.names.iter().filter(|target| !target.key.contains(".runtime"));
    for target in named {
        let subject = format!("targets.{}", target.key);
        let (old, Some(new)) = (&target.value, new.get(&target.key)) else { continue };
        if old.value == new.value || !old.is_stated() && !new.is_stated() {
            continue;
        }
        let message = format!("{subject} is `{}` and was `{}`", new.value, old.value);
        let change = Change::new(rules::TYPE_RENAMED, &subject, message);
        out.push(stated(pair, change, old, new, "programs name it"));
    }
}

fn constants(pair: &Pair, out: &mut Vec<Change>) {
    let by_name = |list: &'_ [Constant]| -> HashMap<String, usize> {
        list.iter().enumerate().map(|(i, item)| (item.name.value.clone(), i)).collect()
    };
    let (old, new) = (&pair.old.spec.constants, &pair.new.spec.constants);
    let (in_old, in_new) = (by_name(old), by_name(new));
    for item in new {
        let name = &item.name.value;
        let Some(was) = in_old.get(name).map(|index| &old[*index]) else {
            if super::pair::reserved_name(&pair.old.spec.reserved, None, name).is_none() {
                let message = format!("constant `{name}` added");
                let change = Change::new(rules::ADDED, name, message);
                let change = change.at(pair.in_new(item.name.span), "new");
                out.push(change.also(pair.old.spec.name.span, "did not have it"));
            }
            continue;
        };
        if was.value.value == item.value.value && was.ty.value == item.ty.value {
            continue;
        }
        let shown = |item: &Constant| format!("{} ({})", value(&item.value.value), item.ty.value);
        let message = format!("constant `{name}` is {} and was {}", shown(item), shown(was));
        out.push(
            Change::new(rules::CONSTANT_CHANGED, name, message)
                .at(pair.in_new(item.value.span), "programs have it once they are compiled anew")
                .also(was.value.span, "was this"),
        );
    }
    for item in old.iter().filter(|item| !in_new.contains_key(&item.name.value)) {
        let name = &item.name.value;
        let (at, label) = super::fields::gone(pair, pair.new.spec.name.span);
        let message = format!("constant `{name}` removed");
        let change = Change::new(rules::CONSTANT_CHANGED, name, message);
        out.push(change.at(at, label).also(item.name.span, "was here"));
    }
}

fn value(value: &ConstantValue) -> String {
    match value {
        ConstantValue::Int(_, number) => number.to_string(),
        ConstantValue::Float(_, number) => number.to_string(),
        ConstantValue::Bool(truth) => truth.to_string(),
        ConstantValue::Text(text) => format!("{text:?}"),
    }
}

/// `1.0 -> 1.1`.
pub(super) fn step(pair: &Pair) -> String {
    let (old, new) = (pair.old.spec.version.value, pair.new.spec.version.value);
    format!("{} -> {}", written(old), written(new))
}
