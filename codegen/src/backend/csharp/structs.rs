//! Payload structs: fields with their padding, and tails.

use serde::Serialize;

use super::spell::{
    doc, fixed_name, is_large, member, member_doc, qualified_wire, same, show, spec_type, storage,
    string_literal, tail_member, type_ident, type_name,
};
use crate::facts;
use bitrpc_spec::layout::{
    FieldLayout, Layout, Scalar, Slot, StructLayout, TailKind, TailLayout, Type, diagram,
};
use bitrpc_spec::names::{self, Language, NameKind};

#[derive(Debug, Serialize)]
pub(super) struct Struct {
    pub(super) name: String,
    /// The name for other namespaces.
    pub(super) qualified: String,
    pub(super) raw_name: String,
    pub(super) doc: Vec<String>,
    pub(super) diagram: Vec<String>,
    /// Expression of the message type that it travels under.
    pub(super) message_type: String,
    pub(super) size: u64,
    /// C# gives an empty struct one byte.
    pub(super) is_empty: bool,
    /// Whether there is more in it than padding.
    pub(super) has_fields: bool,
    pub(super) align: u64,
    pub(super) older_sizes: Vec<u64>,
    pub(super) fields: Vec<Field>,
    /// This is the fixed part of a struct with a tail.
    pub(super) is_part: bool,
    pub(super) has_fixed: bool,
    /// Name of the fixed part.
    pub(super) fixed: String,
    pub(super) tail: Option<Tail>,
    /// Expression of the payload's size.
    pub(super) size_of: String,
    /// Not every runtime takes a struct of this size.
    pub(super) is_large: bool,
    /// Expression that compares `left` and `right`, hashes of the fields, and the text of all.
    pub(super) same: String,
    pub(super) hash: Vec<String>,
    pub(super) show: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) raw_name: String,
    /// The field that lies in memory; differs from `name` for bools and padding.
    pub(super) storage: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: String,
    /// The type that lies in memory, for other namespaces: `byte` for a bool.
    pub(super) qualified_wire: String,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) is_padding: bool,
    pub(super) is_bool: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Tail {
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: String,
    /// Statement that writes it, and expression that reads it.
    pub(super) write: String,
    pub(super) read: String,
}

/// A struct without a tail, or the fixed part of one that has a tail.
pub(super) fn fixed_struct(layout: &Layout, item: &StructLayout, namespace: &str) -> Struct {
    let name = type_ident(&item.name);
    let is_part = item.tail.is_some();
    let part_name = fixed_name(item);
    let members = members(item, &part_name, namespace);
    Struct {
        same: members.same(),
        hash: members.hash(),
        show: members.show(),
        doc: if is_part {
            doc(&format!("The part of `{name}` before its tail."))
        } else {
            doc(&facts::of_struct(item))
        },
        fields: fields(layout, &item.name, NameKind::Field, item.slots()),
        is_part,
        qualified: spec_type(layout, &part_name),
        name: part_name,
        ..parts(item, namespace)
    }
}

pub(super) fn tailed_struct(layout: &Layout, item: &StructLayout, namespace: &str) -> Struct {
    let name = type_ident(&item.name);
    let tail = item.tail.as_ref().map(|t| tail(layout, item, t, namespace));
    let size_of = tail.as_ref().map_or_else(String::new, |(_, size_of)| size_of.clone());
    let members = tailed_members(item, &name, tail.as_ref().map(|(tail, _)| tail), namespace);
    Struct {
        same: members.same(),
        hash: members.hash(),
        show: members.show(),
        doc: doc(&facts::of_struct(item)),
        fixed: fixed_name(item),
        qualified: spec_type(layout, &name),
        name,
        tail: tail.map(|(tail, _)| tail),
        size_of,
        ..parts(item, namespace)
    }
}

/// What both kinds of struct have alike.
fn parts(item: &StructLayout, namespace: &str) -> Struct {
    Struct {
        name: String::new(),
        qualified: String::new(),
        raw_name: item.name.clone(),
        doc: Vec::new(),
        diagram: diagram_lines(diagram::of_struct(item)),
        message_type: item.id.map_or_else(
            || format!("global::{namespace}.Layout.TypeData"),
            |id| format!("(global::{namespace}.MessageType){id}"),
        ),
        size: item.size,
        is_empty: item.size == 0,
        has_fields: !item.fields.is_empty(),
        align: item.align,
        older_sizes: item.older_sizes.clone(),
        fields: Vec::new(),
        is_part: false,
        has_fixed: item.size > 0,
        fixed: String::new(),
        tail: None,
        size_of: String::new(),
        is_large: is_large(item.size),
        same: String::new(),
        hash: Vec::new(),
        show: String::new(),
    }
}

/// What a struct is compared, hashed and printed by: names of members with the expressions of
/// their comparison and their text.
struct Members<'a> {
    /// Name of the struct.
    name: &'a str,
    /// Name, comparison, hash, text.
    parts: Vec<[String; 4]>,
}

