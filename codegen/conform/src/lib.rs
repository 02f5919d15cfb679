//! Conformance of generated rings: the peers of a spec, built and run.
//!
//! A *peer* is a program that the generator makes for one language and one spec; it sends, receives
//! and verifies every kind of message. [`Stage`] writes the peers, [`toolchain`] builds them, and
//! [`runner`] runs two of them as processes over a real ring.

pub mod pairs;
mod probe;
pub mod runner;
mod stage;
pub mod toolchain;
mod verdict;

pub use probe::{Probe, wait_until};
pub use stage::Stage;
