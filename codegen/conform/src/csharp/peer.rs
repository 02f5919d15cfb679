//! The peer: what its templates print besides the names of the library.

use crate::peer::{file, fixed, templates};
use bitrpc_codegen::backend::Input;
use bitrpc_codegen::backend::csharp::spell::{
    fixed_name, member, qualified, qualified_wire, scalar, spec_type, storage, tail_member,
    type_ident,
};
use bitrpc_codegen::emit::File;
use bitrpc_spec::layout::{
    EnumLayout, FieldLayout, HeaderLayout, Layout, Scalar, StructLayout, TailKind, TailLayout, Type,
};
use bitrpc_spec::model::RingRole;
use bitrpc_spec::names::pascal;

templates! { askama::Template, View:
    Program = "csharp/Program.cs";
    Script = "csharp/Script.cs";
    Produce = "csharp/Produce.cs";
    Consume = "csharp/Consume.cs";
    Samples = "csharp/Samples.cs";
    Facts = "csharp/Facts.cs";
    Attempt = "csharp/Attempt.cs";
    Hostile = "csharp/Hostile.cs";
    Observer = "csharp/Observer.cs";
}

pub(super) fn files(input: &Input) -> Vec<File> {
    let view = &View::new(input.layout);
    let mut files = vec![
        file("Program.cs", &Program { view }),
        file("Script.cs", &Script { view }),
        file("Produce.cs", &Produce { view }),
        file("Consume.cs", &Consume { view }),
        file("Samples.cs", &Samples { view }),
        file("Facts.cs", &Facts { view }),
        file("Attempt.cs", &Attempt { view }),
        file("Hostile.cs", &Hostile { view }),
        file("Observer.cs", &Observer { view }),
    ];
    files.extend(fixed! {
        "peer.csproj" = "csharp/peer.csproj";
        "Pace.cs" = "csharp/Pace.cs";
        "Text.cs" = "csharp/Text.cs";
    });
    files
}

struct View {
    namespace: String,
    ring_header: Header,
    message_header: Header,
    /// Names of the ring header's fields that some code reads.
    ring_roles: Vec<String>,
    structs: Vec<Struct>,
}

struct Header {
    align: u64,
    fields: Vec<Member>,
}

/// A field by its name in the spec, the one that lies in memory, and the type of that.
struct Member {
    raw_name: String,
    storage: String,
    wire: String,
}

struct Struct {
    name: String,
    /// Name of the part before the tail.
    fixed: String,
    /// Its type and the one of its fixed part, for the peer's namespace.
    ty: String,
    fixed_ty: String,
    raw_name: String,
    id: Option<u32>,
    size: u64,
    align: u64,
    has_tail: bool,
    /// There are bytes before the tail.
    has_fixed: bool,
    /// There is a type of the fixed part, or of the struct without tail.
    has_part: bool,
    fields: Vec<Member>,
    /// Statements that draw the fields into `item`.
    draws: Vec<String>,
    /// Statement that draws the tail into `whole`.
    draw_tail: String,
}

impl View {
    fn new(layout: &Layout) -> Self {
        Self {
            namespace: layout.targets.csharp_namespace.join("."),
            ring_header: header(layout, "RingHeader", &layout.ring_header),
            message_header: header(layout, "MessageHeader", &layout.message_header),
            ring_roles: RingRole::ALL.iter().map(|role| pascal(role.name())).collect(),
            structs: layout.structs.iter().map(|item| structure(layout, item)).collect(),
        }
    }
}

fn header<R>(layout: &Layout, name: &str, header: &HeaderLayout<R>) -> Header {
    Header { align: header.align, fields: members(layout, name, &header.fields) }
}

fn members<R>(layout: &Layout, owner: &str, fields: &[FieldLayout<R>]) -> Vec<Member> {
    let of_field = |field: &FieldLayout<R>| Member {
        raw_name: field.name.clone(),
        storage: storage(&member(owner, &field.name), &field.ty),
        wire: qualified_wire(layout, &field.ty),
    };
    fields.iter().map(of_field).collect()
}

fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    let (name, fixed) = (type_ident(&item.name), fixed_name(item));
    let draw = |field: &FieldLayout| {
        statement(layout, &field.ty, &format!("item.{}", member(&item.name, &field.name)))
    };
    let draw_tail = item.tail.as_ref().map(|tail| draw_tail(layout, item, tail));
    Struct {
        ty: spec_type(layout, &name),
        fixed_ty: spec_type(layout, &fixed),
        name,
        fixed,
        raw_name: item.name.clone(),
        id: item.id,
        size: item.size,
        align: item.align,
        has_tail: item.tail.is_some(),
        has_fixed: item.size > 0,
        has_part: item.tail.is_none() || item.size > 0,
        fields: members(layout, &item.name, &item.fields),
        draws: item.fields.iter().map(draw).collect(),
        draw_tail: draw_tail.unwrap_or_default(),
    }
}

fn draw_tail(layout: &Layout, item: &StructLayout, tail: &TailLayout) -> String {
    let drawn = match &tail.kind {
        TailKind::String => "rng.TailText(room)".to_owned(),
        TailKind::Bytes => "rng.TailBytes(room)".to_owned(),
        TailKind::Elements(ty) => {
            let name = qualified(layout, ty);
            let (size, element) = (tail.element_size, expression(layout, ty).replace("rng", "r"));
            format!("rng.TailElements<{name}>(room, {size}, r => {element})")
        }
    };
    format!("whole.{} = {drawn};", tail_member(item, tail))
}

/// The statement that draws a value of `ty` into `target`.
fn statement(layout: &Layout, ty: &Type, target: &str) -> String {
    match ty {
        Type::Char(length) => format!("{target}.Set(rng.Text({length}));"),
        Type::Bytes(length) => format!("{target}.Set(rng.Bytes({length}));"),
        Type::Array(element, length) => {
            let element = expression(layout, element);
            format!("for (int i = 0; i < {length}; i++) {{ {target}[i] = {element}; }}")
        }
        other => format!("{target} = {};", expression(layout, other)),
    }
}

/// The expression that draws a value of a scalar, enum or struct.
fn expression(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => "rng.Bool()".to_owned(),
        Type::Scalar(Scalar::F32) => "rng.F32()".to_owned(),
        Type::Scalar(Scalar::F64) => "rng.F64()".to_owned(),
        Type::Scalar(ty) => {
            let ty = scalar(*ty);
            let bound = |name: &str| format!("unchecked((ulong){ty}.{name})");
            let (least, most) = (bound("MinValue"), bound("MaxValue"));
            format!("unchecked(({ty})rng.Integer({least}, {most}))")
        }
        Type::Enum(index) => enum_value(layout, &layout.enums[*index]),
        Type::Struct(index) => {
            let name = type_ident(&layout.structs[*index].name);
            format!("Samples.Draw{name}(rng)")
        }
        Type::Char(_) | Type::Bytes(_) | Type::Array(..) => {
            unreachable!("a spec has no array of arrays or texts")
        }
    }
}

fn enum_value(layout: &Layout, item: &EnumLayout) -> String {
    let name = spec_type(layout, &type_ident(&item.name));
    let ty = scalar(item.scalar);
    if item.is_flags {
        return format!("unchecked(({name})({ty})rng.Next())");
    }
    let value = |value: &i128| format!("unchecked((ulong)({value}))");
    let values: Vec<_> = item.values.iter().map(|v| value(&v.value)).collect();
    format!("unchecked(({name})({ty})rng.Enum({}))", values.join(", "))
}
