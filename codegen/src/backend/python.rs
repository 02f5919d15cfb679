//! Python 3.9 and later: a package of the standard library only.

mod fields;
mod headers;
mod literals;
mod modules;
mod structs;

use serde::Serialize;
use serde_json::Value;

use self::headers::{Facts, Header, HeaderField};
use self::modules::{ENGINE, EXPORTS, PEER};
use self::structs::Struct;
use super::common::{ENGINE_FLAGS, ENGINE_TYPES, Prose, engine_flag, engine_type, hex};
use super::package::PackageFacts;
use super::{Backend, Input, file, fixed_file, to_json};
use crate::emit::File;
use bitrpc_spec::layout::{ConstantLayout, ConstantValue, EnumLayout, Layout, NamedValue, Scalar};
use bitrpc_spec::model::{MessageRole, RingRole};
use bitrpc_spec::names::{self, Language, NameKind};

/// Columns of a line, as `pyproject.toml` tells the formatter.
const WIDTH: usize = 100;

/// Docs of whatever has a docstring of its own.
const PROSE: Prose = Prose { escape: literals::harmless, width: WIDTH };

/// The Python backend.
#[derive(Debug)]
pub(super) struct Python;

impl Backend for Python {
    fn language(&self) -> Language {
        Language::Python
    }

    fn view(&self, input: &Input) -> Value {
        to_json(&View::new(input))
    }

    fn files(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        let mut files = package(view);
        files.push(file("README.md", &Readme { view }));
        files.push(commented(view, file("pyproject.toml", &Project { view })));
        files
    }

    fn peer(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        let mut files = package(view);
        files.push(commented(view, file("samples.py", &PeerSamples { view })));
        files.push(commented(view, file("facts.py", &PeerFacts { view })));
        files.push(commented(view, file("protocol.py", &PeerProtocol { view })));
        for (name, text) in PEER {
            files.push(fixed_file(name, text));
        }
        files
    }
}

templates! { View:
    Readme = "python/README.md";
    Project = "python/pyproject.toml";
    Package = "python/__init__.py";
    Numbers = "python/_layout.py";
    Headers = "python/_headers.py";
    Messages = "python/messages.py";
    Kinds = "python/_protocol.py";
    PeerSamples = "python/peer/samples.py";
    PeerFacts = "python/peer/facts.py";
    PeerProtocol = "python/peer/protocol.py";
}

/// The files of the package, in its folder.
fn package(view: &View) -> Vec<File> {
    let path = |name: &str| format!("{}/{name}", view.module);
    let mut files = vec![
        commented(view, file(path("__init__.py"), &Package { view })),
        commented(view, file(path("_layout.py"), &Numbers { view })),
        commented(view, file(path("_headers.py"), &Headers { view })),
        commented(view, file(path("_protocol.py"), &Kinds { view })),
        commented(view, file(path("messages.py"), &Messages { view })),
        fixed_file(&path("py.typed"), ""),
    ];
    for (name, text) in ENGINE {
        files.push(commented(view, fixed_file(&path(name), text)));
    }
    files
}

/// The file with the banner in front of it.
fn commented(view: &View, file: File) -> File {
    let banner: String = view.banner.iter().map(|line| format!("# {line}\n")).collect();
    File { text: format!("{banner}{}", file.text), ..file }
}

/// Everything that the Python templates print.
#[derive(Debug, Serialize)]
struct View {
    banner: Vec<String>,
    /// The protocol's doc as the start of a docstring, which the template goes on with.
    opening: Vec<String>,
    /// Finished lines of a docstring, the quotes included, as everywhere below.
    doc: Vec<String>,
    module: String,
    package: PackageFacts,
    /// Name for package indexes.
    distribution: String,
    spec: String,
    command: String,
    protocol: Protocol,
    ring_header: Header,
    message_header: Header,
    header_fields: Vec<HeaderField>,
    message_types: Vec<NamedLiteral>,
    flags: Vec<NamedLiteral>,
    constants: Vec<Constant>,
    enums: Vec<Enum>,
    structs: Vec<Struct>,
    facts: Vec<Facts>,
    ring_header_facts: &'static str,
    message_header_facts: &'static str,
    /// What the module of messages imports, under names that no spec has.
    imports_of_messages: Vec<String>,
    /// Names of the structs that are messages.
    any_messages: Vec<String>,
    /// Names of the spec that the package has beside those of the engine, in the order in which
    /// imports are sorted.
    imports: Vec<String>,
    /// All public names, in the order of `__all__`.
    exports: Vec<String>,
}

