//! The mirror of a spec's text: every key with its place, nothing looked up or computed yet.
//!
//! Reading goes over the tables of [`shape`](super::shape) first, which report whatever does not
//! belong; what is left out or wrong is `None` here, and has been reported.

use super::scalar::{self, Case};
use super::{allow, shape};
use crate::diagnostic::Finding;
use crate::model::{Allow, Doc, Version};
use crate::names::Language;
use crate::names::target::{TargetKey, TargetKind};
use crate::source::yaml::{Entry, Kind, Node};
use crate::source::{Span, Spanned};

type Name = Option<Spanned<String>>;
type Number<T> = Option<Spanned<T>>;
type Out<'a> = &'a mut Vec<Finding>;

/// One file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) start: Span,
    pub(crate) keys: Vec<Spanned<String>>,
    pub(crate) bitrpc: Number<i128>,
    pub(crate) name: Name,
    pub(crate) version: Number<Version>,
    pub(crate) doc: Doc,
    pub(crate) endianness: Name,
    pub(crate) magic: Number<i128>,
    pub(crate) prefix: Name,
    pub(crate) capacity: Number<u64>,
    pub(crate) targets: Targets,
    pub(crate) ring_header: Option<Header>,
    pub(crate) message_header: Option<Header>,
    pub(crate) message_types: Option<Spanned<Vec<Named>>>,
    pub(crate) flags: Option<Flags>,
    pub(crate) constants: Vec<Constant>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) structs: Vec<Struct>,
    pub(crate) reserved: Reserved,
    pub(crate) imports: Vec<Spanned<String>>,
    pub(crate) allows: Vec<Allow>,
}

#[derive(Debug, Default)]
pub(crate) struct Targets {
    pub(crate) license: Name,
    pub(crate) authors: Vec<Spanned<String>>,
    pub(crate) repository: Name,
    pub(crate) description: Name,
    /// What it states for languages, by the path of its key: `cpp.header`.
    pub(crate) stated: Vec<(String, Spanned<String>)>,
}

#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) span: Span,
    pub(crate) doc: Doc,
    pub(crate) line: Number<u64>,
    pub(crate) size: Number<u64>,
    pub(crate) fields: Vec<Field>,
}

/// A field of a header or a struct; each uses the keys that it may have.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) span: Span,
    pub(crate) name: Name,
    pub(crate) doc: Doc,
    pub(crate) ty: Name,
    pub(crate) role: Name,
    pub(crate) line: Number<i128>,
    pub(crate) atomic: Number<bool>,
    pub(crate) offset: Number<u64>,
    pub(crate) size: Number<u64>,
    pub(crate) align: Number<u64>,
    pub(crate) since: Number<Version>,
}

/// A message type, an enum value or a flag.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) span: Span,
    pub(crate) start: Span,
    pub(crate) name: Name,
    pub(crate) doc: Doc,
    pub(crate) value: Number<i128>,
    pub(crate) mask: Number<i128>,
}

#[derive(Debug)]
pub(crate) struct Flags {
    pub(crate) span: Span,
    pub(crate) doc: Doc,
    pub(crate) ty: Name,
    pub(crate) bits: Vec<Named>,
}

#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) span: Span,
    pub(crate) name: Name,
    pub(crate) doc: Doc,
    pub(crate) ty: Name,
    pub(crate) value: Option<Node>,
}

#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) span: Span,
    pub(crate) start: Span,
    pub(crate) name: Name,
    pub(crate) doc: Doc,
    pub(crate) ty: Name,
    pub(crate) values: Option<Vec<Named>>,
    pub(crate) bits: Option<Vec<Named>>,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) span: Span,
    pub(crate) name: Name,
    pub(crate) id: Number<i128>,
    pub(crate) doc: Doc,
    pub(crate) size: Number<u64>,
    pub(crate) align: Number<u64>,
    pub(crate) fields: Vec<Field>,
    /// Whether the list of fields is there and has no items.
    pub(crate) is_empty: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Reserved {
    pub(crate) ids: Vec<Spanned<i128>>,
    pub(crate) flags: Vec<Spanned<i128>>,
    pub(crate) names: Vec<Spanned<String>>,
}

