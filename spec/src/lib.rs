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
//! A program without generated code loads a spec, lays it out, and reads payloads:
//!
//! ```
//! use bitrpc_spec::{layout::Layout, model::Spec, source::Memory, value};
//!
//! let text = r#"
//! bitrpc: 1
//! name: weather
//! structs:
//!   - name: Reading
//!     id: 1001
//!     fields:
//!       - { name: station, type: u16 }
//!       - { name: celsius, type: f64 }
//! "#;
//! // `source::Files` reads from disk. An error lists everything that is wrong, each in its place.
//! let spec = Spec::load("weather.yaml", &Memory::new().with("weather.yaml", text))?;
//! assert_eq!(spec.structs[0].fields[1].name.value, "celsius");
//!
//! let layout = Layout::of(&spec);
//! let reading = &layout.structs[0];
//! assert_eq!((reading.size, reading.fields[1].offset), (16, 8));
//!
//! let mut payload = [0; 16];
//! payload[0] = 7;
//! payload[8..].copy_from_slice(&21.5_f64.to_le_bytes());
//! let value = value::decode(&layout, reading, &payload)?;
//! assert_eq!(value.to_json(), serde_json::json!({ "station": 7, "celsius": 21.5 }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
