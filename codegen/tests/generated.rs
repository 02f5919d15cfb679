//! What the generator writes for each spec of the repository.
//!
//! The files of the default spec are committed in `generated/`, where `generate --check` holds
//! them. For every other spec the snapshot is the difference from those: what the spec changes, and
//! nothing of the engine that all specs share.

use std::collections::BTreeSet;

use bitrpc_codegen::backend::{self, Backend, Input, Origin};
use bitrpc_codegen::emit::File;
use bitrpc_codegen::testing;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::Spec;
use bitrpc_spec::names::{Language, NameKind, Reason, guarded_macros, reason, snake};
use bitrpc_spec::source::Memory;

#[test]
fn examples_differ_where_the_specs_do() {
    for backend in backend::all() {
        for (name, text) in testing::differences(|input| backend.files(input)) {
            insta::assert_snapshot!(format!("{name}_{}", backend.language().id()), text);
        }
    }
}

fn kitchen_sink(backend: &dyn Backend) -> Vec<File> {
    testing::files("examples/kitchen_sink.yaml", |input| backend.files(input))
}

#[test]
fn output_is_the_same_every_time() {
    for backend in backend::all() {
        assert_eq!(kitchen_sink(*backend), kitchen_sink(*backend));
    }
}

/// The files that a language has for a spec without types of its own.
fn bare(language: Language) -> (Layout, Vec<File>) {
    bare_with(language, "")
}

/// The same with these sections.
fn bare_with(language: Language, sections: &str) -> (Layout, Vec<File>) {
    let text = format!("bitrpc: 1\nname: bare\nversion: \"1.0\"\n{sections}");
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

/// Types and constants that a C++ header declares in the protocol's own namespace.
fn declared(header: &str) -> BTreeSet<&str> {
    let mut open = 0;
    let mut names = BTreeSet::new();
    for line in header.lines() {
        if line.starts_with("namespace ") {
            open += 1;
        } else if line.starts_with("}  // namespace") {
            open -= 1;
        } else if open == 1 {
            let head = line.split(['{', ';', '=']).next().unwrap_or_default();
            let head = head.split(" : ").next().unwrap_or_default();
            let kinds = ["class ", "struct ", "enum class ", "using ", "inline constexpr "];
            let is_one = kinds.iter().any(|kind| head.starts_with(kind));
            let name = head.split_whitespace().rfind(|word| *word != "final");
            names.extend(name.filter(|name| is_one && !name.contains([':', ')'])));
        }
    }
    names
}

#[test]
fn a_name_that_the_cpp_header_has_itself_stays_in_messages() {
    let (layout, files) = bare(Language::CPP);
    let find = |files: &[File]| {
        files.iter().find(|file| file.path == layout.targets.cpp_header).unwrap().text.clone()
    };
    let header = find(&files);
    let own = declared(&header);
    assert!(own.contains("Status") && own.contains("kForever"), "{own:?}");
    let mut sections = "constants:\n".to_owned();
    for name in own.iter().filter_map(|name| snake(name).strip_prefix("k_").map(str::to_owned)) {
        sections += &format!("  - {{ name: {name}, type: u8, value: 1 }}\n");
    }
    sections += "structs:\n";
    for name in own.iter().filter(|name| !name.starts_with('k')) {
        sections += &format!("  - {{ name: {name}, fields: [{{ name: first, type: u8 }}] }}\n");
    }
    let header = find(&bare_with(Language::CPP, &sections).1);
    let beside = own.iter().filter(|name| header.contains(&format!("using messages::{name};")));
    let beside: Vec<_> = beside.collect();
    assert!(beside.is_empty(), "add to OWN in backend/cpp/root.rs: {beside:?}");
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
        testing::assert_tidy(&kitchen_sink(*backend));
    }
}