/// Reads one file's tree.
pub(crate) fn read(node: &Node, languages: &[Language], out: Out) -> Document {
    shape::check(node, &shape::DOCUMENT, languages, out);
    let segment = node.get("segment");
    let reserved = node.get("reserved");
    Document {
        start: start(node),
        keys: node.entries().iter().map(entry_key).collect(),
        bitrpc: int(node, "bitrpc", out),
        name: snake(node, "name", out),
        version: version(node, "version", out),
        doc: doc(node, out),
        endianness: text(node, "endianness", out),
        magic: int(node, "magic", out),
        prefix: segment.and_then(|segment| text(segment, "prefix", out)),
        capacity: segment.and_then(|segment| size(segment, "capacity", out)),
        targets: node.get("targets").map(|node| targets(node, languages, out)).unwrap_or_default(),
        ring_header: map(node, "ring_header").map(|entry| header(entry, out)),
        message_header: map(node, "message_header").map(|entry| header(entry, out)),
        message_types: list(node, "message_types").map(|entry| message_types(entry, out)),
        flags: map(node, "flags").map(|entry| flags(entry, out)),
        constants: items(node, "constants").map(|item| constant(item, out)).collect(),
        enums: items(node, "enums").map(|item| enumeration(item, out)).collect(),
        structs: items(node, "structs").map(|item| structure(item, out)).collect(),
        reserved: reserved.map(|node| read_reserved(node, out)).unwrap_or_default(),
        imports: items(node, "imports").filter_map(|item| scalar::text(item, out)).collect(),
        allows: allow::read(node, &shape::DOCUMENT, out),
    }
}

fn entry_key(entry: &Entry) -> Spanned<String> {
    Spanned::new(entry.key.clone(), entry.key_span)
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> + use<'a> {
    let list = node.get(key).map(Node::items).unwrap_or_default();
    // Items that are no mappings were reported; reading them would find nothing.
    list.iter()
}

/// A section that is a mapping; any other was reported and is taken for one that is not there.
fn map<'a>(node: &'a Node, key: &str) -> Option<&'a Entry> {
    node.entry(key).filter(|entry| matches!(entry.value.kind, Kind::Map(_)))
}

/// The same for a list.
fn list<'a>(node: &'a Node, key: &str) -> Option<&'a Entry> {
    node.entry(key).filter(|entry| matches!(entry.value.kind, Kind::List(_)))
}

fn int(node: &Node, key: &str, out: Out) -> Number<i128> {
    scalar::int(node.get(key)?, out)
}

fn size(node: &Node, key: &str, out: Out) -> Number<u64> {
    scalar::size(node.get(key)?, out)
}

fn text(node: &Node, key: &str, out: Out) -> Name {
    scalar::text(node.get(key)?, out)
}

fn snake(node: &Node, key: &str, out: Out) -> Name {
    scalar::name(node.get(key)?, Case::Snake, out)
}

fn pascal(node: &Node, key: &str, out: Out) -> Name {
    scalar::name(node.get(key)?, Case::Pascal, out)
}

fn version(node: &Node, key: &str, out: Out) -> Number<Version> {
    scalar::version(node.get(key)?, out)
}

fn doc(node: &Node, out: Out) -> Doc {
    node.get("doc").and_then(|node| scalar::prose(node, out))
}

/// The first key of a mapping, which messages point at instead of the whole.
fn start(node: &Node) -> Span {
    node.entries().first().map_or(node.span, |entry| entry.key_span)
}

