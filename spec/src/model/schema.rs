//! The JSON Schema of the language, for editors that complete and check YAML.
//!
//! It is printed from the same tables that the reader checks with; a test keeps
//! `spec/bitrpc.schema.json` fresh.

use serde_json::{Map, Value, json};

use super::parse::shape::{DOCUMENT, Form, Shape};
use super::{MessageRole, RingRole};
use crate::diagnostic::Severity;
use crate::names::Language;
use crate::rules::ALL;

/// The schema of a spec file, JSON Schema draft 2020-12.
///
/// It knows keys, forms and words; what a name refers to and what fits where is for `bitrpc check`.
pub fn json_schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "BitRPC spec",
        "description": "A shared-memory protocol: headers, message types, flags and payloads.",
    });
    if let (Some(schema), Value::Object(shape)) = (schema.as_object_mut(), of_shape(&DOCUMENT)) {
        schema.extend(shape);
    }
    schema
}

fn of_shape(shape: &Shape) -> Value {
    let mut properties = Map::new();
    for key in shape.keys.iter() {
        let mut value = of_form(&key.form);
        value["description"] = json!(key.doc);
        properties.insert(key.name.to_owned(), value);
    }
    let required: Vec<_> =
        shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn of_form(form: &Form) -> Value {
    if let Some(shape) = form.shape(&Language::ALL) {
        return of_shape(&shape);
    }
    match form {
        Form::Text | Form::Type => json!({ "type": "string" }),
        Form::Snake => {
            json!({ "type": "string", "pattern": "^[a-z][a-z0-9]*(_[a-z0-9]+)*$", "maxLength": 64 })
        }
        Form::Pascal => {
            json!({ "type": "string", "pattern": "^[A-Z][A-Za-z0-9]*$", "maxLength": 64 })
        }
        // Editors read 0x1F as a number, 1_000 and 0b101 as a text.
        Form::Int => json!({
            "type": ["integer", "string"],
            "pattern": "^[-+]?(0x[0-9A-Fa-f_]+|0b[01_]+|[0-9][0-9_]*)$",
        }),
        Form::Size => json!({
            "type": ["integer", "string"],
            "pattern": "^[0-9][0-9_]* ?(KiB|MiB|GiB|TiB)?$",
        }),
        Form::Bool => json!({ "type": "boolean" }),
        Form::Version => json!({ "type": "string", "pattern": "^[0-9]+\\.[0-9]+$" }),
        Form::Value => json!({ "type": ["number", "boolean", "string"] }),
        Form::Word(words) => json!({ "enum": words }),
        Form::RingRole => json!({ "enum": names(RingRole::ALL, |role| role.name()) }),
        Form::MessageRole => json!({ "enum": names(MessageRole::ALL, |role| role.name()) }),
        Form::Rule => json!({ "oneOf": allowable() }),
        Form::Map(_) | Form::Targets | Form::Target(_) | Form::TargetGroup(_) => {
            unreachable!("a mapping has a shape")
        }
        Form::List(item) => json!({ "type": "array", "items": of_form(item) }),
    }
}

/// Every rule that can be allowed, with what it asks for.
fn allowable() -> Vec<Value> {
    let rules = ALL.iter().filter(|rule| rule.severity != Severity::Error);
    rules.map(|rule| json!({ "const": rule.id, "description": rule.summary() })).collect()
}

fn names<R: Copy>(roles: &[R], name: impl Fn(R) -> &'static str) -> Vec<&'static str> {
    roles.iter().map(|role| name(*role)).collect()
}
