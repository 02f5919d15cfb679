//! Payload structs: fields with resolved types, in an order in which each follows its parts.

use std::collections::HashMap;

use super::headers::written;
use super::lower::{Context, TypeName, defined_twice};
use super::raw::{Field as RawField, Struct as RawStruct};
use super::type_text::{self, Length, TypeText};
use crate::diagnostic::Finding;
use crate::model::{ConstantValue, Field, Struct, Tail, TailKind, Type};
use crate::names::NameKind;
use crate::rules;
use crate::source::{Span, Spanned};

/// Names of a cycle that a message shows, at most.
const SHOWN: usize = 8;

/// A struct with indexes into the structs as they are written.
struct Draft {
    item: Struct,
    /// Whether all of it was understood.
    whole: bool,
}

/// The structs of a text.
#[derive(Default)]
pub(crate) struct Structs {
    /// Each after its parts; where a cycle was cut, the part is missing.
    pub(crate) list: Vec<Struct>,
    /// For each struct whether it, and all that it contains, was understood: only then do its
    /// bytes say anything.
    pub(crate) whole: Vec<bool>,
    /// Each struct that is part of another one, also in a cycle, and the place that says so.
    pub(crate) nested: Vec<(usize, Span)>,
}

pub(super) fn lower(raw: &[&RawStruct], cx: &mut Context) -> Structs {
    let mut drafts: Vec<Draft> = Vec::new();
    for (index, item) in raw.iter().enumerate() {
        let mut draft = structure(item, index, cx);
        // A second struct of the same name was reported; nothing can refer to it.
        draft.whole &= cx.types.get(&draft.item.name.value) == Some(&TypeName::Struct(index));
        drafts.push(draft);
    }
    order(drafts, cx)
}

fn structure(raw: &RawStruct, order: usize, cx: &mut Context) -> Draft {
    let unnamed = || Spanned::new("?".to_owned(), raw.span);
    let mut item = Struct {
        span: raw.span,
        order,
        name: raw.name.clone().unwrap_or_else(unnamed),
        doc: raw.doc.clone(),
        id: raw.id.as_ref().and_then(|id| message_id(id, cx)),
        size: raw.size.clone(),
        align: raw.align.clone(),
        fields: Vec::new(),
        tail: None,
    };
    let mut whole = raw.name.is_some() && raw.id.is_some() == item.id.is_some();
    whole &= raw.is_empty || !raw.fields.is_empty();
    let mut names: HashMap<&str, Span> = HashMap::new();
    let mut members = Vec::new();
    for (i, field) in raw.fields.iter().enumerate() {
        let is_last = i + 1 == raw.fields.len();
        let Some(name) = &field.name else {
            whole = false;
            continue;
        };
        if let Some(first) = names.insert(&name.value, name.span) {
            cx.report(defined_twice("field", name, first));
            whole = false;
            continue;
        }
        members.push(name.clone());
        match field_type(field, cx) {
            Some(FieldType::Fixed(ty)) => item.fields.push(fixed_field(field, name, ty)),
            Some(FieldType::Tail(kind)) => {
                check_tail(field, &kind, is_last, cx);
                item.tail = is_last.then(|| Tail {
                    span: field.span,
                    name: name.clone(),
                    doc: field.doc.clone(),
                    kind,
                    written: written(field),
                    since: field.since.clone(),
                });
            }
            None => whole = false,
        }
    }
    let owner = &item.name.value;
    let title = format!("fields of {owner}");
    cx.scopes.add_members(&title, Some(owner), NameKind::Field, members);
    Draft { item, whole }
}

fn message_id(id: &Spanned<i128>, cx: &mut Context) -> Option<Spanned<u32>> {
    if let Ok(value) = u32::try_from(id.value) {
        return Some(Spanned::new(value, id.span));
    }
    let finding = Finding::new(rules::OUT_OF_RANGE, format!("the id {}", id.value));
    cx.report(finding.at(id.span, "out of range").expected("1 to 4294967295"));
    None
}

fn fixed_field(raw: &RawField, name: &Spanned<String>, ty: Spanned<Type>) -> Field {
    Field {
        span: raw.span,
        name: name.clone(),
        doc: raw.doc.clone(),
        ty,
        written: written(raw),
        role: None,
        line: None,
        atomic: None,
        offset: raw.offset.clone(),
        size: raw.size.clone(),
        align: raw.align.clone(),
        since: raw.since.clone(),
    }
}

