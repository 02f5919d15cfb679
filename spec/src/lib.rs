//! What a spec says, and where its bytes lie.
//!
//! One YAML file describes a protocol: the header of its rings, the header of its messages, message
//! types, flags, enums and structs. This crate reads it and knows everything about it that is the
//! same in every language:
//!
//! 1. [`source`]: YAML text, its imports, and positions in it;
//! 2. [`model`]: a validated [`Spec`](model::Spec) in which no user error is left;
//! 3. [`layout`]: every offset, size and padding byte, and the two hashes;
//! 4. [`value`]: what the bytes of a payload mean, for tools;
//! 5. [`names`]: how a name is spelled in each language, and which ones are taken;
//! 6. [`rules`]: what a spec is held against, and why;
//! 7. [`diff`]: what an edit of a spec breaks, and for whom;
//! 8. [`diagnostic`]: what is wrong with a spec, shown in its text.
//!
//! The model knows nothing of the layout: that is a function of it, and cannot fail, because what
//! cannot be laid out is no model.
//!
//! ```
//! use bitrpc_spec::{layout::Layout, model::Spec, source::Memory};
//!
//! let text = "bitrpc: 1\nname: demo\nversion: \"1.0\"\n";
//! let files = Memory::new().with("demo.yaml", text);
//! let spec = Spec::load("demo.yaml", &files)?;
//! let layout = Layout::of(&spec);
//! assert_eq!(layout.message_header.size, 16);
//! # Ok::<(), bitrpc_spec::diagnostic::Findings>(())
//! ```

pub mod diagnostic;
pub mod diff;
pub mod layout;
pub mod model;
pub mod names;
pub mod rules;
pub mod source;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod value;
