//! A folder in which the command runs as a user would run it.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The least that a spec with a message says.
pub(crate) const SPEC: &str = "bitrpc: 1
name: demo
version: \"1.0\"
structs:
  - name: Position
    id: 1001
    fields:
      - { name: latitude, type: f64 }
";

/// A folder with a spec in it, in which the command runs.
pub(crate) struct Sandbox(tempfile::TempDir);

impl Sandbox {
    pub(crate) fn new() -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        sandbox.write("demo.yaml", SPEC);
        sandbox
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folders that it lies in.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn run(&self, words: &str) -> Output {
        self.run_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bitrpc"))
            .args(words)
            .current_dir(self.0.path())
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    }

    /// Runs a command that has to exit with `code`, and returns all that it printed.
    pub(crate) fn expect(&self, words: &str, code: i32) -> String {
        let output = self.run(words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "bitrpc {words}\n{text}");
        text
    }
}
