//! C++17: one self-contained header.

mod spelling;

use serde::Serialize;
use serde_json::Value;

use self::spelling::{integer, line_comment, sampler, scalar, spell, string_literal};
use super::common::{
    ENGINE_FLAGS, ENGINE_TYPES, Prose, Slot, engine_flag, engine_type, hex, needs_align, slots,
};
use super::{Backend, Input, file, fixed_file, to_json};
use crate::emit::File;
use crate::layout::{
    ConstantLayout, ConstantValue, EnumLayout, FieldLayout, HeaderLayout, Layout, NamedValue,
    Scalar, StructLayout, TailKind, TailLayout, Type, diagram,
};
use crate::names::{self, Language, NameKind, Reason};
use crate::spec::{MessageRole, RingRole};

/// Columns of a line, as `.clang-format` says.
const WIDTH: usize = 100;

const PROSE: Prose = Prose { escape: line_comment, width: WIDTH };

/// The C++ backend.
#[derive(Debug)]
pub(super) struct Cpp;

impl Backend for Cpp {
    fn language(&self) -> Language {
        Language::Cpp
    }

    fn view(&self, input: &Input) -> Value {
        to_json(&View::new(input))
    }

    fn files(&self, input: &Input) -> Result<Vec<File>, askama::Error> {
        let view = &View::new(input);
        Ok(vec![
            file(view.header.clone(), &Header { view })?,
            file("README.md", &Readme { view })?,
            file("CMakeLists.txt", &CMake { view })?,
            fixed_file(".clang-format", include_str!("../../templates/cpp/clang-format")),
        ])
    }

    fn peer(&self, input: &Input) -> Result<Vec<File>, askama::Error> {
        let view = &View::new(input);
        Ok(vec![
            file(view.header.clone(), &Header { view })?,
            file("samples.h", &PeerSamples { view })?,
            file("facts.h", &PeerFacts { view })?,
            fixed_file(".clang-format", include_str!("../../templates/cpp/clang-format")),
            fixed_file("main.cpp", include_str!("../../templates/cpp/peer/main.cpp")),
            fixed_file("attempt.h", include_str!("../../templates/cpp/peer/attempt.h")),
            fixed_file("consume.h", include_str!("../../templates/cpp/peer/consume.h")),
            fixed_file("hostile.h", include_str!("../../templates/cpp/peer/hostile.h")),
            fixed_file("pace.h", include_str!("../../templates/cpp/peer/pace.h")),
            fixed_file("produce.h", include_str!("../../templates/cpp/peer/produce.h")),
            fixed_file("run.h", include_str!("../../templates/cpp/peer/run.h")),
            fixed_file("script.h", include_str!("../../templates/cpp/peer/script.h")),
            fixed_file("statistics.h", include_str!("../../templates/cpp/peer/statistics.h")),
            fixed_file("text.h", include_str!("../../templates/cpp/peer/text.h")),
        ])
    }
}

templates! { View:
    Header = "cpp/shared_memory_api.h";
    Readme = "cpp/README.md";
    CMake = "cpp/CMakeLists.txt";
    PeerSamples = "cpp/peer/samples.h";
    PeerFacts = "cpp/peer/facts.h";
}

/// Everything that the C++ templates print.
#[derive(Debug, Serialize)]
struct View {
    banner: Vec<String>,
    doc: Vec<String>,
    namespace: String,
    header: String,
    /// CMake target name.
    target: String,
    spec: String,
    command: String,
    /// Names in this header that some platform's headers define as macros.
    macros: Vec<String>,
    protocol: Protocol,
    ring_header: HeaderView,
    message_header: HeaderView,
    message_types: Vec<ValueView>,
    flags_type: &'static str,
    flags: Vec<ValueView>,
    constants: Vec<Constant>,
    enums: Vec<Enum>,
    structs: Vec<Struct>,
}

/// The numbers that the engine takes, as literals.
#[derive(Debug, Serialize)]
struct Protocol {
    name: String,
    version: String,
    file_prefix: String,
    default_capacity: String,
    magic: String,
    version_major: u16,
    version_minor: u16,
    layout_hash: String,
    schema_hash: String,
    has_timestamp: bool,
    ring_offsets: Vec<Offset>,
    message_offsets: Vec<Offset>,
    type_ids: Vec<Alias>,
    flag_masks: Vec<Alias>,
}

/// `kWritePositionOffset = 128`.
#[derive(Debug, Serialize)]
struct Offset {
    constant: String,
    offset: u64,
}

