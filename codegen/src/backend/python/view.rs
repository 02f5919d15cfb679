//! Everything that the Python templates print, as final names, literals and docstrings.

use serde::Serialize;

use super::headers::{Header, HeaderField, Protocol, header, header_fields};
use super::modules::EXPORTS;
use super::spell::{self, PROSE, docstring, name};
use super::structs::{Struct, structure};
use crate::backend::Input;
use crate::facts::{self, PackageFacts};
use bitrpc_spec::layout::{ConstantLayout, EnumLayout, NamedValue};
use bitrpc_spec::names::{Language, NameKind};

/// Everything that the Python templates print.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) banner: Vec<String>,
    /// The protocol's doc as the start of a docstring, which the template goes on with.
    pub(super) opening: Vec<String>,
    /// Finished lines of a docstring, the quotes included, as everywhere below.
    pub(super) doc: Vec<String>,
    pub(super) module: String,
    /// Name for package indexes.
    pub(super) distribution: String,
    pub(super) package: PackageFacts,
    pub(super) spec: String,
    pub(super) command: String,
    pub(super) protocol: Protocol,
    pub(super) ring_header: Header,
    pub(super) message_header: Header,
    pub(super) header_fields: Vec<HeaderField>,
    pub(super) message_types: Vec<NamedLiteral>,
    pub(super) flags: Vec<NamedLiteral>,
    pub(super) constants: Vec<Constant>,
    pub(super) enums: Vec<Enum>,
    pub(super) structs: Vec<Struct>,
    /// What the module of messages imports, under names that no spec has.
    pub(super) imports_of_messages: Vec<String>,
    /// Names of the structs that are messages.
    pub(super) any_messages: Vec<String>,
    /// Names of the spec that the package has beside those of the engine, in the order in which
    /// imports are sorted.
    pub(super) imports: Vec<String>,
    /// All public names, in the order of `__all__`.
    pub(super) exports: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct NamedLiteral {
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) literal: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Constant {
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) hint: &'static str,
    pub(super) literal: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Enum {
    pub(super) name: String,
    /// How classes call it.
    pub(super) reference: String,
    pub(super) is_aliased: bool,
    pub(super) base: &'static str,
    pub(super) doc: Vec<String>,
    pub(super) values: Vec<NamedLiteral>,
}

impl View {
    pub(super) fn new(input: &Input) -> Self {
        let layout = input.layout;
        let structs: Vec<_> = layout.structs.iter().map(|s| structure(layout, s)).collect();
        let constants: Vec<_> = layout.constants.iter().map(constant).collect();
        let enums: Vec<_> = layout.enums.iter().map(enumeration).collect();
        let doc = PROSE.wrap(&facts::of_protocol(layout));
        let protocol_value = |value| named(value, NameKind::ProtocolValue);
        let mut imports = Vec::new();
        imports.extend(constants.iter().map(|constant| constant.name.clone()));
        imports.extend(enums.iter().map(|item| item.name.clone()));
        imports.extend(structs.iter().map(|item| item.name.clone()));
        imports.retain(|name: &String| !EXPORTS.contains(&name.as_str()));
        imports.sort_by_cached_key(|name| spell::import_key(name));
        let mut exports = imports.clone();
        exports.extend(EXPORTS.iter().map(|&name| name.to_owned()));
        exports.sort_by_cached_key(|name| spell::export_key(name));
        Self {
            banner: input.origin.banner(layout.version, Language::PYTHON),
            opening: spell::opening(&doc),
            doc: docstring(&doc, 0),
            module: layout.targets.python_module.clone(),
            package: PackageFacts::new(layout),
            distribution: layout.targets.python_module.replace('_', "-"),
            spec: input.origin.spec().to_owned(),
            command: input.origin.command(Language::PYTHON),
            protocol: Protocol::new(layout),
            ring_header: header(&layout.ring_header),
            message_header: header(&layout.message_header),
            header_fields: header_fields(&layout.message_header),
            message_types: facts::message_types(layout).map(protocol_value).collect(),
            flags: facts::flags(layout).map(protocol_value).collect(),
            imports_of_messages: imports_of_messages(&constants, &enums, &structs),
            any_messages: {
                let messages = structs.iter().filter(|item| item.is_message);
                messages.map(|item| item.name.clone()).collect()
            },
            constants,
            enums,
            structs,
            imports,
            exports,
        }
    }
}

/// The import statements of the module of messages.
fn imports_of_messages(constants: &[Constant], enums: &[Enum], structs: &[Struct]) -> Vec<String> {
    let (any_enum, any_struct) = (!enums.is_empty(), !structs.is_empty());
    let mut lines = Vec::new();
    let mut add = |is_needed: bool, line: &str| lines.extend(is_needed.then(|| line.to_owned()));
    add(any_struct, "import struct as _struct");
    add(any_struct || !constants.is_empty(), "import typing as _t");
    add(any_struct || !constants.is_empty(), "");
    match (any_enum, any_struct) {
        (true, true) => add(true, "from ._engine import _enums, _payload, _view"),
        (true, false) => add(true, "from ._engine import _enums"),
        (false, true) => add(true, "from ._engine import _payload, _view"),
        (false, false) => {}
    }
    add(any_struct, "");
    add(any_struct, "if _t.TYPE_CHECKING:");
    add(any_struct, "    import collections.abc as _abc");
    lines
}

fn named((value, literal): (&NamedValue, String), kind: NameKind) -> NamedLiteral {
    let doc = PROSE.wrap(&facts::of_value(value));
    NamedLiteral { name: name(kind, &value.name), doc: docstring(&doc, 4), literal }
}

fn constant(constant: &ConstantLayout) -> Constant {
    let (hint, literal) = spell::constant(&constant.value);
    Constant {
        name: name(NameKind::Constant, &constant.name),
        doc: docstring(&PROSE.wrap(&facts::of_constant(constant)), 0),
        hint,
        literal,
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    let value = |value| named(value, NameKind::EnumValue);
    Enum {
        name: name(NameKind::Type, &item.name),
        reference: spell::reference(&item.name),
        is_aliased: spell::is_aliased(&item.name),
        base: if item.is_flags { "OpenIntFlag" } else { "OpenIntEnum" },
        doc: docstring(&PROSE.wrap(&facts::of_enum(item)), 4),
        values: facts::values(item).map(value).collect(),
    }
}
