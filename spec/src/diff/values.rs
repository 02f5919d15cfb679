//! Names with numbers: message types, message flags, enums and flag sets.

use std::collections::HashMap;

use super::Change;
use super::fields::gone;
use super::pair::{Matches, Pair, reserved_flag, reserved_id, reserved_name};
use crate::model::{Enum, Named, Reserved};
use crate::rules;
use crate::source::Span;

/// Flags whose bits the engine of every language knows.
const ENGINE_FLAGS: [&str; 3] = ["urgent", "fragment", "last_fragment"];

/// The message type that says where the ids of structs begin; nothing is sent under it.
const FIRST_ID: &str = "custom_min";

pub(super) fn compare(pair: &Pair, out: &mut Vec<Change>) {
    let (old, new) = (&pair.old.spec.message_types, &pair.new.spec.message_types);
    let kind = Kind { what: "message type", owner: None, homes: [old.span, new.span] };
    kind.compare(pair, [&old.list, &new.list], out);
    let (old, new) = (&pair.old.spec.flags, &pair.new.spec.flags);
    let kind = Kind { what: "message flag", owner: None, homes: [old.span, new.span] };
    kind.compare(pair, [&old.bits, &new.bits], out);
    enums(pair, out);
}

fn enums(pair: &Pair, out: &mut Vec<Change>) {
    let (old, new) = (&pair.old.spec.enums, &pair.new.spec.enums);
    for (was, is) in pair.enums.both().map(|(was, is)| (&old[was], &new[is])) {
        enumeration(pair, was, is, out);
    }
    for item in pair.enums.removed().map(|index| &old[index]) {
        let name = &item.name.value;
        let (at, label) = gone(pair, pair.new.spec.name.span);
        let change = Change::new(rules::TYPE_RENAMED, name, format!("type `{name}` removed"));
        out.push(change.at(at, label).also(item.name.span, "was here").schema());
    }
    for item in pair.enums.added().map(|index| &new[index]) {
        let name = &item.name.value;
        if reserved_name(&pair.old.spec.reserved, None, name).is_none() {
            let change = Change::new(rules::ADDED, name, format!("type `{name}` added"));
            let change = change.at(pair.in_new(item.name.span), "new");
            out.push(change.also(pair.old.spec.name.span, "did not have it").schema());
        }
    }
}

fn enumeration(pair: &Pair, was: &Enum, is: &Enum, out: &mut Vec<Change>) {
    let name = &is.name.value;
    if was.name.value != *name {
        let message = format!("`{}` is called `{name}`", was.name.value);
        out.push(
            Change::new(rules::TYPE_RENAMED, name, message)
                .at(pair.in_new(is.name.span), "programs name it")
                .also(was.name.span, "was called so")
                .schema(),
        );
    }
    if was.scalar.value != is.scalar.value {
        let (before, now) = (was.scalar.value, is.scalar.value);
        let mut message = format!("`{name}` is a {} and was a {}", now.name(), before.name());
        if before.size() == now.size() {
            message += "; its size is the same, so nothing at run time notices";
        }
        out.push(
            Change::new(rules::FIELD_RETYPED, name, message)
                .at(pair.in_new(is.scalar.span), "in every message that has it")
                .also(was.scalar.span, "was this")
                .schema(),
        );
    }
    if was.is_flags != is.is_flags {
        let now = if is.is_flags { "a flag set" } else { "an enum" };
        out.push(
            Change::new(rules::TYPE_RENAMED, name, format!("`{name}` is {now} now"))
                .at(pair.in_new(is.name.span), "programs use it in another way")
                .also(was.name.span, "was none")
                .schema(),
        );
    }
    let what = if is.is_flags { "flag" } else { "value" };
    let owner = Some([was.name.value.as_str(), is.name.value.as_str()]);
    let kind = Kind { what, owner, homes: [was.name.span, is.name.span] };
    kind.compare(pair, [&was.values, &is.values], out);
}

/// What the names of a list are.
struct Kind<'a> {
    what: &'static str,
    /// The type that they belong to, by its old and its new name.
    owner: Option<[&'a str; 2]>,
    /// Where the old and the new list are.
    homes: [Span; 2],
}

