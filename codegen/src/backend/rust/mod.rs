//! Rust: a module over the `bitrpc-shm` runtime.

mod headers;
pub mod spell;
mod structs;
mod tidy;
mod view;

use serde_json::Value;

pub use self::structs::is_large;
use self::tidy::{INDENT, indent};
pub use self::tidy::{WIDTH, keep_long_lines};
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
            protocol(view),
        ]
    }
}

templates! { askama::Template, View:
    Manifest = "rust/manifest.toml";
    Readme = "rust/README.md";
    Library = "rust/lib.rs";
    Messages = "rust/messages.rs";
}

/// The one file that has everything but the engine.
#[derive(askama::Template)]
#[template(path = "rust/protocol.rs", escape = "none")]
struct ProtocolFile<'a> {
    view: &'a View,
    /// The contents of its module `messages`.
    messages: &'a str,
}

fn protocol(view: &View) -> File {
    let items = keep_long_lines(file("", &Messages { view }), WIDTH - INDENT);
    let messages = indent(items.text.trim_start());
    let whole = file("src/protocol.rs", &ProtocolFile { view, messages: &messages });
    keep_long_lines(whole, WIDTH)
}
