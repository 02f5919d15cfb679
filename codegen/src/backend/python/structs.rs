//! Payload structs as classes.

use serde::Serialize;

use super::fields::{self, Field};
use super::spell::{self, PROSE, WIDTH, docstring, is_aliased, name, numpy_code, reference};
use crate::facts;
use bitrpc_spec::layout::{FieldLayout, Layout, StructLayout, Type, diagram};
use bitrpc_spec::names::NameKind;

/// A class.
#[derive(Debug, Serialize)]
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) raw_name: String,
    /// How classes call it.
    pub(super) reference: String,
    pub(super) is_aliased: bool,
    pub(super) base: &'static str,
    pub(super) doc: Vec<String>,
    /// Literal of the id, or `None`.
    pub(super) message_type: String,
    pub(super) is_message: bool,
    pub(super) size: u64,
    pub(super) align: u64,
    pub(super) older_sizes: String,
    /// Format of the `struct` module, padding included.
    pub(super) format: String,
    pub(super) has_tail: bool,
    /// The fixed fields, and the tail as the last one.
    pub(super) fields: Vec<Field>,
    pub(super) columns: Vec<Column>,
    /// What stands behind statements whose lines may be too long.
    pub(super) skips: Skips,
}

/// For each such statement: nothing, or what tells the formatter to leave it as it is.
#[derive(Debug, Serialize)]
pub(super) struct Skips {
    pub(super) columns: &'static str,
    pub(super) init: &'static str,
    pub(super) values: &'static str,
    pub(super) make: &'static str,
    pub(super) made: &'static str,
}

/// A fixed field for numpy.
#[derive(Debug, Serialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) format: String,
    pub(super) offset: u64,
}

/// The class of `item`.
pub(super) fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    let fields = fields::of_struct(layout, item);
    let mut doc = PROSE.wrap(&facts::of_struct(item));
    let picture = diagram::of_struct(item);
    if !picture.is_empty() {
        doc.extend([String::new(), "::".to_owned(), String::new()]);
        doc.extend(picture.iter().map(|line| fields::indented(line, 4)));
    }
    if !fields.is_empty() {
        doc.extend([String::new(), "Attributes:".to_owned()]);
        doc.extend(
            fields.iter().flat_map(|field| &field.doc).map(|line| fields::indented(line, 4)),
        );
    }
    let column = |field: &FieldLayout| Column {
        name: name(NameKind::Field, &field.name),
        format: numpy_format(layout, &field.ty),
        offset: field.offset,
    };
    let name = name(NameKind::Type, &item.name);
    let columns: Vec<Column> = item.fields.iter().map(column).collect();
    Struct {
        skips: skips(&reference(&item.name), &fields, &columns),
        name,
        raw_name: item.name.clone(),
        reference: reference(&item.name),
        is_aliased: is_aliased(&item.name),
        base: if item.tail.is_some() { "PayloadWithTail" } else { "Payload" },
        doc: docstring(&doc, 4),
        message_type: item.id.map_or("None".to_owned(), |id| id.to_string()),
        is_message: item.id.is_some(),
        size: item.size,
        align: item.align,
        older_sizes: spell::tuple(&item.older_sizes),
        format: fields::struct_format(layout, item),
        has_tail: item.tail.is_some(),
        fields,
        columns,
    }
}

/// The lines are those of the template.
fn skips(name: &str, fields: &[Field], columns: &[Column]) -> Skips {
    let of = |indent: usize, line: &dyn Fn(&Field) -> String| {
        let lines: Vec<_> = fields.iter().map(line).collect();
        spell::skip(WIDTH - indent, &lines)
    };
    let entry =
        |column: &Column| format!("\"{}\": ({}, {}),", column.name, column.format, column.offset);
    let entries: Vec<_> = columns.iter().map(entry).collect();
    Skips {
        columns: spell::skip(WIDTH - 8, &entries),
        init: of(8, &|f| format!("{}: {} = {},", f.name, f.parameter_hint, f.default)),
        values: of(12, &|f| format!("{},", f.value)),
        make: spell::skip(
            WIDTH - 4,
            &[format!("def _make(cls, v: tuple[_t.Any, ...]) -> {name}:")],
        ),
        made: of(12, &|f| format!("{},", f.make)),
    }
}

/// The dtype's format of a field: a text, a struct's class, or a pair with a count.
fn numpy_format(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => format!("\"{}\"", numpy_code(*scalar)),
        Type::Char(len) => format!("\"S{len}\""),
        Type::Bytes(len) => format!("(\"u1\", {len})"),
        Type::Enum(number) => format!("\"{}\"", numpy_code(layout.enums[*number].scalar)),
        Type::Struct(number) => reference(&layout.structs[*number].name),
        Type::Array(element, len) => format!("({}, {len})", numpy_format(layout, element)),
    }
}
