//! The layout as the peer declares it for `ctypes`.

use bitrpc_codegen::backend::python::spell::{name, plain};
use bitrpc_spec::layout::{HeaderLayout, Layout, Scalar, Slot, Type, bits};
use bitrpc_spec::names::NameKind;

/// A header or struct as it is declared for `ctypes`.
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) raw_name: String,
    pub(super) is_struct: bool,
    /// The alignment has to be asked for.
    pub(super) is_aligned: bool,
    pub(super) align_bits: u64,
    pub(super) slots: Vec<Member>,
}

/// A field, or padding.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) ctype: String,
}

/// Names of the headers' classes: no type of a spec has an underscore.
pub(super) const RING_HEADER: &str = "Ring_Header";
pub(super) const MESSAGE_HEADER: &str = "Message_Header";

/// Everything with fields, in an order in which each knows those before it.
pub(super) fn facts(layout: &Layout) -> Vec<Facts> {
    let mut facts = vec![
        of_header(&layout.ring_header, RING_HEADER),
        of_header(&layout.message_header, MESSAGE_HEADER),
    ];
    facts.extend(layout.structs.iter().map(|item| Facts {
        name: name(NameKind::Type, &item.name),
        raw_name: item.name.clone(),
        is_struct: true,
        is_aligned: item.needs_align(),
        align_bits: bits(item.align),
        slots: slots(item.slots(), |ty| ctype(layout, ty)),
    }));
    facts
}

fn of_header<R>(header: &HeaderLayout<R>, name: &str) -> Facts {
    Facts {
        name: name.to_owned(),
        raw_name: name.to_owned(),
        is_struct: false,
        is_aligned: header.needs_align(),
        align_bits: bits(header.align),
        slots: slots(header.slots(), header_ctype),
    }
}

fn slots<R>(slots: Vec<Slot<'_, R>>, ctype: impl Fn(&Type) -> String) -> Vec<Member> {
    let member = |slot: Slot<'_, R>| match slot {
        Slot::Field(field) => Member { name: field.name.clone(), ctype: ctype(&field.ty) },
        Slot::Padding { index, size, .. } => {
            Member { name: format!("_padding{index}"), ctype: format!("ctypes.c_uint8 * {size}") }
        }
    };
    slots.into_iter().map(member).collect()
}

/// The type of a field in a structure.
fn ctype(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Enum(number) => scalar_ctype(layout.enums[*number].scalar).to_owned(),
        Type::Struct(number) => name(NameKind::Type, &layout.structs[*number].name),
        Type::Array(element, len) => format!("{} * {len}", ctype(layout, element)),
        other => header_ctype(other),
    }
}

/// The same for a header, which knows neither enums nor structs.
fn header_ctype(ty: &Type) -> String {
    match ty {
        Type::Char(len) => format!("ctypes.c_char * {len}"),
        Type::Bytes(len) => format!("ctypes.c_uint8 * {len}"),
        Type::Array(element, len) => format!("{} * {len}", header_ctype(element)),
        other => scalar_ctype(plain(other)).to_owned(),
    }
}

fn scalar_ctype(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "ctypes.c_uint8",
        Scalar::U16 => "ctypes.c_uint16",
        Scalar::U32 => "ctypes.c_uint32",
        Scalar::U64 => "ctypes.c_uint64",
        Scalar::I8 => "ctypes.c_int8",
        Scalar::I16 => "ctypes.c_int16",
        Scalar::I32 => "ctypes.c_int32",
        Scalar::I64 => "ctypes.c_int64",
        Scalar::F32 => "ctypes.c_float",
        Scalar::F64 => "ctypes.c_double",
        Scalar::Bool => "ctypes.c_bool",
    }
}
