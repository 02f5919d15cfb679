//! A fifth language that the crate knows nothing of: C, as far as a header of offsets goes. What it
//! takes is public: a row for its names and a backend for its files.

use std::fmt::Write as _;
use std::fs;

use bitrpc_codegen::backend::{Backend, Input};
use bitrpc_codegen::emit::File;
use bitrpc_codegen::{Builder, facts};
use bitrpc_spec::layout::{Layout, Slot, StructLayout};
use bitrpc_spec::model::Spec;
use bitrpc_spec::names::{self, Language, NameKind, NameRule, Row, TargetKey};
use bitrpc_spec::source::Memory;
use bitrpc_spec::testing;
use serde_json::{Value, json};

static ROW: Row = Row::new("c", "C", names::snake_case).targets(&[TargetKey::name(
    "header",
    "File name of the header, e.g. market_offsets.h.",
    NameRule {
        derive: |name| format!("{name}_offsets.h"),
        taken: |_, _| None,
        check: |text| match text.strip_suffix(".h") {
            Some(stem) if stem.chars().all(|c| c.is_ascii_lowercase() || c == '_') => Ok(()),
            _ => Err("a file name that ends in .h".to_owned()),
        },
    },
)]);
const C: Language = Language::new(&ROW);

struct Toy;

impl Backend for Toy {
    fn language(&self) -> Language {
        C
    }

    fn view(&self, input: &Input) -> Value {
        json!({ "defines": defines(input.layout) })
    }

    fn files(&self, input: &Input) -> Vec<File> {
        let mut text = String::new();
        for line in input.origin.banner(input.layout.version, C) {
            writeln!(text, "// {line}").unwrap();
        }
        for (name, number) in defines(input.layout) {
            writeln!(text, "#define {name} {number}").unwrap();
        }
        let header = input.layout.targets.get("c.header").expect("the row declares it");
        vec![File::rendered(header, text)]
    }
}

fn defines(layout: &Layout) -> Vec<(String, u64)> {
    let name = |words: &str| names::spell(C, NameKind::Constant, words);
    let protocol = facts::Protocol::of(layout);
    let ring = protocol.ring_offsets.iter();
    let mut defines: Vec<_> =
        ring.map(|it| (name(&format!("ring_{}", it.role)), it.offset)).collect();
    for item in &layout.structs {
        defines.push((name(&format!("sizeof_{}", item.name)), item.size));
        defines.extend(
            offsets(item)
                .map(|(field, offset)| (name(&format!("offsetof_{}_{field}", item.name)), offset)),
        );
    }
    defines
}

fn offsets(item: &StructLayout) -> impl Iterator<Item = (&str, u64)> {
    item.slots().into_iter().filter_map(|slot| match slot {
        Slot::Field(field) => Some((field.name.as_str(), field.offset)),
        Slot::Padding { .. } => None,
    })
}

/// The specs that `bitrpc-spec` brings along, in a folder.
fn specs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("examples")).unwrap();
    for (path, text) in testing::SPECS {
        fs::write(folder.path().join(path), text).unwrap();
    }
    folder
}

#[test]
fn a_fifth_language_is_generated_for_every_example() {
    let specs = specs();
    let out = tempfile::tempdir().unwrap();
    for path in testing::EXAMPLES {
        let spec = specs.path().join(path);
        let folder = out.path().join(spec.file_stem().unwrap());
        let builder = Builder::new(&spec).languages([]).backend(&Toy);
        let made = builder.generate(&folder).unwrap();
        let layout = testing::layout(path);
        let header = folder.join(format!("c/{}_offsets.h", layout.name));
        assert!(made.written.contains(&header), "{made:?}");
        let text = fs::read_to_string(header).unwrap();
        assert!(text.contains("--lang c\n"), "{text}");
        let says = |name: String, number: u64| {
            let line = format!("#define {} {number}\n", names::screaming(&name));
            assert!(text.contains(&line), "{line} in {text}");
        };
        for item in layout.structs {
            says(format!("sizeof_{}", item.name), item.size);
            for field in item.fields {
                says(format!("offsetof_{}_{}", item.name, field.name), field.offset);
            }
        }
        let again = builder.generate(&folder).unwrap();
        assert!(again.written.is_empty(), "a second run finds its own files: {again:?}");
    }
}

#[test]
fn its_header_says_what_it_says() {
    let specs = specs();
    let spec = specs.path().join("examples/minimal.yaml");
    let out = tempfile::tempdir().unwrap();
    Builder::new(spec).languages([]).backend(&Toy).generate(out.path()).unwrap();
    let text = fs::read_to_string(out.path().join("c/minimal_offsets.h")).unwrap();
    let text = text.lines().filter(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(text);
}

fn generated_of(targets: &str) -> Result<tempfile::TempDir, String> {
    let out = tempfile::tempdir().unwrap();
    let spec = out.path().join("market.yaml");
    let text = format!("bitrpc: 1\nname: market\nversion: \"1.0\"\ntargets: {targets}\n");
    fs::write(&spec, text).unwrap();
    let builder = Builder::new(&spec).languages([]).backend(&Toy);
    builder.generate(out.path()).map_err(|error| error.to_string())?;
    Ok(out)
}

#[test]
fn its_keys_in_targets_are_those_of_its_row() {
    let out = generated_of("{ c: { header: quotes.h } }").unwrap();
    assert!(out.path().join("c/quotes.h").is_file());
    let wrong = generated_of("{ c: { header: quotes.hpp } }").unwrap_err();
    assert!(wrong.contains("a file name that ends in .h"), "{wrong}");
    let unknown = generated_of("{ c: { file: quotes.h } }").unwrap_err();
    assert!(unknown.contains("unknown key `file` in a C target"), "{unknown}");
    assert!(unknown.contains("one of: header"), "{unknown}");
}

#[test]
fn its_keys_are_unknown_where_the_language_is() {
    let files = Memory::new().with(
        "market.yaml",
        "bitrpc: 1\nname: market\nversion: \"1.0\"\ntargets: { c: { header: quotes.h } }\n",
    );
    let unknown = Spec::load("market.yaml", &files).unwrap_err().to_string();
    assert!(unknown.contains("unknown key `c` in `targets`"), "{unknown}");
    assert!(unknown.contains("rust, cpp, csharp, python"), "{unknown}");
}