/// The numbers that the engine takes, as literals.
#[derive(Debug, Serialize)]
struct Protocol {
    name: String,
    version: String,
    file_prefix: String,
    default_capacity: u64,
    magic: String,
    version_major: u16,
    version_minor: u16,
    layout_hash: String,
    schema_hash: String,
    ring_offsets: Vec<Offset>,
    message_offsets: Vec<Offset>,
    has_timestamp: &'static str,
    timestamp_offset: u64,
    flags_size: u64,
    type_ids: Vec<Alias>,
    flag_masks: Vec<Alias>,
}

/// `WRITE_POSITION_OFFSET = 128`.
#[derive(Debug, Serialize)]
struct Offset {
    constant: String,
    offset: u64,
}

/// `TYPE_DATA = 1`.
#[derive(Debug, Serialize)]
struct Alias {
    constant: String,
    literal: String,
}

#[derive(Debug, Serialize)]
struct NamedLiteral {
    name: String,
    doc: Vec<String>,
    literal: String,
}

#[derive(Debug, Serialize)]
struct Constant {
    name: String,
    doc: Vec<String>,
    hint: &'static str,
    literal: String,
}

#[derive(Debug, Serialize)]
struct Enum {
    name: String,
    /// How classes call it.
    reference: String,
    is_aliased: bool,
    base: &'static str,
    /// Function of the conformance peer that draws a value.
    sampler: String,
    is_flags: bool,
    bits: u64,
    /// Function of the conformance peer that cuts a number to the enum's type.
    truncate: &'static str,
    doc: Vec<String>,
    values: Vec<NamedLiteral>,
}

