//! How Rust spells names, types, literals and docs.

use bitrpc_spec::layout::{ConstantValue, Layout, Scalar, StructLayout, TailLayout, Type};
use bitrpc_spec::names::{self, Language, NameKind};

use super::RUNTIME_VERSION;
use super::tidy::{INDENT, WIDTH};
use crate::facts::{self, Prose};
use bitrpc_spec::layout::RustRuntime;

pub(super) const PROSE: Prose = Prose { escape: rustdoc, width: WIDTH - INDENT };

/// The final name.
pub fn name(kind: NameKind, ident: &str) -> String {
    names::spell(Language::RUST, kind, ident)
}

/// Name of a struct without its tail, which is the struct's own when it has none.
pub fn fixed_name(item: &StructLayout) -> String {
    facts::fixed_name(item, &name(NameKind::Type, &item.name))
}

/// Name of the field with what is before a tail; it steps aside for a tail that is called so.
pub fn fixed_field(tail: &TailLayout) -> &'static str {
    if tail.name == "fixed" { "fixed_" } else { "fixed" }
}

/// Name of a field that is padding.
pub fn padding_name(index: usize) -> String {
    format!("_padding{index}")
}

/// Rust's own type of a scalar.
pub fn scalar(scalar: Scalar) -> &'static str {
    scalar.name()
}

/// The type of a field.
pub fn type_name(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => "bitrpc_shm::Bool".to_owned(),
        Type::Scalar(ty) => scalar(*ty).to_owned(),
        Type::Char(len) => format!("bitrpc_shm::Text<{len}>"),
        Type::Bytes(len) => format!("[u8; {len}]"),
        Type::Enum(index) => name(NameKind::Type, &layout.enums[*index].name),
        Type::Struct(index) => name(NameKind::Type, &layout.structs[*index].name),
        Type::Array(element, len) => format!("[{}; {len}]", type_name(layout, element)),
    }
}

/// Type and literal of a constant.
pub(super) fn constant(value: &ConstantValue) -> (&'static str, String) {
    match value {
        ConstantValue::Int(ty, value) => (scalar(*ty), value.to_string()),
        ConstantValue::Float(Scalar::F32, value) => ("f32", format!("{:?}", *value as f32)),
        ConstantValue::Float(_, value) => ("f64", format!("{value:?}")),
        ConstantValue::Bool(value) => ("bool", value.to_string()),
        ConstantValue::Text(text) => ("&str", format!("{text:?}")),
    }
}

/// The dependency on the runtime, behind its `=`.
pub(super) fn runtime(source: &RustRuntime) -> String {
    match source {
        RustRuntime::Registry => format!("\"{RUNTIME_VERSION}\""),
        RustRuntime::Path(path) => {
            format!("{{ version = \"{RUNTIME_VERSION}\", path = \"{path}\" }}")
        }
        RustRuntime::Git { url, rev: None } => format!("{{ git = \"{url}\" }}"),
        RustRuntime::Git { url, rev: Some(rev) } => {
            format!("{{ git = \"{url}\", rev = \"{rev}\" }}")
        }
    }
}

/// Keeps rustdoc from taking brackets for links and angles for HTML, but for `code`; and three
/// backticks or tildes for the start of Rust code, which it would compile.
fn rustdoc(text: &str) -> String {
    let mut is_code = false;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(c).len();
        if run >= 3 && matches!(c, '`' | '~') {
            out.extend(std::iter::repeat_n(['\\', c], run).flatten());
            rest = &rest[run..];
            continue;
        }
        is_code ^= c == '`';
        if !is_code && matches!(c, '[' | ']' | '<' | '>') {
            out.push('\\');
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_in_a_doc_text_starts_no_code() {
        assert_eq!(rustdoc("```"), "\\`\\`\\`");
        assert_eq!(rustdoc("a ```rust b ~~~~ c"), "a \\`\\`\\`rust b \\~\\~\\~\\~ c");
        assert_eq!(rustdoc("`[code]` [link] ``x``"), "`[code]` \\[link\\] ``x``");
    }
}