impl Members<'_> {
    fn same(&self) -> String {
        let parts: Vec<_> = self.parts.iter().map(|[_, same, ..]| same.as_str()).collect();
        if parts.is_empty() { "true".to_owned() } else { parts.join("\n                && ") }
    }

    fn hash(&self) -> Vec<String> {
        self.parts.iter().map(|[_, _, hash, _]| hash.clone()).collect()
    }

    fn show(&self) -> String {
        let mut text = format!("{} {{ ", self.name);
        let mut terms = Vec::new();
        for [name, _, _, show] in &self.parts {
            text += &format!("{name} = ");
            terms.push(format!("{} + {show}", string_literal(&text)));
            text = ", ".to_owned();
        }
        if terms.is_empty() {
            return string_literal(&format!("{} {{ }}", self.name));
        }
        format!("{}\n            + \" }}\"", terms.join("\n            + "))
    }
}

fn members<'a>(item: &StructLayout, name: &'a str, namespace: &str) -> Members<'a> {
    let helper = format!("global::{namespace}.");
    let part = |field: &FieldLayout| {
        let name = member(&item.name, &field.name);
        let same = same(&field.ty, &format!("left.{name}"), &format!("right.{name}"));
        let show = show(&field.ty, &name, &helper);
        [name.clone(), same, format!("{name}.GetHashCode()"), show]
    };
    Members { name, parts: item.fields.iter().map(part).collect() }
}

/// The same for a struct with a tail: the fixed part is one member. No tail is an empty one.
fn tailed_members<'a>(
    item: &StructLayout,
    name: &'a str,
    tail: Option<&Tail>,
    namespace: &str,
) -> Members<'a> {
    let helper = format!("global::{namespace}.");
    let mut parts = Vec::new();
    if item.size > 0 {
        let words =
            ["Fixed", "left.Fixed == right.Fixed", "Fixed.GetHashCode()", "Fixed.ToString()"];
        parts.push(words.map(str::to_owned));
    }
    if let Some(Tail { name, ty, .. }) = tail {
        let kind = if ty == "string" { "Text" } else { "Elements" };
        parts.push([
            name.clone(),
            format!("{helper}RingTail.Same{kind}(left.{name}, right.{name})"),
            format!("{helper}RingTail.HashOf{kind}({name})"),
            format!("{helper}RingTail.Show{kind}({name})"),
        ]);
    }
    Members { name, parts }
}

/// The tail and the expression of the whole payload's size.
fn tail(
    layout: &Layout,
    item: &StructLayout,
    tail: &TailLayout,
    namespace: &str,
) -> (Tail, String) {
    let name = tail_member(item, tail);
    let helper = format!("global::{namespace}.RingTail");
    let (fixed, element_size) = (item.size, tail.element_size);
    let rest = if fixed == 0 { "payload".to_owned() } else { "payload.Slice(length)".to_owned() };
    let room =
        if fixed == 0 { "destination".to_owned() } else { format!("destination.Slice({fixed})") };
    let sized = format!("{helper}.SizeWith({fixed}, {name}, {element_size})");
    let (ty, write, read, size_of) = match &tail.kind {
        TailKind::String => (
            "string".to_owned(),
            format!("{helper}.Write({name}, {room})"),
            format!("{helper}.Read({rest}, out {name})"),
            format!("{helper}.SizeWith({fixed}, {name})"),
        ),
        TailKind::Elements(Type::Scalar(Scalar::Bool)) => (
            "bool[]".to_owned(),
            format!("{helper}.WriteBools({name}, {room})"),
            format!("{helper}.ReadBools({rest}, out {name})"),
            sized,
        ),
        kind => {
            let element = match kind {
                TailKind::Elements(ty) => type_name(layout, ty),
                _ => "byte".to_owned(),
            };
            (
                format!("{element}[]"),
                format!("{helper}.Write({name}, {room})"),
                format!("{helper}.Read({rest}, {element_size}, out {name})"),
                sized,
            )
        }
    };
    let doc = member_doc(&facts::of_tail(tail));
    (Tail { name, doc, ty, write, read }, size_of)
}

/// The fields of `owner` with their padding made explicit.
pub(super) fn fields<R>(
    layout: &Layout,
    owner: &str,
    kind: NameKind,
    slots: Vec<Slot<'_, R>>,
) -> Vec<Field> {
    let field = |slot: Slot<'_, R>| match slot {
        Slot::Field(field) => {
            let name = names::spell_member(Language::CSHARP, kind, owner, &field.name);
            Field {
                raw_name: field.name.clone(),
                storage: storage(&name, &field.ty),
                name,
                doc: member_doc(&facts::of_field(field)),
                ty: type_name(layout, &field.ty),
                qualified_wire: qualified_wire(layout, &field.ty),
                offset: field.offset,
                size: field.size,
                is_padding: false,
                is_bool: field.ty == Type::Scalar(Scalar::Bool),
            }
        }
        Slot::Padding { index, offset, size } => Field {
            name: String::new(),
            raw_name: String::new(),
            storage: format!("_padding{index}"),
            doc: Vec::new(),
            ty: String::new(),
            qualified_wire: String::new(),
            offset,
            size,
            is_padding: true,
            is_bool: false,
        },
    };
    slots.into_iter().map(field).collect()
}

/// A picture inside XML: what the picture uses needs no escapes.
pub(super) fn diagram_lines(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}
