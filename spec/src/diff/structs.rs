//! Messages and their parts that are in both versions, field by field.

use super::fields::{Cause, Placed, Walk, gone};
use super::pair::{Matches, Of, Pair, reserved_id, reserved_name};
use super::tail::{Tails, is_later, say_since, with_since};
use super::{Change, Class};
use crate::layout::StructLayout;
use crate::model::Struct;
use crate::rules;
use crate::source::Span;

/// Structs that a part is named to be in.
const MOST_USERS: usize = 3;

pub(super) fn compare(pair: &Pair, out: &mut Vec<Change>) {
    for (was, is) in pair.structs.both() {
        out.extend(Compared::new(pair, was, is).run());
    }
}

/// A struct of both versions.
struct Compared<'a> {
    pair: &'a Pair<'a>,
    old: &'a Struct,
    new: &'a Struct,
    old_at: &'a StructLayout,
    new_at: &'a StructLayout,
    walk: Walk<'a>,
    /// The structs that it is part of.
    users: &'a [usize],
}

impl<'a> Compared<'a> {
    fn new(pair: &'a Pair<'a>, was: usize, is: usize) -> Self {
        let (old, old_at) = (&pair.old.spec.structs[was], &pair.old.layout.structs[was]);
        let (new, new_at) = (&pair.new.spec.structs[is], &pair.new.layout.structs[is]);
        let before = Placed::all(&old.fields, &old_at.fields);
        let now = Placed::all(&new.fields, &new_at.fields);
        let mut matches = Matches::none(before.len(), now.len());
        matches.by_key(|i| Some(before[i].name()), |i| Some(now[i].name()));
        // A field of another name at the same place is the same one renamed, unless the spec says
        // that it is not: by reserving the old name, or by saying when the new one came.
        let owners = [&old.name.value, &new.name.value];
        let reserved = &pair.new.spec.reserved;
        let is_kept = |field: &Placed| {
            !owners.iter().any(|owner| reserved_name(reserved, Some(owner), field.name()).is_some())
        };
        let place = |of: Of, field: &Placed| {
            (field.at.offset, field.at.since, pair.bytes_key(of, &field.at.ty))
        };
        matches.by_key(
            |i| is_kept(&before[i]).then(|| place(Of::Old, &before[i])),
            |i| Some(place(Of::New, &now[i])),
        );
        matches.by_key(
            |i| is_kept(&before[i]).then_some((before[i].at.offset, before[i].at.since)),
            |i| Some((now[i].at.offset, now[i].at.since)),
        );
        let walk = Walk::new(before, now, matches);
        let users = pair.users.get(&is).map_or(&[][..], Vec::as_slice);
        Self { pair, old, new, old_at, new_at, walk, users }
    }

    fn run(&self) -> Vec<Change> {
        let mut found = self.itself();
        for (was, is) in self.walk.matches.both() {
            found.extend(self.kept(was, is));
        }
        found.extend(self.order());
        found.extend(self.walk.matches.removed().filter_map(|index| self.removed(index)));
        found.extend(self.walk.matches.added().filter_map(|index| self.added(index)));
        let tails = Tails { pair: self.pair, old: self.old, new: self.new };
        found.extend(tails.compare());
        found.extend(self.size(&found));
        self.say_who_notices(&mut found);
        found
    }

    fn subject(&self, field: &Placed) -> String {
        format!("{}.{}", self.new.name.value, field.name())
    }

    fn in_new(&self, span: Span) -> Span {
        self.pair.in_new(span)
    }

