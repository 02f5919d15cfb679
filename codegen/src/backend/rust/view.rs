//! Everything that the Rust templates print, as final names, types and literals.

use serde::Serialize;

use super::headers::{Header, Protocol, header};
use super::spell::{self, PROSE, name, scalar};
use super::structs::{Struct, structure};
use crate::backend::Input;
use crate::facts::{self, PackageFacts};
use bitrpc_spec::layout::{ConstantLayout, EnumLayout, Layout, NamedValue};
use bitrpc_spec::names::{Language, NameKind};

/// Everything that the Rust templates print.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) banner: Vec<String>,
    pub(super) doc: Vec<String>,
    pub(super) crate_name: String,
    pub(super) module: String,
    pub(super) package: PackageFacts,
    /// Where the runtime is, as Cargo is told.
    pub(super) runtime: String,
    pub(super) protocol: Protocol,
    pub(super) ring_header: Header,
    pub(super) message_header: Header,
    pub(super) message_types: Vec<NamedLiteral>,
    pub(super) flags_type: &'static str,
    pub(super) flags: Vec<NamedLiteral>,
    pub(super) constants: Vec<Constant>,
    pub(super) enums: Vec<Enum>,
    pub(super) structs: Vec<Struct>,
    /// The variant of `AnyMessage` for what no struct describes. It steps aside for a message that
    /// is called so.
    pub(super) other: &'static str,
    pub(super) command: String,
    pub(super) spec: String,
}

#[derive(Debug, Serialize)]
pub(super) struct NamedLiteral {
    pub(super) name: String,
    pub(super) raw_name: String,
    pub(super) doc: Vec<String>,
    pub(super) literal: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Constant {
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: &'static str,
    pub(super) literal: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Enum {
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: &'static str,
    pub(super) is_flags: bool,
    pub(super) values: Vec<NamedLiteral>,
}

impl View {
    pub(super) fn new(input: &Input) -> Self {
        let layout = input.layout;
        let crate_name = layout.targets.rust_crate.clone();
        let protocol_value = |(value, literal)| named(value, literal, NameKind::ProtocolValue);
        Self {
            banner: input.origin.banner(layout.version, Language::RUST),
            doc: PROSE.wrap(&facts::of_protocol(layout)),
            module: crate_name.replace('-', "_"),
            crate_name,
            package: PackageFacts::new(layout),
            runtime: spell::runtime(&layout.targets.rust_runtime),
            protocol: Protocol::new(layout),
            ring_header: header(layout, &layout.ring_header),
            message_header: header(layout, &layout.message_header),
            message_types: facts::message_types(layout).map(protocol_value).collect(),
            flags_type: scalar(layout.flags.scalar),
            flags: facts::flags(layout).map(protocol_value).collect(),
            constants: layout.constants.iter().map(constant).collect(),
            enums: layout.enums.iter().map(enumeration).collect(),
            structs: layout.structs.iter().map(|s| structure(layout, s)).collect(),
            other: if has_message(layout, "Other") { "Other_" } else { "Other" },
            command: input.origin.command(Language::RUST),
            spec: input.origin.spec().to_owned(),
        }
    }
}

fn has_message(layout: &Layout, name: &str) -> bool {
    layout.structs.iter().any(|item| item.id.is_some() && item.name == name)
}

fn named(value: &NamedValue, literal: String, kind: NameKind) -> NamedLiteral {
    NamedLiteral {
        name: name(kind, &value.name),
        raw_name: value.name.clone(),
        doc: PROSE.wrap(&facts::of_value(value)),
        literal,
    }
}

fn constant(constant: &ConstantLayout) -> Constant {
    let (ty, literal) = spell::constant(&constant.value);
    Constant {
        name: name(NameKind::Constant, &constant.name),
        doc: PROSE.wrap(&facts::of_constant(constant)),
        ty,
        literal,
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    let value = |(value, literal)| named(value, literal, NameKind::EnumValue);
    Enum {
        name: name(NameKind::Type, &item.name),
        doc: PROSE.wrap(&facts::of_enum(item)),
        ty: scalar(item.scalar),
        is_flags: item.is_flags,
        values: facts::values(item).map(value).collect(),
    }
}
