//! From a spec to its layout.

use super::place::{
    Extent, align_up, check_size, field_align, offset, placed, plain_extent, stated_align,
};
use super::{Layout, StructLayout, TailKind, TailLayout, Type, header, place};
use crate::diagnostic::{Finding, Findings};
use crate::model::{Spec, Struct, Tail, has_errors};
use crate::rules;
use crate::source::Spanned;

/// No payload is larger: lengths are 32-bit numbers.
const MAX_PAYLOAD: u64 = 1 << 31;

/// Most bytes of a message that is copied without a thought; some threads have 1 MiB of stack.
const LARGE_VALUE: u64 = 64 << 10;

impl Layout {
    /// Gives every field its place.
    ///
    /// # Errors
    ///
    /// All fields, structs and headers that cannot be laid out as the spec states. There are none
    /// in a spec as [`Spec::load`] returned it.
    ///
    /// ```
    /// use bitrpc_spec::{layout::Layout, model::Spec, source::Memory};
    ///
    /// let text = r#"
    /// bitrpc: 1
    /// name: demo
    /// structs:
    ///   - name: Quote
    ///     id: 1001
    ///     fields:
    ///       - { name: side, type: u8 }
    ///       - { name: price, type: f64 }
    /// "#;
    /// let spec = Spec::load("demo.yaml", &Memory::new().with("demo.yaml", text))?;
    /// let layout = Layout::resolve(&spec)?;
    /// assert_eq!(layout.structs[0].fields[1].offset, 8);
    /// assert_eq!(layout.structs[0].fields[1].padding_before, 7);
    /// # Ok::<(), bitrpc_spec::diagnostic::Findings>(())
    /// ```
    pub fn resolve(spec: &Spec) -> Result<Self, Findings> {
        let mut findings = Vec::new();
        let layout = resolve(spec, &mut findings);
        if has_errors(&findings) {
            return Err(Findings::new(spec.sources.clone(), findings));
        }
        Ok(layout)
    }
}

/// Reports what cannot be laid out.
pub(crate) fn check(spec: &Spec, findings: &mut Vec<Finding>) {
    resolve(spec, findings);
}

/// Lays out what can be, and reports what cannot.
fn resolve(spec: &Spec, findings: &mut Vec<Finding>) -> Layout {
    let ring_header = header::ring(&spec.ring_header, findings);
    let message_header = header::message(&spec.message_header, findings);
    let room = MAX_PAYLOAD.min(spec.default_capacity / 2).saturating_sub(message_header.size);
    let mut structs = Structs { spec, room, extents: Vec::new(), findings };
    let structs = spec.structs.iter().map(|item| structs.lay_out(item)).collect();
    let mut layout = Layout {
        name: spec.name.clone(),
        version: spec.version,
        doc: spec.doc.clone(),
        magic: spec.magic,
        file_prefix: spec.file_prefix.clone(),
        default_capacity: spec.default_capacity,
        layout_hash: 0,
        schema_hash: 0,
        targets: spec.targets.clone(),
        ring_header,
        message_header,
        message_types: spec.message_types.clone(),
        flags: spec.flags.clone(),
        constants: spec.constants.clone(),
        enums: spec.enums.clone(),
        structs,
    };
    layout.layout_hash = layout.compute_layout_hash();
    layout.schema_hash = layout.compute_schema_hash();
    layout
}

struct Structs<'a> {
    spec: &'a Spec,
    /// Largest payload of a ring of the default capacity.
    room: u64,
    /// What the structs so far take, in the order of the spec, which puts parts first.
    extents: Vec<Extent>,
    findings: &'a mut Vec<Finding>,
}