    /// The name and the id.
    fn itself(&self) -> Vec<Change> {
        let (pair, name, mut found) = (self.pair, &self.new.name.value, Vec::new());
        if self.old.name.value != *name {
            let message = format!("`{}` is called `{name}`", self.old.name.value);
            found.push(
                Change::new(rules::TYPE_RENAMED, name, message)
                    .at(self.in_new(self.new.name.span), "programs name it")
                    .also(self.old.name.span, "was called so")
                    .schema(),
            );
        }
        let reserved = (&pair.old.spec.reserved, &pair.new.spec.reserved);
        match (&self.old.id, &self.new.id) {
            (Some(was), Some(is)) if was.value != is.value => {
                let message = format!("`{name}` has the id {} and had {}", is.value, was.value);
                found.push(
                    Change::new(rules::NUMBER_CHANGED, name, message)
                        .at(self.in_new(is.span), "old programs do not know it")
                        .also(was.span, "was this")
                        .schema(),
                );
            }
            (Some(was), None) => {
                let is_reserved = reserved_id(reserved.1, was.value.into()).is_some();
                let rule = if is_reserved { rules::TYPE_RENAMED } else { rules::REMOVED };
                let message =
                    format!("`{name}` is no message any more, and had the id {}", was.value);
                found.push(
                    Change::new(rule, name, message)
                        .at(self.in_new(self.new.name.span), "has no id")
                        .also(was.span, "was this")
                        .schema(),
                );
            }
            (None, Some(is)) if reserved_id(reserved.0, is.value.into()).is_none() => {
                let message = format!("`{name}` is a message, with the id {}", is.value);
                let change = Change::new(rules::ADDED, name, message).schema();
                let change = change.at(self.in_new(is.span), "new");
                found.push(change.also(self.old.name.span, "had no id"));
            }
            _ => {}
        }
        found
    }

    fn kept(&self, was: usize, is: usize) -> Vec<Change> {
        let (old, new) = (&self.walk.old[was], &self.walk.new[is]);
        let (pair, name, mut found) = (self.pair, new.name(), Vec::new());
        let types = (&old.at.ty, &new.at.ty);
        let same = pair.type_key(Of::Old, types.0) == pair.type_key(Of::New, types.1);
        let retyped = self.is_retyped(old, new);
        if retyped {
            found.push(self.retyped(old, new, Cause::Kept(is)));
        } else if let Some(part) = pair.resized(types.0, types.1) {
            let (struct_name, (before, now)) = (&self.new.name.value, part.sizes);
            let sizes = if before == now {
                "is aligned in another way".to_owned()
            } else {
                format!("takes {now} bytes instead of {before}")
            };
            let message = format!("`{struct_name}` changes with `{}`, which {sizes}", part.name);
            let change = Change::new(rules::FIELD_MOVED, self.subject(new), message)
                .at(self.in_new(new.field.ty.span), "part of it")
                .also(self.in_new(part.span), "because of this")
                .also(old.field.ty.span, "was this")
                .schema();
            found.push(self.with_moves(change, Cause::Kept(is)));
        } else if self.walk.causes[is] == Some(Cause::Kept(is)) {
            found.push(self.moved(old, new, Cause::Kept(is)));
        }
        if old.name() != name && !retyped {
            let message = format!("field `{}` is called `{name}`", old.name());
            found.push(
                Change::new(rules::MEMBER_RENAMED, self.subject(new), message)
                    .at(self.in_new(new.name_span()), "programs name it")
                    .also(old.name_span(), "was called so")
                    .schema(),
            );
        }
        if !same && !retyped {
            let layouts = (&pair.old.layout, &pair.new.layout);
            let (before, now) = (layouts.0.type_name(types.0), layouts.1.type_name(types.1));
            let message = format!("`{name}` is a {now} and was a {before}: the bytes are the same");
            found.push(
                Change::new(rules::MEMBER_RENAMED, self.subject(new), message)
                    .at(self.in_new(new.field.ty.span), "programs see another type")
                    .also(old.field.ty.span, "was this")
                    .schema(),
            );
        }
        found
    }

    /// Whether the bytes of a field mean something else.
    fn is_retyped(&self, old: &Placed, new: &Placed) -> bool {
        let types = (&old.at.ty, &new.at.ty);
        self.pair.type_key(Of::Old, types.0) != self.pair.type_key(Of::New, types.1)
            && self.pair.bytes_key(Of::Old, types.0) != self.pair.bytes_key(Of::New, types.1)
    }

