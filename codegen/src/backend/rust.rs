//! Rust: a module over the `bitrpc-shm` runtime.

mod text;

use serde::Serialize;
use serde_json::Value;

use self::text::{INDENT, WIDTH, indent, keep_long_lines, rustdoc};
use super::common::{
    ENGINE_FLAGS, ENGINE_TYPES, Prose, Slot, engine_flag, engine_type, hex, needs_align, slots,
};
use super::package::PackageFacts;
use super::{Backend, Input, file, fixed_file, to_json};
use crate::emit::File;
use bitrpc_spec::layout::{
    ConstantValue, EnumLayout, FieldLayout, HeaderLayout, Layout, NamedValue, Scalar, StructLayout,
    TailKind, TailLayout, Type, diagram,
};
use bitrpc_spec::model::{MessageRole, RingRole};
use bitrpc_spec::names::{Language, NameKind, spell};

const PROSE: Prose = Prose { escape: rustdoc, width: WIDTH - INDENT };

/// Bytes from which on a struct is kept in a box: a thread may have a small stack, and a value
/// passes over it several times.
const LARGE: u64 = 16 << 10;

/// The Rust backend.
#[derive(Debug)]
pub(super) struct Rust;

impl Backend for Rust {
    fn language(&self) -> Language {
        Language::Rust
    }

    fn view(&self, input: &Input) -> Value {
        to_json(&View::new(input))
    }

    fn files(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        vec![
            file("Cargo.toml", &Manifest { view }),
            file("README.md", &Readme { view }),
            fixed_file("rustfmt.toml", include_str!("../../templates/rust/rustfmt.toml")),
            file("src/lib.rs", &Library { view }),
            protocol(view),
        ]
    }

    fn peer(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        vec![
            file("Cargo.toml", &PeerManifest { view }),
            protocol(view),
            keep_long_lines(file("src/facts.rs", &PeerFacts { view }), WIDTH),
            keep_long_lines(file("src/samples.rs", &PeerSamples { view }), WIDTH),
            fixed_file("src/main.rs", include_str!("../../templates/rust/peer/main.rs")),
            fixed_file("src/attempt.rs", include_str!("../../templates/rust/peer/attempt.rs")),
            fixed_file("src/consume.rs", include_str!("../../templates/rust/peer/consume.rs")),
            fixed_file("src/describe.rs", include_str!("../../templates/rust/peer/describe.rs")),
            fixed_file("src/hostile.rs", include_str!("../../templates/rust/peer/hostile.rs")),
            fixed_file("src/measure.rs", include_str!("../../templates/rust/peer/measure.rs")),
            fixed_file("src/pace.rs", include_str!("../../templates/rust/peer/pace.rs")),
            fixed_file("src/produce.rs", include_str!("../../templates/rust/peer/produce.rs")),
            fixed_file("src/rng.rs", include_str!("../../templates/rust/peer/rng.rs")),
            fixed_file("src/script.rs", include_str!("../../templates/rust/peer/script.rs")),
            fixed_file(
                "src/statistics.rs",
                include_str!("../../templates/rust/peer/statistics.rs"),
            ),
            fixed_file("src/text.rs", include_str!("../../templates/rust/peer/text.rs")),
        ]
    }
}

templates! { View:
    Manifest = "rust/manifest.toml";
    Readme = "rust/README.md";
    Library = "rust/lib.rs";
    Messages = "rust/messages.rs";
    PeerManifest = "rust/peer/manifest.toml";
    PeerFacts = "rust/peer/facts.rs";
    PeerSamples = "rust/peer/samples.rs";
}

/// The one file that has everything but the engine.
#[derive(askama::Template)]
#[template(path = "rust/protocol.rs", escape = "none")]
struct ProtocolFile<'a> {
    view: &'a View,
    /// The contents of its module `messages`.
    messages: &'a str,
}

fn protocol(view: &View) -> File {
    let items = keep_long_lines(file("", &Messages { view }), WIDTH - INDENT);
    let messages = indent(items.text.trim_start());
    let whole = file("src/protocol.rs", &ProtocolFile { view, messages: &messages });
    keep_long_lines(whole, WIDTH)
}

/// Everything that the Rust templates print.
#[derive(Debug, Serialize)]
struct View {
    banner: Vec<String>,
    doc: Vec<String>,
    crate_name: String,
    module: String,
    package: PackageFacts,
    runtime_version: &'static str,
    protocol: Protocol,
    ring_header: Header,
    message_header: Header,
    message_types: Vec<NamedLiteral>,
    flags_type: &'static str,
    flags: Vec<NamedLiteral>,
    constants: Vec<Constant>,
    enums: Vec<Enum>,
    structs: Vec<Struct>,
    /// The variant of `AnyMessage` for what no struct describes. It steps aside for a message that
    /// is called so.
    other: &'static str,
    command: String,
    spec: String,
}

