//! Payload structs: fields with resolved types, in an order in which each follows its parts.

use std::collections::HashMap;

use super::lower::{Context, TypeName, defined_twice};
use super::raw::{Field as RawField, Struct as RawStruct};
use super::types::{self, Length, TypeText};
use super::{Field, Struct, Tail};
use crate::diagnostic::Finding;
use crate::layout::{ConstantValue, TailKind, Type};
use crate::names::NameKind;
use crate::rules;
use crate::source::{Span, Spanned};

/// Names of a cycle that a message shows, at most.
const SHOWN: usize = 8;

/// Deepest nesting of structs; compilers limit the recursion of what they derive for types.
const MAX_DEPTH: usize = 32;

/// A struct with indexes into the structs as they are written.
struct Draft {
    item: Struct,
    broken: bool,
}

pub(super) fn lower(raw: &[&RawStruct], cx: &mut Context) -> Vec<Struct> {
    let mut drafts: Vec<Draft> = Vec::new();
    for (index, item) in raw.iter().enumerate() {
        let mut draft = structure(item, raw, cx);
        // A second struct of the same name was reported; nothing can refer to it.
        draft.broken |= cx.types.get(&draft.item.name.value) != Some(&TypeName::Struct(index));
        drafts.push(draft);
    }
    order(drafts, cx)
}

fn structure(raw: &RawStruct, all: &[&RawStruct], cx: &mut Context) -> Draft {
    let place = raw.fields.first().and_then(|field| field.name.as_ref());
    let nowhere = Span { source: crate::source::SourceId(0), start: 0, end: 0 };
    let name = raw
        .name
        .clone()
        .unwrap_or_else(|| Spanned::new(String::new(), place.map_or(nowhere, |name| name.span)));
    let mut item = Struct {
        name,
        doc: raw.doc.clone(),
        id: raw.id.as_ref().and_then(|id| u32::try_from(id.value).ok()),
        size: raw.size.clone(),
        align: raw.align.clone(),
        fields: Vec::new(),
        tail: None,
    };
    let mut broken = raw.name.is_none();
    let mut names: HashMap<&str, Span> = HashMap::new();
    let mut members = Vec::new();
    for (i, field) in raw.fields.iter().enumerate() {
        let is_last = i + 1 == raw.fields.len();
        let Some(name) = &field.name else {
            broken = true;
            continue;
        };
        if let Some(first) = names.insert(&name.value, name.span) {
            cx.report(defined_twice("field", name, first));
            broken = true;
            continue;
        }
        members.push(name.clone());
        match field_type(field, cx) {
            Some(FieldType::Fixed(ty)) => {
                broken |= !may_nest(&ty, all, cx);
                item.fields.push(fixed_field(field, name, ty));
            }
            Some(FieldType::Tail(kind)) => {
                if let TailKind::Elements(ty) = &kind.value {
                    broken |= !may_nest(&Spanned::new(ty.clone(), kind.span), all, cx);
                }
                check_tail(field, &kind, is_last, raw.id.is_some(), cx);
                let (name, doc) = (name.clone(), field.doc.clone());
                let since = field.since.as_ref().map(|since| since.value);
                item.tail = Some(Tail { name, doc, kind, since });
            }
            None => broken = true,
        }
    }
    let owner = &item.name.value;
    let title = format!("fields of {owner}");
    cx.scopes.add_members(&title, Some(owner), NameKind::Field, members);
    check_since(raw, cx);
    if raw.fields.is_empty() && raw.id.is_none() {
        if let Some(name) = raw.name.as_ref().filter(|_| raw.is_empty) {
            let message = format!("the struct `{owner}` is empty");
            let finding = Finding::new(rules::EMPTY_TYPE, message);
            cx.report(finding.at(name.span, "has neither fields nor an id"));
        }
        broken = true;
    }
    Draft { item, broken }
}

