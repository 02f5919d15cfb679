//! Enums, flag sets, message types and message flags: names with numbers.

use std::collections::HashMap;

use super::constants::in_range;
use super::lower::{Context, TypeName, defined_twice};
use super::raw::{Enum as RawEnum, Flags as RawFlags, Named as RawNamed};
use super::scopes::{MESSAGE_FLAGS, MESSAGE_TYPES};
use super::type_text;
use crate::diagnostic::{Finding, closest};
use crate::model::{Enum, Flags, MessageTypes, Named, Scalar};
use crate::names::NameKind;
use crate::rules;
use crate::source::{Span, Spanned};

/// Message types that the engine sends itself.
const ENGINE_TYPES: &[&str] = &["data", "heartbeat"];

/// Flags that the engine sets and reads.
const ENGINE_FLAGS: &[&str] = &["urgent", "fragment", "last_fragment"];

/// Types of the message flags.
const FLAG_TYPES: &[Scalar] = &[Scalar::U8, Scalar::U16, Scalar::U32];

pub(super) fn message_types(raw: &Spanned<Vec<RawNamed>>, cx: &mut Context) -> MessageTypes {
    let mut list = List::new("message type");
    for named in &raw.value {
        match &named.value {
            Some(value) if in_range(value, Scalar::U32, &mut cx.findings) => {
                list.add(named, value, cx);
            }
            _ => drop(list.name(named, cx)),
        }
    }
    cx.scopes.add_members(MESSAGE_TYPES, None, NameKind::ProtocolValue, list.names.clone());
    let at = raw.value.first().map_or(raw.span, |named| named.start);
    require("message type", ENGINE_TYPES, &list, at, cx);
    MessageTypes { span: raw.span, list: list.values }
}

pub(super) fn message_flags(raw: &RawFlags, cx: &mut Context) -> Flags {
    let scalar = raw.ty.as_ref().and_then(|ty| {
        let scalar = type_text::scalar(&ty.value).filter(|scalar| FLAG_TYPES.contains(scalar));
        if scalar.is_none() {
            cx.report(
                Finding::new(rules::BAD_TYPE, format!("message flags of type `{}`", ty.value))
                    .at(ty.span, "not a type of flags")
                    .expected("u8, u16 or u32"),
            );
        }
        scalar
    });
    let scalar = scalar.unwrap_or(Scalar::U32);
    let mut list = List::new("flag");
    bits(&raw.bits, scalar, &mut list, cx);
    cx.scopes.add_members(MESSAGE_FLAGS, None, NameKind::ProtocolValue, list.names.clone());
    require("flag", ENGINE_FLAGS, &list, raw.span, cx);
    let scalar = Spanned::new(scalar, raw.ty.as_ref().map_or(raw.span, |ty| ty.span));
    Flags { span: raw.span, doc: raw.doc.clone(), scalar, bits: list.values }
}

pub(super) fn enums(raw: &[&RawEnum], cx: &mut Context) {
    for (index, item) in raw.iter().enumerate() {
        let Some(name) = &item.name else { continue };
        let scalar = enum_scalar(item, cx);
        let is_flags = item.bits.is_some();
        let mut list = List::new(if is_flags { "flag" } else { "value" });
        check_lists(item, cx);
        if let Some(raw) = &item.bits {
            bits(raw, scalar.unwrap_or(Scalar::U64), &mut list, cx);
        } else {
            for named in item.values.iter().flatten() {
                match (&named.value, scalar) {
                    (Some(value), Some(scalar)) if in_range(value, scalar, &mut cx.findings) => {
                        list.add(named, value, cx);
                    }
                    _ => drop(list.name(named, cx)),
                }
            }
        }
        let title = format!("values of {}", name.value);
        cx.scopes.add_members(&title, Some(&name.value), NameKind::EnumValue, list.names);
        // A second enum of the same name was reported; the first one keeps the name.
        if cx.types.get(&name.value) != Some(&TypeName::Enum(index)) {
            continue;
        }
        let meaning = match scalar {
            None => TypeName::Broken,
            Some(scalar) => {
                let ty = item.ty.as_ref().map_or(item.start, |ty| ty.span);
                cx.enums.push(Enum {
                    span: item.span,
                    name: name.clone(),
                    doc: item.doc.clone(),
                    scalar: Spanned::new(scalar, ty),
                    is_flags,
                    values: list.values,
                });
                TypeName::Enum(cx.enums.len() - 1)
            }
        };
        cx.types.insert(name.value.clone(), meaning);
    }
}

fn enum_scalar(item: &RawEnum, cx: &mut Context) -> Option<Scalar> {
    let ty = item.ty.as_ref()?;
    let is_flags = item.bits.is_some();
    let fits = |scalar: &Scalar| scalar.is_unsigned() || (scalar.is_signed() && !is_flags);
    let scalar = type_text::scalar(&ty.value).filter(fits);
    if scalar.is_none() {
        let what = if is_flags { "a flag set" } else { "an enum" };
        let expected = if is_flags { "u8, u16, u32 or u64" } else { "u8 to u64 or i8 to i64" };
        cx.report(
            Finding::new(rules::BAD_TYPE, format!("{what} of type `{}`", ty.value))
                .at(ty.span, "cannot carry the values")
                .expected(expected),
        );
    }
    scalar
}

