//! What the tests of the whole project share.
//!
//! A test that needs a compiler which is not there is ignored, by name and with the command that
//! installs it; with `BITRPC_REQUIRE_ALL=1` it fails instead. Both is [`harness`]'s work.

pub mod api;
pub mod figures;
pub mod harness;
pub mod hex;
pub mod markdown;
pub mod matrix;
pub mod playground;
pub mod programs;
pub mod python_packages;
pub mod random;
pub mod repo;
pub mod tally;
pub mod tools;
