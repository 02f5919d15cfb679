//! The keys of the language: which may stand where, which must, and what they mean.
//!
//! These tables are the one home of the keys. The reader checks every mapping against them, and the
//! JSON Schema for editors is printed from them.

use crate::diagnostic::Finding;
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
    /// A list of such values.
    List(&'static Form),
}

/// One key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) required: bool,
    pub(crate) doc: &'static str,
}

/// The keys of one kind of mapping.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What the mapping is, for messages: "a field".
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [Key],
}

const fn key(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, required: false, doc }
}

const fn required(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, required: true, doc }
}

const DOC: Key = key("doc", Form::Text, "What it is for; printed in all generated code.");
const ALLOWED: Key = key(
    super::allow::KEY,
    Form::List(&ALLOWS),
    "Rules that need not be kept here, each with the reason.",
);

static ALLOWS: Form = Form::Map(&ALLOW);

static ALLOW: Shape = Shape {
    what: "an `allow`",
    keys: &[
        required("rule", Form::Rule, "The id of a warning or an info, such as L102."),
        required("why", Form::Text, "Why it need not be kept here."),
    ],
};

/// The whole file.
pub(crate) static DOCUMENT: Shape = Shape {
    what: "a spec",
    keys: &[
        required("bitrpc", Form::Int, "Version of the spec language: 1."),
        key("name", Form::Snake, "Name of the protocol; names of packages derive from it."),
        key("version", Form::Version, "Wire version. Rings of another major version are refused."),
        DOC,
        ALLOWED,
        key("endianness", Form::Word(&["little"]), "Byte order: little."),
        key("magic", Form::Int, "First four bytes of a ring file."),
        key("segment", Form::Map(&SEGMENT), "The ring file."),
        key("targets", Form::Map(&TARGETS), "Names of the generated packages, and what they say."),
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
    ],
};

static SEGMENT: Shape = Shape {
    what: "`segment`",
    keys: &[
        key("prefix", Form::Text, "Start of the names of ring files: 1 to 32 of A-Z a-z 0-9 . _ -"),
        key("capacity", Form::Size, "Bytes in the data area when the program states none."),
    ],
};

static TARGETS: Shape = Shape {
    what: "`targets`",
    keys: &[
        key(
            "license",
            Form::Text,
            "License of the packages, an SPDX expression; MIT unless stated.",
        ),
        key("authors", Form::List(&Form::Text), "Authors of the packages: Name <mail>."),
        key("repository", Form::Text, "URL of the packages' source."),
        key("description", Form::Text, "What the packages are for, in a line."),
        key("rust", Form::Map(&TARGET_RUST), "Rust."),
        key("cpp", Form::Map(&TARGET_CPP), "C++."),
        key("csharp", Form::Map(&TARGET_CSHARP), "C#."),
        key("python", Form::Map(&TARGET_PYTHON), "Python."),
    ],
};

static TARGET_RUST: Shape = Shape {
    what: "a Rust target",
    keys: &[
        key("crate", Form::Text, "Name of the Cargo package, e.g. market-messages."),
        key(
            "runtime",
            Form::Map(&RUST_RUNTIME),
            "Where bitrpc-shm is; the registry unless stated.",
        ),
    ],
};

static RUST_RUNTIME: Shape = Shape {
    what: "a Rust runtime",
    keys: &[
        key("path", Form::Text, "Folder of bitrpc-shm, relative to the generated crate."),
        key("git", Form::Text, "URL of a git repository with bitrpc-shm in it."),
        key("rev", Form::Text, "Commit of the git repository; the newest one unless stated."),
    ],
};

static TARGET_CPP: Shape = Shape {
    what: "a C++ target",
    keys: &[
        key("namespace", Form::Text, "Namespace, e.g. acme::market."),
        key("header", Form::Text, "File name of the header, e.g. market.h."),
    ],
};

static TARGET_CSHARP: Shape = Shape {
    what: "a C# target",
    keys: &[key("namespace", Form::Text, "Namespace, e.g. Acme.Market.")],
};

static TARGET_PYTHON: Shape = Shape {
    what: "a Python target",
    keys: &[key("module", Form::Text, "Name of the package, e.g. market.")],
};

static RING_HEADER: Shape = Shape {
    what: "`ring_header`",
    keys: &[
        DOC,
        ALLOWED,
        key("line", Form::Size, "Bytes that `line: n` of a field counts in; 128 unless stated."),
        key("size", Form::Size, "Bytes before the data area; a multiple of 4096."),
        required("fields", Form::List(&Form::Map(&RING_FIELD)), "Fields; every role once."),
    ],
};

static MESSAGE_HEADER: Shape = Shape {
    what: "`message_header`",
    keys: &[
        DOC,
        ALLOWED,
        key("size", Form::Size, "Bytes before the payload; a multiple of 8."),
        required("fields", Form::List(&Form::Map(&MESSAGE_FIELD)), "Fields, in order."),
    ],
};

