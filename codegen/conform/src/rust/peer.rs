//! The peer: what its templates print besides the names of the library.

use crate::peer::{self, Enum, Member, file, fixed, library, templates};
use bitrpc_codegen::backend::Input;
use bitrpc_codegen::backend::rust::spell::{fixed_field, fixed_name, name, padding_name, scalar};
use bitrpc_codegen::backend::rust::{RUNTIME_VERSION, WIDTH, is_large, keep_long_lines};
use bitrpc_codegen::emit::File;
use bitrpc_spec::layout::{EnumLayout, Layout, Slot, StructLayout, TailKind, Type};
use bitrpc_spec::names::{Language, NameKind};

templates! { askama::Template, View:
    Manifest = "rust/manifest.toml";
    Facts = "rust/facts.rs";
    Samples = "rust/samples.rs";
}

pub(super) fn files(input: &Input) -> Vec<File> {
    let view = &View::new(input);
    let mut files = vec![file("Cargo.toml", &Manifest { view })];
    files.extend(library(input, Language::RUST, |path| path == "src/protocol.rs"));
    files.push(keep_long_lines(file("src/facts.rs", &Facts { view }), WIDTH));
    files.push(keep_long_lines(file("src/samples.rs", &Samples { view }), WIDTH));
    files.extend(fixed! {
        "src/main.rs" = "rust/main.rs";
        "src/attempt.rs" = "rust/attempt.rs";
        "src/consume.rs" = "rust/consume.rs";
        "src/describe.rs" = "rust/describe.rs";
        "src/hostile.rs" = "rust/hostile.rs";
        "src/measure.rs" = "rust/measure.rs";
        "src/pace.rs" = "rust/pace.rs";
        "src/produce.rs" = "rust/produce.rs";
        "src/ring.rs" = "rust/ring.rs";
        "src/rng.rs" = "rust/rng.rs";
        "src/script.rs" = "rust/script.rs";
        "src/statistics.rs" = "rust/statistics.rs";
        "src/text.rs" = "rust/text.rs";
    });
    files
}

struct View {
    banner: Vec<String>,
    runtime_version: &'static str,
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
    id: Option<u32>,
    size: u64,
    is_large: bool,
    fields: Vec<Member>,
    /// Every field, padding too, with the expression that draws a value.
    draws: Vec<Draw>,
    tail: Option<Tail>,
}

struct Tail {
    name: String,
    /// Name of the field with what is before it.
    fixed: &'static str,
    sample: String,
}

struct Draw {
    name: String,
    sample: String,
}

impl View {
    fn new(input: &Input) -> Self {
        let layout = input.layout;
        Self {
            banner: input.origin.banner(layout.version, Language::RUST),
            runtime_version: RUNTIME_VERSION,
            ring_header: Member::all(Language::RUST, &layout.ring_header.fields),
            message_header: Member::all(Language::RUST, &layout.message_header.fields),
            enums: layout.enums.iter().map(enumeration).collect(),
            structs: layout.structs.iter().map(|item| structure(layout, item)).collect(),
        }
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    Enum::new(Language::RUST, item, scalar(item.scalar))
}

fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    let draw = |slot: Slot| match slot {
        Slot::Field(field) => {
            Draw { name: name(NameKind::Field, &field.name), sample: sample(layout, &field.ty) }
        }
        Slot::Padding { index, .. } => {
            Draw { name: padding_name(index), sample: "Default::default()".to_owned() }
        }
    };
    let tail = item.tail.as_ref().map(|tail| Tail {
        name: name(NameKind::Field, &tail.name),
        fixed: fixed_field(tail),
        sample: tail_sample(layout, &tail.kind),
    });
    Struct {
        name: name(NameKind::Type, &item.name),
        fixed: fixed_name(item),
        raw_name: item.name.clone(),
        sampler: sampler(&item.name),
        id: item.id,
        size: item.size,
        is_large: is_large(item),
        fields: Member::all(Language::RUST, &item.fields),
        draws: item.slots().into_iter().map(draw).collect(),
        tail,
    }
}

fn tail_sample(layout: &Layout, kind: &TailKind) -> String {
    let element = match kind {
        TailKind::String => return "rng.tail_text(room)".to_owned(),
        TailKind::Bytes => return "rng.tail_bytes(room)".to_owned(),
        TailKind::Elements(element) => element,
    };
    let draw = match element {
        Type::Enum(index) => sampler(&layout.enums[*index].name),
        Type::Struct(index) => sampler(&layout.structs[*index].name),
        other => format!("|rng| {}", sample(layout, other)),
    };
    format!("rng.tail_elements(room, {draw})")
}

/// The expression that draws a value of `ty`.
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

fn sampler(ident: &str) -> String {
    peer::sampler(Language::RUST, ident)
}
