//! What the package of each language says of itself.

use bitrpc_spec::layout::Layout;
use serde::Serialize;

/// Facts that the manifests of all languages state, each in its own words.
#[derive(Debug, Serialize)]
pub(super) struct PackageFacts {
    /// The generator's: a package is as new as the engine in it. The wire version is the spec's.
    pub(super) version: &'static str,
    /// One line.
    pub(super) description: String,
}

impl PackageFacts {
    pub(super) fn new(layout: &Layout) -> Self {
        let (major, minor) = layout.version;
        let name = &layout.name;
        Self {
            version: env!("CARGO_PKG_VERSION"),
            description: format!(
                "Messages and shared-memory rings of the {name} protocol {major}.{minor}"
            ),
        }
    }
}
