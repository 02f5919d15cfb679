//! What the generator writes for each spec of the repository.
//!
//! The files of the default spec are committed in `generated/`, where `generate --check` holds
//! them. For every other spec the snapshot is the difference from those: what the spec changes, and
//! nothing of the engine that all specs share.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bitrpc_codegen::backend::{self, Backend, Input, Origin};
use bitrpc_codegen::emit::File;
use bitrpc_codegen::load;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::Spec;
use bitrpc_spec::names::{Language, NameKind, Reason, guarded_macros, reason};
use bitrpc_spec::source::Memory;
use similar::TextDiff;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(backend: &dyn Backend, spec: &str) -> Vec<File> {
    let path = root().join(spec);
    let loaded = load(&path).unwrap_or_else(|findings| panic!("{findings}"));
    let origin = Origin::new(&path, "0000000000000000");
    let input = Input { layout: &loaded.layout, origin: &origin };
    backend.files(&input)
}

fn snapshot_differences(name: &str) {
    for backend in backend::all() {
        let default = files(*backend, "spec/bitrpc.yaml");
        let other = files(*backend, &format!("spec/examples/{name}.yaml"));
        assert_eq!(default.len(), other.len(), "the same files for every spec");
        let mut text = String::new();
        for (old, new) in default.iter().zip(&other) {
            let diff = TextDiff::from_lines(&old.text, &new.text);
            text += &format!("==== {}\n", new.path);
            text += &diff.unified_diff().context_radius(0).to_string();
        }
        insta::assert_snapshot!(format!("{name}_{}", backend.language().id()), text);
    }
}

macro_rules! specs {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            snapshot_differences(stringify!($name));
        })*

        #[test]
        fn every_example_has_a_snapshot() {
            let known = [$(stringify!($name)),*, "common"];
            for entry in std::fs::read_dir(root().join("spec/examples")).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                assert!(known.contains(&name.as_str()), "add {name} to the list of specs");
            }
        }
    };
}

specs! { minimal telemetry market_data custom_headers kitchen_sink }

#[test]
fn output_is_the_same_every_time() {
    for backend in backend::all() {
        let spec = "spec/examples/kitchen_sink.yaml";
        assert_eq!(files(*backend, spec), files(*backend, spec));
    }
}

/// The files that a language has for a spec without types of its own.
fn bare(language: Language) -> (Layout, Vec<File>) {
    let text = "bitrpc: 1\nname: bare\nversion: \"1.0\"\n";
    let spec = Spec::load("bare.yaml", &Memory::new().with("bare.yaml", text)).unwrap();
    let layout = Layout::of(&spec);
    let origin = Origin::new("bare.yaml".as_ref(), "0");
    let backend = backend::find(language).unwrap();
    let files = backend.files(&Input { layout: &layout, origin: &origin });
    (layout, files)
}

/// Identifiers outside comments and texts.
fn identifiers(text: &str) -> BTreeSet<&str> {
    let code = text.lines().filter_map(|line| line.split("//").next());
    let outside = code.flat_map(|line| line.split('"').step_by(2));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    outside.flat_map(|code| code.split(move |c| !is_part(c))).collect()
}

#[test]
fn no_namespace_of_a_spec_meets_a_csharp_type_of_the_engine() {
    for file in bare(Language::CSHARP).1 {
        // What stands deeper is nested in a type, and hides nothing that a spec can see.
        let lines = file.text.lines().filter_map(|line| line.strip_prefix("    "));
        for line in lines.filter(|line| !line.starts_with([' ', '/'])) {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            let kinds = ["class", "struct", "interface", "enum"];
            let is_kind = |word: &str| kinds.contains(&word);
            let Some(name) = words.find(|word| is_kind(word)).and_then(|_| words.next()) else {
                continue;
            };
            let as_namespace = reason(Language::CSHARP, NameKind::Namespace, name);
            assert!(as_namespace.is_some(), "add {name} to a [engine namespace] of csharp.txt");
        }
    }
}

#[test]
fn no_value_of_a_spec_meets_a_macro_that_the_cpp_header_needs() {
    let (layout, files) = bare(Language::CPP);
    let header = files.iter().find(|file| file.path == layout.targets.cpp_header).unwrap();
    let aside = guarded_macros(&layout);
    let is_needed = |word: &&str| {
        let is_macro =
            reason(Language::CPP, NameKind::EnumValue, word) == Some(Reason::PlatformMacro);
        let is_constant = **word == word.to_uppercase() && !aside.iter().any(|name| name == word);
        is_macro && is_constant && reason(Language::CPP, NameKind::ProtocolValue, word).is_none()
    };
    let lost: Vec<_> = identifiers(&header.text).into_iter().filter(is_needed).collect();
    assert!(
        lost.is_empty(),
        "a message type of such a name would set aside a macro that the header needs; add to \
         [macro protocol_value] in names/cpp.txt: {}",
        lost.join(" ")
    );
    for line in header.text.lines().filter_map(|line| line.strip_prefix("#define ")) {
        let name = line.split([' ', '(']).next().unwrap();
        assert!(reason(Language::CPP, NameKind::EnumValue, name).is_some(), "{name}");
    }
}

#[test]
fn no_template_leaves_a_trailing_space_or_a_tab() {
    for backend in backend::all() {
        for file in files(*backend, "spec/examples/kitchen_sink.yaml") {
            for (number, line) in file.text.lines().enumerate() {
                let is_clean = line.trim_end() == line && !line.contains('\t');
                assert!(is_clean, "{}:{}: {line:?}", file.path, number + 1);
            }
        }
    }
}