const FIELD_NAME: Key = required("name", Form::Snake, "Name in snake_case.");
const FIELD_TYPE: Key = required("type", Form::Type, "Type.");
const OFFSET: Key = key("offset", Form::Size, "Bytes from the start; may lie further than needed.");
const SIZE: Key = key("size", Form::Size, "Size in bytes, to be checked.");
const ALIGN: Key = key("align", Form::Size, "Alignment: 1, 2, 4 or 8, at least the type's own.");

static RING_FIELD: Shape = Shape {
    what: "a field of the ring header",
    keys: &[
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
    ],
};

static MESSAGE_FIELD: Shape = Shape {
    what: "a field of the message header",
    keys: &[
        FIELD_NAME,
        FIELD_TYPE,
        DOC,
        key("role", Form::MessageRole, "What the engine uses the field for."),
        OFFSET,
        SIZE,
        ALIGN,
        ALLOWED,
    ],
};

static MESSAGE_TYPE: Shape = Shape {
    what: "a message type",
    keys: &[
        FIELD_NAME,
        required("value", Form::Int, "Number from 1 to 4294967295; 0 marks padding."),
        DOC,
        ALLOWED,
    ],
};

static FLAGS: Shape = Shape {
    what: "`flags`",
    keys: &[
        DOC,
        ALLOWED,
        required("type", Form::Type, "u8, u16 or u32."),
        required("bits", Form::List(&Form::Map(&BIT)), "The flags."),
    ],
};

static BIT: Shape = Shape {
    what: "a flag",
    keys: &[
        FIELD_NAME,
        key("mask", Form::Int, "The bits of the flag; may be several."),
        key("value", Form::Int, "The one bit of the flag."),
        DOC,
        ALLOWED,
    ],
};

static CONSTANT: Shape = Shape {
    what: "a constant",
    keys: &[
        FIELD_NAME,
        required("type", Form::Type, "A number type, bool or string."),
        required("value", Form::Value, "The value."),
        DOC,
        ALLOWED,
    ],
};

static ENUM: Shape = Shape {
    what: "an enum",
    keys: &[
        required("name", Form::Pascal, "Name in PascalCase."),
        required("type", Form::Type, "An integer type; unsigned for a flag set."),
        DOC,
        ALLOWED,
        key("values", Form::List(&Form::Map(&VALUE)), "The values of an enum."),
        key("bits", Form::List(&Form::Map(&BIT)), "The flags of a flag set, instead of values."),
    ],
};

static VALUE: Shape = Shape {
    what: "an enum value",
    keys: &[FIELD_NAME, required("value", Form::Int, "The number."), DOC, ALLOWED],
};

static STRUCT: Shape = Shape {
    what: "a struct",
    keys: &[
        required("name", Form::Pascal, "Name in PascalCase."),
        key("id", Form::Int, "Makes it a message: its message type."),
        DOC,
        ALLOWED,
        SIZE,
        ALIGN,
        required("fields", Form::List(&Form::Map(&FIELD)), "Fields, in order."),
    ],
};

static FIELD: Shape = Shape {
    what: "a field",
    keys: &[
        FIELD_NAME,
        FIELD_TYPE,
        DOC,
        key("since", Form::Version, "Version that added the field at the struct's end."),
        OFFSET,
        SIZE,
        ALIGN,
        ALLOWED,
    ],
};

static RESERVED: Shape = Shape {
    what: "`reserved`",
    keys: &[
        key("ids", Form::List(&Form::Int), "Message ids."),
        key("flags", Form::List(&Form::Int), "Bits of the message flags."),
        key("names", Form::List(&Form::Text), "Names: Type, Type.member, or a protocol name."),
    ],
};

/// Reports every key that does not belong, that is missing, and every value that is a list, a
/// mapping or a single value where something else is asked for.
pub(crate) fn check(node: &Node, shape: &Shape, findings: &mut Vec<Finding>) {
    let Kind::Map(entries) = &node.kind else {
        findings.push(wrong_form(node, shape.what, "a mapping with keys"));
        return;
    };
    for entry in entries {
        match shape.keys.iter().find(|key| key.name == entry.key) {
            Some(key) => check_form(&entry.value, key.name, &key.form, findings),
            None => findings.push(unknown_key(entry, shape)),
        }
    }
    for key in shape.keys.iter().filter(|key| key.required) {
        if !entries.iter().any(|entry| entry.key == key.name) {
            findings.push(missing_key(node, shape, key));
        }
    }
}

fn check_form(node: &Node, name: &str, form: &Form, findings: &mut Vec<Finding>) {
    match (form, &node.kind) {
        (Form::Map(shape), _) => check(node, shape, findings),
        (Form::List(inner), Kind::List(items)) => {
            for item in items {
                check_form(item, name, inner, findings);
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
        Form::Map(_) => "a mapping with keys",
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