/// What the type of a field comes to.
pub(super) enum FieldType {
    Fixed(Spanned<Type>),
    Tail(Spanned<TailKind>),
}

/// Looks up the type of a field; what is wrong is reported.
pub(super) fn field_type(field: &RawField, cx: &mut Context) -> Option<FieldType> {
    let text = field.ty.as_ref()?;
    let fixed = |ty| Some(FieldType::Fixed(Spanned::new(ty, text.span)));
    let tail = |kind| Some(FieldType::Tail(Spanned::new(kind, text.span)));
    match type_text::parse(text, &mut cx.findings)? {
        TypeText::StringTail => tail(TailKind::String),
        TypeText::BytesTail => tail(TailKind::Bytes),
        TypeText::Char(length) => fixed(Type::Char(count(&length, text.span, cx)?)),
        TypeText::Bytes(length) => fixed(Type::Bytes(count(&length, text.span, cx)?)),
        TypeText::One(name) => fixed(lookup(&name, text, cx)?),
        TypeText::Tail(name) => tail(TailKind::Elements(lookup(&name, text, cx)?)),
        TypeText::Array(name, length) => {
            let (ty, length) = (lookup(&name, text, cx), count(&length, text.span, cx));
            fixed(Type::Array(Box::new(ty?), length?))
        }
    }
}

fn lookup(name: &str, text: &Spanned<String>, cx: &mut Context) -> Option<Type> {
    if let Some(scalar) = type_text::scalar(name) {
        return Some(Type::Scalar(scalar));
    }
    match cx.types.get(name) {
        Some(TypeName::Enum(index)) => Some(Type::Enum(*index)),
        Some(TypeName::Struct(index)) => Some(Type::Struct(*index)),
        Some(TypeName::Broken) => None,
        None => {
            let mut known: Vec<_> = cx.types.keys().map(String::as_str).collect();
            known.sort_unstable();
            let finding = type_text::unknown(name, text, known.into_iter());
            cx.report(finding);
            None
        }
    }
}

fn count(length: &Length, span: Span, cx: &mut Context) -> Option<u64> {
    let name = match length {
        Length::Count(count) => return Some(*count),
        Length::Constant(name) => name,
    };
    let constant = cx.constants.iter().find(|constant| constant.name.value == *name);
    let finding = match constant.map(|constant| &constant.value.value) {
        Some(ConstantValue::Int(_, value)) if (1..=1 << 31).contains(value) => {
            return Some(*value as u64);
        }
        Some(_) => Finding::new(rules::BAD_TYPE, format!("the constant `{name}` as a length"))
            .at(span, "is not a number of elements")
            .expected("an integer constant from 1 to 2147483648"),
        // A constant that is there but wrong was reported.
        None if cx.scopes.has_constant(name) => return None,
        None => Finding::new(rules::UNKNOWN_TYPE, format!("unknown constant `{name}`"))
            .at(span, "neither a number nor a constant of the spec")
            .did_you_mean(name, cx.constants.iter().map(|constant| constant.name.value.as_str())),
    };
    cx.report(finding);
    None
}

/// What a tail cannot be anywhere.
fn check_tail(field: &RawField, kind: &Spanned<TailKind>, is_last: bool, cx: &mut Context) {
    if !is_last {
        cx.report(
            Finding::new(rules::TAIL_NOT_LAST, "a variable tail before other fields")
                .at(kind.span, "fills the rest of the payload")
                .help("move it to the end, or give it a fixed length"),
        );
    }
    let stated = [("offset", &field.offset), ("size", &field.size), ("align", &field.align)];
    for (key, value) in stated {
        if let Some(value) = value {
            cx.report(
                Finding::new(rules::NO_EFFECT, format!("`{key}` on a variable tail"))
                    .at(value.span, "has no effect")
                    .help("the tail starts at the struct's `size`, which may be stated"),
            );
        }
    }
}

