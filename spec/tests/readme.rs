//! `spec/README.md` says what is so: its examples are accepted.

use std::path::Path;

use bitrpc_spec::layout::{Layout, to_text};
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::{Loader, Memory};

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap()
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
