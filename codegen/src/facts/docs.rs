//! Doc texts, with a sentence made of the name where the spec gives none.

use bitrpc_spec::layout::{
    ConstantLayout, EnumLayout, FieldLayout, Layout, NamedValue, StructLayout, TailLayout,
};

/// The doc text of a field or tail.
#[derive(Debug)]
pub struct Doc {
    /// What it is.
    pub text: String,
    /// What an older sender's message holds instead.
    pub since: Option<String>,
}

/// The text, or what stands in for a missing one.
pub fn or(doc: &str, fallback: impl FnOnce() -> String) -> String {
    if doc.trim().is_empty() { fallback() } else { doc.to_owned() }
}

/// Of the protocol.
pub fn of_protocol(layout: &Layout) -> String {
    or(&layout.doc, || format!("The {} protocol.", layout.name))
}

/// Of a message type, a flag or a value of an enum.
pub fn of_value(value: &NamedValue) -> String {
    or(&value.doc, || format!("Value `{}`.", value.name))
}

/// Of a constant.
pub fn of_constant(constant: &ConstantLayout) -> String {
    or(&constant.doc, || format!("Constant `{}`.", constant.name))
}

/// Of an enum or a set of flags.
pub fn of_enum(item: &EnumLayout) -> String {
    or(&item.doc, || format!("The `{}` values.", item.name))
}

/// Of a struct.
pub fn of_struct(item: &StructLayout) -> String {
    or(&item.doc, || format!("The `{}` payload.", item.name))
}

/// Of a field.
pub fn of_field<R>(field: &FieldLayout<R>) -> Doc {
    member(&field.name, &field.doc, field.since, "zero")
}

/// Of a tail.
pub fn of_tail(tail: &TailLayout) -> Doc {
    member(&tail.name, &tail.doc, tail.since, "empty")
}

fn member(name: &str, doc: &str, since: Option<(u16, u16)>, absent: &str) -> Doc {
    let since = since.map(|(major, minor)| {
        format!("Since version {major}.{minor}; {absent} in older messages.")
    });
    Doc { text: or(doc, || format!("The `{name}` field.")), since }
}