/// `kTypeData = MessageType::DATA`.
#[derive(Debug, Serialize)]
struct Alias {
    constant: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct HeaderView {
    doc: Vec<String>,
    diagram: Vec<String>,
    size: u64,
    align: u64,
    /// The fields alone do not force `align`.
    force_align: bool,
    /// Some line is wider than the formatter allows and must be kept as it is.
    is_wide: bool,
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
    /// Bytes of a `char[N]`, which gets a setter and a view.
    text: Option<u64>,
    setter: String,
    getter: String,
    /// Statement that draws a test value into `item`; empty for padding.
    sample: String,
}

#[derive(Debug, Serialize)]
struct ValueView {
    name: String,
    /// A second name for code in which the first one is a macro.
    alias: Option<String>,
    raw_name: String,
    doc: Vec<String>,
    literal: String,
}

#[derive(Debug, Serialize)]
struct Constant {
    name: String,
    doc: Vec<String>,
    ty: &'static str,
    literal: String,
    /// Wider than the formatter allows and to be kept as it is.
    is_wide: bool,
}

#[derive(Debug, Serialize)]
struct Enum {
    name: String,
    /// Function of the conformance peer that draws a value.
    sampler: String,
    doc: Vec<String>,
    ty: &'static str,
    is_flags: bool,
    values: Vec<ValueView>,
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
    id: Option<String>,
    size: u64,
    align: u64,
    /// Payload sizes of older versions that a typed receive accepts.
    older_sizes: Vec<u64>,
    /// The fields alone do not force `align`: an element of the tail does.
    force_align: bool,
    is_wide: bool,
    fields: Vec<Field>,
    tail: Option<Tail>,
}

#[derive(Debug, Serialize)]
struct Tail {
    name: String,
    doc: Vec<String>,
    is_text: bool,
    /// Type of one element.
    element: String,
    element_size: u64,
    /// Statement that draws one test element into `element`.
    sample: String,
    is_bytes: bool,
}

impl View {
    fn new(input: &Input) -> Self {
        let layout = input.layout;
        Self {
            banner: input.origin.banner(layout.version, Language::Cpp),
            doc: PROSE.wrap_or(&layout.doc, || format!("The {} protocol.", layout.name)),
            namespace: layout.targets.cpp_namespace.join("::"),
            header: layout.targets.cpp_header.clone(),
            target: layout.targets.cpp_namespace.join("_"),
            spec: input.origin.spec().to_owned(),
            command: input.origin.command(Language::Cpp),
            macros: names::guarded_macros(layout),
            protocol: Protocol::new(layout),
            ring_header: header(layout, &layout.ring_header),
            message_header: header(layout, &layout.message_header),
            message_types: layout.message_types.iter().map(message_type).collect(),
            flags_type: scalar(layout.flags.scalar),
            flags: bits(&layout.flags.bits, layout.flags.scalar, NameKind::ProtocolValue),
            constants: layout.constants.iter().map(constant).collect(),
            enums: layout.enums.iter().map(enumeration).collect(),
            structs: layout.structs.iter().map(|s| structure(layout, s)).collect(),
        }
    }
}

fn is_macro(name: &str) -> bool {
    names::reason(Language::Cpp, NameKind::EnumValue, name) == Some(Reason::PlatformMacro)
}

impl Protocol {
    fn new(layout: &Layout) -> Self {
        let ring_offset = |role: &RingRole| Offset {
            constant: offset_constant(role.name()),
            offset: layout.ring_header.role(*role).expect("every ring role is there").offset,
        };
        let message_offset = |role: &MessageRole| {
            let field = layout.message_header.role(*role)?;
            Some(Offset { constant: offset_constant(role.name()), offset: field.offset })
        };
        let type_id = |name: &str| {
            let value = engine_type(layout, name);
            let found = layout.message_types.iter().find(|ty| ty.value == value);
            alias("type", name, "MessageType", found.expect("the type was just found"))
        };
        let flag_mask = |name: &str| {
            let mask = engine_flag(layout, name);
            let found = layout.flags.bits.iter().find(|bit| bit.value == mask);
            alias("flag", name, "MessageFlags", found.expect("the flag was just found"))
        };
        let (major, minor) = layout.version;
        Self {
            name: layout.name.clone(),
            version: format!("{major}.{minor}"),
            file_prefix: layout.file_prefix.clone(),
            default_capacity: format!("{}ULL", layout.default_capacity),
            magic: format!("{}U", hex(i128::from(layout.magic), 8)),
            version_major: major,
            version_minor: minor,
            layout_hash: format!("{}ULL", hex(i128::from(layout.layout_hash), 16)),
            schema_hash: format!("{}ULL", hex(i128::from(layout.schema_hash), 16)),
            has_timestamp: layout.message_header.role(MessageRole::Timestamp).is_some(),
            ring_offsets: RingRole::ALL.iter().map(ring_offset).collect(),
            message_offsets: MessageRole::ALL.iter().filter_map(message_offset).collect(),
            type_ids: ENGINE_TYPES.map(type_id).into(),
            flag_masks: ENGINE_FLAGS.map(flag_mask).into(),
        }
    }
}

fn offset_constant(role: &str) -> String {
    engine_constant(&format!("{role}_offset"))
}

/// A name that the engine itself uses, which is why a spec's own constants step aside for it.
fn engine_constant(name: &str) -> String {
    names::unescaped(Language::Cpp, NameKind::Constant, name)
}

fn alias(prefix: &str, name: &str, ty: &str, value: &NamedValue) -> Alias {
    Alias {
        constant: engine_constant(&format!("{prefix}_{name}")),
        value: format!("{ty}::{}", spell(NameKind::ProtocolValue, &value.name)),
    }
}

fn header<R: Copy>(layout: &Layout, header: &HeaderLayout<R>) -> HeaderView {
    let extra = |field: &FieldLayout<R>| Extra {
        name: spell(NameKind::HeaderField, &field.name),
        setter: spell(NameKind::Function, &format!("set_{}", field.name)),
        doc: PROSE.field(&field.name, &field.doc, None, "zero"),
        ty: type_name(layout, &field.ty),
        offset: field.offset,
    };
    let fields = fields(layout, &header.fields, header.size);
    HeaderView {
        doc: PROSE.wrap(&header.doc),
        diagram: diagram::of_header(header),
        size: header.size,
        align: header.align,
        force_align: needs_align(&header.fields, header.align),
        is_wide: is_wide(&fields),
        fields,
        extras: header.fields.iter().filter(|f| f.role.is_none()).map(extra).collect(),
    }
}

/// The fields with their padding made explicit.
fn fields<R>(layout: &Layout, fields: &[FieldLayout<R>], end: u64) -> Vec<Field> {
    let field = |slot: Slot<'_, R>| match slot {
        Slot::Field(field) => {
            let name = spell(NameKind::Field, &field.name);
            Field {
                raw_name: field.name.clone(),
                doc: PROSE.field(&field.name, &field.doc, field.since, "zero"),
                ty: type_name(layout, &field.ty),
                offset: field.offset,
                size: field.size,
                is_padding: false,
                text: if let Type::Char(len) = field.ty { Some(len) } else { None },
                setter: spell(NameKind::Function, &format!("set_{}", field.name)),
                getter: spell(NameKind::Function, &format!("{}_view", field.name)),
                sample: sample(layout, &field.ty, &format!("item.{name}")),
                name,
            }
        }
        Slot::Padding { index, offset, size } => Field {
            name: format!("padding{index}_"),
            raw_name: String::new(),
            doc: Vec::new(),
            ty: format!("std::array<std::uint8_t, {size}>"),
            offset,
            size,
            is_padding: true,
            text: None,
            setter: String::new(),
            getter: String::new(),
            sample: String::new(),
        },
    };
    slots(fields, end).into_iter().map(field).collect()
}

