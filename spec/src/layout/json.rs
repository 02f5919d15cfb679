//! The layout as a JSON document. Its keys are stable: others are added, these stay.

use serde_json::{Value, json};

use super::render::Shown;
use super::{ConstantValue, FieldLayout, HeaderLayout, Layout, Lines, NamedValue, StructLayout};
use crate::model::role::{RingRole, Writer};

/// The document that `bitrpc layout --json` prints.
///
/// - `name`, `version` (`"1.1"`), `magic`, `file_prefix`, `default_capacity`;
/// - `layout_hash`, `schema_hash`: texts of `0x` and 16 hexadecimal digits;
/// - `ring_header`, `message_header`: `name`, `size`, `align`, `fields`, `padding_after`; a field
///   has `name`, `type`, `offset`, `size`, `align`, `padding_before`, and `role` if it has one;
/// - of the ring header, too: `line`, the bytes of one, and `lines`: list of `first`, `last` (their
///   numbers), `start`, `end` (bytes, the end left out) and `writers` (`creator`, `producer`,
///   `consumer`), the unused lines behind each other as one;
/// - `message_types`: list of `name`, `value`;
/// - `flags`: `type`, `bits` (list of `name`, `mask`);
/// - `constants`: list of `name`, `type`, `value`;
/// - `enums`: list of `name`, `type`, `kind` (`enum` or `flags`), `values` (list of `name`,
///   `value`);
/// - `structs`: list of `name`, `id` (messages only), `size`, `align`, `min_size`, `older_sizes`,
///   `fields` (as above, with `since` if stated), `padding_after`, and `tail` (`name`, `type`,
///   `element_size`, `since`) if there is one. Each struct stands after those that it contains.
pub fn to_json(layout: &Layout) -> Value {
    print(layout, &Shown::all())
}

/// The same with only the structs and headers that are shown; the rest is there in any case.
pub(super) fn print(layout: &Layout, shown: &Shown) -> Value {
    let (major, minor) = layout.version;
    let structs = layout.structs.iter().filter(|item| shown.has(&item.name));
    let mut object = json!({
        "name": layout.name,
        "version": format!("{major}.{minor}"),
        "magic": layout.magic,
        "file_prefix": layout.file_prefix,
        "default_capacity": layout.default_capacity,
        "layout_hash": format!("{:#018x}", layout.layout_hash),
        "schema_hash": format!("{:#018x}", layout.schema_hash),
        "message_types": named(&layout.message_types, "value"),
        "flags": {
            "type": layout.flags.scalar.name(),
            "bits": named(&layout.flags.bits, "mask"),
        },
        "constants": layout.constants.iter().map(|constant| {
            let (ty, value) = match &constant.value {
                ConstantValue::Int(scalar, value) => (scalar.name(), number(*value)),
                ConstantValue::Float(scalar, value) => (scalar.name(), json!(value)),
                ConstantValue::Bool(value) => ("bool", json!(value)),
                ConstantValue::Text(text) => ("string", json!(text)),
            };
            json!({ "name": constant.name, "type": ty, "value": value })
        }).collect::<Value>(),
        "enums": layout.enums.iter().map(|item| json!({
            "name": item.name,
            "type": item.scalar.name(),
            "kind": if item.is_flags { "flags" } else { "enum" },
            "values": named(&item.values, "value"),
        })).collect::<Value>(),
        "structs": structs.map(|item| structure(layout, item)).collect::<Value>(),
    });
    if shown.ring_header() {
        object["ring_header"] = ring(layout, &layout.ring_header);
    }
    if shown.message_header() {
        let message = &layout.message_header;
        object["message_header"] = header(layout, "message_header", message, |role| role.name());
    }
    object
}

fn ring(layout: &Layout, ring: &HeaderLayout<RingRole>) -> Value {
    let writer = |writer: &Writer| match writer {
        Writer::Creator => "creator",
        Writer::Producer => "producer",
        Writer::Consumer => "consumer",
    };
    let line = |line: &Lines| {
        json!({
            "first": line.first,
            "last": line.last,
            "start": line.start,
            "end": line.end,
            "writers": line.writers.iter().map(writer).collect::<Value>(),
        })
    };
    let mut object = header(layout, "ring_header", ring, |role| role.name());
    object["line"] = json!(ring.line);
    object["lines"] = ring.lines().iter().map(line).collect();
    object
}

/// All values of the language fit `i64` or `u64`.
fn number(value: i128) -> Value {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => json!(value),
        (_, Ok(value)) => json!(value),
        _ => Value::Null,
    }
}

fn named(values: &[NamedValue], key: &str) -> Value {
    values.iter().map(|value| json!({ "name": value.name, key: number(value.value) })).collect()
}

fn header<R: Copy>(
    layout: &Layout,
    name: &str,
    header: &HeaderLayout<R>,
    role: impl Fn(R) -> &'static str,
) -> Value {
    json!({
        "name": name,
        "size": header.size,
        "align": header.align,
        "fields": fields(layout, &header.fields, role),
        "padding_after": header.padding_after,
    })
}

fn fields<R: Copy>(
    layout: &Layout,
    fields: &[FieldLayout<R>],
    role_name: impl Fn(R) -> &'static str,
) -> Value {
    let field = |field: &FieldLayout<R>| {
        let mut object = json!({
            "name": field.name,
            "type": layout.type_name(&field.ty),
            "offset": field.offset,
            "size": field.size,
            "align": field.align,
            "padding_before": field.padding_before,
        });
        if let Some(role) = field.role {
            object["role"] = json!(role_name(role));
        }
        add_since(&mut object, field.since);
        object
    };
    fields.iter().map(field).collect()
}

fn structure(layout: &Layout, item: &StructLayout) -> Value {
    let mut object = json!({
        "name": item.name,
        "size": item.size,
        "align": item.align,
        "min_size": item.min_size,
        "older_sizes": item.older_sizes,
        "fields": fields(layout, &item.fields, |role| match role {}),
        "padding_after": item.padding_after,
    });
    if let Some(id) = item.id {
        object["id"] = json!(id);
    }
    if let Some(tail) = &item.tail {
        object["tail"] = json!({
            "name": tail.name,
            "type": layout.tail_name(&tail.kind),
            "element_size": tail.element_size,
        });
        add_since(&mut object["tail"], tail.since);
    }
    object
}

fn add_since(object: &mut Value, since: Option<(u16, u16)>) {
    if let Some((major, minor)) = since {
        object["since"] = json!(format!("{major}.{minor}"));
    }
}
