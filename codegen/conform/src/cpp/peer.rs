//! The peer: what its templates print besides the names of the library.

use crate::peer::{self, Enum, Member, file, fixed, library, templates};
use bitrpc_codegen::backend::Input;
use bitrpc_codegen::backend::cpp::spell::{fixed_name, name, scalar};
use bitrpc_codegen::emit::File;
use bitrpc_spec::layout::{EnumLayout, Layout, Scalar, StructLayout, TailKind, Type};
use bitrpc_spec::names::{Language, NameKind};

templates! { askama::Template, View:
    Samples = "cpp/samples.h";
    Facts = "cpp/facts.h";
}

pub(super) fn files(input: &Input) -> Vec<File> {
    let view = &View::new(input);
    let taken = |path: &str| path == view.header || path == ".clang-format";
    let mut files: Vec<_> = library(input, Language::CPP, taken).collect();
    files.push(file("samples.h", &Samples { view }));
    files.push(file("facts.h", &Facts { view }));
    files.extend(fixed! {
        "main.cpp" = "cpp/main.cpp";
        "attempt.h" = "cpp/attempt.h";
        "consume.h" = "cpp/consume.h";
        "hostile.h" = "cpp/hostile.h";
        "pace.h" = "cpp/pace.h";
        "produce.h" = "cpp/produce.h";
        "run.h" = "cpp/run.h";
        "script.h" = "cpp/script.h";
        "statistics.h" = "cpp/statistics.h";
        "text.h" = "cpp/text.h";
    });
    files
}

struct View {
    header: String,
    namespace: String,
    ring_header: Vec<Member>,
    message_header: Vec<Member>,
    enums: Vec<Enum>,
    structs: Vec<Struct>,
}

struct Struct {
    name: String,
    fixed: String,
    raw_name: String,
    sampler: String,
    id: Option<String>,
    size: u64,
    fields: Vec<Member>,
    /// Statements that draw the fields into `item`.
    draws: Vec<String>,
    tail: Option<Tail>,
}

struct Tail {
    name: String,
    is_text: bool,
    is_bytes: bool,
    element_size: u64,
    /// Statement that draws one element into `element`.
    sample: String,
}

impl View {
    fn new(input: &Input) -> Self {
        let layout = input.layout;
        Self {
            header: layout.targets.cpp_header.clone(),
            namespace: layout.targets.cpp_namespace.join("::"),
            ring_header: Member::all(Language::CPP, &layout.ring_header.fields),
            message_header: Member::all(Language::CPP, &layout.message_header.fields),
            enums: layout.enums.iter().map(enumeration).collect(),
            structs: layout.structs.iter().map(|item| structure(layout, item)).collect(),
        }
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    Enum::new(Language::CPP, item, scalar(item.scalar))
}

fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    let fields = Member::all(Language::CPP, &item.fields);
    let draws = item.fields.iter().zip(&fields);
    let draws = draws.map(|(field, own)| sample(layout, &field.ty, &format!("item.{}", own.name)));
    let tail = item.tail.as_ref().map(|tail| Tail {
        name: name(NameKind::Field, &tail.name),
        is_text: tail.kind == TailKind::String,
        is_bytes: tail.kind == TailKind::Bytes,
        element_size: tail.element_size,
        sample: match &tail.kind {
            TailKind::Elements(ty) => sample(layout, ty, "element"),
            TailKind::String | TailKind::Bytes => String::new(),
        },
    });
    Struct {
        name: name(NameKind::Type, &item.name),
        fixed: fixed_name(item),
        raw_name: item.name.clone(),
        sampler: sampler(&item.name),
        id: item.id.map(|id| format!("{id}U")),
        size: item.size,
        draws: draws.collect(),
        fields,
        tail,
    }
}

/// The statement that draws a value of `ty` into `target`.
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

fn sampler(ident: &str) -> String {
    peer::sampler(Language::CPP, ident)
}
