//! The keys of the language: which may stand where, which must, and what they mean.
//!
//! These tables are the one home of the keys, but for those that a language's row declares. The
//! reader checks every mapping against them, and the JSON Schema for editors is printed from them.

use std::borrow::Cow;

use crate::diagnostic::Finding;
use crate::names::target::{TargetKey, TargetKind};
use crate::names::{Group, Language};
use crate::rules;
use crate::source::Span;
use crate::source::yaml::{Entry, Kind, Node};

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// A text; shown to people, not interpreted.
    Text,
    /// A name in `snake_case`.
    Snake,
    /// A name in `PascalCase`.
    Pascal,
    /// A type, e.g. `u32`, `char[16]`, `Leg[4]`.
    Type,
    /// An integer: `12`, `-3`, `0x1F`, `0b101`, `1_000`.
    Int,
    /// An unsigned integer with an optional unit: `64KiB`.
    Size,
    /// `true` or `false`.
    Bool,
    /// A quoted `"major.minor"`.
    Version,
    /// The value of a constant: number, truth value or text.
    Value,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The role of a field of the ring header.
    RingRole,
    /// The role of a field of the message header.
    MessageRole,
    /// The id of a rule that can be allowed.
    Rule,
    /// A mapping.
    Map(&'static Shape),
    /// What is said of packages: a mapping with a key for each language.
    Targets,
    /// A mapping with the keys that the language declares.
    Target(Language),
    /// A mapping among those keys.
    TargetGroup(&'static Group),
    /// A list of such values.
    List(&'static Form),
}

impl Form {
    /// The keys of a mapping.
    pub(crate) fn shape(&self, languages: &[Language]) -> Option<Cow<'static, Shape>> {
        match self {
            Self::Map(shape) => Some(Cow::Borrowed(shape)),
            Self::Targets => Some(Cow::Owned(targets(languages))),
            Self::Target(language) => {
                let what = format!("a {} target", language.title());
                Some(Cow::Owned(declared(what, language.targets())))
            }
            Self::TargetGroup(group) => Some(Cow::Owned(declared(group.what, group.keys))),
            _ => None,
        }
    }
}

/// One key of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) required: bool,
    pub(crate) doc: Cow<'static, str>,
}

/// The keys of one kind of mapping.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// What the mapping is, for messages: "a field".
    pub(crate) what: Cow<'static, str>,
    pub(crate) keys: Cow<'static, [Key]>,
}

const fn key(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, required: false, doc: Cow::Borrowed(doc) }
}

const fn required(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, required: true, doc: Cow::Borrowed(doc) }
}

const DOC: Key = key("doc", Form::Text, "What it is for; printed in all generated code.");
const ALLOWED: Key = key(
    super::allow::KEY,
    Form::List(&ALLOWS),
    "Rules that need not be kept here, each with the reason.",
);

static ALLOWS: Form = Form::Map(&ALLOW);

static ALLOW: Shape = Shape {
    what: Cow::Borrowed("an `allow`"),
    keys: Cow::Borrowed(&[
        required("rule", Form::Rule, "The id of a warning or an info, such as L102."),
        required("why", Form::Text, "Why it need not be kept here."),
    ]),
};