    fn retyped(&self, old: &Placed, new: &Placed, cause: Cause) -> Change {
        let layouts = (&self.pair.old.layout, &self.pair.new.layout);
        let (before, now) = (layouts.0.type_name(&old.at.ty), layouts.1.type_name(&new.at.ty));
        let name = new.name();
        let mut message = if old.name() == name {
            format!("`{name}` is a {now} and was a {before}")
        } else {
            format!("`{name}`, a {now}, lies where `{}`, a {before}, was", old.name())
        };
        if old.at.offset != new.at.offset {
            let (from, to) = (old.at.offset, new.at.offset);
            message += &format!(", and lies at {to} and not at {from}");
        }
        let mut change = Change::new(rules::FIELD_RETYPED, self.subject(new), message)
            .at(self.in_new(new.field.ty.span), "another type")
            .also(old.field.ty.span, "was this")
            .schema();
        // The text is the same when it names a constant that has another value.
        if old.field.written == new.field.written
            && let Some(constant) = length_of(&new.field.written)
            && let Some(found) =
                self.pair.new.spec.constants.iter().find(|item| item.name.value == constant)
        {
            change = change.also(self.in_new(found.value.span), "because of this");
        }
        self.with_moves(change, cause)
    }

    fn moved(&self, old: &Placed, new: &Placed, cause: Cause) -> Change {
        let (from, to) = (old.at.offset, new.at.offset);
        let message = format!("`{}` lies at {to} and lay at {from}", new.name());
        let change = Change::new(rules::FIELD_MOVED, self.subject(new), message)
            .at(self.in_new(new.name_span()), "another place")
            .also(old.name_span(), format!("was at {from}"))
            .schema();
        self.with_moves(change, cause)
    }

    /// Fields in another order: one edit, however many there are.
    fn order(&self) -> Option<Change> {
        // One that has another type, too, is told already.
        let is_told =
            |index: &&usize| self.is_retyped(self.walk.old_of(**index), &self.walk.new[**index]);
        let first = *self.walk.moved(Cause::Order).iter().find(|index| !is_told(index))?;
        let change = self.moved(self.walk.old_of(first), &self.walk.new[first], Cause::Order);
        Some(change.help("the fields are in another order"))
    }

    /// Says which other fields an edit moved, and shows the first of them.
    fn with_moves(&self, change: Change, cause: Cause) -> Change {
        let Some(moves) = self.walk.moves(cause) else { return change };
        let change = change.help(format!("moves {moves}"));
        let other = |index: &&usize| Cause::Kept(**index) != cause && cause != Cause::Order;
        match self.walk.moved(cause).iter().find(other) {
            Some(index) => {
                let (from, new) = (self.walk.old_of(*index).at.offset, &self.walk.new[*index]);
                let label = format!("moves from {from} to {}", new.at.offset);
                change.also(self.in_new(new.name_span()), label)
            }
            None => change,
        }
    }

    fn removed(&self, index: usize) -> Option<Change> {
        let (pair, was) = (self.pair, &self.walk.old[index]);
        let (name, cause) = (was.name(), Cause::Removed(index));
        let moves = !self.walk.moved(cause).is_empty();
        // What has its bytes now says that they had another meaning.
        let bytes = was.at.offset..was.end();
        let new_at = |is: &usize| {
            let at = self.walk.new[*is].at;
            at.offset < bytes.end && bytes.start < at.offset + at.size
        };
        if !moves && self.walk.matches.added().any(|is| new_at(&is)) {
            return None;
        }
        let reserved = &pair.new.spec.reserved;
        let owners = [&self.old.name.value, &self.new.name.value];
        let span = owners.iter().find_map(|owner| reserved_name(reserved, Some(owner), name));
        let is_short = was.end() > self.new_at.size && !self.fits();
        let (rule, how) = match span {
            None => (rules::REMOVED, "removed without being reserved"),
            Some(_) if moves => (rules::FIELD_MOVED, "removed, and others move up"),
            Some(_) if is_short => {
                (rules::REMOVED, "removed, and the payload is too short without")
            }
            Some(_) => (rules::MEMBER_RENAMED, "removed and reserved"),
        };
        let subject = format!("{}.{name}", self.new.name.value);
        let (at, label) = gone(pair, self.new.name.span);
        let mut change = Change::new(rule, &subject, format!("field `{name}` {how}"))
            .at(at, label)
            .also(was.field.span, format!("was at {}", was.at.offset))
            .schema();
        match span {
            Some(span) => change = change.also(pair.in_new(span), "reserved"),
            None => {
                change = change
                    .help(
                        "old programs still set it: keep it, or reserve it and keep its bytes free",
                    )
                    .help(format!("reserved: {{ names: [{subject}] }}"));
            }
        }
        if is_short {
            change = change.help(format!("state `size: {}`", self.old_at.size));
        }
        Some(self.with_moves(change, cause))
    }

