//! The runtime's tests, one module a subject. They run in parallel: each uses a folder of its own.

#[path = "../common/layout.rs"]
mod layout;

mod any_layout;
mod attach;
mod blocking;
mod crash;
#[cfg(target_os = "linux")]
mod create;
mod decoding;
mod ends;
mod exchange;
mod fragments;
mod hostile;
mod logs;
mod manager;
mod model;
mod moved;
mod processes;
mod races;
mod rings;
#[cfg(target_os = "linux")]
mod sandbox;
mod stale;
mod waiting;
