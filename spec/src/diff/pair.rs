//! Two versions of a spec side by side: which of their types are the same.

use std::collections::{HashMap, HashSet};

use super::Identity;
use crate::layout::{FieldLayout, Layout, Scalar, Type};
use crate::model::{Enum, Reserved, ReservedName, Spec, Struct};
use crate::source::{Span, Spanned};

/// One version.
pub(super) struct Side<'a> {
    pub(super) spec: &'a Spec,
    pub(super) layout: Layout,
}

impl<'a> Side<'a> {
    fn new(spec: &'a Spec) -> Self {
        Self { spec, layout: Layout::of(spec) }
    }

    pub(super) fn identity(&self) -> Identity {
        let Layout { name, version, layout_hash, schema_hash, .. } = &self.layout;
        let (version, layout_hash, schema_hash) = (*version, *layout_hash, *schema_hash);
        Identity { name: name.clone(), version, layout_hash, schema_hash }
    }
}

/// Which items of two lists are the same, by their indices.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub(super) of_old: Vec<Option<usize>>,
    pub(super) of_new: Vec<Option<usize>>,
}

impl Matches {
    pub(super) fn none(old: usize, new: usize) -> Self {
        Self { of_old: vec![None; old], of_new: vec![None; new] }
    }

    pub(super) fn join(&mut self, old: usize, new: usize) {
        self.of_old[old] = Some(new);
        self.of_new[new] = Some(old);
    }

    /// Joins items that have no partner yet and the same key.
    pub(super) fn by_key<K: std::hash::Hash + Eq>(
        &mut self,
        old: impl Fn(usize) -> Option<K>,
        new: impl Fn(usize) -> Option<K>,
    ) {
        let free = (0..self.of_old.len()).filter(|index| self.of_old[*index].is_none());
        // Two with one key are as good as none: which of them it would be is a guess.
        let mut by_key: HashMap<K, Option<usize>> = HashMap::new();
        for (index, key) in free.filter_map(|index| Some((index, old(index)?))) {
            by_key.entry(key).and_modify(|found| *found = None).or_insert(Some(index));
        }
        for index in 0..self.of_new.len() {
            if self.of_new[index].is_none()
                && let Some(found) = new(index).and_then(|key| by_key.get_mut(&key))
                && let Some(old) = found.take()
            {
                self.join(old, index);
            }
        }
    }

    /// Those of both, in the order of the new ones.
    pub(super) fn both(&self) -> impl Iterator<Item = (usize, usize)> {
        self.of_new.iter().enumerate().filter_map(|(new, old)| Some(((*old)?, new)))
    }

    pub(super) fn removed(&self) -> impl Iterator<Item = usize> {
        (0..self.of_old.len()).filter(|index| self.of_old[*index].is_none())
    }

    pub(super) fn added(&self) -> impl Iterator<Item = usize> {
        (0..self.of_new.len()).filter(|index| self.of_new[*index].is_none())
    }
}

/// Which version a type is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Old,
    New,
}

/// Both versions.
pub(super) struct Pair<'a> {
    pub(super) old: Side<'a>,
    pub(super) new: Side<'a>,
    pub(super) structs: Matches,
    pub(super) enums: Matches,
    /// Structs of the new version that are part of another one, with the first of these.
    pub(super) users: HashMap<usize, Vec<usize>>,
    files: usize,
}

