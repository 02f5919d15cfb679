//! Random edits of random specs, each of which is known to break nothing, or something of a class.

mod headers;
mod structs;
mod values;

use std::collections::HashSet;

use super::{Choices, RandomField, RandomSpec, RandomStruct, RandomType};
use crate::layout::Layout;
use crate::model::Spec;
use crate::rules::Class;
use crate::source::Memory;

/// An id that every old version reserves, and a name.
const RESERVED_ID: u64 = 40_000;
const RESERVED_NAME: &str = "GoneBefore";

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What was done.
    pub what: &'static str,
    /// The type that it was done to, by its old name; empty for what is no type.
    pub subject: String,
    /// What it breaks.
    pub class: Class,
}

/// A spec before and after some edits.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The old version.
    pub old: RandomSpec,
    /// The new version, whose number says what was done.
    pub new: RandomSpec,
    /// What was done.
    pub edits: Vec<Edit>,
}

impl Edited {
    /// What the edits break together; `None` when there are none.
    pub fn class(&self) -> Option<Class> {
        self.edits.iter().map(|edit| edit.class).max()
    }

    /// Smaller versions with the same edits, by leaving out what none of these is about, for as
    /// long as `fails` says that the result shows the same.
    #[must_use]
    pub fn shrunk(mut self, fails: impl Fn(&Self) -> bool) -> Self {
        let subjects: HashSet<String> =
            self.edits.iter().map(|edit| edit.subject.clone()).collect();
        type Cut = Box<dyn Fn(&mut RandomSpec)>;
        let mut candidates: Vec<Cut> = vec![
            Box::new(|spec| spec.constants.clear()),
            Box::new(|spec| spec.ring_header = None),
            Box::new(|spec| spec.message_types = None),
        ];
        for item in self.old.structs.iter().rev() {
            let name = item.name.clone();
            for field in item.fields.iter().map(|field| field.name.clone()) {
                let name = name.clone();
                candidates.push(Box::new(move |spec| {
                    let item = spec.structs.iter_mut().find(|item| item.name == name);
                    if let Some(item) = item {
                        item.fields.retain(|other| other.name != field);
                    }
                }));
            }
            if !subjects.contains(&name) {
                candidates.push(Box::new(move |spec| {
                    if let Some(index) = spec.structs.iter().position(|item| item.name == name) {
                        spec.remove_struct(index);
                    }
                }));
            }
        }
        for candidate in candidates {
            let mut smaller = self.clone();
            candidate(&mut smaller.old);
            candidate(&mut smaller.new);
            if fails(&smaller) {
                self = smaller;
            }
        }
        self
    }
}

impl RandomSpec {
    /// Edits the spec up to `count` times, each time something else of it.
    ///
    /// `most` is the gravest class that an edit may have.
    pub fn edited(mut self, c: &mut Choices, count: usize, most: Class) -> Edited {
        self.reserved_ids.push(RESERVED_ID);
        self.reserved_names.push(RESERVED_NAME.to_owned());
        let mut work = Work {
            c,
            new: RandomSpec { minor: self.minor + 1, ..self.clone() },
            old: self,
            touched: HashSet::new(),
            names: 0,
        };
        let kinds: Vec<_> = [values::KINDS, structs::KINDS, headers::KINDS].concat();
        let kinds: Vec<_> = kinds.into_iter().filter(|kind| kind.class <= most).collect();
        let mut edits = Vec::new();
        for _ in 0..8 * count {
            let kind = work.c.one_of(&kinds).clone();
            if edits.len() < count
                && let Some(subject) = (kind.apply)(&mut work)
            {
                edits.push(Edit { what: kind.what, subject, class: kind.class });
            }
        }
        let mut edited = Edited { old: work.old, new: work.new, edits };
        if edited.class() >= Some(Class::Wire) {
            (edited.new.major, edited.new.minor) = (2, 0);
        }
        edited
    }

    /// Takes a struct out that no other one contains; says whether there was none.
    pub(super) fn remove_struct(&mut self, index: usize) -> bool {
        if self.users(index).next().is_some() {
            return false;
        }
        self.structs.remove(index);
        for item in &mut self.structs {
            let tail = item.tail.iter_mut().filter_map(|tail| tail.element.as_mut());
            for ty in item.fields.iter_mut().map(|field| &mut field.ty).chain(tail) {
                renumber(ty, index);
            }
        }
        true
    }