fn check_lists(item: &RawEnum, cx: &mut Context) {
    let name = item.name.as_ref().map_or("?", |name| &name.value);
    match (&item.values, &item.bits) {
        (Some(_), Some(_)) => cx.report(
            Finding::new(rules::NO_EFFECT, format!("`{name}` has both `values` and `bits`"))
                .at(item.start, "is either an enum or a flag set")
                .expected("`values` for an enum, `bits` for a flag set"),
        ),
        (None, None) => cx.report(
            Finding::new(rules::MISSING_KEY, format!("`{name}` has no values"))
                .at(item.start, "starts here")
                .expected("`values` for an enum, `bits` for a flag set"),
        ),
        (Some(list), _) | (_, Some(list)) if list.is_empty() => cx.report(
            Finding::new(rules::MISSING_KEY, format!("`{name}` has no values"))
                .at(item.start, "starts here")
                .expected("at least one value"),
        ),
        _ => {}
    }
}

/// Reads flags: one bit as `value`, any bits as `mask`.
fn bits<'a>(raw: &'a [RawNamed], scalar: Scalar, list: &mut List<'a>, cx: &mut Context) {
    for named in raw {
        match flag_bits(named, scalar, cx) {
            Some(bits) => list.add(named, bits, cx),
            None => drop(list.name(named, cx)),
        }
    }
}

fn flag_bits<'a>(
    named: &'a RawNamed,
    scalar: Scalar,
    cx: &mut Context,
) -> Option<&'a Spanned<i128>> {
    let bits = match (&named.mask, &named.value) {
        (Some(mask), Some(value)) => {
            let finding = Finding::new(rules::NO_EFFECT, "a flag with both `mask` and `value`");
            cx.report(finding.at(value.span, "says the bits again").also(mask.span, "first here"));
            mask
        }
        (Some(mask), None) => mask,
        (None, Some(value)) => {
            if value.value.count_ones() > 1 && value.value > 0 {
                cx.report(
                    Finding::new(rules::MULTI_BIT, format!("the flag {:#x}", value.value))
                        .at(value.span, "has several bits")
                        .help(format!("if that is meant: mask: {:#x}", value.value)),
                );
                return None;
            }
            value
        }
        (None, None) => {
            cx.report(
                Finding::new(rules::MISSING_KEY, "a flag without `mask`")
                    .at(named.start, "starts here")
                    .expected("`mask`: the bits of the flag"),
            );
            return None;
        }
    };
    if bits.value == 0 {
        let finding = Finding::new(rules::OUT_OF_RANGE, "a flag without a bit");
        cx.report(finding.at(bits.span, "is 0").expected("at least one bit"));
        return None;
    }
    in_range(bits, scalar, &mut cx.findings).then_some(bits)
}

/// A list of named numbers under construction: names are taken once.
struct List<'a> {
    what: &'static str,
    values: Vec<Named>,
    /// All names, also of values that were refused.
    names: Vec<Spanned<String>>,
    places: HashMap<&'a str, Span>,
}

impl<'a> List<'a> {
    fn new(what: &'static str) -> Self {
        Self { what, values: Vec::new(), names: Vec::new(), places: HashMap::new() }
    }

    /// Takes a name, when it is there and free.
    fn name(&mut self, named: &'a RawNamed, cx: &mut Context) -> Option<&'a Spanned<String>> {
        let name = named.name.as_ref()?;
        if let Some(first) = self.places.get(name.value.as_str()) {
            cx.report(defined_twice(self.what, name, *first));
            return None;
        }
        self.places.insert(&name.value, name.span);
        self.names.push(name.clone());
        Some(name)
    }

    fn add(&mut self, named: &'a RawNamed, value: &Spanned<i128>, cx: &mut Context) {
        if let Some(name) = self.name(named, cx) {
            self.values.push(Named {
                span: named.span,
                name: name.clone(),
                doc: named.doc.clone(),
                value: value.clone(),
            });
        }
    }
}

fn require(what: &str, needed: &[&str], list: &List, at: Span, cx: &mut Context) {
    for name in needed.iter().filter(|name| !list.places.contains_key(**name)) {
        let message = format!("no {what} `{name}`");
        let mut finding = Finding::new(rules::ENGINE_NAME, message)
            .at(at, "not in this list")
            .expected(format!("the {what} that the engine uses: {}", needed.join(", ")));
        let names = list.names.iter().map(|name| name.value.as_str());
        if let Some(near) = closest(name, names.filter(|name| !needed.contains(name))) {
            finding = finding.help(format!("is `{near}` meant to be `{name}`?"));
        }
        cx.report(finding);
    }
}
