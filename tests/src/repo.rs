//! Where things are in the repository.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use bitrpc_spec::names::Language;

/// The folder that holds everything.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository")
}

/// A folder for what tests build and want to find again next time.
pub fn cache() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    target.join("bitrpc-tests")
}

/// The committed generated folder of `language`.
pub fn generated(language: Language) -> PathBuf {
    root().join("generated").join(language.id())
}

/// Every spec of the repository, the default one first.
///
/// # Panics
///
/// When the folders cannot be read: then there is nothing to test.
pub fn specs() -> Vec<PathBuf> {
    let mut specs = yaml_files(&root().join("spec")).expect("spec/ can be read");
    specs.extend(yaml_files(&root().join("spec/examples")).expect("spec/examples/ can be read"));
    specs
}

fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
