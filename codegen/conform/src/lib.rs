//! Conformance of generated rings: the peers of a spec, built and run.
//!
//! A *peer* is a program for one language and one spec; it sends, receives and verifies every kind
//! of message. [`driver`] has what each language brings, [`Stage`] writes the peers, [`toolchain`]
//! builds them, and [`runner`] runs two of them as processes over a real ring.

pub mod copy;
mod cpp;
pub mod csharp;
pub mod driver;
pub mod foreign;
pub mod import;
pub mod pairs;
pub mod parity;
mod peer;
mod probe;
mod python;
pub mod runner;
mod rust;
mod stage;
pub mod toolchain;
mod verdict;

pub use probe::{Probe, wait_until};
pub use stage::Stage;
