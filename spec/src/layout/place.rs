//! Placing one field after another, with what the text states about it.
//!
//! Every statement has a fallback: one that is impossible is passed over, as if it were not there.
//! So placing never fails; that a statement was passed over is for the
//! [checks](crate::rules::checks) to say, and there is none in a finished
//! [`Spec`](crate::model::Spec).

use super::{FieldLayout, Type};
use crate::model::{Enum, Field, Scalar};
use crate::source::Spanned;

/// Largest alignment that a field may ask for.
pub(crate) const MAX_ALIGN: u64 = 8;

/// Size and alignment of a type, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) size: u64,
    pub(crate) align: u64,
}

impl Extent {
    /// One byte: what a text takes for each, and what stands in for what has no extent.
    pub(crate) const BYTE: Self = Self { size: 1, align: 1 };

    fn of_scalar(scalar: Scalar) -> Self {
        Self { size: scalar.size(), align: scalar.size() }
    }

    /// Size and alignment of a type; `parts` are those of the structs that it may refer to.
    pub(crate) fn of(ty: &Type, enums: &[Enum], parts: &[Self]) -> Self {
        match ty {
            Type::Scalar(scalar) => Self::of_scalar(*scalar),
            Type::Char(length) | Type::Bytes(length) => Self { size: *length, align: 1 },
            Type::Enum(index) => {
                enums.get(*index).map_or(Self::BYTE, |item| Self::of_scalar(item.scalar.value))
            }
            Type::Struct(index) => parts.get(*index).copied().unwrap_or(Self::BYTE),
            Type::Array(element, count) => {
                let element = Self::of(element, enums, parts);
                Self { size: element.size.saturating_mul(*count), align: element.align }
            }
        }
    }
}

/// The next multiple of `align`; sticks to the end of the number range, which every limit is below.
pub(crate) fn align_up(at: u64, align: u64) -> u64 {
    at.checked_next_multiple_of(align).unwrap_or(u64::MAX)
}

/// Where a field lies, and why there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// What its type takes.
    pub(crate) own: Extent,
    /// Its alignment, which may be stated to be greater than its type's.
    pub(crate) align: u64,
    /// Where the field before it ends.
    pub(crate) after: u64,
    /// The first byte that it may have.
    pub(crate) offset: u64,
    /// The byte after its last one.
    pub(crate) end: u64,
}

impl Place {
    /// Puts a field behind `after`; a stated offset may be anywhere from `least` on.
    pub(crate) fn of<R>(field: &Field<R>, own: Extent, least: u64, after: u64) -> Self {
        let align = raised(field.align.as_ref(), own.align).unwrap_or(own.align);
        let possible = |at: &u64| at.is_multiple_of(align) && *at >= least;
        let stated = field.offset.as_ref().map(|stated| stated.value).filter(possible);
        let offset = stated.unwrap_or(align_up(after, align));
        Self { own, align, after, offset, end: offset.saturating_add(own.size) }
    }

    /// Where it would lie if nothing were stated.
    pub(crate) fn next(&self) -> u64 {
        align_up(self.after, self.align)
    }
}

/// A stated alignment, when it is one that what is aligned to `natural` can have.
pub(crate) fn raised(stated: Option<&Spanned<u64>>, natural: u64) -> Option<u64> {
    let possible = |value: &u64| value.is_power_of_two() && (natural..=MAX_ALIGN).contains(value);
    stated.map(|stated| stated.value).filter(possible)
}

/// Fields with their places, in the order of these, and where the last one ends.
pub(super) fn fields<R: Copy>(fields: &[Field<R>], places: &[Place]) -> (Vec<FieldLayout<R>>, u64) {
    let mut list: Vec<_> = fields.iter().zip(places).collect();
    list.sort_by_key(|(_, place)| place.offset);
    let mut end = 0;
    let mut placed = Vec::new();
    for (field, place) in list {
        placed.push(FieldLayout {
            name: field.name.value.clone(),
            doc: super::text_of(&field.doc),
            ty: field.ty.value.clone(),
            offset: place.offset,
            size: place.own.size,
            align: place.own.align,
            padding_before: place.offset.saturating_sub(end),
            role: field.role.as_ref().map(|role| role.value),
            since: field.since.as_ref().map(|since| since.value),
        });
        end = place.end;
    }
    (placed, end)
}