impl View {
    fn new(input: &Input) -> Self {
        let layout = input.layout;
        let structs: Vec<_> =
            layout.structs.iter().map(|s| structs::structure(layout, s)).collect();
        let constants: Vec<_> = layout.constants.iter().map(constant).collect();
        let enums: Vec<_> = layout.enums.iter().map(enumeration).collect();
        let doc = PROSE.wrap_or(&layout.doc, || format!("The {} protocol.", layout.name));
        let mut imports = Vec::new();
        imports.extend(constants.iter().map(|constant| constant.name.clone()));
        imports.extend(enums.iter().map(|item| item.name.clone()));
        imports.extend(structs.iter().map(|item| item.name.clone()));
        imports.retain(|name: &String| !EXPORTS.contains(&name.as_str()));
        imports.sort_by_cached_key(|name| literals::import_key(name));
        let mut exports = imports.clone();
        exports.extend(EXPORTS.iter().map(|&name| name.to_owned()));
        exports.sort_by_cached_key(|name| literals::export_key(name));
        Self {
            banner: input.origin.banner(layout.version, Language::Python),
            opening: literals::opening(&doc),
            doc: docstring(&doc, 0),
            module: layout.targets.python_module.clone(),
            package: PackageFacts::new(layout),
            distribution: layout.targets.python_module.replace('_', "-"),
            spec: input.origin.spec().to_owned(),
            command: input.origin.command(Language::Python),
            protocol: Protocol::new(layout),
            ring_header: headers::header(&layout.ring_header),
            message_header: headers::header(&layout.message_header),
            header_fields: headers::header_fields(&layout.message_header),
            message_types: values(
                &layout.message_types,
                |v| decimal(v.value),
                NameKind::ProtocolValue,
            ),
            flags: bits(&layout.flags.bits, layout.flags.scalar, NameKind::ProtocolValue),
            facts: headers::facts(layout),
            ring_header_facts: headers::RING_HEADER,
            message_header_facts: headers::MESSAGE_HEADER,
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
        (true, true) => add(true, "from . import _enums, _payload, _view"),
        (true, false) => add(true, "from . import _enums"),
        (false, true) => add(true, "from . import _payload, _view"),
        (false, false) => {}
    }
    add(any_struct, "");
    add(any_struct, "if _t.TYPE_CHECKING:");
    add(any_struct, "    import collections.abc as _abc");
    lines
}

/// The lines of a docstring, its quotes included, that stands `indent` columns from the left.
fn docstring(lines: &[String], indent: usize) -> Vec<String> {
    literals::docstring(lines, WIDTH - indent)
}

fn spell(kind: NameKind, name: &str) -> String {
    names::spell(Language::Python, kind, name)
}

impl Protocol {
    fn new(layout: &Layout) -> Self {
        let ring_offset = |role: &RingRole| Offset {
            constant: offset_constant(role.name()),
            offset: layout.ring_header.role(*role).expect("every ring role is there").offset,
        };
        let required = MessageRole::ALL.iter().filter(|role| **role != MessageRole::Timestamp);
        let message_offset = |role: &MessageRole| Offset {
            constant: offset_constant(role.name()),
            offset: layout.message_header.role(*role).expect("a required role is there").offset,
        };
        let timestamp = layout.message_header.role(MessageRole::Timestamp);
        let type_id = |name: &str| Alias {
            constant: format!("TYPE_{}", names::screaming(name)),
            literal: decimal(engine_type(layout, name)),
        };
        let flag_mask = |name: &str| Alias {
            constant: format!("FLAG_{}", names::screaming(name)),
            literal: hex(engine_flag(layout, name), 2),
        };
        let (major, minor) = layout.version;
        Self {
            name: layout.name.clone(),
            version: format!("{major}.{minor}"),
            file_prefix: layout.file_prefix.clone(),
            default_capacity: layout.default_capacity,
            magic: hex(i128::from(layout.magic), 8),
            version_major: major,
            version_minor: minor,
            layout_hash: hex(i128::from(layout.layout_hash), 16),
            schema_hash: hex(i128::from(layout.schema_hash), 16),
            ring_offsets: RingRole::ALL.iter().map(ring_offset).collect(),
            message_offsets: required.map(message_offset).collect(),
            has_timestamp: literals::boolean(timestamp.is_some()),
            timestamp_offset: timestamp.map_or(0, |field| field.offset),
            flags_size: layout.flags.scalar.size(),
            type_ids: ENGINE_TYPES.map(type_id).into(),
            flag_masks: ENGINE_FLAGS.map(flag_mask).into(),
        }
    }
}

fn offset_constant(role: &str) -> String {
    format!("{}_OFFSET", names::screaming(role))
}

fn values(
    values: &[NamedValue],
    literal: impl Fn(&NamedValue) -> String,
    kind: NameKind,
) -> Vec<NamedLiteral> {
    let value = |value: &NamedValue| NamedLiteral {
        name: spell(kind, &value.name),
        doc: {
            let text = PROSE.wrap_or(&value.doc, || format!("Value `{}`.", value.name));
            docstring(&text, 4)
        },
        literal: literal(value),
    };
    values.iter().map(value).collect()
}

fn bits(bits: &[NamedValue], scalar: Scalar, kind: NameKind) -> Vec<NamedLiteral> {
    let digits = usize::try_from(scalar.size() * 2).expect("at most sixteen digits");
    values(bits, |bit| hex(bit.value, digits), kind)
}

fn decimal(value: i128) -> String {
    value.to_string()
}

fn constant(constant: &ConstantLayout) -> Constant {
    let (hint, literal) = match &constant.value {
        ConstantValue::Int(_, value) => ("[int]", decimal(*value)),
        ConstantValue::Float(_, value) => ("[float]", literals::float(*value)),
        ConstantValue::Bool(value) => ("", literals::boolean(*value).to_owned()),
        ConstantValue::Text(text) => ("", literals::text(text)),
    };
    let doc = PROSE.wrap_or(&constant.doc, || format!("Constant `{}`.", constant.name));
    Constant {
        name: spell(NameKind::Constant, &constant.name),
        doc: docstring(&doc, 0),
        hint,
        literal,
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    let doc = PROSE.wrap_or(&item.doc, || format!("The `{}` values.", item.name));
    Enum {
        name: spell(NameKind::Type, &item.name),
        reference: reference(&item.name),
        is_aliased: is_aliased(&item.name),
        base: if item.is_flags { "OpenIntFlag" } else { "OpenIntEnum" },
        sampler: sampler(&item.name),
        is_flags: item.is_flags,
        bits: item.scalar.size() * 8,
        truncate: if item.scalar.is_signed() { "to_signed" } else { "to_unsigned" },
        doc: docstring(&doc, 4),
        values: if item.is_flags {
            bits(&item.values, item.scalar, NameKind::EnumValue)
        } else {
            values(&item.values, |v| decimal(v.value), NameKind::EnumValue)
        },
    }
}

/// Whether classes have a member of the type's name, which hides the type within them.
fn is_aliased(name: &str) -> bool {
    ["ALIGN", "SIZE", "View"].contains(&name)
}

/// How the code within classes calls a type of the spec.
fn reference(name: &str) -> String {
    format!("{}{}", if is_aliased(name) { "_" } else { "" }, spell(NameKind::Type, name))
}

/// Name of the peer's function that draws a value of the named type; the `_sample` keeps it clear
/// of keywords.
fn sampler(name: &str) -> String {
    format!("{}_sample", spell(NameKind::Function, name).trim_end_matches('_'))
}
