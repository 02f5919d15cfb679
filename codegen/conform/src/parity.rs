//! What a peer's compiler says of the layout, beside what the spec says.

use serde_json::{Map, Value, json};

/// Every fact of two layouts, as `bitrpc layout --json` and a peer's `layout` print them, on which
/// they do not agree; empty when they are the same.
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let (expected, found) = (facts(expected), facts(found));
    let mut differences = Vec::new();
    for (name, expected) in &expected {
        let found = found.get(name).unwrap_or(&Value::Null);
        if found != expected {
            differences.push(format!("{name}: the compiler says {found}, expected {expected}"));
        }
    }
    let unknown = found.keys().filter(|name| !expected.contains_key(*name));
    differences.extend(unknown.map(|name| format!("{name}: the spec has no such thing")));
    differences
}

/// Everything that both sides say, each fact under a name of its own.
fn facts(layout: &Value) -> Map<String, Value> {
    let mut facts = Map::new();
    for name in ["layout_hash", "schema_hash"] {
        facts.insert(name.to_owned(), layout[name].clone());
    }
    for name in ["ring_header", "message_header"] {
        facts.insert(format!("{name}.size"), layout[name]["size"].clone());
        add_fields(&mut facts, name, &layout[name]);
    }
    for item in layout["structs"].as_array().into_iter().flatten() {
        let name = format!("structs.{}", item["name"].as_str().unwrap_or("?"));
        facts.insert(name.clone(), json!({ "size": item["size"], "align": item["align"] }));
        add_fields(&mut facts, &name, item);
    }
    facts
}

fn add_fields(facts: &mut Map<String, Value>, owner: &str, item: &Value) {
    for field in item["fields"].as_array().into_iter().flatten() {
        let name = format!("{owner}.{}", field["name"].as_str().unwrap_or("?"));
        facts.insert(name, json!({ "offset": field["offset"], "size": field["size"] }));
    }
}