    /// The structs that contain one.
    fn users(&self, index: usize) -> impl Iterator<Item = usize> {
        self.structs.iter().enumerate().filter_map(move |(user, item)| {
            let tail = item.tail.iter().filter_map(|tail| tail.element.as_ref());
            let mut types = item.fields.iter().map(|field| &field.ty).chain(tail);
            types.any(|ty| part(ty) == Some(index)).then_some(user)
        })
    }
}

fn renumber(ty: &mut RandomType, removed: usize) {
    match ty {
        RandomType::Struct(index) if *index > removed => *index -= 1,
        RandomType::Array(element, _) => renumber(element, removed),
        _ => {}
    }
}

fn part(ty: &RandomType) -> Option<usize> {
    match ty {
        RandomType::Struct(index) => Some(*index),
        RandomType::Array(element, _) => part(element),
        _ => None,
    }
}

/// A kind of edit: what it does, what it breaks, and how it is done where it can be; it says what
/// type it was done to.
#[derive(Clone)]
struct Kind {
    what: &'static str,
    class: Class,
    apply: fn(&mut Work) -> Option<String>,
}

const fn kind(what: &'static str, class: Class, apply: fn(&mut Work) -> Option<String>) -> Kind {
    Kind { what, class, apply }
}

/// A spec that is being edited.
struct Work<'a> {
    c: &'a mut Choices,
    old: RandomSpec,
    new: RandomSpec,
    /// What was edited already.
    touched: HashSet<String>,
    names: usize,
}

impl Work<'_> {
    /// A name that is not in use.
    fn member(&mut self) -> String {
        self.names += 1;
        format!("novel_{}", letters(self.names))
    }

    fn type_name(&mut self) -> String {
        self.names += 1;
        format!("Fresh{}", letters(self.names).to_uppercase())
    }

    /// Something that was not touched before, and is from now on.
    fn once(&mut self, name: &str) -> Option<()> {
        self.touched.insert(name.to_owned()).then_some(())
    }

    /// One of the old structs that are wanted, with its index in the new version. Nothing is
    /// stated any more about places in it, nor in those that contain it.
    fn target(&mut self, wanted: impl Fn(&RandomSpec, usize) -> bool) -> Option<usize> {
        let all = 0..self.new.structs.len();
        let is_old = |index: &usize| {
            let name = &self.new.structs[*index].name;
            self.old.structs.iter().any(|item| item.name == *name) && !self.touched.contains(name)
        };
        let all: Vec<_> = all.filter(is_old).filter(|index| wanted(&self.new, *index)).collect();
        if all.is_empty() {
            return None;
        }
        let index = *self.c.one_of(&all);
        let name = self.new.structs[index].name.clone();
        self.once(&name)?;
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            let name = self.new.structs[index].name.clone();
            for spec in [&mut self.old, &mut self.new] {
                spec.structs.iter_mut().filter(|item| item.name == name).for_each(state_nothing);
            }
            open.extend(self.new.users(index));
        }
        Some(index)
    }

    /// One of the old enums that are wanted, with its index in the new version.
    fn target_enum(&mut self, wanted: impl Fn(&super::RandomEnum) -> bool) -> Option<usize> {
        let all = 0..self.new.enums.len();
        let is_old = |index: &usize| {
            let item = &self.new.enums[*index];
            self.old.enums.iter().any(|old| old.name == item.name)
                && !self.touched.contains(&item.name)
                && wanted(item)
        };
        let all: Vec<_> = all.filter(is_old).collect();
        if all.is_empty() {
            return None;
        }
        let index = *self.c.one_of(&all);
        let name = self.new.enums[index].name.clone();
        self.once(&name)?;
        Some(index)
    }

    /// The layout of the old version, as it is now.
    fn layout(&self) -> Layout {
        let text = self.old.yaml();
        let files = Memory::new().with("old.yaml", text.clone());
        let spec = Spec::load("old.yaml", &files);
        Layout::of(&spec.unwrap_or_else(|findings| panic!("{findings}\n{text}")))
    }
}

fn state_nothing(item: &mut RandomStruct) {
    (item.states_size, item.states_align) = (false, false);
    for field in &mut item.fields {
        (field.states_offset, field.states_size, field.states_align) = (false, false, false);
    }
}

fn field(name: String, ty: RandomType, since: Option<u16>) -> RandomField {
    RandomField {
        name,
        ty,
        offset: 0,
        size: 0,
        align: 0,
        since,
        states_offset: false,
        states_size: false,
        states_align: false,
    }
}

/// 1 is `a`, 27 is `ba`.
fn letters(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8).to_string();
    if number < 26 { letter(number) } else { letters(number / 26) + &letter(number) }
}
