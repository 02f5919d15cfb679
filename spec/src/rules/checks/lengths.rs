//! L109: fields that count others, by their names.

use super::Subject;
use crate::diagnostic::Finding;
use crate::layout::structs::Placed;
use crate::model::{Field, Scalar, Struct, Type};
use crate::rules;

/// Words for a number of something, in front of its name or behind it.
const WORDS: &[&str] = &["count", "len", "length", "num", "number", "size", "n"];

/// What a count may be about.
struct Counted<'a> {
    name: &'a str,
    /// Elements, or bytes of a text.
    most: u64,
}

/// L109: a field that counts the elements of another one, and cannot count all of them.
pub(super) fn narrow(subject: &Subject, findings: &mut Vec<Finding>) {
    for (item, placed) in subject.placed() {
        let counted = counted(subject, item, placed);
        for field in &item.fields {
            let Type::Scalar(scalar) = field.ty.value else { continue };
            let Some(of) = counted.iter().find(|of| counts(&field.name.value, of, &counted)) else {
                continue;
            };
            findings.extend(too_narrow(field, scalar, of));
        }
    }
}

/// The arrays, texts and the tail of a struct.
fn counted<'a>(subject: &Subject, item: &'a Struct, placed: &Placed) -> Vec<Counted<'a>> {
    let fixed = item.fields.iter().filter_map(|field| {
        let most = match &field.ty.value {
            Type::Char(most) | Type::Bytes(most) | Type::Array(_, most) => *most,
            Type::Scalar(_) | Type::Enum(_) | Type::Struct(_) => return None,
        };
        Some(Counted { name: &field.name.value, most })
    });
    let room = subject.room.saturating_sub(placed.size) / placed.element.size.max(1);
    let tail = item.tail.iter().map(|tail| Counted { name: &tail.name.value, most: room });
    fixed.chain(tail).collect()
}

/// Whether a field of this name counts what `of` is.
fn counts(name: &str, of: &Counted, all: &[Counted]) -> bool {
    if WORDS.contains(&name) {
        return all.len() == 1;
    }
    let is_of = |rest: &str| {
        let singular = |word: &str| word.strip_suffix('s').unwrap_or(word).to_owned();
        singular(rest) == singular(of.name)
    };
    WORDS.iter().any(|word| {
        let before = name.strip_prefix(word).and_then(|rest| rest.strip_prefix('_'));
        let behind = name.strip_suffix(word).and_then(|rest| rest.strip_suffix('_'));
        before.or(behind).is_some_and(is_of)
    })
}

fn too_narrow(field: &Field, scalar: Scalar, of: &Counted) -> Option<Finding> {
    let (_, most) = scalar.range()?;
    if i128::from(of.most) <= most {
        return None;
    }
    let (name, ty, counted) = (&field.name.value, scalar.name(), of.name);
    let message = format!("`{name}` is too narrow to count `{counted}`");
    Some(
        Finding::new(rules::NARROW_LENGTH, message)
            .at(field.ty.span, format!("{ty} counts to {most}, and there may be {}", of.most))
            .expected(format!("a type with room for {}", of.most)),
    )
}
