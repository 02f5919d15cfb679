//! Everything that the C++ templates print, as final names, types and literals.

use serde::Serialize;

use super::root::exports;
use super::spelling::{integer, root, sampler, scalar, spell, string_literal};
use super::structs::{HeaderView, Struct, header, structure};
use super::{PROSE, WIDTH};
use crate::backend::Input;
use crate::backend::common::{ENGINE_FLAGS, ENGINE_TYPES, engine_flag, engine_type, hex};
use bitrpc_spec::layout::{ConstantLayout, ConstantValue, EnumLayout, Layout, NamedValue, Scalar};
use bitrpc_spec::model::{MessageRole, RingRole};
use bitrpc_spec::names::{self, Language, NameKind, Reason};

/// Everything that the C++ templates print.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) banner: Vec<String>,
    pub(super) doc: Vec<String>,
    pub(super) namespace: String,
    /// The namespace as code of any other one names it.
    pub(super) root: String,
    pub(super) header: String,
    /// CMake target name.
    pub(super) target: String,
    pub(super) spec: String,
    pub(super) command: String,
    /// Names that somebody's headers define as macros, and that this header may spell.
    pub(super) macros: Vec<String>,
    pub(super) protocol: Protocol,
    pub(super) ring_header: HeaderView,
    pub(super) message_header: HeaderView,
    pub(super) message_types: Vec<ValueView>,
    pub(super) flags_type: &'static str,
    pub(super) flags: Vec<ValueView>,
    pub(super) constants: Vec<Constant>,
    pub(super) enums: Vec<Enum>,
    pub(super) structs: Vec<Struct>,
    /// Some of the enums are flag sets.
    pub(super) has_flag_sets: bool,
    /// Names of the spec that stand beside those of the header.
    pub(super) exports: Vec<String>,
}

/// The numbers that the engine takes, as literals.
#[derive(Debug, Serialize)]
pub(super) struct Protocol {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) file_prefix: String,
    pub(super) default_capacity: String,
    pub(super) magic: String,
    pub(super) version_major: u16,
    pub(super) version_minor: u16,
    pub(super) layout_hash: String,
    pub(super) schema_hash: String,
    pub(super) has_timestamp: bool,
    pub(super) ring_offsets: Vec<Offset>,
    pub(super) message_offsets: Vec<Offset>,
    pub(super) type_ids: Vec<Alias>,
    pub(super) flag_masks: Vec<Alias>,
}

/// `kWritePositionOffset = 128`.
#[derive(Debug, Serialize)]
pub(super) struct Offset {
    pub(super) constant: String,
    pub(super) offset: u64,
}

/// `kTypeData = MessageType::DATA`.
#[derive(Debug, Serialize)]
pub(super) struct Alias {
    pub(super) constant: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ValueView {
    pub(super) name: String,
    /// A second name for code in which the first one is a macro.
    pub(super) alias: Option<String>,
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
    /// Wider than the formatter allows and to be kept as it is.
    pub(super) is_wide: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Enum {
    pub(super) name: String,
    /// Function of the conformance peer that draws a value.
    pub(super) sampler: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: &'static str,
    pub(super) is_flags: bool,
    pub(super) values: Vec<ValueView>,
}

impl View {
    pub(super) fn new(input: &Input) -> Self {
        let layout = input.layout;
        let constants: Vec<_> = layout.constants.iter().map(constant).collect();
        let enums: Vec<_> = layout.enums.iter().map(enumeration).collect();
        let structs: Vec<_> = layout.structs.iter().map(|s| structure(layout, s)).collect();
        Self {
            banner: input.origin.banner(layout.version, Language::Cpp),
            doc: PROSE.wrap_or(&layout.doc, || format!("The {} protocol.", layout.name)),
            namespace: layout.targets.cpp_namespace.join("::"),
            root: root(layout),
            header: layout.targets.cpp_header.clone(),
            target: cmake_target(&layout.targets.cpp_namespace),
            spec: input.origin.spec().to_owned(),
            command: input.origin.command(Language::Cpp),
            macros: macros(layout),
            protocol: Protocol::new(layout),
            ring_header: header(layout, &layout.ring_header),
            message_header: header(layout, &layout.message_header),
            message_types: layout.message_types.iter().map(message_type).collect(),
            flags_type: scalar(layout.flags.scalar),
            flags: bits(&layout.flags.bits, layout.flags.scalar, NameKind::ProtocolValue),
            has_flag_sets: enums.iter().any(|item| item.is_flags),
            exports: exports(&constants, &enums, &structs),
            constants,
            enums,
            structs,
        }
    }
}

/// Macros of Qt, X11, Unreal and kernel headers that the engine's own text meets, or that of a spec
/// may: they are set aside whatever the spec says.
const SET_ASIDE: [&str; 16] = [
    "Always", "Bool", "None", "Status", "Success", "check", "emit", "ensure", "foreach", "forever",
    "likely", "signals", "slots", "unlikely", "verify", "TEXT",
];

fn macros(layout: &Layout) -> Vec<String> {
    let mut all = names::guarded_macros(layout);
    all.extend(SET_ASIDE.map(str::to_owned));
    all.sort_unstable();
    all.dedup();
    all
}

/// Targets that CMake has itself.
const CMAKE_TARGETS: [&str; 13] = [
    "all",
    "all_build",
    "clean",
    "edit_cache",
    "help",
    "install",
    "package",
    "package_source",
    "preinstall",
    "rebuild_cache",
    "run_tests",
    "test",
    "zero_check",
];

fn cmake_target(namespace: &[String]) -> String {
    let name = namespace.join("_");
    let is_taken = CMAKE_TARGETS.iter().any(|taken| taken.eq_ignore_ascii_case(&name));
    if is_taken { name + "_messages" } else { name }
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
