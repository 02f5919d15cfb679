//! C#: a folder of source files to vendor, for .NET, .NET Standard, Unity and Mono.

mod doc;
mod samples;
mod types;

use serde::Serialize;
use serde_json::Value;

use self::doc::{doc, field_doc};
use self::types::{
    InlineType, inline_types, literal, scalar, string_literal, type_name, wire_type,
};
use super::common::{ENGINE_FLAGS, ENGINE_TYPES, Slot, engine_flag, engine_type, hex, slots};
use super::{Backend, Input, file, fixed_file, to_json};
use crate::emit::File;
use crate::layout::{
    ConstantLayout, ConstantValue, EnumLayout, FieldLayout, HeaderLayout, Layout, NamedValue,
    Scalar, StructLayout, TailKind, TailLayout, Type, diagram,
};
use crate::names::{self, Language, NameKind};
use crate::spec::{MessageRole, RingRole};

/// The C# backend.
#[derive(Debug)]
pub(super) struct Csharp;

impl Backend for Csharp {
    fn language(&self) -> Language {
        Language::Csharp
    }

    fn view(&self, input: &Input) -> Value {
        to_json(&View::new(input))
    }

    fn files(&self, input: &Input) -> Result<Vec<File>, askama::Error> {
        let view = &View::new(input);
        let mut files = sources(view)?;
        files.retain(|file| file.path != "Inline.cs" || !view.inline_types.is_empty());
        files.push(file("README.md", &Readme { view })?);
        files.push(file(format!("{}.csproj", view.namespace), &Project { view })?);
        files
            .push(fixed_file(".editorconfig", include_str!("../../templates/csharp/editorconfig")));
        files
            .push(fixed_file(".globalconfig", include_str!("../../templates/csharp/globalconfig")));
        Ok(files)
    }

    fn peer(&self, input: &Input) -> Result<Vec<File>, askama::Error> {
        let view = &View::new(input);
        Ok(vec![
            fixed_file("peer.csproj", include_str!("../../templates/csharp/peer/peer.csproj")),
            file("Program.cs", &PeerProgram { view })?,
            file("Script.cs", &PeerScript { view })?,
            file("Produce.cs", &PeerProduce { view })?,
            file("Consume.cs", &PeerConsume { view })?,
            file("Samples.cs", &PeerSamples { view })?,
            file("Facts.cs", &PeerFacts { view })?,
        ])
    }
}

templates! { View:
    Readme = "csharp/README.md";
    Project = "csharp/project.csproj";
    PeerProgram = "csharp/peer/Program.cs";
    PeerScript = "csharp/peer/Script.cs";
    PeerProduce = "csharp/peer/Produce.cs";
    PeerConsume = "csharp/peer/Consume.cs";
    PeerSamples = "csharp/peer/Samples.cs";
    PeerFacts = "csharp/peer/Facts.cs";
}

/// A template a source file, and the list of them all.
macro_rules! sources {
    ($($name:ident = $path:literal;)*) => {
        templates! { View: $($name = $path;)* }

        fn sources(view: &View) -> Result<Vec<File>, askama::Error> {
            Ok(vec![$(file(file_name($path), &$name { view })?,)*])
        }
    };
}

sources! {
    LayoutFile = "csharp/Layout.cs";
    HeadersFile = "csharp/Headers.cs";
    ProtocolFile = "csharp/Protocol.cs";
    MessagesFile = "csharp/Messages.cs";
    InlineFile = "csharp/Inline.cs";
    Bytes = "csharp/engine/Bytes.cs";
    Claim = "csharp/engine/Claim.cs";
    ConsumerAsync = "csharp/engine/Consumer.Async.cs";
    ConsumerCore = "csharp/engine/Consumer.Core.cs";
    Consumer = "csharp/engine/Consumer.cs";
    Errors = "csharp/engine/Errors.cs";
    Factory = "csharp/engine/Factory.cs";
    Fields = "csharp/engine/Fields.cs";
    Fragments = "csharp/engine/Fragments.cs";
    Identity = "csharp/engine/Identity.cs";
    Manager = "csharp/engine/Manager.cs";
    Message = "csharp/engine/Message.cs";
    Monitor = "csharp/engine/Monitor.cs";
    Native = "csharp/engine/Native.cs";
    NativeLinux = "csharp/engine/Native.Linux.cs";
    NativeMacOs = "csharp/engine/Native.MacOS.cs";
    NativeUnix = "csharp/engine/Native.Unix.cs";
    NativeWindows = "csharp/engine/Native.Windows.cs";
    Options = "csharp/engine/Options.cs";
    Plain = "csharp/engine/Plain.cs";
    Producer = "csharp/engine/Producer.cs";
    ProducerBatch = "csharp/engine/Producer.Batch.cs";
    ProducerCore = "csharp/engine/Producer.Core.cs";
    Recovery = "csharp/engine/Recovery.cs";
    RingBuffer = "csharp/engine/RingBuffer.cs";
    RingReader = "csharp/engine/RingReader.cs";
    RingWriter = "csharp/engine/RingWriter.cs";
    Role = "csharp/engine/Role.cs";
    Segment = "csharp/engine/Segment.cs";
    Waiter = "csharp/engine/Waiter.cs";
}

