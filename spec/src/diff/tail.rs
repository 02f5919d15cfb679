//! The variable part at the end of a message.

use super::pair::{Of, Pair, reserved_name};
use super::{Change, written};
use crate::layout::TailKind;
use crate::model::{Struct, Tail, Version};
use crate::rules;

/// A message whose tail is compared.
pub(super) struct Tails<'a> {
    pub(super) pair: &'a Pair<'a>,
    pub(super) old: &'a Struct,
    pub(super) new: &'a Struct,
}

impl Tails<'_> {
    pub(super) fn compare(&self) -> Vec<Change> {
        match (&self.old.tail, &self.new.tail) {
            (None, None) => Vec::new(),
            (Some(was), None) => vec![self.removed(was)],
            (None, Some(is)) => self.added(is).into_iter().collect(),
            (Some(was), Some(is)) => self.kept(was, is),
        }
    }

    fn subject(&self, name: &str) -> String {
        format!("{}.{name}", self.new.name.value)
    }

    fn removed(&self, was: &Tail) -> Change {
        let name = &was.name.value;
        let reserved = &self.pair.new.spec.reserved;
        let owners = [&self.old.name.value, &self.new.name.value];
        let span = owners.iter().find_map(|owner| reserved_name(reserved, Some(owner), name));
        let (rule, how) = match span {
            Some(_) => (rules::MEMBER_RENAMED, "and reserved"),
            None => (rules::REMOVED, "without being reserved"),
        };
        let subject = self.subject(name);
        let change = Change::new(rule, &subject, format!("the tail `{name}` removed {how}"))
            .at(self.pair.in_new(self.new.name.span), "has no tail any more")
            .also(was.span, "was here")
            .schema();
        match span {
            Some(span) => change.also(self.pair.in_new(span), "reserved"),
            None => change.help(format!("reserved: {{ names: [{subject}] }}")),
        }
    }

    fn added(&self, is: &Tail) -> Option<Change> {
        let (pair, name) = (self.pair, &is.name.value);
        let owners = [&self.old.name.value, &self.new.name.value];
        let reserved = &pair.old.spec.reserved;
        if owners.iter().any(|owner| reserved_name(reserved, Some(owner), name).is_some()) {
            return None;
        }
        let since = is.since.as_ref().map(|since| since.value);
        let rule = if is_later(pair, since) { rules::ADDED } else { rules::FIELD_ADDED };
        let message = format!("the tail `{name}` added {}", with_since(pair, since));
        let change = Change::new(rule, self.subject(name), message)
            .at(pair.in_new(is.name.span), "new")
            .also(self.old.name.span, "had no tail")
            .schema();
        Some(if rule == rules::ADDED { change } else { change.help(say_since(pair)) })
    }

    fn kept(&self, was: &Tail, is: &Tail) -> Vec<Change> {
        let (pair, name, mut changes) = (self.pair, &is.name.value, Vec::new());
        let (before, now) = (&was.kind.value, &is.kind.value);
        if self.key(Of::Old, before) != self.key(Of::New, now) {
            let message = format!("the tail `{name}` is {} and was {}", is.written, was.written);
            changes.push(
                Change::new(rules::TAIL_CHANGED, self.subject(name), message)
                    .at(pair.in_new(is.kind.span), "another type")
                    .also(was.kind.span, "was this")
                    .schema(),
            );
        } else if let (TailKind::Elements(old), TailKind::Elements(new)) = (before, now)
            && let Some(part) = pair.resized(old, new)
        {
            let message = format!(
                "the tail `{name}` changes with `{}`, which takes {} bytes instead of {}",
                part.name, part.sizes.1, part.sizes.0
            );
            changes.push(
                Change::new(rules::TAIL_CHANGED, self.subject(name), message)
                    .at(pair.in_new(is.kind.span), "has elements of another size")
                    .also(pair.in_new(part.span), "because of this")
                    .also(was.kind.span, "was this")
                    .schema(),
            );
        } else if was.written != is.written || was.name.value != *name {
            let renamed = was.name.value != *name;
            let (from, to) = if renamed {
                (was.name.value.clone(), name.clone())
            } else {
                (was.written.clone(), is.written.clone())
            };
            if self.is_same_to_programs(was, is) {
                return changes;
            }
            let message = format!("the tail `{from}` is called `{to}`");
            changes.push(
                Change::new(rules::MEMBER_RENAMED, self.subject(name), message)
                    .at(pair.in_new(is.name.span), "programs name it")
                    .also(was.name.span, "was called so")
                    .schema(),
            );
        }
        changes
    }

    /// Whether a program sees no difference: the type has another name for the same type.
    fn is_same_to_programs(&self, was: &Tail, is: &Tail) -> bool {
        let same_type = match (&was.kind.value, &is.kind.value) {
            (TailKind::Elements(old), TailKind::Elements(new)) => {
                self.pair.type_key(Of::Old, old) == self.pair.type_key(Of::New, new)
            }
            (old, new) => old == new,
        };
        was.name.value == is.name.value && same_type
    }

    fn key(&self, of: Of, kind: &TailKind) -> String {
        match kind {
            TailKind::String => "string".to_owned(),
            TailKind::Bytes => "u8[]".to_owned(),
            TailKind::Elements(ty) => format!("{}[]", self.pair.bytes_key(of, ty)),
        }
    }
}

/// Whether something came with a version that is newer than the old spec.
pub(super) fn is_later(pair: &Pair, since: Option<Version>) -> bool {
    since.is_some_and(|since| since > pair.old.spec.version.value)
}

/// What a new field or tail says about when it came.
pub(super) fn with_since(pair: &Pair, since: Option<Version>) -> String {
    match since {
        None => "without `since`".to_owned(),
        Some(since) if is_later(pair, Some(since)) => format!("with version {}", written(since)),
        Some(since) => format!("with `since: \"{}\"`, which did not have it", written(since)),
    }
}

pub(super) fn say_since(pair: &Pair) -> String {
    let (major, minor) = pair.old.spec.version.value;
    let next = written((major, minor.saturating_add(1)));
    format!(
        "say which version brought it, e.g. `since: \"{next}\"`, so that older payloads are read"
    )
}