/// Whether a field's declaration leaves no room in a line.
fn is_wide(fields: &[Field]) -> bool {
    let width = |field: &Field| "    ".len() + field.ty.len() + 1 + field.name.len() + "{};".len();
    fields.iter().any(|field| width(field) > WIDTH)
}

/// Whether a function that a struct has for its fields leaves no room in a line.
fn has_wide_functions(fields: &[Field], older_sizes: &[u64]) -> bool {
    let widest = |field: &Field| {
        let (name, getter) = (&field.name, &field.getter);
        [
            format!("        return detail::store_text({name}.data(), {name}.size(), newText);"),
            format!(
                "    [[nodiscard]] std::optional<std::string_view> {getter}() const noexcept {{"
            ),
        ]
    };
    let texts = fields.iter().filter(|field| field.text.is_some()).flat_map(widest);
    let sizes = older_sizes.iter().map(|size| format!(" || wireSize == {size}"));
    let accepts = format!("        return wireSize == kWireSize{};", sizes.collect::<String>());
    texts.chain([accepts]).any(|line| line.len() > WIDTH)
}

fn value(value: &NamedValue, scalar: Scalar) -> ValueView {
    named(value, integer(scalar, value.value), NameKind::EnumValue)
}

fn message_type(value: &NamedValue) -> ValueView {
    named(value, integer(Scalar::U32, value.value), NameKind::ProtocolValue)
}

fn bits(bits: &[NamedValue], scalar: Scalar, kind: NameKind) -> Vec<ValueView> {
    let digits = usize::try_from(scalar.size() * 2).expect("at most sixteen digits");
    let suffix = if scalar == Scalar::U64 { "ULL" } else { "U" };
    let literal = |bit: &NamedValue| format!("{}{suffix}", hex(bit.value, digits));
    bits.iter().map(|bit| named(bit, literal(bit), kind)).collect()
}

