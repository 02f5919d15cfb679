//! The ring header and the message header: what both sides have to agree on before they attach.

use super::Change;
use super::fields::{Cause, Placed, Walk, gone};
use super::pair::{Matches, Of, Pair};
use crate::layout::HeaderLayout;
use crate::model::{Field, Header, MessageRole, RingRole};
use crate::rules::{self, Rule};

pub(super) fn compare(pair: &Pair, out: &mut Vec<Change>) {
    let (old, new) = (pair.old.spec, pair.new.spec);
    let (old_at, new_at) = (&pair.old.layout, &pair.new.layout);
    let ring = Compared::new(
        pair,
        "ring_header",
        [&old.ring_header, &new.ring_header],
        [&old_at.ring_header, &new_at.ring_header],
        RingRole::name,
    );
    ring.run(out);
    let message = Compared::new(
        pair,
        "message_header",
        [&old.message_header, &new.message_header],
        [&old_at.message_header, &new_at.message_header],
        MessageRole::name,
    );
    message.run(out);
}

/// A header in both versions.
struct Compared<'a, R> {
    pair: &'a Pair<'a>,
    title: &'static str,
    headers: [&'a Header<R>; 2],
    at: [&'a HeaderLayout<R>; 2],
    role_name: fn(R) -> &'static str,
    walk: Walk<'a, R>,
}

impl<'a, R: Copy + PartialEq> Compared<'a, R> {
    fn new(
        pair: &'a Pair<'a>,
        title: &'static str,
        headers: [&'a Header<R>; 2],
        at: [&'a HeaderLayout<R>; 2],
        role_name: fn(R) -> &'static str,
    ) -> Self {
        let old = Placed::all(&headers[0].fields, &at[0].fields);
        let new = Placed::all(&headers[1].fields, &at[1].fields);
        let mut matches = Matches::none(old.len(), new.len());
        let role = |field: &Placed<R>| field.at.role.map(role_name);
        // A field that stays where it is, under its name, is the same one whatever its role.
        let whole = |field: &Placed<R>| Some((field.name().to_owned(), field.at.offset));
        matches.by_key(|i| whole(&old[i]), |i| whole(&new[i]));
        matches.by_key(|i| role(&old[i]), |i| role(&new[i]));
        matches.by_key(|i| Some(old[i].name()), |i| Some(new[i].name()));
        let place =
            |of: Of, field: &Placed<R>| Some((field.at.offset, pair.type_key(of, &field.at.ty)));
        matches.by_key(|i| place(Of::Old, &old[i]), |i| place(Of::New, &new[i]));
        let walk = Walk::new(old, new, matches);
        Self { pair, title, headers, at, role_name, walk }
    }

    fn run(&self, out: &mut Vec<Change>) {
        let mut found = Vec::new();
        found.extend(self.roles());
        found.extend(self.lines());
        let lines = found.iter().any(|change| change.finding.rule == rules::LINE_CHANGED);
        for (was, is) in self.walk.matches.both() {
            found.extend(self.kept(was, is, lines));
        }
        if !lines {
            found.extend(self.order());
        }
        for was in self.walk.matches.removed() {
            let field = &self.walk.old[was];
            let message = format!("`{}` removed from the {}", field.name(), self.words());
            let (at, label) = gone(self.pair, self.headers[1].span);
            let change = Change::new(rules::HEADER_FIELD_MOVED, self.subject(field), message);
            let change = change.at(at, label).also(field.field.span, "was here").layout();
            found.push(self.with_moves(change, Cause::Removed(was)));
        }
        for is in self.walk.matches.added() {
            let field = &self.walk.new[is];
            let message = format!("`{}` added to the {}", field.name(), self.words());
            let change = Change::new(rules::HEADER_FIELD_MOVED, self.subject(field), message)
                .at(self.pair.in_new(field.name_span()), "new: another header to old programs")
                .also(self.headers[0].span, "was not in it")
                .layout();
            found.push(self.with_moves(change, Cause::Added(is)));
        }
        self.size(&mut found);
        out.extend(found);
    }

    fn words(&self) -> String {
        self.title.replace('_', " ")
    }

    fn subject(&self, field: &Placed<R>) -> String {
        format!("{}.{}", self.title, field.name())
    }

    /// Fields that the engine uses for something else now.
    fn roles(&self) -> Option<Change> {
        let name = |role: Option<R>| role.map_or("none", self.role_name);
        let mut change: Option<Change> = None;
        for (was, is) in self.walk.matches.both() {
            let (old, new) = (&self.walk.old[was], &self.walk.new[is]);
            let (before, now) = (name(old.at.role), name(new.at.role));
            if before == now {
                continue;
            }
            let span = new.field.role.as_ref().map_or(new.name_span(), |role| role.span);
            let label = format!("{now}, was {before}");
            change = Some(match change {
                Some(change) => change.also(self.pair.in_new(span), label),
                None => {
                    let message = format!("`{}` has the role {now} and had {before}", new.name());
                    Change::new(rules::ROLE_CHANGED, self.subject(new), message)
                        .at(self.pair.in_new(span), label)
                        .also(old.name_span(), "was used for something else")
                        .layout()
                }
            });
        }
        change
    }

    /// Another size of lines, with all that it moved.
    fn lines(&self) -> Option<Change> {
        let [old, new] = self.at;
        if old.line == new.line {
            return None;
        }
        let message = format!("lines of {} bytes, of {} before", new.line, old.line);
        let [was, is] = self.headers.map(|header| header.line.span.unwrap_or(header.span));
        let own = |cause: &&Option<Cause>| matches!(cause, Some(Cause::Kept(_) | Cause::Order));
        let moved = self.walk.causes.iter().filter(own).count();
        let subject = format!("{}.line", self.title);
        let change = if moved == 0 {
            Change::new(rules::HARMLESS, subject, format!("{message}: no field moves"))
        } else {
            let change = Change::new(rules::LINE_CHANGED, subject, message).layout();
            change.help(format!("moves {moved} fields"))
        };
        Some(change.at(self.pair.in_new(is), "another size").also(was, "was this"))
    }

    fn kept(&self, was: usize, is: usize, lines: bool) -> Vec<Change> {
        let (old, new) = (&self.walk.old[was], &self.walk.new[is]);
        let (pair, name, mut changes) = (self.pair, new.name(), Vec::new());
        let cause = Cause::Kept(is);
        if old.name() != name {
            let message = format!("`{}` of the {} is called `{name}`", old.name(), self.words());
            changes.push(
                Change::new(rules::MEMBER_RENAMED, self.subject(new), message)
                    .at(pair.in_new(new.name_span()), "programs may name it")
                    .also(old.name_span(), "was called so"),
            );
        }
        let key = |of: Of, field: &Placed<R>| pair.type_key(of, &field.at.ty);
        let (before, now) = (key(Of::Old, old), key(Of::New, new));
        if before != now {
            let message = format!("`{name}` is a {now} and was a {before}");
            let change = Change::new(rules::HEADER_FIELD_RETYPED, self.subject(new), message)
                .at(pair.in_new(new.field.ty.span), "another type")
                .also(old.field.ty.span, "was this")
                .layout();
            changes.push(self.with_moves(change, cause));
        } else if self.walk.moved(cause).contains(&is) && !lines {
            let change = self.moved(old, new, moved_by(old.field, new.field));
            changes.push(self.with_moves(change, cause));
        }
        changes
    }

    fn moved(&self, old: &Placed<R>, new: &Placed<R>, rule: &'static Rule) -> Change {
        let (from, to) = (old.at.offset, new.at.offset);
        let message = format!("`{}` lies at {to} and lay at {from}", new.name());
        Change::new(rule, self.subject(new), message)
            .at(self.pair.in_new(new.name_span()), "another place")
            .also(old.name_span(), format!("was at {from}"))
            .layout()
    }

    /// Fields in another order, or on other lines.
    fn order(&self) -> Option<Change> {
        let first = *self.walk.moved(Cause::Order).first()?;
        let (old, new) = (self.walk.old_of(first), &self.walk.new[first]);
        let lines = |index: &&usize| {
            let (old, new) = (self.walk.old_of(**index), &self.walk.new[**index]);
            moved_by(old.field, new.field) == rules::LINE_CHANGED
        };
        // The one that names another line is what moved the others.
        let change = match self.walk.moved(Cause::Order).iter().find(lines) {
            Some(index) => {
                let (old, new) = (self.walk.old_of(*index), &self.walk.new[*index]);
                self.moved(old, new, rules::LINE_CHANGED)
            }
            None => self.moved(old, new, moved_by(old.field, new.field)),
        };
        Some(self.with_moves(change, Cause::Order))
    }

    fn with_moves(&self, change: Change, cause: Cause) -> Change {
        match self.walk.moves(cause) {
            Some(moves) => change.help(format!("moves {moves}")),
            None => change,
        }
    }

    /// The size of the header: a change of its own, or the consequence of another one.
    fn size(&self, found: &mut Vec<Change>) {
        let [before, now] = self.at.map(|header| header.size);
        if before == now {
            return;
        }
        let message = format!("the {} has {now} bytes and had {before}", self.words());
        if let Some(change) = found.iter_mut().find(|change| change.moves_layout) {
            change.finding.help.push(message);
            return;
        }
        let span = |header: &Header<R>| header.size.as_ref().map_or(header.span, |size| size.span);
        let [was, is] = self.headers.map(span);
        let subject = format!("{}.size", self.title);
        found.push(
            Change::new(rules::HEADER_RESIZED, subject, message)
                .at(self.pair.in_new(is), "what follows lies elsewhere")
                .also(was, "was this")
                .layout(),
        );
    }
}

/// What moved a field of a header that moved on its own.
fn moved_by<R>(old: &Field<R>, new: &Field<R>) -> &'static Rule {
    let [was, is] = [old, new].map(|field| field.line.as_ref().map(|line| line.value));
    let aligned = [old, new].map(|field| field.align.as_ref().map(|align| align.value));
    if was != is {
        rules::LINE_CHANGED
    } else if aligned[0] != aligned[1] {
        rules::HEADER_FIELD_ALIGNED
    } else {
        rules::HEADER_FIELD_MOVED
    }
}
