//! What was reserved: it stays so, and nobody uses it.

use super::Change;
use super::pair::{Pair, reserved_id, reserved_name};
use crate::model::{Named, ReservedName, Spec};
use crate::rules;
use crate::source::{Span, Spanned};

pub(super) fn compare(pair: &Pair, out: &mut Vec<Change>) {
    let (old, new) = (&pair.old.spec.reserved, &pair.new.spec.reserved);
    for id in old.ids.iter().filter(|id| reserved_id(new, id.value).is_none()) {
        broken(pair, format!("the id {}", id.value), id.span, id_use(pair.new.spec, id.value), out);
    }
    let kept = new.flags.iter().fold(0, |bits, flag| bits | flag.value);
    for flag in old.flags.iter().filter(|flag| flag.value & !kept != 0) {
        let bits = flag.value & !kept;
        let used = pair.new.spec.flags.bits.iter().find(|named| named.value.value & bits != 0);
        let used = used.map(|named| (named.value.span, true));
        broken(pair, format!("the flag {bits:#x}"), flag.span, used, out);
    }
    for name in &old.names {
        let owner = name.value.owner.as_deref().map(|owner| renamed(pair, owner));
        if reserved_name(new, owner.as_deref(), &name.value.name).is_some()
            || reserved_name(new, name.value.owner.as_deref(), &name.value.name).is_some()
        {
            continue;
        }
        // Whoever reserves a type as a whole needs no word about its members.
        if owner.as_deref().is_some_and(|owner| reserved_name(new, None, owner).is_some()) {
            continue;
        }
        let written = match &name.value.owner {
            Some(owner) => format!("`{owner}.{}`", name.value.name),
            None => format!("`{}`", name.value.name),
        };
        let used = name_use(pair.new.spec, &ReservedName { owner, ..name.value.clone() });
        broken(pair, written, name.span, used, out);
    }
}

/// `used` is where it is used again, and whether `schema_hash` covers that.
fn broken(pair: &Pair, what: String, old: Span, used: Option<(Span, bool)>, out: &mut Vec<Change>) {
    let (message, at, label) = match used {
        Some((span, _)) => (format!("{what} was reserved and is used again"), span, "used again"),
        None => {
            let message = format!("{what} is not reserved any more");
            (message, pair.new.spec.name.span, "reserves it no more")
        }
    };
    let subject = what.replace('`', "");
    let change = Change::new(rules::RESERVATION_BROKEN, subject, message)
        .at(pair.in_new(at), label)
        .also(old, "reserved here")
        .help("programs from before still give it the meaning that it had: keep it reserved");
    // What is reserved is in no hash; what uses it may be.
    let is_hashed = used.is_some_and(|(_, is_hashed)| is_hashed);
    out.push(if is_hashed { change.schema() } else { change });
}

/// The new name of a type of the old version.
fn renamed(pair: &Pair, owner: &str) -> String {
    let (old, new) = (&pair.old.spec, &pair.new.spec);
    let at = old.structs.iter().position(|item| item.name.value == owner);
    if let Some(index) = at.and_then(|at| pair.structs.of_old[at]) {
        return new.structs[index].name.value.clone();
    }
    let at = old.enums.iter().position(|item| item.name.value == owner);
    let index = at.and_then(|at| pair.enums.of_old[at]);
    index.map_or(owner, |index| new.enums[index].name.value.as_str()).to_owned()
}

fn id_use(spec: &Spec, id: i128) -> Option<(Span, bool)> {
    let ids = spec.structs.iter().filter_map(|item| item.id.as_ref());
    let of_struct = ids.into_iter().find(|found| i128::from(found.value) == id);
    let of_type = || spec.message_types.list.iter().find(|named| named.value.value == id);
    let span = of_struct.map(|id| id.span).or_else(|| of_type().map(|named| named.value.span));
    span.map(|span| (span, true))
}

fn name_use(spec: &Spec, name: &ReservedName) -> Option<(Span, bool)> {
    let is_it = |found: &&Spanned<String>| found.value == name.name;
    let named = |list: &[Named]| list.iter().map(|named| &named.name).find(is_it).map(|f| f.span);
    let Some(owner) = &name.owner else {
        let structs = spec.structs.iter().map(|item| &item.name);
        let mut types = structs.chain(spec.enums.iter().map(|item| &item.name));
        let mut constants = spec.constants.iter().map(|item| &item.name);
        let hashed = types.find(is_it).map(|found| found.span);
        let hashed = hashed.or_else(|| named(&spec.message_types.list));
        let hashed = hashed.or_else(|| named(&spec.flags.bits)).map(|span| (span, true));
        return hashed.or_else(|| constants.find(is_it).map(|found| (found.span, false)));
    };
    if let Some(item) = spec.enums.iter().find(|item| item.name.value == *owner) {
        return named(&item.values).map(|span| (span, true));
    }
    let item = spec.structs.iter().find(|item| item.name.value == *owner)?;
    let fields = item.fields.iter().map(|field| &field.name);
    let mut all = fields.chain(item.tail.iter().map(|tail| &tail.name));
    all.find(is_it).map(|found| (found.span, true))
}
