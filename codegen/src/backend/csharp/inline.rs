//! Arrays and texts that lie in structs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::spell::{inline_name, is_large, qualified, qualified_wire, same, show};
use bitrpc_spec::layout::{Layout, Scalar, Type};

/// An array or text that lies in a struct: a type of its own, because C# has no array of fixed
/// length that every runtime takes.
#[derive(Debug, Serialize)]
pub(super) struct InlineType {
    pub(super) name: String,
    pub(super) is_text: bool,
    /// Number of elements; bytes for a text.
    pub(super) length: u64,
    pub(super) size: u64,
    pub(super) element: String,
    /// The type that an element has in memory.
    pub(super) wire: String,
    /// Expressions that read the element at `index`, and that an element is stored as.
    pub(super) get: String,
    pub(super) set: &'static str,
    /// Expression that compares the elements at `i` of what `a` and `b` point to.
    pub(super) same: String,
    /// Expression of the text of element `i`.
    pub(super) show: String,
    /// Whether an element can be referred to: a bool is a byte in memory.
    pub(super) has_at: bool,
    pub(super) is_large: bool,
}

/// Every array and text type that a field of the spec has, by name.
pub(super) fn inline_types(layout: &Layout) -> Vec<InlineType> {
    let ring = layout.ring_header.fields.iter().map(|f| (&f.ty, f.size));
    let message = layout.message_header.fields.iter().map(|f| (&f.ty, f.size));
    let structs = layout.structs.iter().flat_map(|s| s.fields.iter().map(|f| (&f.ty, f.size)));
    let mut found = BTreeMap::new();
    for (ty, size) in ring.chain(message).chain(structs) {
        if let Some(item) = inline_type(layout, ty, size) {
            found.insert((item.element.clone(), item.is_text, item.length), item);
        }
    }
    found.into_values().collect()
}

fn inline_type(layout: &Layout, ty: &Type, size: u64) -> Option<InlineType> {
    let (element, wire, length) = match ty {
        Type::Char(length) => (String::new(), String::new(), *length),
        Type::Bytes(length) => ("byte".to_owned(), "byte".to_owned(), *length),
        Type::Array(element, length) => {
            (qualified(layout, element), qualified_wire(layout, element), *length)
        }
        _ => return None,
    };
    let is_bool = element == "bool";
    let element_type = match ty {
        Type::Array(element, _) => element.as_ref().clone(),
        _ => Type::Scalar(Scalar::U8),
    };
    let at = |start: &str| format!("(({wire}*){start})[i]");
    Some(InlineType {
        name: inline_name(layout, ty)?,
        is_text: matches!(ty, Type::Char(_)),
        length,
        size,
        get: if is_bool {
            "start[index] != 0".to_owned()
        } else {
            format!("(({wire}*)start)[index]")
        },
        set: if is_bool { "value ? (byte)1 : (byte)0" } else { "value" },
        same: if is_bool {
            "(a[i] != 0) == (b[i] != 0)".to_owned()
        } else {
            same(&element_type, &at("a"), &at("b"))
        },
        show: show(&element_type, "this[i]", ""),
        has_at: !is_bool && !matches!(ty, Type::Char(_)),
        is_large: is_large(size),
        element,
        wire,
    })
}