/// The last part of a template's path.
fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Everything that the C# templates print.
#[derive(Debug, Serialize)]
struct View {
    banner: Vec<String>,
    /// The banner without the command, whose `--` would end an XML comment.
    xml_banner: Vec<String>,
    doc: Vec<String>,
    namespace: String,
    package_version: String,
    /// Name of a struct for examples.
    example_struct: String,
    spec: String,
    command: String,
    protocol: Protocol,
    ring_header: Header,
    message_header: Header,
    message_types: Vec<NamedLiteral>,
    message_ids: Vec<NamedLiteral>,
    flags_type: &'static str,
    flags: Vec<NamedLiteral>,
    /// The spec names no flag `none`.
    adds_no_flag: bool,
    constants: Vec<Constant>,
    enums: Vec<Enum>,
    inline_types: Vec<InlineType>,
    /// Structs without tail, and the fixed parts of those with one.
    fixed_structs: Vec<Struct>,
    tailed_structs: Vec<Struct>,
    /// All structs as the conformance peer numbers them.
    samples: Vec<samples::Sample>,
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
    ring_roles: Vec<NamedLiteral>,
    message_roles: Vec<NamedLiteral>,
    type_ids: Vec<NamedLiteral>,
    flag_masks: Vec<NamedLiteral>,
    has_timestamp: bool,
    read_timestamp: String,
    /// The header's words behind the publication word: where each is, and what it is.
    header_words: Vec<NamedLiteral>,
}

/// A name with a literal or expression.
#[derive(Debug, Serialize)]
struct NamedLiteral {
    name: String,
    raw_name: String,
    doc: Vec<String>,
    literal: String,
}

#[derive(Debug, Serialize)]
struct Header {
    diagram: Vec<String>,
    size: u64,
    align: u64,
    fields: Vec<Field>,
    /// Fields without a role, which users set and read by themselves.
    extras: Vec<Extra>,
}

#[derive(Debug, Serialize)]
struct Extra {
    name: String,
    setter: String,
    doc: Vec<String>,
    ty: String,
    /// The type that lies in memory: `byte` for a bool.
    wire: String,
    offset: u64,
    read: String,
    /// The expression that is stored, of `value` and of the property itself.
    write: String,
    write_own: String,
}

#[derive(Debug, Serialize)]
struct Field {
    name: String,
    raw_name: String,
    /// The field that lies in memory; differs from `name` for bools and padding.
    storage: String,
    doc: Vec<String>,
    ty: String,
    /// The type that lies in memory: `byte` for a bool.
    wire: String,
    offset: u64,
    size: u64,
    is_padding: bool,
    is_bool: bool,
}

#[derive(Debug, Serialize)]
struct Constant {
    name: String,
    doc: Vec<String>,
    ty: &'static str,
    literal: String,
}

#[derive(Debug, Serialize)]
struct Enum {
    name: String,
    doc: Vec<String>,
    ty: &'static str,
    is_flags: bool,
    /// A set of flags that names neither `none` nor zero.
    adds_none: bool,
    values: Vec<NamedLiteral>,
}

#[derive(Debug, Serialize)]
struct Struct {
    name: String,
    raw_name: String,
    doc: Vec<String>,
    diagram: Vec<String>,
    /// Expression of the message type that it travels under.
    message_type: String,
    size: u64,
    /// C# gives an empty struct one byte.
    is_empty: bool,
    align: u64,
    older_sizes: Vec<u64>,
    fields: Vec<Field>,
    /// This is the fixed part of a struct with a tail.
    is_part: bool,
    has_fixed: bool,
    /// Name of the fixed part.
    fixed: String,
    tail: Option<Tail>,
    /// Expression of the payload's size.
    size_of: String,
}

#[derive(Debug, Serialize)]
struct Tail {
    name: String,
    doc: Vec<String>,
    ty: String,
    /// Statement that writes it, and expression that reads it.
    write: String,
    read: String,
}

