//! What the conformance peer needs to draw test values.

use serde::Serialize;

use super::type_spelling;
use super::types::{qualified, scalar, spec_type};
use bitrpc_spec::layout::{EnumLayout, FieldLayout, Layout, Scalar, StructLayout, TailKind, Type};
use bitrpc_spec::names::{self, Language, NameKind};

/// A struct as the peer draws it.
#[derive(Debug, Serialize)]
pub(super) struct Sample {
    pub(super) name: String,
    /// Its type and the one of its fixed part, for the peer's namespace.
    pub(super) ty: String,
    pub(super) fixed_ty: String,
    pub(super) raw_name: String,
    /// Number of the message type; empty without one.
    pub(super) id: String,
    pub(super) size: u64,
    pub(super) has_fixed: bool,
    pub(super) has_tail: bool,
    /// Statements that draw the fields into `item`.
    pub(super) draws: Vec<String>,
    /// Statement that draws the tail into `whole`.
    pub(super) draw_tail: String,
}

pub(super) fn all(layout: &Layout) -> Vec<Sample> {
    layout.structs.iter().map(|item| sample(layout, item)).collect()
}

fn sample(layout: &Layout, item: &StructLayout) -> Sample {
    let name = type_spelling(&item.name);
    let draw = |field: &FieldLayout| {
        let member = member(&item.name, &field.name);
        statement(layout, &field.ty, &format!("item.{member}"))
    };
    let draw_tail = item.tail.as_ref().map_or_else(String::new, |tail| {
        let mut member = member(&item.name, &tail.name);
        if member == "Fixed" {
            member.push('_');
        }
        let drawn = match &tail.kind {
            TailKind::String => "rng.TailText(room)".to_owned(),
            TailKind::Bytes => "rng.TailBytes(room)".to_owned(),
            TailKind::Elements(ty) => {
                let ty_name = qualified(layout, ty);
                let element = expression(layout, ty);
                format!(
                    "rng.TailElements<{ty_name}>(room, {}, r => {})",
                    tail.element_size,
                    element.replace("rng", "r")
                )
            }
        };
        format!("whole.{member} = {drawn};")
    });
    Sample {
        ty: spec_type(layout, &name),
        fixed_ty: if item.tail.is_some() {
            spec_type(layout, &format!("{name}Fixed"))
        } else {
            spec_type(layout, &name)
        },
        name,
        raw_name: item.name.clone(),
        id: item.id.map_or_else(String::new, |id| id.to_string()),
        size: item.size,
        has_fixed: item.size > 0,
        has_tail: item.tail.is_some(),
        draws: item.fields.iter().map(draw).collect(),
        draw_tail,
    }
}

fn member(owner: &str, name: &str) -> String {
    names::spell_member(Language::Csharp, NameKind::Field, owner, name)
}

/// The statement that draws a value of `ty` into `target`.
fn statement(layout: &Layout, ty: &Type, target: &str) -> String {
    match ty {
        Type::Char(length) => format!("{target}.Set(rng.Text({length}));"),
        Type::Bytes(length) => format!("{target}.Set(rng.Bytes({length}));"),
        Type::Array(element, length) => {
            let element = expression(layout, element);
            format!("for (int i = 0; i < {length}; i++) {{ {target}[i] = {element}; }}")
        }
        other => format!("{target} = {};", expression(layout, other)),
    }
}

/// The expression that draws a value of a scalar, enum or struct.
fn expression(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => "rng.Bool()".to_owned(),
        Type::Scalar(Scalar::F32) => "rng.F32()".to_owned(),
        Type::Scalar(Scalar::F64) => "rng.F64()".to_owned(),
        Type::Scalar(ty) => {
            let ty = scalar(*ty);
            let bound = |name: &str| format!("unchecked((ulong){ty}.{name})");
            let (least, most) = (bound("MinValue"), bound("MaxValue"));
            format!("unchecked(({ty})rng.Integer({least}, {most}))")
        }
        Type::Enum(index) => enum_value(layout, &layout.enums[*index]),
        Type::Struct(index) => {
            let name = type_spelling(&layout.structs[*index].name);
            format!("Samples.Draw{name}(rng)")
        }
        Type::Char(_) | Type::Bytes(_) | Type::Array(..) => {
            unreachable!("a spec has no array of arrays or texts")
        }
    }
}

fn enum_value(layout: &Layout, item: &EnumLayout) -> String {
    let name = spec_type(layout, &type_spelling(&item.name));
    let ty = scalar(item.scalar);
    if item.is_flags {
        return format!("unchecked(({name})({ty})rng.Next())");
    }
    let value = |value: &i128| format!("unchecked((ulong)({value}))");
    let values: Vec<_> = item.values.iter().map(|v| value(&v.value)).collect();
    format!("unchecked(({name})({ty})rng.Enum({}))", values.join(", "))
}