    fn added(&self, index: usize) -> Option<Change> {
        let (pair, is) = (self.pair, &self.walk.new[index]);
        let (name, since) = (is.name(), is.at.since);
        let cause = Cause::Added(index);
        let moves = !self.walk.moved(cause).is_empty();
        let owners = [&self.old.name.value, &self.new.name.value];
        let was_reserved =
            |owner: &&String| reserved_name(&pair.old.spec.reserved, Some(owner), name).is_some();
        if !moves && owners.iter().any(was_reserved) {
            return None;
        }
        let place = self.place(is, moves);
        let (rule, how) = match place {
            Room::Taken(before) => {
                (rules::REUSED, format!("takes bytes that were those of `{before}`"))
            }
            Room::InFront => (rules::FIELD_ADDED, "added in front of others".to_owned()),
            Room::BeforeTail => (rules::FIELD_ADDED, "added in front of the tail".to_owned()),
            Room::Nested => {
                (rules::FIELD_ADDED, "added to a struct that is part of another one".to_owned())
            }
            Room::Gap => (rules::FILLS_PADDING, "fills padding".to_owned()),
            Room::End if !is_later(pair, since) => {
                (rules::FIELD_ADDED, format!("added at the end {}", with_since(pair, since)))
            }
            Room::End if is.end() <= self.old_at.size => {
                let text = format!("fills padding at the end {}", with_since(pair, since));
                (rules::FILLS_PADDING, text)
            }
            Room::End => (rules::ADDED, format!("added at the end {}", with_since(pair, since))),
        };
        let change = Change::new(rule, self.subject(is), format!("field `{name}` {how}"))
            .at(self.in_new(is.name_span()), format!("at {}", is.at.offset))
            .also(self.old.name.span, "did not have it")
            .schema();
        let change = match rule {
            _ if rule == rules::FILLS_PADDING => {
                change.help("padding is zero, so it reads as 0 in what old programs send")
            }
            _ if rule == rules::FIELD_ADDED && matches!(place, Room::End) => {
                change.help(say_since(pair))
            }
            _ if rule == rules::FIELD_ADDED => {
                change.help("add fields at the end, with `since`, or make a new message")
            }
            _ => change,
        };
        Some(self.with_moves(change, cause))
    }

