//! The resolved layout: every offset, size and padding byte, computed in one place.
//!
//! [`Layout::resolve`] is the only code that does arithmetic on bytes. Backends read the result and
//! turn it into finished strings; they never add, align or count bytes themselves.

pub mod diagram;
mod facts;
mod hash;
mod header;
mod json;
mod model;
mod place;
mod resolve;
mod scalar;
mod text;

pub use facts::{Slot, Word, bits};
pub use json::to_json;
pub use model::*;
pub(crate) use resolve::check;
pub use text::to_text;