/// Sorts the structs so that each follows its parts; cycles are reported, and cut.
fn order(drafts: Vec<Draft>, cx: &mut Context) -> Structs {
    let mut walk = Walk { done: vec![None; drafts.len()], order: Vec::new() };
    for start in 0..drafts.len() {
        walk.visit(start, &drafts, cx);
    }
    let mut structs = Structs::default();
    let nested: Vec<_> = drafts.iter().flat_map(|draft| parts(&draft.item)).collect();
    let mut place: Vec<Option<usize>> = vec![None; drafts.len()];
    let mut drafts: Vec<_> = drafts.into_iter().map(Some).collect();
    for index in walk.order {
        let Some(Draft { mut item, mut whole }) = drafts[index].take() else { continue };
        whole &= walk.done[index] != Some(State::Cyclic);
        let is_whole = |part: usize| place[part].is_some_and(|at| structs.whole[at]);
        whole &= parts(&item).iter().all(|(part, _)| is_whole(*part));
        item.fields.retain_mut(|field| renumber(&mut field.ty.value, &place));
        if let Some(tail) = &mut item.tail
            && let TailKind::Elements(ty) = &mut tail.kind.value
            && !renumber(ty, &place)
        {
            // There is a tail, but of what?
            tail.kind.value = TailKind::Bytes;
        }
        place[index] = Some(structs.list.len());
        structs.list.push(item);
        structs.whole.push(whole);
    }
    let placed = nested.into_iter().filter_map(|(part, span)| Some((place[part]?, span)));
    structs.nested = placed.collect();
    structs
}

/// Gives a type the final index of its struct; whether it has one.
fn renumber(ty: &mut Type, place: &[Option<usize>]) -> bool {
    match ty {
        Type::Struct(index) => match place[*index] {
            Some(at) => *index = at,
            None => return false,
        },
        Type::Array(element, _) => return renumber(element, place),
        _ => {}
    }
    true
}

/// The structs that a struct contains, with the places where it says so.
fn parts(item: &Struct) -> Vec<(usize, Span)> {
    item.types().filter_map(|(ty, span)| Some((ty.part()?, span))).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Done,
    Cyclic,
}

/// Depth-first, with its own stack: a chain of thousands of structs must not overflow ours.
struct Walk {
    done: Vec<Option<State>>,
    order: Vec<usize>,
}

impl Walk {
    fn visit(&mut self, start: usize, drafts: &[Draft], cx: &mut Context) {
        if self.done[start].is_some() {
            return;
        }
        self.done[start] = Some(State::Open);
        let mut path = vec![(start, parts(&drafts[start].item), 0)];
        while let Some((index, parts_of, next)) = path.last_mut() {
            let Some(&(part, span)) = parts_of.get(*next) else {
                let index = *index;
                if self.done[index] == Some(State::Open) {
                    self.done[index] = Some(State::Done);
                }
                self.order.push(index);
                path.pop();
                continue;
            };
            *next += 1;
            match self.done[part] {
                None => {
                    self.done[part] = Some(State::Open);
                    path.push((part, parts(&drafts[part].item), 0));
                }
                Some(State::Done) => {}
                Some(State::Open | State::Cyclic) => {
                    let Some(from) = path.iter().position(|(index, ..)| *index == part) else {
                        continue;
                    };
                    let cycle: Vec<usize> = path[from..].iter().map(|(index, ..)| *index).collect();
                    self.cycle(&cycle, span, drafts, cx);
                }
            }
        }
    }

    /// A long cycle is shown by its ends.
    fn cycle(&mut self, cycle: &[usize], span: Span, drafts: &[Draft], cx: &mut Context) {
        let name = |index: &usize| drafts[*index].item.name.value.as_str();
        let mut chain: Vec<_> = cycle.iter().map(name).collect();
        chain.push(chain[0]);
        if chain.len() > SHOWN {
            chain.splice(SHOWN / 2..chain.len() - SHOWN / 2, ["..."]);
        }
        let first = &drafts[cycle[0]].item.name;
        cx.report(
            Finding::new(rules::RECURSIVE, format!("`{}` contains itself", first.value))
                .at(span, chain.join(" -> "))
                .also(first.span, "defined here")
                .help("refer to other messages by an id of your own"),
        );
        for index in cycle {
            self.done[*index] = Some(State::Cyclic);
        }
    }
}
