//! C++17: one self-contained header.

mod root;
mod spelling;
mod structs;
mod view;

use serde_json::Value;

use self::spelling::line_comment;
use self::view::View;
use super::common::Prose;
use super::{Backend, Input, file, fixed_file, to_json};
use crate::emit::File;
use bitrpc_spec::names::Language;

/// Columns of a line, as `.clang-format` says.
const WIDTH: usize = 100;

const PROSE: Prose = Prose { escape: line_comment, width: WIDTH };

/// The C++ backend.
#[derive(Debug)]
pub(super) struct Cpp;

impl Backend for Cpp {
    fn language(&self) -> Language {
        Language::Cpp
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
            fixed_file(".clang-format", include_str!("../../templates/cpp/clang-format")),
        ]
    }

    fn peer(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        vec![
            file(view.header.clone(), &Header { view }),
            file("samples.h", &PeerSamples { view }),
            file("facts.h", &PeerFacts { view }),
            fixed_file(".clang-format", include_str!("../../templates/cpp/clang-format")),
            fixed_file("main.cpp", include_str!("../../templates/cpp/peer/main.cpp")),
            fixed_file("attempt.h", include_str!("../../templates/cpp/peer/attempt.h")),
            fixed_file("consume.h", include_str!("../../templates/cpp/peer/consume.h")),
            fixed_file("hostile.h", include_str!("../../templates/cpp/peer/hostile.h")),
            fixed_file("pace.h", include_str!("../../templates/cpp/peer/pace.h")),
            fixed_file("produce.h", include_str!("../../templates/cpp/peer/produce.h")),
            fixed_file("run.h", include_str!("../../templates/cpp/peer/run.h")),
            fixed_file("script.h", include_str!("../../templates/cpp/peer/script.h")),
            fixed_file("statistics.h", include_str!("../../templates/cpp/peer/statistics.h")),
            fixed_file("text.h", include_str!("../../templates/cpp/peer/text.h")),
        ]
    }
}

templates! { View:
    Header = "cpp/shared_memory_api.h";
    Readme = "cpp/README.md";
    CMake = "cpp/CMakeLists.txt";
    PeerSamples = "cpp/peer/samples.h";
    PeerFacts = "cpp/peer/facts.h";
}