    /// Where a new field lies, in the eyes of an old program.
    fn place(&self, is: &Placed, moves: bool) -> Room<'a> {
        let bytes = is.at.offset..is.end();
        let is_gone = |index: usize| match self.walk.matches.of_old[index] {
            None => true,
            // Another field lies where it was, or another part of it.
            Some(new) => self.walk.old[index].name() != self.walk.new[new].name(),
        };
        if let Some(before) = self.walk.old_at(bytes.clone(), is_gone) {
            return Room::Taken(before.name());
        }
        let end = self.walk.old.last().map_or(0, Placed::end);
        if moves || self.walk.old_at(bytes.clone(), |_| true).is_some() {
            return Room::InFront;
        }
        if bytes.start < end {
            return Room::Gap;
        }
        let is_padding = bytes.end <= self.old_at.size && self.old_at.size == self.new_at.size;
        // `since` cannot be said where it would move what follows.
        match (self.users.is_empty(), self.old.tail.is_none()) {
            (true, true) => Room::End,
            _ if is_padding => Room::Gap,
            (false, _) => Room::Nested,
            (true, false) => Room::BeforeTail,
        }
    }

    /// Whether old and new programs take each other's payloads by their length, those of versions
    /// included that the old ones take.
    fn fits(&self) -> bool {
        let takes =
            |at: &StructLayout, length: u64| length >= at.size || at.older_sizes.contains(&length);
        let fixed = self.users.is_empty() && self.old.tail.is_none();
        let same = self.old_at.size == self.new_at.size;
        same || fixed
            && takes(self.new_at, self.old_at.size)
            && takes(self.old_at, self.new_at.size)
    }

    /// What no edit of a field explains.
    fn size(&self, found: &[Change]) -> Option<Change> {
        let name = &self.new.name.value;
        let span = |item: &Struct| item.size.as_ref().map_or(item.name.span, |size| size.span);
        let places = (self.in_new(span(self.new)), span(self.old));
        let change = |rule, message: String| {
            Change::new(rule, name, message)
                .at(places.0, "here")
                .also(places.1, "was this")
                .schema()
        };
        if found.iter().any(|change| change.class >= Class::Wire) {
            return None;
        }
        let (before, now) = (self.old_at.size, self.new_at.size);
        if !self.fits() {
            let message = format!("`{name}` takes {now} bytes and took {before}");
            let change = change(rules::TAIL_CHANGED, message);
            let change = match (&self.new.tail, self.users.first()) {
                (Some(tail), _) => change.also(self.in_new(tail.name.span), "begins elsewhere"),
                (None, Some(_)) => change,
                (None, None) => {
                    change.help("state the size that it had, or add a field with `since`")
                }
            };
            return Some(change);
        }
        let takes = |length: &&u64| **length >= now || self.new_at.older_sizes.contains(length);
        let lost = self.old_at.older_sizes.iter().find(|length| !takes(length));
        if let Some(length) = lost {
            let message =
                format!("`{name}` of {length} bytes, of an older version, is refused now");
            let change = change(rules::FIELD_ADDED, message);
            return Some(change.help("keep `since` of each field as it was"));
        }
        if found.iter().any(|change| change.moves_schema) {
            return None;
        }
        let since = |item: &StructLayout| {
            let fixed = item.fields.iter().map(|field| field.since);
            fixed.chain([item.tail.as_ref().and_then(|tail| tail.since)]).collect::<Vec<_>>()
        };
        let what = if since(self.old_at) != since(self.new_at) {
            "says something else about when its fields came"
        } else if before != now {
            "has another size, which old programs take"
        } else if self.old_at.align != self.new_at.align {
            "has another alignment"
        } else {
            return None;
        };
        Some(change(rules::HARMLESS, format!("`{name}` {what}: no payload is read otherwise")))
    }

    /// Says what nothing at run time notices, and which messages carry a part.
    fn say_who_notices(&self, found: &mut [Change]) {
        let same = self.old_at.size == self.new_at.size;
        let names = |index: &usize| format!("`{}`", self.pair.new.spec.structs[*index].name.value);
        let mut users: Vec<_> = self.users.iter().take(MOST_USERS).map(names).collect();
        if let Some(more) = self.users.len().checked_sub(MOST_USERS).filter(|more| *more > 0) {
            users.push(format!("{more} more"));
        }
        for change in found.iter_mut().filter(|change| change.class == Class::Wire) {
            let is_id = change.finding.rule == rules::NUMBER_CHANGED;
            if same && !is_id {
                let size = self.new_at.size;
                change.finding.message += &format!(
                    ": silent, the size stays {size} bytes and nothing at run time notices"
                );
            }
            if !users.is_empty() {
                change.finding.help.push(format!("it is part of {}", users.join(", ")));
            }
        }
    }
}

/// Where a new field lies, in the eyes of an old program.
enum Room<'a> {
    /// On bytes that belonged to a field that is gone, of this name.
    Taken(&'a str),
    /// In front of fields that have moved.
    InFront,
    /// In front of the tail, which has moved.
    BeforeTail,
    /// At the end of a struct that has others behind it, which has grown.
    Nested,
    /// On padding, where `since` cannot be said.
    Gap,
    /// Behind all fields.
    End,
}

/// The constant that a type names as its length.
fn length_of(written: &str) -> Option<&str> {
    let (_, rest) = written.split_once('[')?;
    rest.strip_suffix(']')
}
