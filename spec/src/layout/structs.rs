//! The places of a struct's fields, and the sizes that it has and had.

use super::place::{self, Extent, Place, align_up, raised};
use super::{StructLayout, TailLayout};
use crate::model::{Enum, Struct, TailKind, Version};

/// A struct with its fields placed.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The places of the fixed fields, in the order of the text.
    pub(crate) places: Vec<Place>,
    /// Where the last fixed field ends.
    pub(crate) end: u64,
    /// The alignment that its fields and the elements of its tail give it.
    pub(crate) natural: u64,
    /// The alignment that it has.
    pub(crate) align: u64,
    /// The size that it needs.
    pub(crate) least: u64,
    /// The size that it has.
    pub(crate) size: u64,
    /// What an element of the tail takes.
    pub(crate) element: Extent,
}

impl Placed {
    /// Places the fields of a struct; `parts` are the extents of the structs before it.
    pub(crate) fn of(item: &Struct, enums: &[Enum], parts: &[Extent]) -> Self {
        let mut places: Vec<Place> = Vec::new();
        let (mut end, mut natural) = (0, 1);
        for field in &item.fields {
            let own = Extent::of(&field.ty.value, enums, parts);
            let place = Place::of(field, own, end, end);
            end = place.end;
            natural = natural.max(place.align);
            places.push(place);
        }
        // The elements of a tail lie in place like those of an array, so they raise it too.
        let element = match item.tail.as_ref().map(|tail| &tail.kind.value) {
            Some(TailKind::Elements(ty)) => Extent::of(ty, enums, parts),
            Some(TailKind::String | TailKind::Bytes) | None => Extent::BYTE,
        };
        natural = natural.max(element.align);
        let align = raised(item.align.as_ref(), natural).unwrap_or(natural);
        let least = align_up(end, align);
        let possible = |size: &u64| *size >= least && size.is_multiple_of(align);
        let stated = item.size.as_ref().map(|stated| stated.value).filter(possible);
        Self { places, end, natural, align, least, size: stated.unwrap_or(least), element }
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent { size: self.size, align: self.align }
    }

    pub(super) fn layout(&self, item: &Struct) -> StructLayout {
        let (fields, end) = place::fields(&item.fields, &self.places);
        let older_sizes = self.older_sizes(item);
        StructLayout {
            name: item.name.value.clone(),
            doc: super::text_of(&item.doc),
            id: item.id.as_ref().map(|id| id.value),
            size: self.size,
            align: self.align,
            min_size: older_sizes.first().copied().unwrap_or(self.size),
            older_sizes,
            padding_after: self.size.saturating_sub(end),
            fields,
            tail: item.tail.as_ref().map(|tail| TailLayout {
                name: tail.name.value.clone(),
                doc: super::text_of(&tail.doc),
                kind: tail.kind.value.clone(),
                element_size: self.element.size,
                since: tail.since.as_ref().map(|since| since.value),
            }),
        }
    }

    /// Sizes that the struct had before each version that added to it, laid out as it was then.
    fn older_sizes(&self, item: &Struct) -> Vec<u64> {
        let steps = self.steps(item);
        let stated = item.align.as_ref().map_or(1, |stated| stated.value);
        let mut sizes = Vec::new();
        let mut versions: Vec<_> = steps.iter().filter_map(|step| step.since).collect();
        versions.dedup();
        for version in versions {
            let older = || steps.iter().filter(|step| step.since < Some(version));
            let end = older().map(|step| step.end).max().unwrap_or(0);
            let align = older().map(|step| step.align).max().unwrap_or(1);
            let older_size = align_up(end, align.max(stated));
            if older_size < self.size && sizes.last() != Some(&older_size) {
                sizes.push(older_size);
            }
        }
        sizes
    }

    fn steps(&self, item: &Struct) -> Vec<Step> {
        let fields = item.fields.iter().zip(&self.places).map(|(field, place)| Step {
            since: field.since.as_ref().map(|since| since.value),
            end: place.end,
            align: place.align,
        });
        let tail = item.tail.iter().map(|tail| Step {
            since: tail.since.as_ref().map(|since| since.value),
            end: self.end,
            align: self.element.align,
        });
        fields.chain(tail).collect()
    }
}

/// What one field or a tail adds to a struct.
struct Step {
    since: Option<Version>,
    /// Where the fixed part ends with it.
    end: u64,
    align: u64,
}