/// The whole file.
pub(crate) static DOCUMENT: Shape = Shape {
    what: Cow::Borrowed("a spec"),
    keys: Cow::Borrowed(&[
        required("bitrpc", Form::Int, "Version of the spec language: 1."),
        key("name", Form::Snake, "Name of the protocol; names of packages derive from it."),
        key("version", Form::Version, "Wire version. Rings of another major version are refused."),
        DOC,
        ALLOWED,
        key("endianness", Form::Word(&["little"]), "Byte order: little."),
        key("magic", Form::Int, "First four bytes of a ring file."),
        key("segment", Form::Map(&SEGMENT), "The ring file."),
        key("targets", Form::Targets, "Names of the generated packages, and what they say."),
        key("ring_header", Form::Map(&RING_HEADER), "The head of a ring file."),
        key("message_header", Form::Map(&MESSAGE_HEADER), "What stands before each payload."),
        key(
            "message_types",
            Form::List(&Form::Map(&MESSAGE_TYPE)),
            "Message types of the protocol itself; the engine needs data and heartbeat.",
        ),
        key("flags", Form::Map(&FLAGS), "Message flags."),
        key("constants", Form::List(&Form::Map(&CONSTANT)), "Named constants."),
        key("enums", Form::List(&Form::Map(&ENUM)), "Enums and flag sets."),
        key("structs", Form::List(&Form::Map(&STRUCT)), "Payloads and their parts."),
        key("reserved", Form::Map(&RESERVED), "What was in use once and must not be used again."),
        key("imports", Form::List(&Form::Text), "Files with shared parts, relative to this one."),
    ]),
};

static SEGMENT: Shape = Shape {
    what: Cow::Borrowed("`segment`"),
    keys: Cow::Borrowed(&[
        key("prefix", Form::Text, "Start of the names of ring files: 1 to 32 of A-Z a-z 0-9 . _ -"),
        key("capacity", Form::Size, "Bytes in the data area when the program states none."),
    ]),
};

/// What all packages say of themselves.
const PACKAGE: [Key; 4] = [
    key("license", Form::Text, "License of the packages, an SPDX expression; MIT unless stated."),
    key("authors", Form::List(&Form::Text), "Authors of the packages: Name <mail>."),
    key("repository", Form::Text, "URL of the packages' source."),
    key("description", Form::Text, "What the packages are for, in a line."),
];

/// `targets`: what all packages say, and what each language's row declares.
fn targets(languages: &[Language]) -> Shape {
    let of = |language: &Language| Key {
        name: language.id(),
        form: Form::Target(*language),
        required: false,
        doc: format!("{}.", language.title()).into(),
    };
    let keys = PACKAGE.into_iter().chain(languages.iter().map(of)).collect();
    Shape { what: "`targets`".into(), keys }
}

/// The keys that a language's row declares.
fn declared(what: impl Into<Cow<'static, str>>, keys: &[TargetKey]) -> Shape {
    let of = |declared: &TargetKey| {
        let form = match declared.kind {
            TargetKind::Name(_) | TargetKind::Text(_) => Form::Text,
            TargetKind::Group(group) => Form::TargetGroup(group),
        };
        key(declared.name, form, declared.doc)
    };
    Shape { what: what.into(), keys: keys.iter().map(of).collect() }
}

static RING_HEADER: Shape = Shape {
    what: Cow::Borrowed("`ring_header`"),
    keys: Cow::Borrowed(&[
        DOC,
        ALLOWED,
        key("line", Form::Size, "Bytes that `line: n` of a field counts in; 128 unless stated."),
        key("size", Form::Size, "Bytes before the data area; a multiple of 4096."),
        required("fields", Form::List(&Form::Map(&RING_FIELD)), "Fields; every role once."),
    ]),
};

static MESSAGE_HEADER: Shape = Shape {
    what: Cow::Borrowed("`message_header`"),
    keys: Cow::Borrowed(&[
        DOC,
        ALLOWED,
        key("size", Form::Size, "Bytes before the payload; a multiple of 8."),
        required("fields", Form::List(&Form::Map(&MESSAGE_FIELD)), "Fields, in order."),
    ]),
};

const FIELD_NAME: Key = required("name", Form::Snake, "Name in snake_case.");
const FIELD_TYPE: Key = required("type", Form::Type, "Type.");
const OFFSET: Key = key("offset", Form::Size, "Bytes from the start; may lie further than needed.");
const SIZE: Key = key("size", Form::Size, "Size in bytes, to be checked.");
const ALIGN: Key = key("align", Form::Size, "Alignment: 1, 2, 4 or 8, at least the type's own.");

