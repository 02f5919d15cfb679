//! Rust: a module over the `bitrpc-shm` runtime.

mod headers;
pub mod spell;
mod structs;
mod tidy;
mod view;

use serde_json::Value;

pub use self::structs::is_large;
pub use self::tidy::keep_long_lines;
use self::view::View;
use super::{Backend, Input, file, to_json};
use crate::emit::File;
use bitrpc_spec::names::Language;

/// The runtime that generated code asks for: the one that was released with this generator.
pub const RUNTIME_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Rust backend.
#[derive(Debug)]
pub struct Rust;

impl Backend for Rust {
    fn language(&self) -> Language {
        Language::RUST
    }

    fn view(&self, input: &Input) -> Value {
        to_json(&View::new(input))
    }

    fn files(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        vec![
            file("Cargo.toml", &Manifest { view }),
            file("README.md", &Readme { view }),
            File::new("rustfmt.toml", include_str!("../../../templates/rust/rustfmt.toml")),
            file("src/lib.rs", &Library { view }),
            keep_long_lines(file("src/messages.rs", &Messages { view })),
        ]
    }
}

templates! { askama::Template, View:
    Manifest = "rust/manifest.toml";
    Readme = "rust/README.md";
    Library = "rust/lib.rs";
    Messages = "rust/messages.rs";
}