/// The numbers that the engine takes, as literals.
#[derive(Debug, Serialize)]
struct Protocol {
    name: String,
    file_prefix: String,
    default_capacity: u64,
    magic: String,
    version_major: u16,
    version_minor: u16,
    layout_hash: String,
    schema_hash: String,
    ring_roles: Vec<RoleOffset>,
    message_roles: Vec<RoleOffset>,
    flags_size: u64,
    flag_masks: Vec<RoleOffset>,
    type_ids: Vec<RoleOffset>,
}

/// A field of one of the runtime's layout structs with its literal.
#[derive(Debug, Serialize)]
struct RoleOffset {
    role: &'static str,
    literal: String,
}

#[derive(Debug, Serialize)]
struct Header {
    doc: Vec<String>,
    diagram: Vec<String>,
    size: u64,
    align: u64,
    /// The fields alone do not force `align`.
    force_align: bool,
    fields: Vec<Field>,
    /// Fields without a role, which users set and read by themselves.
    extras: Vec<Extra>,
}

#[derive(Debug, Serialize)]
struct Extra {
    name: String,
    doc: Vec<String>,
    ty: String,
    offset: u64,
}

#[derive(Debug, Serialize)]
struct Field {
    name: String,
    raw_name: String,
    doc: Vec<String>,
    ty: String,
    offset: u64,
    size: u64,
    is_padding: bool,
    is_array: bool,
    /// Expression that draws a test value.
    sample: String,
}

#[derive(Debug, Serialize)]
struct NamedLiteral {
    name: String,
    raw_name: String,
    doc: Vec<String>,
    literal: String,
}

#[derive(Debug, Serialize)]
struct Constant {
    name: String,
    doc: Vec<String>,
    ty: String,
    literal: String,
}

#[derive(Debug, Serialize)]
struct Enum {
    name: String,
    /// Function of the conformance peer that draws a value.
    sampler: String,
    doc: Vec<String>,
    ty: &'static str,
    is_flags: bool,
    values: Vec<NamedLiteral>,
}

#[derive(Debug, Serialize)]
struct Struct {
    name: String,
    /// Name of the fixed part: `name` itself when there is no tail.
    fixed: String,
    raw_name: String,
    sampler: String,
    doc: Vec<String>,
    diagram: Vec<String>,
    id: Option<u32>,
    /// `id` as an expression.
    message_type: String,
    /// Too large to be passed over the stack.
    is_large: bool,
    size: u64,
    align: u64,
    /// Payload sizes of older versions that a typed receive accepts.
    older_sizes: Vec<u64>,
    /// The fields alone do not force `align`: an element of the tail does.
    force_align: bool,
    fields: Vec<Field>,
    tail: Option<Tail>,
}

#[derive(Debug, Serialize)]
struct Tail {
    name: String,
    /// Name of the part before it, which steps aside for a tail that is called so.
    fixed: &'static str,
    doc: Vec<String>,
    /// Type of the field that borrows the tail, without its lifetime: `str`, `[u8]` or `[T]`.
    ty: String,
    /// Function of the runtime that reads it.
    reader: &'static str,
    element: String,
    element_size: u64,
    sample: String,
}

impl View {
    fn new(input: &Input) -> Self {
        let layout = input.layout;
        let crate_name = layout.targets.rust_crate.clone();
        Self {
            banner: input.origin.banner(layout.version, Language::Rust),
            doc: PROSE.wrap_or(&layout.doc, || format!("The {} protocol.", layout.name)),
            module: crate_name.replace('-', "_"),
            crate_name,
            package: PackageFacts::new(layout),
            runtime_version: env!("CARGO_PKG_VERSION"),
            protocol: Protocol::new(layout),
            ring_header: header(layout, &layout.ring_header),
            message_header: header(layout, &layout.message_header),
            message_types: layout.message_types.iter().map(message_type).collect(),
            flags_type: scalar(layout.flags.scalar),
            flags: bits(&layout.flags.bits, layout.flags.scalar, NameKind::ProtocolValue),
            constants: layout.constants.iter().map(constant).collect(),
            enums: layout.enums.iter().map(enumeration).collect(),
            structs: layout.structs.iter().map(|s| structure(layout, s)).collect(),
            other: if has_message(layout, "Other") { "Other_" } else { "Other" },
            command: input.origin.command(Language::Rust),
            spec: input.origin.spec().to_owned(),
        }
    }
}

