//! The peer: what its templates print besides the names of the library.

use super::facts::{self, MESSAGE_HEADER, RING_HEADER};
use crate::peer::{self, file, fixed, library, templates};
use bitrpc_codegen::backend::Input;
use bitrpc_codegen::backend::python::spell::name;
use bitrpc_codegen::emit::File;
use bitrpc_spec::layout::{EnumLayout, Layout, Scalar, StructLayout, TailKind, Type};
use bitrpc_spec::names::{Language, NameKind};

templates! { askama::Template, View:
    Samples = "python/samples.py";
    Facts = "python/facts.py";
    Protocol = "python/protocol.py";
}

pub(super) fn files(input: &Input) -> Vec<File> {
    let view = &View::new(input);
    let package = format!("{}/", view.module);
    let mut files: Vec<_> =
        library(input, Language::PYTHON, |path| path.starts_with(&package)).collect();
    files.push(commented(view, file("samples.py", &Samples { view })));
    files.push(commented(view, file("facts.py", &Facts { view })));
    files.push(commented(view, file("protocol.py", &Protocol { view })));
    files.extend(fixed! {
        "arguments.py" = "python/arguments.py";
        "attempt.py" = "python/attempt.py";
        "consume.py" = "python/consume.py";
        "failure.py" = "python/failure.py";
        "hostile.py" = "python/hostile.py";
        "main.py" = "python/main.py";
        "produce.py" = "python/produce.py";
        "rng.py" = "python/rng.py";
        "script.py" = "python/script.py";
    });
    files
}

/// The file with the banner in front of it.
fn commented(view: &View, file: File) -> File {
    let banner: String = view.banner.iter().map(|line| format!("# {line}\n")).collect();
    File { text: format!("{banner}{}", file.text), ..file }
}

struct View {
    banner: Vec<String>,
    module: String,
    facts: Vec<facts::Facts>,
    ring_header_facts: &'static str,
    message_header_facts: &'static str,
    enums: Vec<Enum>,
    structs: Vec<Struct>,
}

struct Enum {
    name: String,
    sampler: String,
    is_flags: bool,
    bits: u64,
    /// Function that cuts a number to the enum's type.
    truncate: &'static str,
    values: Vec<String>,
}

struct Struct {
    name: String,
    raw_name: String,
    sampler: String,
    size: u64,
    has_tail: bool,
    /// The fixed fields, and the tail as the last one.
    fields: Vec<Draw>,
}

struct Draw {
    name: String,
    /// Expression that draws a value.
    sample: String,
}

impl View {
    fn new(input: &Input) -> Self {
        let layout = input.layout;
        Self {
            banner: input.origin.banner(layout.version, Language::PYTHON),
            module: layout.targets.python_module.clone(),
            facts: facts::facts(layout),
            ring_header_facts: RING_HEADER,
            message_header_facts: MESSAGE_HEADER,
            enums: layout.enums.iter().map(enumeration).collect(),
            structs: layout.structs.iter().map(|item| structure(layout, item)).collect(),
        }
    }
}

fn enumeration(item: &EnumLayout) -> Enum {
    Enum {
        name: name(NameKind::Type, &item.name),
        sampler: sampler(&item.name),
        is_flags: item.is_flags,
        bits: item.scalar.bits(),
        truncate: if item.scalar.is_signed() { "to_signed" } else { "to_unsigned" },
        values: item.values.iter().map(|v| name(NameKind::EnumValue, &v.name)).collect(),
    }
}

fn structure(layout: &Layout, item: &StructLayout) -> Struct {
    let draw = |raw_name: &str, sample| Draw { name: name(NameKind::Field, raw_name), sample };
    let fields = item.fields.iter().map(|field| draw(&field.name, sample(layout, &field.ty)));
    let tail = item.tail.as_ref().map(|tail| {
        let sample = match &tail.kind {
            TailKind::String => "rng.tail_text(room)".to_owned(),
            TailKind::Bytes => "rng.tail_bytes(room)".to_owned(),
            TailKind::Elements(element) => {
                let (size, element) = (tail.element_size, sample(layout, element));
                format!("rng.tail_elements(room, {size}, lambda: {element})")
            }
        };
        draw(&tail.name, sample)
    });
    Struct {
        name: name(NameKind::Type, &item.name),
        raw_name: item.name.clone(),
        sampler: sampler(&item.name),
        size: item.size,
        has_tail: item.tail.is_some(),
        fields: fields.chain(tail).collect(),
    }
}

/// The expression that draws a value of `ty`.
fn sample(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Char(len) => format!("rng.text({len})"),
        Type::Bytes(len) => format!("rng.raw({len})"),
        Type::Enum(number) => format!("{}(rng)", sampler(&layout.enums[*number].name)),
        Type::Struct(number) => format!("{}(rng)", sampler(&layout.structs[*number].name)),
        Type::Array(element, len) => {
            format!("tuple({} for _ in range({len}))", sample(layout, element))
        }
        Type::Scalar(Scalar::Bool) => "rng.boolean()".to_owned(),
        Type::Scalar(Scalar::F32) => "rng.f32()".to_owned(),
        Type::Scalar(Scalar::F64) => "rng.f64()".to_owned(),
        Type::Scalar(scalar) => {
            let kind = if scalar.is_signed() { "signed" } else { "unsigned" };
            format!("rng.{kind}({})", scalar.bits())
        }
    }
}

fn sampler(ident: &str) -> String {
    peer::sampler(Language::PYTHON, ident)
}
