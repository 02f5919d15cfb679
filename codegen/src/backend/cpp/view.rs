//! Everything that the C++ templates print, as final names, types and literals.

use serde::Serialize;

use super::headers::{HeaderView, Protocol, header};
use super::root::exports;
use super::spell::{self, PROSE, WIDTH, name, root, scalar};
use super::structs::{Struct, structure};
use crate::backend::Input;
use crate::facts;
use bitrpc_spec::layout::{ConstantLayout, EnumLayout, Layout, NamedValue, Scalar};
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
    pub(super) doc: Vec<String>,
    pub(super) ty: &'static str,
    pub(super) is_flags: bool,
    pub(super) values: Vec<ValueView>,
}

impl View {
    pub(super) fn new(input: &Input) -> Self {
        let layout = input.layout;
        let message_type = |value: &NamedValue| {
            named(value, spell::integer(Scalar::U32, value.value), NameKind::ProtocolValue)
        };
        let flag = |(value, mask): (&NamedValue, String)| {
            named(value, spell::bit(layout.flags.scalar, &mask), NameKind::ProtocolValue)
        };
        let constants: Vec<_> = layout.constants.iter().map(constant).collect();
        let enums: Vec<_> = layout.enums.iter().map(enumeration).collect();
        let structs: Vec<_> = layout.structs.iter().map(|s| structure(layout, s)).collect();
        Self {
            banner: input.origin.banner(layout.version, Language::CPP),
            doc: PROSE.wrap(&facts::of_protocol(layout)),
            namespace: layout.targets.cpp_namespace.join("::"),
            root: root(layout),
            header: layout.targets.cpp_header.clone(),
            target: cmake_target(&layout.targets.cpp_namespace),
            spec: input.origin.spec().to_owned(),
            command: input.origin.command(Language::CPP),
            macros: macros(layout),
            protocol: Protocol::new(layout),
            ring_header: header(layout, &layout.ring_header),
            message_header: header(layout, &layout.message_header),
            message_types: layout.message_types.iter().map(message_type).collect(),
            flags_type: scalar(layout.flags.scalar),
            flags: facts::flags(layout).map(flag).collect(),
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
    names::reason(Language::CPP, NameKind::EnumValue, name) == Some(Reason::PlatformMacro)
}

fn named(value: &NamedValue, literal: String, kind: NameKind) -> ValueView {
    let name = name(kind, &value.name);
    ValueView {
        alias: (kind == NameKind::ProtocolValue && is_macro(&name)).then(|| format!("{name}_")),
        name,
        raw_name: value.name.clone(),
        doc: PROSE.wrap(&facts::of_value(value)),
        literal,
    }
}

fn constant(constant: &ConstantLayout) -> Constant {
    let (ty, literal) = spell::constant(&constant.value);
    let name = name(NameKind::Constant, &constant.name);
    let line = format!("inline constexpr {ty} {name} = {literal};");
    Constant {
        is_wide: line.len() > WIDTH,
        name,
        doc: PROSE.wrap(&facts::of_constant(constant)),
        ty,
        literal,
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    let literal = |value: &NamedValue, number: String| match item.is_flags {
        true => spell::bit(item.scalar, &number),
        false => spell::integer(item.scalar, value.value),
    };
    let value = |(value, number)| named(value, literal(value, number), NameKind::EnumValue);
    Enum {
        name: name(NameKind::Type, &item.name),
        doc: PROSE.wrap(&facts::of_enum(item)),
        ty: scalar(item.scalar),
        is_flags: item.is_flags,
        values: facts::values(item).map(value).collect(),
    }
}