impl Protocol {
    fn new(layout: &Layout) -> Self {
        let ring_role = |role: RingRole| {
            let field = layout.ring_header.role(role).expect("every ring role is there");
            RoleOffset { role: role.name(), literal: field.offset.to_string() }
        };
        let message_role = |role: MessageRole| {
            let offset = layout.message_header.role(role).map(|field| field.offset);
            let literal = match (role, offset) {
                (MessageRole::Timestamp, Some(offset)) => format!("Some({offset})"),
                (MessageRole::Timestamp, None) => "None".to_owned(),
                (_, offset) => offset.expect("a required role is there").to_string(),
            };
            RoleOffset { role: role.name(), literal }
        };
        let flag_mask = |role| RoleOffset { role, literal: hex(engine_flag(layout, role), 2) };
        let type_id = |role| RoleOffset { role, literal: engine_type(layout, role).to_string() };
        Self {
            name: layout.name.clone(),
            file_prefix: layout.file_prefix.clone(),
            default_capacity: layout.default_capacity,
            magic: hex(i128::from(layout.magic), 8),
            version_major: layout.version.0,
            version_minor: layout.version.1,
            layout_hash: hex(i128::from(layout.layout_hash), 16),
            schema_hash: hex(i128::from(layout.schema_hash), 16),
            ring_roles: RingRole::ALL.iter().copied().map(ring_role).collect(),
            message_roles: MessageRole::ALL.iter().copied().map(message_role).collect(),
            flags_size: layout.flags.scalar.size(),
            flag_masks: ENGINE_FLAGS.map(flag_mask).into(),
            type_ids: ENGINE_TYPES.map(type_id).into(),
        }
    }
}

fn header<R: Copy>(layout: &Layout, header: &HeaderLayout<R>) -> Header {
    let extra = |field: &FieldLayout<R>| Extra {
        name: spell(Language::Rust, NameKind::Constant, &field.name),
        doc: PROSE.field(&field.name, &field.doc, None, "zero"),
        ty: type_name(layout, &field.ty),
        offset: field.offset,
    };
    Header {
        doc: PROSE.wrap(&header.doc),
        diagram: diagram::of_header(header),
        size: header.size,
        align: header.align,
        force_align: needs_align(&header.fields, header.align),
        fields: fields(layout, &header.fields, header.size),
        extras: header.fields.iter().filter(|f| f.role.is_none()).map(extra).collect(),
    }
}

/// The fields with their padding made explicit.
fn fields<R>(layout: &Layout, fields: &[FieldLayout<R>], end: u64) -> Vec<Field> {
    let field = |slot: Slot<'_, R>| match slot {
        Slot::Field(field) => Field {
            name: spell(Language::Rust, NameKind::Field, &field.name),
            raw_name: field.name.clone(),
            doc: PROSE.field(&field.name, &field.doc, field.since, "zero"),
            ty: type_name(layout, &field.ty),
            offset: field.offset,
            size: field.size,
            is_padding: false,
            is_array: matches!(field.ty, Type::Array(..) | Type::Bytes(_)),
            sample: sample(layout, &field.ty),
        },
        Slot::Padding { index, offset, size } => Field {
            name: format!("_padding{index}"),
            raw_name: String::new(),
            doc: Vec::new(),
            ty: format!("bitrpc_shm::Padding<{size}>"),
            offset,
            size,
            is_padding: true,
            is_array: false,
            sample: "Default::default()".to_owned(),
        },
    };
    slots(fields, end).into_iter().map(field).collect()
}

fn has_message(layout: &Layout, name: &str) -> bool {
    layout.structs.iter().any(|item| item.id.is_some() && item.name == name)
}

fn message_type(value: &NamedValue) -> NamedLiteral {
    named(value, value.value.to_string(), NameKind::ProtocolValue)
}

fn bits(bits: &[NamedValue], scalar: Scalar, kind: NameKind) -> Vec<NamedLiteral> {
    let digits = usize::try_from(scalar.size() * 2).expect("at most sixteen digits");
    bits.iter().map(|bit| named(bit, hex(bit.value, digits), kind)).collect()
}

fn named(value: &NamedValue, literal: String, kind: NameKind) -> NamedLiteral {
    NamedLiteral {
        name: spell(Language::Rust, kind, &value.name),
        raw_name: value.name.clone(),
        doc: PROSE.wrap_or(&value.doc, || format!("Value `{}`.", value.name)),
        literal,
    }
}