impl<'a> Pair<'a> {
    pub(super) fn new(old: &'a Spec, new: &'a Spec) -> Self {
        let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, item) in new.structs.iter().enumerate() {
            for part in item.types().filter_map(|(ty, _)| ty.part()) {
                let list = users.entry(part).or_default();
                if list.last() != Some(&index) {
                    list.push(index);
                }
            }
        }
        let mut pair = Self {
            old: Side::new(old),
            new: Side::new(new),
            structs: Matches::none(old.structs.len(), new.structs.len()),
            enums: Matches::none(old.enums.len(), new.enums.len()),
            users,
            files: old.sources().count(),
        };
        pair.match_enums();
        pair.match_structs();
        pair
    }

    /// A place of the new spec, in the files of both.
    pub(super) fn in_new(&self, span: Span) -> Span {
        span.shifted(self.files)
    }

    /// Enums by their names, else by all that they hold.
    fn match_enums(&mut self) {
        let (old, new) = (&self.old.spec.enums, &self.new.spec.enums);
        let mut enums = std::mem::take(&mut self.enums);
        enums.by_key(|i| Some(&old[i].name.value), |i| Some(&new[i].name.value));
        let holds = |item: &Enum| {
            let values: Vec<_> =
                item.values.iter().map(|v| (v.name.value.clone(), v.value.value)).collect();
            (item.scalar.value, item.is_flags, values)
        };
        let is_free = |name: &str| reserved_name(&self.new.spec.reserved, None, name).is_none();
        let left = |i: usize| is_free(&old[i].name.value).then(|| holds(&old[i]));
        enums.by_key(left, |i| Some(holds(&new[i])));
        self.enums = enums;
    }

    /// Structs by their names, else by their ids if most of their fields are the same, else by all
    /// that they hold.
    fn match_structs(&mut self) {
        let (old, new) = (&self.old.spec.structs, &self.new.spec.structs);
        let mut structs = std::mem::take(&mut self.structs);
        structs.by_key(|i| Some(&old[i].name.value), |i| Some(&new[i].name.value));
        let id = |item: &Struct| item.id.as_ref().map(|id| id.value);
        let mut by_id = Matches::none(old.len(), new.len());
        let is_free = |name: &str| reserved_name(&self.new.spec.reserved, None, name).is_none();
        by_id.by_key(
            |i| id(&old[i]).filter(|_| structs.of_old[i].is_none() && is_free(&old[i].name.value)),
            |i| id(&new[i]).filter(|_| structs.of_new[i].is_none()),
        );
        for (from, to) in by_id.both() {
            if self.is_alike(from, to) {
                structs.join(from, to);
            }
        }
        self.structs = structs;
        // Parts of parts: each round finds those whose own parts were found before.
        while self.match_parts() {}
    }

    /// Structs that are no messages and have no partner yet, by all that they hold; says whether it
    /// found any.
    fn match_parts(&mut self) -> bool {
        let holds = |of: Of, index: usize, is_free: bool| {
            let side = if of == Of::Old { &self.old } else { &self.new };
            let (item, at) = (&side.spec.structs[index], &side.layout.structs[index]);
            if !is_free || item.id.is_some() {
                return None;
            }
            let parts = at
                .fields
                .iter()
                .map(|field| (field.offset, self.type_key(of, &field.ty), field.name.clone()));
            Some((at.size, at.align, parts.collect::<Vec<_>>()))
        };
        let reserved = &self.new.spec.reserved;
        let is_free = |item: &Struct| reserved_name(reserved, None, &item.name.value).is_none();
        let old = self.old.spec.structs.iter().zip(&self.structs.of_old).enumerate();
        let old = old.map(|(i, (item, found))| holds(Of::Old, i, found.is_none() && is_free(item)));
        let old: Vec<_> = old.collect();
        let new = self.structs.of_new.iter().enumerate();
        let new: Vec<_> = new.map(|(i, found)| holds(Of::New, i, found.is_none())).collect();
        let count = self.structs.removed().count();
        self.structs.by_key(|i| old[i].as_ref(), |i| new[i].as_ref());
        self.structs.removed().count() < count
    }

    /// Whether most fields of two structs have the same names or places.
    fn is_alike(&self, old: usize, new: usize) -> bool {
        let (old, new) = (&self.old.layout.structs[old], &self.new.layout.structs[new]);
        let names: HashSet<_> = new.fields.iter().map(|field| &field.name).collect();
        let place = |field: &FieldLayout| (field.offset, field.size);
        let places: HashSet<_> = new.fields.iter().map(place).collect();
        let kept =
            |field: &&FieldLayout| names.contains(&field.name) || places.contains(&place(field));
        2 * old.fields.iter().filter(kept).count() >= old.fields.len().max(new.fields.len())
    }

    /// Text that is equal for types that programs see as the same one.
    pub(super) fn type_key(&self, of: Of, ty: &Type) -> String {
        match (ty, of) {
            (Type::Struct(index), Of::New) => self.new.layout.structs[*index].name.clone(),
            (Type::Enum(index), Of::New) => self.new.layout.enums[*index].name.clone(),
            (Type::Struct(index), Of::Old) => match self.structs.of_old[*index] {
                Some(new) => self.new.layout.structs[new].name.clone(),
                None => format!("old {}", self.old.layout.structs[*index].name),
            },
            (Type::Enum(index), Of::Old) => match self.enums.of_old[*index] {
                Some(new) => self.new.layout.enums[new].name.clone(),
                None => format!("old {}", self.old.layout.enums[*index].name),
            },
            (Type::Array(element, count), _) => {
                format!("{}[{count}]", self.type_key(of, element))
            }
            (Type::Scalar(_) | Type::Char(_) | Type::Bytes(_), _) => self.new.layout.type_name(ty),
        }
    }

    /// Text that is equal for types whose bytes mean the same, whatever programs see.
    pub(super) fn bytes_key(&self, of: Of, ty: &Type) -> String {
        let side = if of == Of::Old { &self.old } else { &self.new };
        match ty {
            Type::Enum(index) => side.layout.enums[*index].scalar.name().to_owned(),
            Type::Bytes(count) => format!("{}[{count}]", Scalar::U8.name()),
            Type::Array(element, count) => format!("{}[{count}]", self.bytes_key(of, element)),
            Type::Scalar(_) | Type::Char(_) | Type::Struct(_) => self.type_key(of, ty),
        }
    }

    /// What a type is made of, if that takes another room than it did: its index among the new
    /// structs, with both sizes. The types are the same to programs.
    pub(super) fn resized(&self, old: &Type, new: &Type) -> Option<Resized> {
        match (old, new) {
            (Type::Array(old, _), Type::Array(new, _)) => self.resized(old, new),
            (Type::Struct(old), Type::Struct(new)) => {
                let (old, at) = (&self.old.layout.structs[*old], &self.new.layout.structs[*new]);
                let differ = (old.size, old.align) != (at.size, at.align);
                differ.then(|| Resized {
                    name: at.name.clone(),
                    span: self.new.spec.structs[*new].name.span,
                    sizes: (old.size, at.size),
                })
            }
            (Type::Enum(old), Type::Enum(new)) => {
                let (old, at) = (&self.old.layout.enums[*old], &self.new.layout.enums[*new]);
                let sizes = (old.scalar.size(), at.scalar.size());
                let span = self.new.spec.enums[*new].scalar.span;
                (sizes.0 != sizes.1).then(|| Resized { name: at.name.clone(), span, sizes })
            }
            _ => None,
        }
    }
}

/// A type that takes another room than it did.
pub(super) struct Resized {
    pub(super) name: String,
    /// Where the new spec defines it.
    pub(super) span: Span,
    /// Bytes that it took and takes.
    pub(super) sizes: (u64, u64),
}

/// Where a name is reserved.
pub(super) fn reserved_name(reserved: &Reserved, owner: Option<&str>, name: &str) -> Option<Span> {
    let is_it = |found: &&Spanned<ReservedName>| {
        found.value.owner.as_deref() == owner && found.value.name == name
    };
    reserved.names.iter().find(is_it).map(|found| found.span)
}

/// Where an id is reserved.
pub(super) fn reserved_id(reserved: &Reserved, id: i128) -> Option<Span> {
    reserved.ids.iter().find(|found| found.value == id).map(|found| found.span)
}

/// Whether all bits of a message flag are reserved.
pub(super) fn reserved_flag(reserved: &Reserved, mask: i128) -> Option<Span> {
    let all = reserved.flags.iter().fold(0, |bits, found| bits | found.value);
    let touches = reserved.flags.iter().find(|found| found.value & mask != 0);
    touches.filter(|_| all & mask == mask).map(|found| found.span)
}
