//! Placing one field after another, with what the text states about it.

use super::{EnumLayout, FieldLayout, Scalar, Type};
use crate::diagnostic::Finding;
use crate::model::Field;
use crate::rules;
use crate::source::Spanned;

/// Largest alignment that a field may ask for.
pub(super) const MAX_ALIGN: u64 = 8;

/// Size and alignment of a type, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) size: u64,
    pub(super) align: u64,
}

/// Size and alignment of a type that needs no struct.
pub(super) fn plain_extent(ty: &Type, enums: &[EnumLayout]) -> Option<Extent> {
    let scalar = |scalar: Scalar| Extent { size: scalar.size(), align: scalar.size() };
    match ty {
        Type::Scalar(s) => Some(scalar(*s)),
        Type::Char(length) | Type::Bytes(length) => Some(Extent { size: *length, align: 1 }),
        Type::Enum(index) => enums.get(*index).map(|item| scalar(item.scalar)),
        Type::Array(element, count) => {
            let element = plain_extent(element, enums)?;
            Some(Extent { size: element.size.saturating_mul(*count), align: element.align })
        }
        Type::Struct(_) => None,
    }
}

/// The next multiple of `align`; sticks to the end of the number range, which every limit is below.
pub(super) fn align_up(at: u64, align: u64) -> u64 {
    at.checked_next_multiple_of(align).unwrap_or(u64::MAX)
}

/// The alignment that a field has: its type's own, or a stated greater one.
pub(super) fn field_align<R>(field: &Field<R>, natural: u64, findings: &mut Vec<Finding>) -> u64 {
    stated_align(field.align.as_ref(), natural, &format!("`{}`", field.name.value), findings)
}

/// A stated alignment, when it is one that `what` can have.
pub(super) fn stated_align(
    stated: Option<&Spanned<u64>>,
    natural: u64,
    what: &str,
    findings: &mut Vec<Finding>,
) -> u64 {
    let Some(stated) = stated else { return natural };
    let value = stated.value;
    if value.is_power_of_two() && (natural..=MAX_ALIGN).contains(&value) {
        return value;
    }
    findings.push(
        Finding::new(rules::STATED, format!("{what} cannot be aligned to {value}"))
            .at(stated.span, "not possible")
            .expected(format!("its own alignment, {natural}, or a power of two up to {MAX_ALIGN}")),
    );
    natural
}

/// Reports a stated size that is not the size of the field's type.
pub(super) fn check_size<R>(field: &Field<R>, size: u64, findings: &mut Vec<Finding>) {
    if let Some(stated) = field.size.as_ref().filter(|stated| stated.value != size) {
        let message = format!("`{}` has not {} bytes", field.name.value, stated.value);
        findings.push(
            Finding::new(rules::STATED, message)
                .at(stated.span, "differs from the type")
                .expected(format!("{size}, the size of its type")),
        );
    }
}

/// The offset of a field: the next one from `cursor` on, or a stated one, which may leave a gap but
/// be neither misaligned nor less than `least`.
pub(super) fn offset<R>(
    field: &Field<R>,
    least: u64,
    cursor: u64,
    align: u64,
    findings: &mut Vec<Finding>,
) -> u64 {
    let next = align_up(cursor, align);
    let Some(stated) = &field.offset else { return next };
    let (name, value) = (&field.name.value, stated.value);
    if value % align != 0 {
        findings.push(
            Finding::new(rules::MISALIGNED, format!("`{name}` is misaligned at {value}"))
                .at(stated.span, format!("not a multiple of {align}"))
                .expected(format!("{next}, or a greater multiple of {align}")),
        );
        return next;
    }
    if value < least {
        findings.push(
            Finding::new(rules::OVERLAP, format!("`{name}` overlaps the field before it"))
                .at(stated.span, format!("the field before it ends at {cursor}"))
                .expected(format!("{next} or more")),
        );
        return next;
    }
    value
}

/// A field with its place; the padding before it is filled in later.
pub(super) fn placed<R: Copy>(field: &Field<R>, offset: u64, own: Extent) -> FieldLayout<R> {
    FieldLayout {
        name: field.name.value.clone(),
        doc: field.doc.clone(),
        ty: field.ty.value.clone(),
        offset,
        size: own.size,
        align: own.align,
        padding_before: 0,
        role: field.role.as_ref().map(|role| role.value),
        since: field.since,
    }
}

/// Fills in the padding before each field, which are in the order of their offsets; returns where
/// the last one ends.
pub(super) fn fill_padding<R>(fields: &mut [FieldLayout<R>]) -> u64 {
    let mut end: u64 = 0;
    for field in fields {
        field.padding_before = field.offset.saturating_sub(end);
        end = field.offset.saturating_add(field.size);
    }
    end
}