fn constant(constant: &bitrpc_spec::layout::ConstantLayout) -> Constant {
    let (ty, literal) = match &constant.value {
        ConstantValue::Int(ty, value) => (scalar(*ty), value.to_string()),
        ConstantValue::Float(Scalar::F32, value) => ("f32", format!("{:?}", *value as f32)),
        ConstantValue::Float(_, value) => ("f64", format!("{value:?}")),
        ConstantValue::Bool(value) => ("bool", value.to_string()),
        ConstantValue::Text(text) => ("&str", format!("{text:?}")),
    };
    Constant {
        name: spell(Language::Rust, NameKind::Constant, &constant.name),
        doc: PROSE.wrap_or(&constant.doc, || format!("Constant `{}`.", constant.name)),
        ty: ty.to_owned(),
        literal,
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    let kind = NameKind::EnumValue;
    let values = if item.is_flags {
        bits(&item.values, item.scalar, kind)
    } else {
        item.values.iter().map(|v| named(v, v.value.to_string(), kind)).collect()
    };
    Enum {
        name: spell(Language::Rust, NameKind::Type, &item.name),
        sampler: sampler(&item.name),
        doc: PROSE.wrap_or(&item.doc, || format!("The `{}` values.", item.name)),
        ty: scalar(item.scalar),
        is_flags: item.is_flags,
        values,
    }
}

fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    let name = spell(Language::Rust, NameKind::Type, &item.name);
    let fixed = if item.tail.is_some() { format!("{name}Fixed") } else { name.clone() };
    Struct {
        name,
        fixed,
        raw_name: item.name.clone(),
        sampler: sampler(&item.name),
        doc: PROSE.wrap_or(&item.doc, || format!("The `{}` payload.", item.name)),
        diagram: diagram::of_struct(item),
        id: item.id,
        message_type: item.id.map_or("None".to_owned(), |id| format!("Some({id})")),
        is_large: item.size > LARGE,
        size: item.size,
        align: item.align,
        older_sizes: item.older_sizes.clone(),
        force_align: needs_align(&item.fields, item.align),
        fields: fields(layout, &item.fields, item.size),
        tail: item.tail.as_ref().map(|t| tail(layout, t)),
    }
}

fn tail(layout: &Layout, tail: &TailLayout) -> Tail {
    let (ty, element, reader, sample) = match &tail.kind {
        TailKind::String => ("str".into(), "u8".into(), "tail_text", "rng.tail_text(room)".into()),
        TailKind::Bytes => {
            ("[u8]".into(), "u8".into(), "tail_bytes", "rng.tail_bytes(room)".into())
        }
        TailKind::Elements(element) => {
            let draw = match element {
                Type::Enum(index) => sampler(&layout.enums[*index].name),
                Type::Struct(index) => sampler(&layout.structs[*index].name),
                other => format!("|rng| {}", sample(layout, other)),
            };
            let name = type_name(layout, element);
            let sample = format!("rng.tail_elements(room, {draw})");
            (format!("[{name}]"), name, "tail_elements", sample)
        }
    };
    Tail {
        name: spell(Language::Rust, NameKind::Field, &tail.name),
        fixed: if tail.name == "fixed" { "fixed_" } else { "fixed" },
        doc: PROSE.field(&tail.name, &tail.doc, tail.since, "empty"),
        ty,
        reader,
        element,
        element_size: tail.element_size,
        sample,
    }
}

fn type_name(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => "bitrpc_shm::Bool".to_owned(),
        Type::Scalar(ty) => scalar(*ty).to_owned(),
        Type::Char(len) => format!("bitrpc_shm::Text<{len}>"),
        Type::Bytes(len) => format!("[u8; {len}]"),
        Type::Enum(index) => spell(Language::Rust, NameKind::Type, &layout.enums[*index].name),
        Type::Struct(index) => spell(Language::Rust, NameKind::Type, &layout.structs[*index].name),
        Type::Array(element, len) => format!("[{}; {len}]", type_name(layout, element)),
    }
}

/// The expression with which the conformance peer draws a value of `ty`.
fn sample(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar_type) => format!("rng.{}()", scalar(*scalar_type)),
        Type::Char(_) => "rng.text()".to_owned(),
        Type::Bytes(_) => "rng.bytes()".to_owned(),
        Type::Enum(index) => format!("{}(rng)", sampler(&layout.enums[*index].name)),
        Type::Struct(index) => format!("{}(rng)", sampler(&layout.structs[*index].name)),
        Type::Array(element, _) => {
            format!("std::array::from_fn(|_| {})", sample(layout, element))
        }
    }
}

/// Name of the peer's function that draws a value of the named type; the `_sample` keeps it clear
/// of keywords.
fn sampler(name: &str) -> String {
    format!("{}_sample", spell(Language::Rust, NameKind::Field, name).trim_end_matches('_'))
}

fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "u8",
        Scalar::U16 => "u16",
        Scalar::U32 => "u32",
        Scalar::U64 => "u64",
        Scalar::I8 => "i8",
        Scalar::I16 => "i16",
        Scalar::I32 => "i32",
        Scalar::I64 => "i64",
        Scalar::F32 => "f32",
        Scalar::F64 => "f64",
        Scalar::Bool => "bool",
    }
}