impl View {
    fn new(input: &Input) -> Self {
        let layout = input.layout;
        let namespace = layout.targets.csharp_namespace.join(".");
        let (major, minor) = layout.version;
        let structs = || layout.structs.iter();
        let banner = input.origin.banner(layout.version, Language::Csharp);
        let tailed = |item: &&StructLayout| item.tail.is_some();
        Self {
            xml_banner: banner.iter().filter(|line| !line.contains("--")).cloned().collect(),
            banner,
            doc: doc(&layout.doc, || format!("The {} protocol.", layout.name)),
            package_version: format!("{major}.{minor}.0"),
            example_struct: structs()
                .find(|item| item.id.is_some())
                .map_or_else(|| "string".to_owned(), |item| type_spelling(&item.name)),
            spec: input.origin.spec().to_owned(),
            command: input.origin.command(Language::Csharp),
            protocol: Protocol::new(layout),
            ring_header: header(layout, &layout.ring_header),
            message_header: header(layout, &layout.message_header),
            message_types: layout.message_types.iter().map(message_type).collect(),
            message_ids: structs().filter_map(message_id).collect(),
            flags_type: scalar(layout.flags.scalar),
            flags: bits(&layout.flags.bits, layout.flags.scalar, NameKind::ProtocolValue),
            adds_no_flag: lacks_none(&layout.flags.bits),
            constants: layout.constants.iter().map(constant).collect(),
            enums: layout.enums.iter().map(enumeration).collect(),
            inline_types: inline_types(layout),
            fixed_structs: structs()
                .filter(|item| item.tail.is_none() || item.size > 0)
                .map(|item| fixed_struct(layout, item, &namespace))
                .collect(),
            tailed_structs: structs()
                .filter(tailed)
                .map(|item| tailed_struct(layout, item, &namespace))
                .collect(),
            samples: samples::all(layout),
            namespace,
        }
    }
}

impl Protocol {
    fn new(layout: &Layout) -> Self {
        let literal = |name: String, literal: String| NamedLiteral {
            name,
            raw_name: String::new(),
            doc: Vec::new(),
            literal,
        };
        let ring_role = |role: &RingRole| {
            let field = layout.ring_header.role(*role).expect("every ring role is there");
            literal(names::pascal(role.name()), field.offset.to_string())
        };
        let message_role = |role: &MessageRole| {
            let field = layout.message_header.role(*role)?;
            Some(literal(names::pascal(role.name()), field.offset.to_string()))
        };
        let type_id = |name: &str| {
            let name_of = names::pascal(&format!("type_{name}"));
            literal(name_of, engine_type(layout, name).to_string())
        };
        let flag_mask = |name: &str| {
            let name_of = names::pascal(&format!("flag_{name}"));
            literal(name_of, hex(engine_flag(layout, name), 2))
        };
        let timestamp = layout.message_header.role(MessageRole::Timestamp);
        let (major, minor) = layout.version;
        Self {
            name: string_literal(&layout.name),
            version: string_literal(&format!("{major}.{minor}")),
            file_prefix: string_literal(&layout.file_prefix),
            default_capacity: layout.default_capacity,
            magic: hex(i128::from(layout.magic), 8),
            version_major: major,
            version_minor: minor,
            layout_hash: hex(i128::from(layout.layout_hash), 16),
            schema_hash: hex(i128::from(layout.schema_hash), 16),
            ring_roles: RingRole::ALL.iter().map(ring_role).collect(),
            message_roles: MessageRole::ALL.iter().filter_map(message_role).collect(),
            type_ids: ENGINE_TYPES.map(type_id).into(),
            flag_masks: ENGINE_FLAGS.map(flag_mask).into(),
            has_timestamp: timestamp.is_some(),
            read_timestamp: timestamp
                .map_or_else(|| "0".to_owned(), |_| "*(ulong*)(record + Timestamp)".to_owned()),
            header_words: header_words(layout)
                .into_iter()
                .map(|(offset, value)| literal(offset.to_string(), value))
                .collect(),
        }
    }
}

/// What the engine writes into each word of the message header but the first one.
fn header_words(layout: &Layout) -> Vec<(u64, String)> {
    const WORD: u64 = 8;
    let header = &layout.message_header;
    let terms = [
        (MessageRole::MessageId, "id"),
        (MessageRole::Flags, "(ulong)flags"),
        (MessageRole::Timestamp, "Platform.Current.MonotonicNs()"),
    ];
    let word = |start: u64| {
        let inside = |(role, value): &(MessageRole, &str)| {
            let offset = header.role(*role)?.offset;
            let shift = offset.checked_sub(start).filter(|at| *at < WORD)? * 8;
            Some(match (shift, *value) {
                (0, value) => value.to_owned(),
                (shift, "id") => format!("((ulong)id << {shift})"),
                (shift, value) => format!("({value} << {shift})"),
            })
        };
        let terms: Vec<_> = terms.iter().filter_map(inside).collect();
        let value = if terms.is_empty() { "0".to_owned() } else { terms.join(" | ") };
        (start, value)
    };
    (WORD..header.size).step_by(8).map(word).collect()
}

