//! The specs that this crate brings along, for tests that may not look at its folder.

use crate::layout::Layout;
use crate::model::{DEFAULT_SPEC, Spec};
use crate::source::Memory;

/// Every spec, by its path in this crate, and its text; also the part that others import.
pub const SPECS: [(&str, &str); 7] = [
    ("bitrpc.yaml", DEFAULT_SPEC),
    ("examples/common.yaml", include_str!("../../examples/common.yaml")),
    ("examples/custom_headers.yaml", include_str!("../../examples/custom_headers.yaml")),
    ("examples/kitchen_sink.yaml", include_str!("../../examples/kitchen_sink.yaml")),
    ("examples/market_data.yaml", include_str!("../../examples/market_data.yaml")),
    ("examples/minimal.yaml", include_str!("../../examples/minimal.yaml")),
    ("examples/telemetry.yaml", include_str!("../../examples/telemetry.yaml")),
];

/// The paths of the examples that are whole specs.
pub const EXAMPLES: [&str; 5] = [
    "examples/custom_headers.yaml",
    "examples/kitchen_sink.yaml",
    "examples/market_data.yaml",
    "examples/minimal.yaml",
    "examples/telemetry.yaml",
];

/// All of [`SPECS`] in memory.
pub fn files() -> Memory {
    SPECS.iter().fold(Memory::new(), |files, (path, text)| files.with(path, *text))
}

/// The layout of one of them.
///
/// # Panics
///
/// There is none of that path.
pub fn layout(path: &str) -> Layout {
    let spec = Spec::load(path, &files());
    Layout::of(&spec.unwrap_or_else(|findings| panic!("{findings}")))
}