fn named(value: &NamedValue, literal: String, kind: NameKind) -> ValueView {
    let name = spell(kind, &value.name);
    ValueView {
        alias: (kind == NameKind::ProtocolValue && is_macro(&name)).then(|| format!("{name}_")),
        name,
        raw_name: value.name.clone(),
        doc: PROSE.wrap_or(&value.doc, || format!("Value `{}`.", value.name)),
        literal,
    }
}

fn constant(constant: &ConstantLayout) -> Constant {
    let (ty, literal) = match &constant.value {
        ConstantValue::Int(ty, value) => (scalar(*ty), integer(*ty, *value)),
        ConstantValue::Float(Scalar::F32, value) => ("float", format!("{:?}F", *value as f32)),
        ConstantValue::Float(_, value) => ("double", format!("{value:?}")),
        ConstantValue::Bool(value) => ("bool", value.to_string()),
        ConstantValue::Text(text) => ("std::string_view", string_literal(text)),
    };
    let name = spell(NameKind::Constant, &constant.name);
    let line = format!("inline constexpr {ty} {name} = {literal};");
    Constant {
        is_wide: line.len() > WIDTH,
        name,
        doc: PROSE.wrap_or(&constant.doc, || format!("Constant `{}`.", constant.name)),
        ty,
        literal,
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    let values = if item.is_flags {
        bits(&item.values, item.scalar, NameKind::EnumValue)
    } else {
        item.values.iter().map(|v| value(v, item.scalar)).collect()
    };
    Enum {
        name: spell(NameKind::Type, &item.name),
        sampler: sampler(&item.name),
        doc: PROSE.wrap_or(&item.doc, || format!("The `{}` values.", item.name)),
        ty: scalar(item.scalar),
        is_flags: item.is_flags,
        values,
    }
}

fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    let name = spell(NameKind::Type, &item.name);
    let fields = fields(layout, &item.fields, item.size);
    Struct {
        fixed: if item.tail.is_some() { format!("{name}Fixed") } else { name.clone() },
        name,
        raw_name: item.name.clone(),
        sampler: sampler(&item.name),
        doc: PROSE.wrap_or(&item.doc, || format!("The `{}` payload.", item.name)),
        diagram: diagram::of_struct(item),
        id: item.id.map(|id| format!("{id}U")),
        size: item.size,
        align: item.align,
        older_sizes: item.older_sizes.clone(),
        force_align: needs_align(&item.fields, item.align),
        is_wide: is_wide(&fields) || has_wide_functions(&fields, &item.older_sizes),
        fields,
        tail: item.tail.as_ref().map(|t| tail(layout, t)),
    }
}

fn tail(layout: &Layout, tail: &TailLayout) -> Tail {
    let (element, sample) = match &tail.kind {
        TailKind::String => ("char".to_owned(), String::new()),
        TailKind::Bytes => ("std::uint8_t".to_owned(), String::new()),
        TailKind::Elements(ty) => (type_name(layout, ty), sample(layout, ty, "element")),
    };
    Tail {
        name: spell(NameKind::Field, &tail.name),
        doc: PROSE.field(&tail.name, &tail.doc, tail.since, "empty"),
        is_text: tail.kind == TailKind::String,
        is_bytes: tail.kind == TailKind::Bytes,
        element,
        element_size: tail.element_size,
        sample,
    }
}

fn type_name(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(ty) => scalar(*ty).to_owned(),
        Type::Char(len) => format!("std::array<char, {len}>"),
        Type::Bytes(len) => format!("std::array<std::uint8_t, {len}>"),
        Type::Enum(index) => spell(NameKind::Type, &layout.enums[*index].name),
        Type::Struct(index) => spell(NameKind::Type, &layout.structs[*index].name),
        Type::Array(element, len) => format!("std::array<{}, {len}>", type_name(layout, element)),
    }
}

/// The statement with which the conformance peer draws a value of `ty` into `target`.
fn sample(layout: &Layout, ty: &Type, target: &str) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => format!("{target} = rng.boolean();"),
        Type::Scalar(Scalar::F32) => format!("{target} = rng.f32();"),
        Type::Scalar(Scalar::F64) => format!("{target} = rng.f64();"),
        Type::Scalar(ty) => format!("{target} = rng.integer<{}>();", scalar(*ty)),
        Type::Char(_) => format!("rng.text({target});"),
        Type::Bytes(_) => format!("rng.fill({target}.data(), {target}.size());"),
        Type::Enum(index) => format!("{target} = {}(rng);", sampler(&layout.enums[*index].name)),
        Type::Struct(index) => {
            format!("{target} = {}(rng);", sampler(&layout.structs[*index].name))
        }
        Type::Array(element, _) => {
            format!("for (auto& each : {target}) {{ {} }}", sample(layout, element, "each"))
        }
    }
}