static RING_FIELD: Shape = Shape {
    what: Cow::Borrowed("a field of the ring header"),
    keys: Cow::Borrowed(&[
        FIELD_NAME,
        FIELD_TYPE,
        DOC,
        key("role", Form::RingRole, "What the engine uses the field for."),
        key("line", Form::Int, "The line that the field stands on; later fields follow it."),
        key("atomic", Form::Bool, "Fields with a role are atomic; it may be said."),
        OFFSET,
        SIZE,
        ALIGN,
        ALLOWED,
    ]),
};

static MESSAGE_FIELD: Shape = Shape {
    what: Cow::Borrowed("a field of the message header"),
    keys: Cow::Borrowed(&[
        FIELD_NAME,
        FIELD_TYPE,
        DOC,
        key("role", Form::MessageRole, "What the engine uses the field for."),
        OFFSET,
        SIZE,
        ALIGN,
        ALLOWED,
    ]),
};

static MESSAGE_TYPE: Shape = Shape {
    what: Cow::Borrowed("a message type"),
    keys: Cow::Borrowed(&[
        FIELD_NAME,
        required("value", Form::Int, "Number from 1 to 4294967295; 0 marks padding."),
        DOC,
        ALLOWED,
    ]),
};

static FLAGS: Shape = Shape {
    what: Cow::Borrowed("`flags`"),
    keys: Cow::Borrowed(&[
        DOC,
        ALLOWED,
        required("type", Form::Type, "u8, u16 or u32."),
        required("bits", Form::List(&Form::Map(&BIT)), "The flags."),
    ]),
};

static BIT: Shape = Shape {
    what: Cow::Borrowed("a flag"),
    keys: Cow::Borrowed(&[
        FIELD_NAME,
        key("mask", Form::Int, "The bits of the flag; may be several."),
        key("value", Form::Int, "The one bit of the flag."),
        DOC,
        ALLOWED,
    ]),
};

static CONSTANT: Shape = Shape {
    what: Cow::Borrowed("a constant"),
    keys: Cow::Borrowed(&[
        FIELD_NAME,
        required("type", Form::Type, "A number type, bool or string."),
        required("value", Form::Value, "The value."),
        DOC,
        ALLOWED,
    ]),
};

static ENUM: Shape = Shape {
    what: Cow::Borrowed("an enum"),
    keys: Cow::Borrowed(&[
        required("name", Form::Pascal, "Name in PascalCase."),
        required("type", Form::Type, "An integer type; unsigned for a flag set."),
        DOC,
        ALLOWED,
        key("values", Form::List(&Form::Map(&VALUE)), "The values of an enum."),
        key("bits", Form::List(&Form::Map(&BIT)), "The flags of a flag set, instead of values."),
    ]),
};

static VALUE: Shape = Shape {
    what: Cow::Borrowed("an enum value"),
    keys: Cow::Borrowed(&[FIELD_NAME, required("value", Form::Int, "The number."), DOC, ALLOWED]),
};

static STRUCT: Shape = Shape {
    what: Cow::Borrowed("a struct"),
    keys: Cow::Borrowed(&[
        required("name", Form::Pascal, "Name in PascalCase."),
        key("id", Form::Int, "Makes it a message: its message type."),
        DOC,
        ALLOWED,
        SIZE,
        ALIGN,
        required("fields", Form::List(&Form::Map(&FIELD)), "Fields, in order."),
    ]),
};

static FIELD: Shape = Shape {
    what: Cow::Borrowed("a field"),
    keys: Cow::Borrowed(&[
        FIELD_NAME,
        FIELD_TYPE,
        DOC,
        key("since", Form::Version, "Version that added the field at the struct's end."),
        OFFSET,
        SIZE,
        ALIGN,
        ALLOWED,
    ]),
};

static RESERVED: Shape = Shape {
    what: Cow::Borrowed("`reserved`"),
    keys: Cow::Borrowed(&[
        key("ids", Form::List(&Form::Int), "Message ids."),
        key("flags", Form::List(&Form::Int), "Bits of the message flags."),
        key("names", Form::List(&Form::Text), "Names: Type, Type.member, or a protocol name."),
    ]),
};

