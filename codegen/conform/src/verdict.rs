//! What a peer says of its own run.

use serde::Deserialize;

/// The last line that a peer prints.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Verdict {
    /// Everything was as the plan says.
    pub ok: bool,
    /// Why not, when it was not.
    pub error: Option<String>,
    /// Logical messages sent or verified.
    #[serde(default)]
    pub messages: u64,
    /// Payload bytes of those messages.
    #[serde(default)]
    pub bytes: u64,
    /// From the first message to the last one.
    #[serde(default)]
    pub seconds: f64,
    /// Times this side went to sleep in the kernel.
    pub sleeps: Option<u64>,
    /// Sleeps that ended by their bound although there was something to do.
    #[serde(default)]
    pub missed_wakeups: u64,
    /// Errors that the ring counted.
    #[serde(default)]
    pub errors: u64,
}

impl Verdict {
    /// Finds the verdict in everything that a peer printed.
    pub(super) fn parse(stdout: &str) -> Option<Self> {
        serde_json::from_str(stdout.trim_end().lines().last()?).ok()
    }
}