impl Structs<'_> {
    fn extent(&self, ty: &Type) -> Extent {
        match ty {
            Type::Struct(index) => self.extents[*index],
            Type::Array(element, count) => {
                let element = self.extent(element);
                Extent { size: element.size.saturating_mul(*count), align: element.align }
            }
            ty => plain_extent(ty, &self.spec.enums).unwrap_or(Extent { size: 1, align: 1 }),
        }
    }

    fn lay_out(&mut self, item: &Struct) -> StructLayout {
        let (mut fields, mut steps) = (Vec::new(), Vec::new());
        let (mut cursor, mut natural) = (0, 1);
        for field in &item.fields {
            let own = self.extent(&field.ty.value);
            check_size(field, own.size, self.findings);
            let align = field_align(field, own.align, self.findings);
            let at = offset(field, cursor, cursor, align, self.findings);
            cursor = at.saturating_add(own.size);
            natural = natural.max(align);
            steps.push(Step { since: field.since, end: cursor, align });
            fields.push(placed(field, at, own));
        }
        place::fill_padding(&mut fields);
        // The elements of a tail lie in place like those of an array, so they raise it too.
        let tail_align = item.tail.as_ref().map_or(1, |tail| self.element(&tail.kind.value).align);
        natural = natural.max(tail_align);
        let what = format!("`{}`", item.name.value);
        let align = stated_align(item.align.as_ref(), natural, &what, self.findings);
        let size = self.struct_size(item, cursor, align);
        let size = self.check_room(item, size);
        self.extents.push(Extent { size, align });
        let tail = item.tail.as_ref().map(|tail| self.tail(tail, size));
        if let Some(tail) = &tail {
            steps.push(Step { since: tail.since, end: cursor, align: tail_align });
        }
        let stated = item.align.as_ref().map_or(1, |stated| stated.value);
        let older_sizes = older_sizes(&steps, stated, size);
        StructLayout {
            name: item.name.value.clone(),
            doc: item.doc.clone(),
            id: item.id,
            size,
            align,
            min_size: older_sizes.first().copied().unwrap_or(size),
            older_sizes,
            padding_after: size.saturating_sub(cursor),
            fields,
            tail,
        }
    }

    /// The end of the fields rounded up, or a stated size with more padding.
    fn struct_size(&mut self, item: &Struct, end: u64, align: u64) -> u64 {
        let least = align_up(end, align);
        let Some(stated) = &item.size else { return least };
        let (name, value) = (&item.name.value, stated.value);
        let finding = if value < least {
            let last = item.fields.last().map_or("", |field| &field.name.value);
            Finding::new(rules::STATED, format!("`{name}` does not fit {value} bytes"))
                .at(stated.span, format!("`{last}` ends at {end}"))
                .expected(format!("{least}, or more for padding"))
        } else if value % align != 0 {
            Finding::new(rules::STATED, format!("`{name}` cannot have {value} bytes"))
                .at(stated.span, format!("not a multiple of its alignment, {align}"))
                .expected(format!("{}, for example", align_up(value, align)))
        } else {
            return value;
        };
        self.findings.push(finding);
        least
    }

    /// Refuses what no ring of the default capacity carries, and warns of what costs much by value.
    /// Returns a size that keeps structs that contain this one from being reported for the same
    /// reason.
    fn check_room(&mut self, item: &Struct, size: u64) -> u64 {
        let name = &item.name.value;
        if size > self.room {
            let finding = Finding::new(rules::TOO_LARGE, format!("`{name}` is too large"))
                .at(item.name.span, format!("takes {} bytes", amount(size)))
                .expected(format!("at most {}: half of the capacity less a header", self.room))
                .help("state a greater segment.capacity, or send the data in pieces");
            self.findings.push(self.with_widest(finding, item));
            return 0;
        }
        if size > LARGE_VALUE && item.id.is_some() {
            let finding = Finding::new(rules::LARGE_VALUE, format!("`{name}` is large"))
                .at(item.name.span, format!("each copy takes {size} bytes, on the stack too"))
                .expected(format!("at most {LARGE_VALUE} bytes by value"))
                .help(
                    "make the large field the tail (`bytes` or `T[]`), which is never on the stack",
                )
                .help("or use the message where it lies, by its view, or boxed");
            self.findings.push(self.with_widest(finding, item));
        }
        size
    }

    /// Points at the field that takes most of a struct.
    fn with_widest(&self, finding: Finding, item: &Struct) -> Finding {
        let widest = item.fields.iter().max_by_key(|field| self.extent(&field.ty.value).size);
        let Some(field) = widest else { return finding };
        let size = amount(self.extent(&field.ty.value).size);
        finding.also(field.ty.span, format!("takes {size} bytes of it"))
    }

    /// What one element of a tail takes.
    fn element(&self, kind: &TailKind) -> Extent {
        match kind {
            TailKind::String | TailKind::Bytes => Extent { size: 1, align: 1 },
            TailKind::Elements(ty) => self.extent(ty),
        }
    }

    fn tail(&mut self, tail: &Tail, start: u64) -> TailLayout {
        let Spanned { value: kind, span } = &tail.kind;
        let element_size = self.element(kind).size;
        if start.saturating_add(element_size) > self.room {
            let name = &tail.name.value;
            self.findings.push(
                Finding::new(rules::TOO_LARGE, format!("`{name}` has room for no element"))
                    .at(*span, format!("an element takes {element_size} bytes"))
                    .expected(format!("at most {} bytes in all", self.room)),
            );
        }
        TailLayout {
            name: tail.name.value.clone(),
            doc: tail.doc.clone(),
            kind: kind.clone(),
            element_size,
            since: tail.since,
        }
    }
}

fn amount(size: u64) -> String {
    if size == u64::MAX { "more than 2^64".to_owned() } else { size.to_string() }
}

/// What one field or a tail adds to a struct.
struct Step {
    since: Option<(u16, u16)>,
    /// Where the fixed part ends with it.
    end: u64,
    align: u64,
}

/// Sizes that the struct had before each version that added to it, laid out as it was then.
fn older_sizes(steps: &[Step], stated_align: u64, size: u64) -> Vec<u64> {
    let mut sizes = Vec::new();
    let mut versions: Vec<_> = steps.iter().filter_map(|step| step.since).collect();
    versions.dedup();
    for version in versions {
        let older = || steps.iter().filter(|step| step.since < Some(version));
        let end = older().map(|step| step.end).max().unwrap_or(0);
        let align = older().map(|step| step.align).max().unwrap_or(1);
        let older_size = align_up(end, align.max(stated_align));
        if older_size < size && sizes.last() != Some(&older_size) {
            sizes.push(older_size);
        }
    }
    sizes
}
