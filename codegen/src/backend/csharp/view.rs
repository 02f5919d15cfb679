//! Everything that the C# templates print, as final names, types and literals.

use serde::Serialize;

use super::headers::{Header, HeaderFields, Protocol, header, header_fields};
use super::inline::{InlineType, inline_types};
use super::spell::{self, doc, is_large, name, scalar, spec_type, type_ident};
use super::structs::{Struct, fixed_struct, tailed_struct};
use crate::backend::Input;
use crate::backend::origin::engine_banner;
use crate::facts::{self, PackageFacts};
use bitrpc_spec::layout::{ConstantLayout, EnumLayout, Layout, NamedValue, StructLayout};
use bitrpc_spec::names::{self, Language, NameKind};

/// Everything that the C# templates print.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) banner: Vec<String>,
    /// The banner of the engine's files.
    pub(super) engine_banner: Vec<String>,
    /// The banner without the command, whose `--` would end an XML comment.
    pub(super) xml_banner: Vec<String>,
    pub(super) doc: Vec<String>,
    pub(super) namespace: String,
    pub(super) package: PackageFacts,
    /// Name of a struct for examples.
    pub(super) example_struct: String,
    /// The protocol's name and the prefix of its files, as they are.
    pub(super) plain_name: String,
    pub(super) plain_prefix: String,
    /// What the message type of plain data is called.
    pub(super) data_type: String,
    pub(super) spec: String,
    pub(super) command: String,
    pub(super) protocol: Protocol,
    pub(super) ring_header: Header,
    pub(super) message_header: Header,
    /// The fields of the message header without a role, if there are any.
    pub(super) header_fields: Option<HeaderFields>,
    pub(super) message_types: Vec<NamedLiteral>,
    pub(super) message_ids: Vec<NamedLiteral>,
    pub(super) flags_type: &'static str,
    pub(super) flags: Vec<NamedLiteral>,
    /// The spec names no flag `none`.
    pub(super) adds_no_flag: bool,
    pub(super) constants: Vec<Constant>,
    pub(super) enums: Vec<Enum>,
    pub(super) inline_types: Vec<InlineType>,
    /// Structs without tail, and the fixed parts of those with one.
    pub(super) fixed_structs: Vec<Struct>,
    pub(super) tailed_structs: Vec<Struct>,
}

/// A name with a literal or expression.
#[derive(Debug, Serialize)]
pub(super) struct NamedLiteral {
    pub(super) name: String,
    pub(super) raw_name: String,
    /// The struct that it is named after.
    pub(super) qualified: String,
    pub(super) doc: Vec<String>,
    pub(super) literal: String,
    /// Names a struct that not every runtime takes.
    pub(super) is_large: bool,
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
    /// A set of flags that names neither `none` nor zero.
    pub(super) adds_none: bool,
    pub(super) values: Vec<NamedLiteral>,
}

impl View {
    pub(super) fn new(input: &Input) -> Self {
        let layout = input.layout;
        let namespace = layout.targets.csharp_namespace.join(".");
        let structs = || layout.structs.iter();
        let banner = input.origin.banner(layout.version, Language::CSHARP);
        let tailed = |item: &&StructLayout| item.tail.is_some();
        let protocol_value = |(value, literal)| named(value, literal, NameKind::ProtocolValue);
        Self {
            xml_banner: banner.iter().filter(|line| !line.contains("--")).cloned().collect(),
            banner,
            engine_banner: engine_banner(),
            doc: doc(&facts::of_protocol(layout)),
            package: PackageFacts::new(layout).for_xml(),
            example_struct: structs()
                .find(|item| item.id.is_some())
                .map_or_else(|| "string".to_owned(), |item| type_ident(&item.name)),
            plain_name: layout.name.clone(),
            plain_prefix: layout.file_prefix.clone(),
            data_type: name(NameKind::ProtocolValue, "data"),
            spec: input.origin.spec().to_owned(),
            command: input.origin.command(Language::CSHARP),
            protocol: Protocol::new(layout),
            ring_header: header(layout, "RingHeader", &layout.ring_header),
            message_header: header(layout, "MessageHeader", &layout.message_header),
            header_fields: header_fields(layout),
            message_types: facts::message_types(layout).map(protocol_value).collect(),
            message_ids: structs().filter_map(|item| message_id(layout, item)).collect(),
            flags_type: scalar(layout.flags.scalar),
            flags: facts::flags(layout).map(protocol_value).collect(),
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
            namespace,
        }
    }
}

fn message_id(layout: &Layout, item: &StructLayout) -> Option<NamedLiteral> {
    let raw_name = type_ident(&item.name);
    let qualified = spec_type(layout, &raw_name);
    let name = if raw_name == "MessageIds" { format!("{raw_name}_") } else { raw_name.clone() };
    let literal = item.id?.to_string();
    let is_large = is_large(item.size);
    Some(NamedLiteral { name, raw_name, qualified, doc: Vec::new(), literal, is_large })
}

fn named(value: &NamedValue, literal: String, kind: NameKind) -> NamedLiteral {
    NamedLiteral {
        name: name(kind, &value.name),
        raw_name: value.name.clone(),
        qualified: String::new(),
        doc: doc(&facts::of_value(value)),
        literal,
        is_large: false,
    }
}

fn lacks_none(values: &[NamedValue]) -> bool {
    !values.iter().any(|v| v.value == 0 || name(NameKind::EnumValue, &v.name) == "None")
}

fn constant(constant: &ConstantLayout) -> Constant {
    let (ty, literal) = spell::constant(&constant.value);
    Constant {
        name: names::spell_member(
            Language::CSHARP,
            NameKind::Constant,
            "Constants",
            &constant.name,
        ),
        doc: doc(&facts::of_constant(constant)),
        ty,
        literal,
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    let value = |(value, literal)| named(value, literal, NameKind::EnumValue);
    Enum {
        name: type_ident(&item.name),
        doc: doc(&facts::of_enum(item)),
        ty: scalar(item.scalar),
        is_flags: item.is_flags,
        adds_none: item.is_flags && lacks_none(&item.values),
        values: facts::values(item).map(value).collect(),
    }
}
