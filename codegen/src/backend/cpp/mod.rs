//! C++17: one self-contained header.

mod headers;
mod root;
pub mod spell;
mod structs;
mod view;

use serde_json::Value;

use self::view::View;
use super::{Backend, Input, file, to_json};
use crate::emit::File;
use bitrpc_spec::names::Language;

/// The C++ backend.
#[derive(Debug)]
pub struct Cpp;

impl Backend for Cpp {
    fn language(&self) -> Language {
        Language::CPP
    }

    fn view(&self, input: &Input) -> Value {
        to_json(&View::new(input))
    }

    fn files(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        vec![
            file(view.header.clone(), &Header { view }),
            file("README.md", &Readme { view }),
            file("CMakeLists.txt", &CMake { view }),
            File::new(".clang-format", include_str!("../../../templates/cpp/clang-format")),
        ]
    }
}

templates! { askama::Template, View:
    Header = "cpp/shared_memory_api.h";
    Readme = "cpp/README.md";
    CMake = "cpp/CMakeLists.txt";
}