fn spell(kind: NameKind, name: &str) -> String {
    names::spell(Language::Csharp, kind, name)
}

fn type_spelling(name: &str) -> String {
    spell(NameKind::Type, name)
}

fn header<R: Copy>(layout: &Layout, header: &HeaderLayout<R>) -> Header {
    let extra = |field: &FieldLayout<R>| {
        let name = spell(NameKind::HeaderField, &field.name);
        let is_bool = field.ty == Type::Scalar(Scalar::Bool);
        let offset = field.offset;
        let ty = type_name(layout, &field.ty);
        let read = if is_bool {
            format!("IsPresent && *(_header + {offset}) != 0")
        } else {
            format!("IsPresent ? *({ty}*)(_header + {offset}) : default({ty})")
        };
        let stored = |value: &str| match is_bool {
            true => format!("{value} ? (byte)1 : (byte)0"),
            false => value.to_owned(),
        };
        Extra {
            setter: spell(NameKind::Function, &format!("set_{}", field.name)),
            doc: field_doc(field),
            wire: wire_type(layout, &field.ty),
            write: stored("value"),
            write_own: stored(&name),
            name,
            ty,
            offset,
            read,
        }
    };
    Header {
        diagram: diagram_lines(diagram::of_header(header)),
        size: header.size,
        align: header.align,
        fields: fields(layout, "", &header.fields, header.size),
        extras: header.fields.iter().filter(|f| f.role.is_none()).map(extra).collect(),
    }
}

/// A picture inside XML: what the picture uses needs no escapes.
fn diagram_lines(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The fields of `owner` with their padding made explicit.
fn fields<R>(layout: &Layout, owner: &str, fields: &[FieldLayout<R>], end: u64) -> Vec<Field> {
    let field = |slot: Slot<'_, R>| match slot {
        Slot::Field(field) => {
            let name = names::spell_member(Language::Csharp, NameKind::Field, owner, &field.name);
            let is_bool = field.ty == Type::Scalar(Scalar::Bool);
            Field {
                raw_name: field.name.clone(),
                storage: if is_bool { format!("_{name}") } else { name.clone() },
                doc: field_doc(field),
                ty: type_name(layout, &field.ty),
                wire: wire_type(layout, &field.ty),
                offset: field.offset,
                size: field.size,
                is_padding: false,
                is_bool,
                name,
            }
        }
        Slot::Padding { index, offset, size } => Field {
            name: String::new(),
            raw_name: String::new(),
            storage: format!("_padding{index}"),
            doc: Vec::new(),
            ty: String::new(),
            wire: String::new(),
            offset,
            size,
            is_padding: true,
            is_bool: false,
        },
    };
    slots(fields, end).into_iter().map(field).collect()
}

fn message_type(value: &NamedValue) -> NamedLiteral {
    named(value, value.value.to_string(), NameKind::ProtocolValue)
}

fn message_id(item: &StructLayout) -> Option<NamedLiteral> {
    let name = type_spelling(&item.name);
    let literal = item.id?.to_string();
    Some(NamedLiteral { raw_name: name.clone(), name, doc: Vec::new(), literal })
}

fn bits(bits: &[NamedValue], scalar: Scalar, kind: NameKind) -> Vec<NamedLiteral> {
    let digits = usize::try_from(scalar.size() * 2).expect("at most sixteen digits");
    bits.iter().map(|bit| named(bit, hex(bit.value, digits), kind)).collect()
}

fn named(value: &NamedValue, literal: String, kind: NameKind) -> NamedLiteral {
    NamedLiteral {
        name: spell(kind, &value.name),
        raw_name: value.name.clone(),
        doc: doc(&value.doc, || format!("Value `{}`.", value.name)),
        literal,
    }
}

fn lacks_none(values: &[NamedValue]) -> bool {
    !values.iter().any(|v| v.value == 0 || spell(NameKind::EnumValue, &v.name) == "None")
}

