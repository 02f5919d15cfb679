//! The resolved layout: every offset, size and padding byte, computed in one place.
//!
//! [`Layout::of`] is the only code that does arithmetic on bytes. Backends read the result and turn
//! it into finished strings; they never add, align or count bytes themselves. It is a function of
//! the spec alone and cannot fail, because no [`Spec`](crate::model::Spec) is made of a text whose
//! bytes cannot be laid out as stated.
//!
//! A layout has neither places in the text nor what was stated: who needs those has the spec.

pub mod diagram;
mod facts;
mod hash;
pub(crate) mod header;
mod json;
mod lines;
mod model;
mod of;
pub(crate) mod place;
pub mod render;
pub(crate) mod structs;
mod text;

pub use facts::{Slot, Word, bits};
pub use json::to_json;
pub use lines::Lines;
pub use model::*;
pub use text::to_text;

pub use crate::model::{ConstantValue, NoRole, Scalar, TailKind, Type};

/// A doc text without its place; empty when there is none.
fn text_of(doc: &crate::model::Doc) -> String {
    doc.as_ref().map(|doc| doc.value.clone()).unwrap_or_default()
}
