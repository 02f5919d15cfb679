//! The fields of a struct or header in both versions: which are the same, and what moved them.

use std::collections::HashMap;

use super::pair::{Matches, Pair};
use crate::layout::{FieldLayout, NoRole};
use crate::model::Field;
use crate::source::Span;

/// Fields that are named one by one when an edit moves many.
const MOST_NAMED: usize = 4;

/// A field with its place.
pub(super) struct Placed<'a, R = NoRole> {
    pub(super) field: &'a Field<R>,
    pub(super) at: &'a FieldLayout<R>,
}

impl<'a, R> Placed<'a, R> {
    /// All fields in the order of their places.
    pub(super) fn all(fields: &'a [Field<R>], at: &'a [FieldLayout<R>]) -> Vec<Self> {
        let by_name: HashMap<_, _> = fields.iter().map(|f| (f.name.value.as_str(), f)).collect();
        let place =
            |at: &'a FieldLayout<R>| by_name.get(at.name.as_str()).map(|field| Self { field, at });
        at.iter().filter_map(place).collect()
    }

    pub(super) fn name(&self) -> &'a str {
        &self.field.name.value
    }

    pub(super) fn name_span(&self) -> Span {
        self.field.name.span
    }

    pub(super) fn end(&self) -> u64 {
        self.at.offset + self.at.size
    }
}

/// The edit that moved a field, by the index of what was edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Cause {
    /// An old field that is not there any more.
    Removed(usize),
    /// A new field.
    Added(usize),
    /// A field of both, which takes another room or was moved on its own.
    Kept(usize),
    /// The fields are in another order.
    Order,
}

/// The fields of both versions, and which edit moved which.
pub(super) struct Walk<'a, R = NoRole> {
    pub(super) old: Vec<Placed<'a, R>>,
    pub(super) new: Vec<Placed<'a, R>>,
    pub(super) matches: Matches,
    /// For each new field that moved, what moved it.
    pub(super) causes: Vec<Option<Cause>>,
    moved: HashMap<Cause, Vec<usize>>,
}

impl<'a, R> Walk<'a, R> {
    pub(super) fn new(old: Vec<Placed<'a, R>>, new: Vec<Placed<'a, R>>, matches: Matches) -> Self {
        let mut walk = Self { old, new, matches, causes: Vec::new(), moved: HashMap::new() };
        for index in 0..walk.new.len() {
            let cause = walk.cause(index);
            walk.causes.push(cause);
            if let Some(cause) = cause {
                walk.moved.entry(cause).or_default().push(index);
            }
        }
        walk
    }

    /// What moved a new field, if it moved; the causes of those in front of it are known.
    ///
    /// A field lies where the one in front of it ends. So it moved because there is another one in
    /// front of it, because that one takes another room, for whatever moved that one, or else
    /// because of what is stated about itself.
    fn cause(&self, index: usize) -> Option<Cause> {
        let old = self.matches.of_new[index]?;
        if self.old[old].at.offset == self.new[index].at.offset {
            return None;
        }
        let previous = (old.checked_sub(1), index.checked_sub(1));
        Some(match previous {
            (_, Some(new)) if self.matches.of_new[new].is_none() => Cause::Added(new),
            (Some(old), _) if self.matches.of_old[old].is_none() => Cause::Removed(old),
            (None, None) => Cause::Kept(index),
            (Some(old), Some(new)) if self.matches.of_new[new] == Some(old) => {
                if self.old[old].at.size != self.new[new].at.size {
                    Cause::Kept(new)
                } else {
                    self.causes[new].unwrap_or(Cause::Kept(index))
                }
            }
            _ => Cause::Order,
        })
    }

    /// The new fields that an edit moved.
    pub(super) fn moved(&self, cause: Cause) -> &[usize] {
        self.moved.get(&cause).map_or(&[], Vec::as_slice)
    }

    /// The old field of a new one that is in both.
    pub(super) fn old_of(&self, new: usize) -> &Placed<'a, R> {
        &self.old[self.matches.of_new[new].expect("the field is in both")]
    }

    /// `` `a` from 4 to 8 ``: those that an edit moved, without the one that it is about.
    pub(super) fn moves(&self, cause: Cause) -> Option<String> {
        let others = |index: &&usize| Cause::Kept(**index) != cause;
        let all: Vec<_> = self.moved(cause).iter().filter(others).collect();
        let named = all.iter().take(MOST_NAMED).map(|index| {
            let (old, new) = (self.old_of(**index), &self.new[**index]);
            format!("`{}` from {} to {}", new.name(), old.at.offset, new.at.offset)
        });
        let mut text = named.collect::<Vec<_>>().join(", ");
        if let Some(more) = all.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
            text += &format!(" and {more} more");
        }
        (!all.is_empty()).then_some(text)
    }

    /// An old field that a range of bytes belonged to, if it is one of those that are `wanted`.
    pub(super) fn old_at(
        &self,
        bytes: std::ops::Range<u64>,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<&Placed<'a, R>> {
        let first = self.old.partition_point(|field| field.end() <= bytes.start);
        let within =
            (first..self.old.len()).take_while(|index| self.old[*index].at.offset < bytes.end);
        within.into_iter().find(|index| wanted(*index)).map(|index| &self.old[index])
    }
}

/// Where to look in the new spec for what is not there any more: at what it was part of.
pub(super) fn gone(pair: &Pair, span: Span) -> (Span, &'static str) {
    (pair.in_new(span), "is not in it any more")
}