/// Reports every key that does not belong, that is missing, and every value that is a list, a
/// mapping or a single value where something else is asked for.
pub(crate) fn check(
    node: &Node,
    shape: &Shape,
    languages: &[Language],
    findings: &mut Vec<Finding>,
) {
    let Kind::Map(entries) = &node.kind else {
        findings.push(wrong_form(node, &shape.what, "a mapping with keys"));
        return;
    };
    for entry in entries {
        match shape.keys.iter().find(|key| key.name == entry.key) {
            Some(key) => check_form(&entry.value, key, &key.form, languages, findings),
            None => findings.push(unknown_key(entry, shape)),
        }
    }
    for key in shape.keys.iter().filter(|key| key.required) {
        if !entries.iter().any(|entry| entry.key == key.name) {
            findings.push(missing_key(node, shape, key));
        }
    }
}

fn check_form(
    node: &Node,
    key: &Key,
    form: &Form,
    languages: &[Language],
    findings: &mut Vec<Finding>,
) {
    if let Some(shape) = form.shape(languages) {
        return check(node, &shape, languages, findings);
    }
    let name = key.name;
    match (form, &node.kind) {
        (Form::List(inner), Kind::List(items)) => {
            for item in items {
                check_form(item, key, inner, languages, findings);
            }
        }
        (Form::List(_), _) => {
            findings.push(wrong_form(node, &format!("`{name}`"), "a list"));
        }
        (_, Kind::Scalar { text, quoted }) if *quoted || !text.is_empty() => {}
        // A `doc:` with nothing behind it is as good as none.
        (Form::Text, Kind::Scalar { .. }) if name == "doc" => {}
        (form, _) => findings.push(wrong_form(node, &format!("`{name}`"), describe(form))),
    }
}

/// What a form asks for, in words.
pub(crate) fn describe(form: &Form) -> &'static str {
    match form {
        Form::Text => "a text",
        Form::Snake => "a name in snake_case",
        Form::Pascal => "a name in PascalCase",
        Form::Type => "a type, such as u32 or char[16]",
        Form::Int => "an integer, such as 12 or 0x1F",
        Form::Size => "a number of bytes, such as 64 or 4KiB",
        Form::Bool => "true or false",
        Form::Version => "a quoted version, such as \"1.0\"",
        Form::Value => "a number, true, false or a text",
        Form::Word(_) => "one of the known words",
        Form::RingRole | Form::MessageRole => "a role",
        Form::Rule => "the id of a rule, such as L102",
        Form::Map(_) | Form::Targets | Form::Target(_) | Form::TargetGroup(_) => {
            "a mapping with keys"
        }
        Form::List(_) => "a list",
    }
}

fn wrong_form(node: &Node, what: &str, expected: &str) -> Finding {
    let found = node.describe();
    Finding::new(rules::WRONG_FORM, format!("{what} is {found}"))
        .at(node.span, format!("found {found}"))
        .expected(expected)
}

fn unknown_key(entry: &Entry, shape: &Shape) -> Finding {
    let known: Vec<_> = shape.keys.iter().map(|key| key.name).collect();
    Finding::new(rules::UNKNOWN_KEY, format!("unknown key `{}` in {}", entry.key, shape.what))
        .at(entry.key_span, "not a key of the language at this place")
        .expected(format!("one of: {}", known.join(", ")))
        .did_you_mean(&entry.key, known)
}

fn missing_key(node: &Node, shape: &Shape, key: &Key) -> Finding {
    let end = node.entries().first().map_or(node.span.end, |entry| entry.key_span.end);
    let span = Span { end: end.max(node.span.start), ..node.span };
    Finding::new(rules::MISSING_KEY, format!("{} without `{}`", shape.what, key.name))
        .at(span, "starts here")
        .expected(format!("`{}`: {}", key.name, describe(&key.form)))
}