fn targets(node: &Node, languages: &[Language], out: Out) -> Targets {
    let authors = items(node, "authors").filter_map(|item| scalar::text(item, out)).collect();
    let license = text(node, "license", out);
    let repository = text(node, "repository", out);
    let description = text(node, "description", out);
    let mut stated = Vec::new();
    for language in languages {
        if let Some(node) = node.get(language.id()) {
            target(node, language.id(), language.targets(), &mut stated, out);
        }
    }
    Targets { license, authors, repository, description, stated }
}

fn target(
    node: &Node,
    path: &str,
    keys: &[TargetKey],
    stated: &mut Vec<(String, Spanned<String>)>,
    out: Out,
) {
    for key in keys {
        let path = format!("{path}.{}", key.name);
        match (key.kind, node.get(key.name)) {
            (_, None) => {}
            (TargetKind::Group(group), Some(node)) => target(node, &path, group.keys, stated, out),
            (_, Some(node)) => stated.extend(scalar::text(node, out).map(|text| (path, text))),
        }
    }
}

fn header(entry: &Entry, out: Out) -> Header {
    let node = &entry.value;
    Header {
        span: entry.key_span,
        doc: doc(node, out),
        line: size(node, "line", out),
        size: size(node, "size", out),
        fields: items(node, "fields").map(|item| field(item, out)).collect(),
    }
}

fn field(node: &Node, out: Out) -> Field {
    Field {
        span: node.span,
        name: snake(node, "name", out),
        doc: doc(node, out),
        ty: text(node, "type", out),
        role: text(node, "role", out),
        line: int(node, "line", out),
        atomic: node.get("atomic").and_then(|node| scalar::boolean(node, out)),
        offset: size(node, "offset", out),
        size: size(node, "size", out),
        align: size(node, "align", out),
        since: version(node, "since", out),
    }
}

fn named(node: &Node, out: Out) -> Named {
    Named {
        span: node.span,
        start: start(node),
        name: snake(node, "name", out),
        doc: doc(node, out),
        value: int(node, "value", out),
        mask: int(node, "mask", out),
    }
}

fn message_types(entry: &Entry, out: Out) -> Spanned<Vec<Named>> {
    Spanned::new(named_list(&entry.value, out), entry.key_span)
}

fn named_list(list: &Node, out: Out) -> Vec<Named> {
    list.items().iter().map(|item| named(item, out)).collect()
}

fn flags(entry: &Entry, out: Out) -> Flags {
    let node = &entry.value;
    Flags {
        span: entry.key_span,
        doc: doc(node, out),
        ty: text(node, "type", out),
        bits: items(node, "bits").map(|item| named(item, out)).collect(),
    }
}

fn constant(node: &Node, out: Out) -> Constant {
    Constant {
        span: node.span,
        name: snake(node, "name", out),
        doc: doc(node, out),
        ty: text(node, "type", out),
        value: node.get("value").cloned(),
    }
}

fn enumeration(node: &Node, out: Out) -> Enum {
    Enum {
        span: node.span,
        start: start(node),
        name: pascal(node, "name", out),
        doc: doc(node, out),
        ty: text(node, "type", out),
        values: node.get("values").map(|list| named_list(list, out)),
        bits: node.get("bits").map(|list| named_list(list, out)),
    }
}

fn structure(node: &Node, out: Out) -> Struct {
    Struct {
        span: node.span,
        name: pascal(node, "name", out),
        id: int(node, "id", out),
        doc: doc(node, out),
        size: size(node, "size", out),
        align: size(node, "align", out),
        fields: items(node, "fields").map(|item| field(item, out)).collect(),
        is_empty: list(node, "fields").is_some_and(|entry| entry.value.items().is_empty()),
    }
}

fn read_reserved(node: &Node, out: Out) -> Reserved {
    Reserved {
        ids: items(node, "ids").filter_map(|item| scalar::int(item, out)).collect(),
        flags: items(node, "flags").filter_map(|item| scalar::int(item, out)).collect(),
        names: items(node, "names").filter_map(|item| scalar::text(item, out)).collect(),
    }
}