impl Kind<'_> {
    /// By their names, else by their numbers.
    fn compare(&self, pair: &Pair, [old, new]: [&[Named]; 2], out: &mut Vec<Change>) {
        let mut matches = Matches::none(old.len(), new.len());
        matches.by_key(|i| Some(&old[i].name.value), |i| Some(&new[i].name.value));
        let may_be_renamed = |i: usize| {
            old[i].name.value != FIRST_ID
                && self.reserved(&pair.new.spec.reserved, &old[i]).is_none()
        };
        matches.by_key(
            |i| may_be_renamed(i).then_some(old[i].value.value),
            |i| (new[i].name.value != FIRST_ID).then_some(new[i].value.value),
        );
        for (was, is) in matches.both() {
            out.extend(self.kept(pair, &old[was], &new[is], new));
        }
        for was in matches.removed() {
            out.push(self.removed(pair, &old[was]));
        }
        let numbers: HashMap<i128, usize> =
            old.iter().enumerate().map(|(index, named)| (named.value.value, index)).collect();
        for is in matches.added() {
            let before = numbers.get(&new[is].value.value).copied();
            out.extend(self.added(
                pair,
                &new[is],
                before.map(|was| (&old[was], matches.of_old[was])),
            ));
        }
    }

    fn subject(&self, name: &str) -> String {
        self.owner.map_or_else(|| name.to_owned(), |[_, owner]| format!("{owner}.{name}"))
    }

    fn is_bits(&self) -> bool {
        self.what.ends_with("flag")
    }

    fn shown(&self, number: i128) -> String {
        if self.is_bits() { format!("{number:#x}") } else { number.to_string() }
    }

    /// Where a name or number is reserved.
    fn reserved(&self, reserved: &Reserved, named: &Named) -> Option<Span> {
        let number = named.value.value;
        match (self.owner, self.is_bits()) {
            (Some(owners), _) => {
                let name = &named.name.value;
                owners.iter().find_map(|owner| reserved_name(reserved, Some(owner), name))
            }
            (None, true) => reserved_flag(reserved, number),
            (None, false) => reserved_id(reserved, number),
        }
    }

    fn kept(&self, pair: &Pair, was: &Named, is: &Named, new: &[Named]) -> Vec<Change> {
        let (name, what, mut changes) = (&is.name.value, self.what, Vec::new());
        let subject = self.subject(name);
        if was.name.value != *name {
            let message = format!("{what} `{}` is called `{name}`", was.name.value);
            changes.push(
                Change::new(rules::MEMBER_RENAMED, &subject, message)
                    .at(pair.in_new(is.name.span), "programs name it")
                    .also(was.name.span, "was called so")
                    .schema(),
            );
        }
        let (before, now) = (was.value.value, is.value.value);
        if before == now {
            return changes;
        }
        let is_engine = self.owner.is_none() && self.is_bits() && ENGINE_FLAGS.contains(&&**name);
        let rule = match self.is_bits() {
            _ if name == FIRST_ID && self.owner.is_none() => rules::CONSTANT_CHANGED,
            true if is_engine => rules::FRAMING_CHANGED,
            true => rules::FLAG_MOVED,
            false => rules::NUMBER_CHANGED,
        };
        let (before, now) = (self.shown(before), self.shown(now));
        let mut change =
            Change::new(rule, subject, format!("{what} `{name}` is {now} and was {before}"))
                .at(pair.in_new(is.value.span), "has another number")
                .also(was.value.span, "was this")
                .schema();
        if is_engine {
            change = change.layout();
        }
        if let Some(other) = new.iter().find(|named| named.value.value == was.value.value) {
            let label = format!("{before} means `{}` now", other.name.value);
            change = change.also(pair.in_new(other.value.span), label);
        }
        changes.push(change);
        changes
    }

    fn removed(&self, pair: &Pair, was: &Named) -> Change {
        let (name, what) = (&was.name.value, self.what);
        let number = self.shown(was.value.value);
        let (at, label) = gone(pair, self.homes[1]);
        let reserved = self.reserved(&pair.new.spec.reserved, was);
        let is_sent = name != FIRST_ID || self.owner.is_some();
        let (rule, how) = match reserved {
            None if is_sent => (rules::REMOVED, "without being reserved"),
            None => (rules::CONSTANT_CHANGED, ""),
            Some(_) => (rules::MEMBER_RENAMED, "and reserved"),
        };
        let message = format!("{what} `{name}` ({number}) removed {how}").trim_end().to_owned();
        let mut change = Change::new(rule, self.subject(name), message)
            .at(at, label)
            .also(was.span, "was here")
            .schema();
        if let Some(span) = reserved {
            change = change.also(pair.in_new(span), "reserved");
        } else if is_sent {
            let key = match (self.owner, self.is_bits()) {
                (Some([_, owner]), _) => format!("names: [{owner}.{name}]"),
                (None, true) => format!("flags: [{number}]"),
                (None, false) => format!("ids: [{number}]"),
            };
            let help = "old programs still send it: keep it, or reserve it so that nobody gives it \
                        another meaning";
            change = change.help(help).help(format!("reserved: {{ {key} }}"));
        }
        change
    }

    /// `before` is what had the number, and whether that is still there.
    fn added(
        &self,
        pair: &Pair,
        is: &Named,
        before: Option<(&Named, Option<usize>)>,
    ) -> Option<Change> {
        let (name, what) = (&is.name.value, self.what);
        let number = self.shown(is.value.value);
        let reserved = &pair.old.spec.reserved;
        let by_name = self.owner.is_none().then(|| reserved_name(reserved, None, name)).flatten();
        let is_marker = name == FIRST_ID && self.owner.is_none();
        match before {
            _ if self.reserved(reserved, is).is_some() || by_name.is_some() => None,
            Some((was, None)) if !is_marker => Some(
                Change::new(
                    rules::REUSED,
                    self.subject(name),
                    format!("{what} `{name}` takes {number}, which was `{}`", was.name.value),
                )
                .at(pair.in_new(is.value.span), "had another meaning")
                .also(was.value.span, "was this")
                .help("old programs still send it with that meaning: take a number that is free")
                .schema(),
            ),
            // The one that had the number has another one now, and that is said there.
            Some((_, Some(_))) if !is_marker => None,
            _ => Some(
                Change::new(
                    rules::ADDED,
                    self.subject(name),
                    format!("{what} `{name}` ({number}) added"),
                )
                .at(pair.in_new(is.name.span), "new")
                .also(self.homes[0], "did not have it")
                .schema(),
            ),
        }
    }
}
