//! What the generator writes for each spec of the repository.
//!
//! The files of the default spec are committed in `generated/`, where `generate --check` holds
//! them. For every other spec the snapshot is the difference from those: what the spec changes, and
//! nothing of the engine that all specs share.

use std::path::{Path, PathBuf};

use bitrpc_codegen::backend::{self, Backend, Input, Origin};
use bitrpc_codegen::emit::File;
use bitrpc_codegen::load;
use similar::TextDiff;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(backend: &dyn Backend, spec: &str) -> Vec<File> {
    let path = root().join(spec);
    let loaded = load(&path).unwrap_or_else(|findings| panic!("{findings}"));
    let origin = Origin::new(&path, &root().join("generated"), "0000000000000000");
    let input = Input { layout: &loaded.layout, origin: &origin };
    let mut files = backend.files(&input).expect("every template renders");
    files.extend(backend.peer(&input).expect("every template renders"));
    files
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