fn fixed_field(raw: &RawField, name: &Spanned<String>, ty: Spanned<Type>) -> Field {
    Field {
        name: name.clone(),
        doc: raw.doc.clone(),
        ty,
        role: None,
        line: None,
        offset: raw.offset.clone(),
        size: raw.size.clone(),
        align: raw.align.clone(),
        since: raw.since.as_ref().map(|since| since.value),
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
    match types::parse(text, &mut cx.findings)? {
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
    if let Some(scalar) = types::scalar(name) {
        return Some(Type::Scalar(scalar));
    }
    match cx.types.get(name) {
        Some(TypeName::Enum(index)) => Some(Type::Enum(*index)),
        Some(TypeName::Struct(index)) => Some(Type::Struct(*index)),
        Some(TypeName::Broken) => None,
        None => {
            let mut known: Vec<_> = cx.types.keys().map(String::as_str).collect();
            known.sort_unstable();
            let finding = types::unknown(name, text, known.into_iter());
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
    let constant = cx.constants.iter().find(|constant| constant.name == *name);
    let finding = match constant.map(|constant| &constant.value) {
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
            .did_you_mean(name, cx.constants.iter().map(|constant| constant.name.as_str())),
    };
    cx.report(finding);
    None
}

/// Whether a type may stand inside another one: it has a fixed size that is not 0.
fn may_nest(ty: &Spanned<Type>, all: &[&RawStruct], cx: &mut Context) -> bool {
    let index = match &ty.value {
        Type::Struct(index) => *index,
        Type::Array(element, _) => match **element {
            Type::Struct(index) => index,
            _ => return true,
        },
        _ => return true,
    };
    let inner = all[index];
    let (Some(name), last) = (&inner.name, inner.fields.last()) else { return false };
    let is_tail = |field: &RawField| {
        let text = field.ty.as_ref().map_or("", |ty| ty.value.trim());
        matches!(text, "string" | "bytes") || text.ends_with("[]")
    };
    if last.is_some_and(is_tail) {
        cx.report(
            Finding::new(rules::TAIL_NOT_LAST, format!("`{}` has no fixed size", name.value))
                .at(ty.span, "is used inside another struct")
                .also(name.span, "ends in a variable tail")
                .help("give it a fixed size, e.g. char[N], or send it as a message of its own"),
        );
        return false;
    }
    if let Some(since) = inner.fields.iter().find_map(|field| field.since.as_ref()) {
        cx.report(
            Finding::new(rules::BAD_GROWTH, format!("`{}` grew, and is nested", name.value))
                .at(ty.span, "in older payloads it takes less room here")
                .also(since.span, "added here")
                .help("make a new struct, and a new message that contains it"),
        );
        return false;
    }
    if inner.fields.is_empty() {
        cx.report(
            Finding::new(rules::EMPTY_TYPE, format!("`{}` has no fields", name.value))
                .at(ty.span, "is used inside another struct")
                .also(name.span, "defined here"),
        );
        return false;
    }
    true
}

fn check_tail(
    field: &RawField,
    kind: &Spanned<TailKind>,
    is_last: bool,
    is_message: bool,
    cx: &mut Context,
) {
    if !is_last {
        cx.report(
            Finding::new(rules::TAIL_NOT_LAST, "a variable tail before other fields")
                .at(kind.span, "fills the rest of the payload")
                .help("move it to the end, or give it a fixed length"),
        );
    } else if !is_message {
        cx.report(
            Finding::new(rules::TAIL_NOT_LAST, "a variable tail in a struct without `id`")
                .at(kind.span, "only a message knows where it ends")
                .help("give the struct an id, or the field a fixed length"),
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

/// `since` only goes up, up to the version of the spec; a tail is the last thing that was added.
fn check_since(raw: &RawStruct, cx: &mut Context) {
    let mut last: Option<&Spanned<(u16, u16)>> = None;
    for field in &raw.fields {
        let Some(name) = &field.name else { continue };
        match (&field.since, last) {
            (None, Some(earlier)) => {
                let ty = field.ty.as_ref().map_or("", |ty| ty.value.trim());
                let is_tail = matches!(ty, "string" | "bytes") || ty.ends_with("[]");
                let finding = if is_tail {
                    Finding::new(rules::BAD_GROWTH, "a fixed field added before a tail")
                        .at(earlier.span, "moves the tail, which older payloads have earlier")
                        .also(name.span, "is the tail of the first version")
                        .help("make a new message, or add the tail in the same version")
                } else {
                    Finding::new(rules::BAD_VERSION, "a field without `since` after one with it")
                        .at(name.span, "is older than the field before it")
                        .also(earlier.span, "newer")
                        .help("fields are added at the end of a struct")
                };
                cx.report(finding);
                return;
            }
            (Some(since), earlier) => {
                if let Some(earlier) = earlier.filter(|earlier| since.value < earlier.value) {
                    cx.report(
                        Finding::new(rules::BAD_VERSION, "`since` goes back")
                            .at(since.span, "is older than the field before it")
                            .also(earlier.span, "newer")
                            .help("fields are added at the end of a struct"),
                    );
                }
                if since.value > cx.version {
                    let (major, minor) = cx.version;
                    cx.report(
                        Finding::new(rules::BAD_VERSION, "`since` lies in the future")
                            .at(since.span, "is newer than the spec")
                            .expected(format!("at most the spec's version, {major}.{minor}")),
                    );
                }
                last = Some(since);
            }
            (None, None) => {}
        }
    }
}

/// Sorts the structs so that each follows its parts; refuses cycles and leaves out what is broken.
fn order(drafts: Vec<Draft>, cx: &mut Context) -> Vec<Struct> {
    let mut walk = Walk { done: vec![None; drafts.len()], order: Vec::new() };
    for start in 0..drafts.len() {
        walk.visit(start, &drafts, cx);
    }
    let mut place = vec![None; drafts.len()];
    let mut depth = vec![0_usize; drafts.len()];
    let mut sorted = Vec::new();
    let mut drafts: Vec<_> = drafts.into_iter().map(Some).collect();
    for index in walk.order {
        let Some(Draft { mut item, broken }) = drafts[index].take() else { continue };
        let parts = parts(&item);
        depth[index] = parts.iter().map(|(part, _)| depth[*part] + 1).max().unwrap_or(0);
        if depth[index] == MAX_DEPTH {
            let finding = Finding::new(rules::TOO_DEEP, "structs nested too deeply");
            let label = format!("nests {MAX_DEPTH} others in each other");
            cx.report(finding.at(item.name.span, label));
        }
        let whole = parts.iter().all(|(part, _)| place[*part].is_some());
        if broken || !whole || walk.done[index] == Some(State::Cyclic) {
            continue;
        }
        for field in &mut item.fields {
            renumber(&mut field.ty.value, &place);
        }
        if let Some(Tail { kind: Spanned { value: TailKind::Elements(ty), .. }, .. }) =
            &mut item.tail
        {
            renumber(ty, &place);
        }
        place[index] = Some(sorted.len());
        sorted.push(item);
    }
    sorted
}

fn renumber(ty: &mut Type, place: &[Option<usize>]) {
    match ty {
        Type::Struct(index) => *index = place[*index].unwrap_or_default(),
        Type::Array(element, _) => renumber(element, place),
        _ => {}
    }
}

/// The structs that a struct contains, with the places where it says so.
fn parts(item: &Struct) -> Vec<(usize, Span)> {
    let fixed = item.fields.iter().map(|field| (&field.ty.value, field.ty.span));
    let tail = item.tail.iter().filter_map(|tail| match &tail.kind.value {
        TailKind::Elements(ty) => Some((ty, tail.kind.span)),
        _ => None,
    });
    let index = |ty: &Type| match ty {
        Type::Struct(index) => Some(*index),
        Type::Array(element, _) => match **element {
            Type::Struct(index) => Some(index),
            _ => None,
        },
        _ => None,
    };
    fixed.chain(tail).filter_map(|(ty, span)| Some((index(ty)?, span))).collect()
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
