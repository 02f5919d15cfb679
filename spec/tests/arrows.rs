//! Which module may know which: a model knows nothing of bytes.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                all.push((path, text));
            }
        }
    }
    all
}

#[track_caller]
fn knows_nothing_of(folder: &str, others: &[&str]) {
    let sources = sources(folder);
    assert!(!sources.is_empty(), "no sources in {folder}");
    for (path, text) in sources {
        for other in others {
            let import = format!("crate::{other}");
            // Prose may point anywhere.
            let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            assert!(!code.any(|line| line.contains(&import)), "{} uses {import}", path.display());
        }
    }
}

#[test]
fn the_model_does_not_know_the_layout() {
    knows_nothing_of("model", &["layout", "value"]);
}

#[test]
fn the_layout_knows_the_model_alone() {
    knows_nothing_of("layout", &["diagnostic", "names", "rules", "value"]);
}

#[test]
fn the_text_knows_nothing_of_what_it_means() {
    knows_nothing_of("source", &["layout", "model", "names", "value"]);
}
