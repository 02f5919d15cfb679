//! Named constants.

use std::collections::HashMap;

use super::lower::{Context, defined_twice};
use super::raw::Constant as RawConstant;
use super::{scalar, type_text};
use crate::diagnostic::Finding;
use crate::model::{Constant, ConstantValue, Scalar};
use crate::rules;
use crate::source::yaml::{Kind, Node};
use crate::source::{Span, Spanned};

pub(super) fn lower<'a>(constants: impl Iterator<Item = &'a RawConstant>, cx: &mut Context) {
    let mut places: HashMap<&str, Span> = HashMap::new();
    for constant in constants {
        let Some(name) = &constant.name else { continue };
        if let Some(first) = places.get(name.value.as_str()) {
            cx.report(defined_twice("constant", name, *first));
            continue;
        }
        places.insert(&name.value, name.span);
        cx.scopes.add_constant(name);
        if let (Some(ty), Some(node)) = (&constant.ty, &constant.value)
            && let Some(value) = value(ty, node, &mut cx.findings)
        {
            cx.constants.push(Constant {
                span: constant.span,
                name: name.clone(),
                doc: constant.doc.clone(),
                ty: ty.clone(),
                value: Spanned::new(value, node.span),
            });
        }
    }
}

fn value(ty: &Spanned<String>, node: &Node, out: &mut Vec<Finding>) -> Option<ConstantValue> {
    if ty.value == "string" {
        return text(node, out).map(ConstantValue::Text);
    }
    match type_text::scalar(&ty.value) {
        Some(Scalar::Bool) => {
            scalar::boolean(node, out).map(|value| ConstantValue::Bool(value.value))
        }
        Some(scalar) if scalar.is_float() => float(scalar, node, out),
        Some(integer) => {
            let value = scalar::int(node, out)?;
            in_range(&value, integer, out).then_some(ConstantValue::Int(integer, value.value))
        }
        None => {
            let message = format!("a constant of type `{}`", scalar::shorten(&ty.value));
            out.push(
                Finding::new(rules::BAD_TYPE, message)
                    .at(ty.span, "constants cannot have this type")
                    .expected("u8 to u64, i8 to i64, f32, f64, bool or string"),
            );
            None
        }
    }
}

fn text(node: &Node, out: &mut Vec<Finding>) -> Option<String> {
    // Unlike a doc text, a constant keeps white space at its ends.
    scalar::prose(node, out)?;
    match &node.kind {
        Kind::Scalar { text, .. } => Some(text.clone()),
        _ => None,
    }
}

fn float(scalar: Scalar, node: &Node, out: &mut Vec<Finding>) -> Option<ConstantValue> {
    let Kind::Scalar { text, quoted } = &node.kind else { return None };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Rust's parser also takes `inf` and `nan`, which are no constants in every language.
    let number = digits.starts_with(|c: char| c.is_ascii_digit()) && !*quoted;
    let value = text.parse::<f64>().ok().filter(|_| number);
    let fits = |value: &f64| match scalar {
        Scalar::F32 => (*value as f32).is_finite(),
        _ => value.is_finite(),
    };
    match value {
        Some(value) if fits(&value) => Some(ConstantValue::Float(scalar, value)),
        Some(_) => {
            let message = format!("{} does not fit {}", scalar::shorten(text), scalar.name());
            out.push(Finding::new(rules::OUT_OF_RANGE, message).at(node.span, "too large"));
            None
        }
        None => {
            let message = format!("`{}` is not a number", scalar::shorten(text));
            out.push(
                Finding::new(rules::WRONG_FORM, message)
                    .at(node.span, "not a finite number")
                    .expected("digits, such as 12, -0.5 or 1e-9"),
            );
            None
        }
    }
}

/// Whether the integer fits its type; if not, that is reported.
pub(super) fn in_range(value: &Spanned<i128>, scalar: Scalar, out: &mut Vec<Finding>) -> bool {
    let Some((least, most)) = scalar.range() else { return false };
    let fits = (least..=most).contains(&value.value);
    if !fits {
        let message = format!("{} does not fit {}", value.value, scalar.name());
        out.push(
            Finding::new(rules::OUT_OF_RANGE, message)
                .at(value.span, "out of range")
                .expected(format!("{least} to {most}")),
        );
    }
    fits
}
