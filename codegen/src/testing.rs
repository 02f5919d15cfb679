//! For snapshot tests, here and of the peers: what is made of the specs of the repository.
//!
//! The snapshot of a spec is the difference from what the default spec gives: what the spec
//! changes, and nothing of what all specs share.

use bitrpc_spec::testing::{EXAMPLES, layout};
use similar::TextDiff;

use crate::backend::{Input, Origin};
use crate::emit::File;

/// What `make` gives for one of the specs that `bitrpc-spec` brings along.
pub fn files(spec: &str, make: impl Fn(&Input) -> Vec<File>) -> Vec<File> {
    let origin = Origin::new(spec.as_ref(), "0000000000000000");
    make(&Input { layout: &layout(spec), origin: &origin })
}

/// For each example its name, and how the files differ from those for the default spec.
///
/// # Panics
///
/// An example has other files.
pub fn differences(make: impl Fn(&Input) -> Vec<File>) -> Vec<(String, String)> {
    let default = files("bitrpc.yaml", &make);
    let of = |spec: &str| {
        let other = files(spec, &make);
        assert_eq!(default.len(), other.len(), "the same files for every spec");
        let mut text = String::new();
        for (old, new) in default.iter().zip(&other) {
            let diff = TextDiff::from_lines(&old.text, &new.text);
            text += &format!("==== {}\n", new.path);
            text += &diff.unified_diff().context_radius(0).to_string();
        }
        let name = spec.trim_start_matches("examples/").trim_end_matches(".yaml");
        (name.to_owned(), text)
    };
    EXAMPLES.into_iter().map(of).collect()
}

/// Checks that no line ends in a space or holds a tab.
///
/// # Panics
///
/// One does.
pub fn assert_tidy(files: &[File]) {
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let is_clean = line.trim_end() == line && !line.contains('\t');
            assert!(is_clean, "{}:{}: {line:?}", file.path, number + 1);
        }
    }
}
