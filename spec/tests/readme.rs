//! `spec/README.md` says what is so: its examples are accepted.

use std::path::Path;

use bitrpc_spec::layout::{Layout, to_text};
use bitrpc_spec::model::{Spec, json_schema};
use bitrpc_spec::source::{Loader, Memory};
use serde_json::Value;

/// Set to `1`, this makes the test write the table of keys anew instead of comparing it.
const UPDATE: &str = "UPDATE_EXPECT";

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

fn readme() -> String {
    std::fs::read_to_string(README).unwrap()
}

/// The specs that the text shows, in order.
fn examples(text: &str) -> Vec<String> {
    let blocks = text.split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

fn load(text: &str) -> Layout {
    let common = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/common.yaml");
    let common = bitrpc_spec::source::Files.read(&common).unwrap();
    let files = Memory::new().with("example.yaml", text).with("examples/common.yaml", common);
    let spec = Spec::load("example.yaml", &files);
    let spec = spec.unwrap_or_else(|findings| panic!("{findings}\n{text}"));
    Layout::of(&spec)
}

#[test]
fn every_example_is_a_spec() {
    let examples = examples(&readme());
    assert!(examples.len() >= 6);
    for text in examples {
        load(&text);
    }
}

#[test]
fn the_first_layout_is_as_shown() {
    let text = readme();
    let shown = text.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let layout = to_text(&load(&examples(&text)[0]));
    assert!(layout.contains(shown), "{layout}");
}

#[test]
fn the_grown_message_is_as_described() {
    let text = readme();
    let grown = examples(&text).into_iter().find(|text| text.contains("hectopascal")).unwrap();
    let layout = load(&grown);
    assert_eq!((layout.structs[0].size, layout.structs[0].min_size), (24, 16));
    assert_eq!(layout.structs[0].older_sizes, [16]);
}

/// A row for each key that is no mapping itself.
fn keys(schema: &Value, path: &str, table: &mut String) {
    for (key, value) in schema["properties"].as_object().unwrap() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if value["type"] == "object" {
            keys(value, &path, table);
        } else {
            let doc = value["description"].as_str().unwrap().replace('<', "\\<");
            table.push_str(&format!("| `{path}` | {doc} |\n"));
        }
    }
}

#[test]
fn the_keys_of_targets_are_those_that_languages_declare() {
    let mut table = "| key in `targets` | what it is |\n| --- | --- |\n".to_owned();
    keys(&json_schema()["properties"]["targets"], "", &mut table);
    let text = readme();
    let (before, rest) = text.split_once("<!-- keys -->\n").expect("the table is marked");
    let (found, after) = rest.split_once("<!-- end of keys -->\n").expect("its end, too");
    if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
        let text = format!("{before}<!-- keys -->\n{table}<!-- end of keys -->\n{after}");
        std::fs::write(README, text).unwrap();
        return;
    }
    assert!(found == table, "spec/README.md is stale: run this test with {UPDATE}=1");
}
