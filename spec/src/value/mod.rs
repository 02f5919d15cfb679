//! Payloads as values, for tools that have a spec and no generated code.
//!
//! [`decode`] makes a [`Value`] of the bytes of a payload, [`encode`] bytes of a value; both go by
//! a [`Layout`](crate::layout::Layout) alone. [`Value::to_json`] and [`from_json`] say the same in
//! JSON. What is wrong is said with the path to it:
//! `legs[2].price: expected u32 0..=4294967295, found -1`.
//!
//! Decoding refuses wrong lengths only. Any content is a value: an enum's number without a name, a
//! bool that is neither 0 nor 1 (true, as everywhere), text that is no UTF-8 ([`Value::Bytes`]).
//! Encoding a decoded payload gives the same bytes again, but for padding, which is zero on the
//! wire, and bools, which are 0 or 1.
//!
//! ```
//! use bitrpc_spec::{layout::Layout, model::Spec, source::Memory, value};
//!
//! let text = r#"
//! bitrpc: 1
//! name: demo
//! structs:
//!   - name: Quote
//!     id: 1001
//!     fields:
//!       - { name: side, type: u8 }
//!       - { name: symbol, type: string }
//! "#;
//! let spec = Spec::load("demo.yaml", &Memory::new().with("demo.yaml", text))?;
//! let layout = Layout::of(&spec);
//! let quote = &layout.structs[0];
//! let value = value::decode(&layout, quote, b"\x02ACME")?;
//! assert_eq!(value.to_json(), serde_json::json!({ "side": 2, "symbol": "ACME" }));
//! assert_eq!(value::encode(&layout, quote, &value)?, b"\x02ACME");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod encode;
mod json;

use std::fmt;

pub use decode::decode;
pub use encode::encode;
pub use json::from_json;

use crate::layout::{EnumLayout, NamedValue};

/// What bytes mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An integer, or an enum's number that has no name.
    Int(i128),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
    /// A truth value.
    Bool(bool),
    /// Text.
    Text(String),
    /// Raw bytes, or text that is no UTF-8.
    Bytes(Vec<u8>),
    /// A value of an enum, by its name.
    Name(String),
    /// Flags: the names of those that are set, and the bits that no name stands for.
    Flags {
        /// Names in the order of the spec.
        names: Vec<String>,
        /// The other bits.
        rest: u64,
    },
    /// The elements of an array or of a tail.
    List(Vec<Value>),
    /// The fields of a struct in the order of their offsets, and its tail.
    Struct(Vec<(String, Value)>),
}

/// Why bytes are no value, or a value has no bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    /// The way to what is wrong, e.g. `legs[2].price`; empty for the payload itself.
    pub path: String,
    /// What would be right.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl ValueError {
    fn new(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { path: path.to_string(), expected: expected.into(), found: found.into() }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for ValueError {}

/// The way from the payload to a part of it.
#[derive(Clone, Copy)]
enum Path<'a> {
    Payload,
    Field(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    fn field(&'a self, name: &'a str) -> Self {
        Self::Field(self, name)
    }

    fn element(&'a self, index: usize) -> Self {
        Self::Element(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload => Ok(()),
            Self::Field(Self::Payload, name) => f.write_str(name),
            Self::Field(owner, name) => write!(f, "{owner}.{name}"),
            Self::Element(list, index) => write!(f, "{list}[{index}]"),
        }
    }
}

impl Value {
    /// The value of an enum or flag set.
    fn of_enum(item: &EnumLayout, number: i128) -> Self {
        if item.is_flags { flags(item, number) } else { named(item, number) }
    }

    /// What it is, in one word or a few, for messages.
    fn describe(&self) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::F32(value) => value.to_string(),
            Self::F64(value) => value.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Text(text) => format!("a text of {} bytes", text.len()),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::Name(name) => format!("the name `{name}`"),
            Self::Flags { .. } => "flags".to_owned(),
            Self::List(items) => format!("{} elements", items.len()),
            Self::Struct(_) => "a struct".to_owned(),
        }
    }
}

fn named(item: &EnumLayout, number: i128) -> Value {
    let named = item.values.iter().find(|named| named.value == number);
    named.map_or(Value::Int(number), |named| Value::Name(named.name.clone()))
}

fn flags(item: &EnumLayout, number: i128) -> Value {
    let is_set = |bit: &&NamedValue| number & bit.value == bit.value;
    let set: Vec<_> = item.values.iter().filter(is_set).collect();
    let known = set.iter().fold(0, |bits, bit| bits | bit.value);
    let names = set.into_iter().map(|bit| bit.name.clone()).collect();
    // Flag sets are unsigned and have 64 bits at most.
    Value::Flags { names, rest: (number & !known) as u64 }
}
