//! What a build needs to know when to generate again: a stamp, and what it depends on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::console::Failure;
use bitrpc_codegen::Loaded;

/// Where a build wants its files.
#[derive(Debug, clap::Args)]
pub(super) struct BuildFiles {
    /// Write FILE last, also when no generated file had to change: what a build compares with the
    /// time of the spec.
    #[arg(long, value_name = "FILE")]
    stamp: Option<PathBuf>,
    /// Write into FILE, for make, ninja and CMake, that the stamp depends on the spec and all files
    /// that it imports.
    #[arg(long, value_name = "FILE", requires = "stamp")]
    depfile: Option<PathBuf>,
}

impl BuildFiles {
    /// Says that all is done.
    pub(super) fn done(&self, loaded: &Loaded) -> Result<(), Failure> {
        let Some(stamp) = &self.stamp else { return Ok(()) };
        if let Some(depfile) = &self.depfile {
            write(depfile, &rules(stamp, &loaded.files)?)?;
        }
        let tool = env!("CARGO_PKG_VERSION");
        write(stamp, &format!("bitrpc {tool}, spec digest {}\n", loaded.digest))
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = match path.parent() {
        Some(folder) => fs::create_dir_all(folder).and_then(|()| fs::write(path, text)),
        None => fs::write(path, text),
    };
    written.map_err(|e| Failure::system(format!("cannot write {}: {e}", path.display())))
}

/// The rules of a makefile: the stamp depends on the files, and a file that is gone is no error but
/// a reason to generate again.
fn rules(stamp: &Path, files: &[PathBuf]) -> Result<String, Failure> {
    let names = files.iter().map(|file| name(file)).collect::<Result<Vec<_>, _>>()?;
    let mut text = format!("{}: {}\n", name(stamp)?, names.join(" \\\n  "));
    for name in names {
        text += &format!("\n{name}:\n");
    }
    Ok(text)
}

/// The path as makefiles write it, as far as they can.
fn name(path: &Path) -> Result<String, Failure> {
    let refuse = || {
        let path = path.display();
        Failure::system(format!("{path}: no dependency file can name such a path; rename it"))
    };
    let (mut name, mut backslashes) = (String::new(), 0);
    for c in path.to_str().ok_or_else(refuse)?.chars() {
        match c {
            // A backslash is itself, but for those before what is escaped.
            ' ' | '\t' => name.push_str(&"\\".repeat(backslashes + 1)),
            '#' => name.push('\\'),
            // Behind the letter of a drive it ends no target.
            ':' if !is_drive(&name) => return Err(refuse()),
            '$' => name.push('$'),
            '\n' | '\r' | '\u{fffd}' => return Err(refuse()),
            _ => {}
        }
        name.push(c);
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
    }
    Ok(name)
}

fn is_drive(name: &str) -> bool {
    name.len() == 1 && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_every_file_and_let_it_go() {
        let files = ["a.yaml", "my parts/b.yaml"].map(PathBuf::from);
        let text = rules(Path::new("out/stamp"), &files).unwrap();
        let expected =
            "out/stamp: a.yaml \\\n  my\\ parts/b.yaml\n\na.yaml:\n\nmy\\ parts/b.yaml:\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn names_are_escaped_as_compilers_do() {
        let name = |text: &str| name(Path::new(text)).unwrap();
        assert_eq!(name(r"C:\specs\a.yaml"), r"C:\specs\a.yaml");
        assert_eq!(name(r"a\ b"), r"a\\\ b");
        assert_eq!(name("a#b$c"), r"a\#b$$c");
        for bad in ["a\nb", "at:noon"] {
            assert!(rules(Path::new(bad), &[]).is_err());
        }
    }
}