fn constant(constant: &ConstantLayout) -> Constant {
    let ty = match &constant.value {
        ConstantValue::Int(ty, _) | ConstantValue::Float(ty, _) => scalar(*ty),
        ConstantValue::Bool(_) => "bool",
        ConstantValue::Text(_) => "string",
    };
    Constant {
        name: names::spell_member(
            Language::Csharp,
            NameKind::Constant,
            "Constants",
            &constant.name,
        ),
        doc: doc(&constant.doc, || format!("Constant `{}`.", constant.name)),
        ty,
        literal: literal(&constant.value),
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    let values = if item.is_flags {
        bits(&item.values, item.scalar, NameKind::EnumValue)
    } else {
        let value = |v: &NamedValue| named(v, v.value.to_string(), NameKind::EnumValue);
        item.values.iter().map(value).collect()
    };
    Enum {
        name: type_spelling(&item.name),
        doc: doc(&item.doc, || format!("The `{}` values.", item.name)),
        ty: scalar(item.scalar),
        is_flags: item.is_flags,
        adds_none: item.is_flags && lacks_none(&item.values),
        values,
    }
}

/// A struct without a tail, or the fixed part of one that has a tail.
fn fixed_struct(layout: &Layout, item: &StructLayout, namespace: &str) -> Struct {
    let name = type_spelling(&item.name);
    let is_part = item.tail.is_some();
    let fallback = || format!("The `{}` payload.", item.name);
    Struct {
        doc: if is_part {
            doc(&format!("The part of `{name}` before its tail."), fallback)
        } else {
            doc(&item.doc, fallback)
        },
        fields: fields(layout, &item.name, &item.fields, item.size),
        is_part,
        name: if is_part { format!("{name}Fixed") } else { name },
        ..parts(item, namespace)
    }
}

fn tailed_struct(layout: &Layout, item: &StructLayout, namespace: &str) -> Struct {
    let name = type_spelling(&item.name);
    let tail = item.tail.as_ref().map(|t| tail(layout, item, t, namespace));
    let size_of = tail.as_ref().map_or_else(String::new, |(_, size_of)| size_of.clone());
    Struct {
        doc: doc(&item.doc, || format!("The `{}` payload.", item.name)),
        fixed: format!("{name}Fixed"),
        name,
        tail: tail.map(|(tail, _)| tail),
        size_of,
        ..parts(item, namespace)
    }
}

/// What both kinds of struct have alike.
fn parts(item: &StructLayout, namespace: &str) -> Struct {
    Struct {
        name: String::new(),
        raw_name: item.name.clone(),
        doc: Vec::new(),
        diagram: diagram_lines(diagram::of_struct(item)),
        message_type: item.id.map_or_else(
            || format!("global::{namespace}.Layout.TypeData"),
            |id| format!("(MessageType){id}"),
        ),
        size: item.size,
        is_empty: item.size == 0,
        align: item.align,
        older_sizes: item.older_sizes.clone(),
        fields: Vec::new(),
        is_part: false,
        has_fixed: item.size > 0,
        fixed: String::new(),
        tail: None,
        size_of: String::new(),
    }
}

/// The tail and the expression of the whole payload's size.
fn tail(
    layout: &Layout,
    item: &StructLayout,
    tail: &TailLayout,
    namespace: &str,
) -> (Tail, String) {
    let mut name = names::spell_member(Language::Csharp, NameKind::Field, &item.name, &tail.name);
    if name == "Fixed" {
        name.push('_'); // beside the fixed part, which has this name
    }
    let helper = format!("global::{namespace}.RingTail");
    let (fixed, element_size) = (item.size, tail.element_size);
    let rest = if fixed == 0 { "payload".to_owned() } else { "payload.Slice(length)".to_owned() };
    let room =
        if fixed == 0 { "destination".to_owned() } else { format!("destination.Slice({fixed})") };
    let sized = format!("{helper}.SizeWith({fixed}, {name}, {element_size})");
    let (ty, write, read, size_of) = match &tail.kind {
        TailKind::String => (
            "string".to_owned(),
            format!("{helper}.Write({name}, {room})"),
            format!("{helper}.Read({rest}, out {name})"),
            format!("{helper}.SizeWith({fixed}, {name})"),
        ),
        TailKind::Elements(Type::Scalar(Scalar::Bool)) => (
            "bool[]".to_owned(),
            format!("{helper}.WriteBools({name}, {room})"),
            format!("{helper}.ReadBools({rest}, out {name})"),
            sized,
        ),
        kind => {
            let element = match kind {
                TailKind::Elements(ty) => type_name(layout, ty),
                _ => "byte".to_owned(),
            };
            (
                format!("{element}[]"),
                format!("{helper}.Write({name}, {room})"),
                format!("{helper}.Read({rest}, {element_size}, out {name})"),
                sized,
            )
        }
    };
    let doc = doc::tail_doc(tail);
    (Tail { name, doc, ty, write, read }, size_of)
}
