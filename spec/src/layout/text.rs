//! The layout for people: tables and pictures.

use std::fmt::Write as _;

use super::render::Shown;
use super::{FieldLayout, HeaderLayout, Layout, Lines, StructLayout, TailKind, Type, diagram};

impl Layout {
    /// A type as a spec writes it: `u32`, `char[16]`, `Leg[4]`.
    pub fn type_name(&self, ty: &Type) -> String {
        match ty {
            Type::Scalar(scalar) => scalar.name().to_owned(),
            Type::Char(length) => format!("char[{length}]"),
            Type::Bytes(length) => format!("bytes[{length}]"),
            Type::Enum(index) => self.enums[*index].name.clone(),
            Type::Struct(index) => self.structs[*index].name.clone(),
            Type::Array(element, count) => format!("{}[{count}]", self.type_name(element)),
        }
    }

    /// The type of a variable tail as a spec writes it: `string`, `bytes`, `Leg[]`.
    pub fn tail_name(&self, kind: &TailKind) -> String {
        match kind {
            TailKind::String => "string".to_owned(),
            TailKind::Bytes => "bytes".to_owned(),
            TailKind::Elements(ty) => format!("{}[]", self.type_name(ty)),
        }
    }
}

/// What `bitrpc layout` prints.
pub fn to_text(layout: &Layout) -> String {
    print(layout, &Shown::all())
}

pub(super) fn print(layout: &Layout, shown: &Shown) -> String {
    let mut out = String::new();
    let (major, minor) = layout.version;
    put(&mut out, format_args!("{} {major}.{minor}", layout.name));
    put(&mut out, format_args!("layout_hash {:#018x}", layout.layout_hash));
    put(&mut out, format_args!("schema_hash {:#018x}", layout.schema_hash));
    if shown.ring_header() {
        let ring = &layout.ring_header;
        header(&mut out, layout, "Ring header", ring, |role| role.name());
        lines(&mut out, &ring.lines());
    }
    if shown.message_header() {
        header(&mut out, layout, "Message header", &layout.message_header, |role| role.name());
    }
    for item in layout.structs.iter().filter(|item| shown.has(&item.name)) {
        structure(&mut out, layout, item);
    }
    out
}

/// Who writes which bytes of the ring header.
fn lines(out: &mut String, lines: &[Lines]) {
    put(out, format_args!("\n  line   bytes        use"));
    for line in lines {
        let number = match line.first == line.last {
            true => line.first.to_string(),
            false => format!("{}..{}", line.first, line.last),
        };
        let bytes = format!("{}..{}", line.start, line.end);
        put(out, format_args!("  {number:<5}  {bytes:<11}  {}", line.usage()));
    }
}

fn header<R: Copy>(
    out: &mut String,
    layout: &Layout,
    title: &str,
    header: &HeaderLayout<R>,
    role: impl Fn(R) -> &'static str,
) {
    put(out, format_args!("\n{title}: {} bytes, align {}", header.size, header.align));
    table(out, layout, &header.fields, role);
    picture(out, &diagram::of_header(header));
}

fn structure(out: &mut String, layout: &Layout, item: &StructLayout) {
    let id = item.id.map(|id| format!(", id {id}")).unwrap_or_default();
    put(out, format_args!("\n{}: {} bytes, align {}{id}", item.name, item.size, item.align));
    if !item.older_sizes.is_empty() {
        let sizes: Vec<_> = item.older_sizes.iter().map(u64::to_string).collect();
        put(out, format_args!("also accepted: {} bytes, of older versions", sizes.join(", ")));
    }
    table(out, layout, &item.fields, |role| match role {});
    if let Some(tail) = &item.tail {
        let (name, kind) = (&tail.name, layout.tail_name(&tail.kind));
        put(out, format_args!("  from {}: {name} {kind}, to the payload's end", item.size));
    }
    picture(out, &diagram::of_struct(item));
}

fn table<R: Copy>(
    out: &mut String,
    layout: &Layout,
    fields: &[FieldLayout<R>],
    role_name: impl Fn(R) -> &'static str,
) {
    if fields.is_empty() {
        return;
    }
    let types: Vec<_> = fields.iter().map(|field| layout.type_name(&field.ty)).collect();
    let width = |longest: Option<usize>, least: usize| longest.unwrap_or(0).max(least);
    let name_width = width(fields.iter().map(|field| field.name.len()).max(), 4);
    let type_width = width(types.iter().map(String::len).max(), 4);
    put(out, format_args!("  offset   size padding  {:name_width$}  type", "name"));
    for (field, ty) in fields.iter().zip(types) {
        let role = field.role.map(|role| format!("  role {}", role_name(role)));
        let since = field.since.map(|(major, minor)| format!("  since {major}.{minor}"));
        let row = format!(
            "  {:>6} {:>6} {:>7}  {:name_width$}  {ty:type_width$}{}{}",
            field.offset,
            field.size,
            field.padding_before,
            field.name,
            role.unwrap_or_default(),
            since.unwrap_or_default()
        );
        put(out, format_args!("{}", row.trim_end()));
    }
}

fn picture(out: &mut String, lines: &[String]) {
    if !lines.is_empty() {
        out.push('\n');
    }
    for line in lines {
        put(out, format_args!("{line}"));
    }
}

fn put(out: &mut String, args: std::fmt::Arguments) {
    // Writing to a String does not fail.
    let _ = writeln!(out, "{args}");
}
