//! Nothing that a text says is missing from the model.

use std::collections::BTreeSet;

use super::parse::shape::{DOCUMENT, Form, Shape};
use super::{DEFAULT_SPEC, Spec};
use crate::names::Language;
use crate::source::Memory;

/// A spec in which every key of the language stands.
const SAMPLE: &str = include_str!("tests/everything.yaml");

const PART: &str = "bitrpc: 1\ndoc: A part.\n";

/// For each key: what stands once in the sample, and what it becomes.
const CHANGES: &[(&str, &str, &str)] = &[
    ("name", "name: everything", "name: something"),
    ("version", "version: \"2.1\"", "version: \"2.2\""),
    ("doc", "doc: All keys.", "doc: Some keys."),
    ("endianness", "endianness: little", ""),
    ("magic", "magic: 7", "magic: 8"),
    ("segment.prefix", "prefix: all_", "prefix: any_"),
    ("segment.capacity", "capacity: 1MiB", "capacity: 2MiB"),
    ("targets.license", "license: MIT", "license: BSL-1.0"),
    ("targets.authors", "authors: [Ann]", "authors: [Bob]"),
    ("targets.repository", "repository: https://a.org/x", "repository: https://b.org/x"),
    ("targets.description", "description: All.", "description: Some."),
    ("targets.rust.runtime.path", "git: https://c.org/x, rev: abc", "path: ../shm"),
    ("targets.rust.runtime.git", "git: https://c.org/x", "git: https://d.org/x"),
    ("targets.rust.runtime.rev", "rev: abc", "rev: abd"),
    ("targets.rust.crate", "crate: all-keys", "crate: some-keys"),
    ("targets.cpp.namespace", "namespace: all_keys", "namespace: some_keys"),
    ("targets.cpp.header", "header: all_keys.h", "header: some_keys.h"),
    ("targets.csharp.namespace", "namespace: AllKeys", "namespace: SomeKeys"),
    ("targets.python.module", "module: all_keys", "module: some_keys"),
    ("ring_header.doc", "doc: The ring.", "doc: A ring."),
    ("ring_header.line", "line: 128", "line: 256"),
    ("ring_header.size", "size: 12288", "size: 16384"),
    ("ring_header.fields.name", "name: first_bytes", "name: some_bytes"),
    ("ring_header.fields.type", "type: u32, offset: 4096", "type: i32, offset: 4096"),
    ("ring_header.fields.doc", "doc: Mine.", "doc: Yours."),
    ("ring_header.fields.role", "role: producer_pid }", "role: producer_epoch }"),
    ("ring_header.fields.line", "line: 33 }", "line: 34 }"),
    ("ring_header.fields.atomic", ", atomic: true", ""),
    ("ring_header.fields.offset", "offset: 4096", "offset: 4100"),
    ("ring_header.fields.size", "size: 4, ", ""),
    ("ring_header.fields.align", "align: 4", "align: 8"),
    ("message_header.doc", "doc: The head.", "doc: A head."),
    ("message_header.size", "size: 32", "size: 40"),
    ("message_header.fields.name", "name: length", "name: long"),
    ("message_header.fields.type", "type: u16, offset: 18", "type: i16, offset: 18"),
    ("message_header.fields.doc", "doc: Own.", "doc: Other."),
    ("message_header.fields.role", "role: timestamp, ", ""),
    ("message_header.fields.offset", "offset: 18", "offset: 20"),
    ("message_header.fields.size", "size: 2, ", ""),
    ("message_header.fields.align", "align: 2, ", ""),
    ("message_types.name", "name: more", "name: other"),
    ("message_types.value", "value: 12", "value: 13"),
    ("message_types.doc", "doc: Any.", "doc: None."),
    ("flags.doc", "doc: The bits.", "doc: Some bits."),
    ("flags.type", "type: u16 # flags", "type: u32 # flags"),
    ("flags.bits.name", "name: signed", "name: sealed"),
    ("flags.bits.mask", "mask: 0x40", "mask: 0x20"),
    ("flags.bits.value", "value: 0x10", "value: 0x08"),
    ("flags.bits.doc", "doc: Sealed.", "doc: Open."),
    ("constants.name", "name: depth", "name: height"),
    ("constants.type", "type: u8, value: 5", "type: i8, value: 5"),
    ("constants.value", "value: 5", "value: 6"),
    ("constants.doc", "doc: Down.", "doc: Up."),
    ("enums.name", "name: Side", "name: Face"),
    ("enums.type", "type: u8 # side", "type: i8 # side"),
    ("enums.doc", "doc: Which one.", "doc: Which."),
    ("enums.values.name", "name: left", "name: back"),
    ("enums.values.value", "value: 77", "value: 78"),
    ("enums.values.doc", "doc: This.", "doc: That."),
    ("enums.bits.name", "name: blue", "name: pink"),
    ("enums.bits.mask", "mask: 0x04", "mask: 0x08"),
    ("enums.bits.value", "value: 0x01", "value: 0x02"),
    ("enums.bits.doc", "doc: The sky.", "doc: The sea."),
    ("structs.name", "name: Quote", "name: Price"),
    ("structs.id", "id: 4000", "id: 4001"),
    ("structs.doc", "doc: A price.", "doc: The price."),
    ("structs.size", "size: 64", "size: 72"),
    ("structs.align", "align: 8 # quote", "align: 4 # quote"),
    ("structs.fields.name", "name: ask", "name: bid"),
    ("structs.fields.type", "\"u8[limit]\"", "\"u8[9]\""),
    ("structs.fields.doc", "doc: Wanted.", "doc: Offered."),
    ("structs.fields.since", "since: \"1.1\"", "since: \"1.2\""),
    ("structs.fields.offset", "offset: 32", "offset: 40"),
    ("structs.fields.size", ", size: 9", ""),
    ("structs.fields.align", "align: 2 # ask", "align: 4 # ask"),
    ("reserved.ids", "ids: [4100]", "ids: [4101]"),
    ("reserved.flags", "flags: [0x80]", "flags: [0x100]"),
    ("reserved.names", "names: [Quote.last]", "names: [Quote.late]"),
    ("allow.rule", "rule: L112, why: why0 ", "rule: L402, why: why0 "),
    ("allow.why", "why: why0 ", "why: other0 "),
    ("ring_header.allow.rule", "rule: L112, why: why1 ", "rule: L402, why: why1 "),
    ("ring_header.allow.why", "why: why1 ", "why: other1 "),
    ("ring_header.fields.allow.rule", "rule: L112, why: why2 ", "rule: L402, why: why2 "),
    ("ring_header.fields.allow.why", "why: why2 ", "why: other2 "),
    ("message_header.allow.rule", "rule: L112, why: why3 ", "rule: L402, why: why3 "),
    ("message_header.allow.why", "why: why3 ", "why: other3 "),
    ("message_header.fields.allow.rule", "rule: L112, why: why4 ", "rule: L402, why: why4 "),
    ("message_header.fields.allow.why", "why: why4 ", "why: other4 "),
    ("message_types.allow.rule", "rule: L112, why: why5 ", "rule: L402, why: why5 "),
    ("message_types.allow.why", "why: why5 ", "why: other5 "),
    ("flags.allow.rule", "rule: L112, why: why6 ", "rule: L402, why: why6 "),
    ("flags.allow.why", "why: why6 ", "why: other6 "),
    ("flags.bits.allow.rule", "rule: L112, why: why7 ", "rule: L402, why: why7 "),
    ("flags.bits.allow.why", "why: why7 ", "why: other7 "),
    ("constants.allow.rule", "rule: L112, why: why8 ", "rule: L402, why: why8 "),
    ("constants.allow.why", "why: why8 ", "why: other8 "),
    ("enums.allow.rule", "rule: L112, why: why9 ", "rule: L402, why: why9 "),
    ("enums.allow.why", "why: why9 ", "why: other9 "),
    ("enums.values.allow.rule", "rule: L112, why: why10 ", "rule: L402, why: why10 "),
    ("enums.values.allow.why", "why: why10 ", "why: other10 "),
    ("enums.bits.allow.rule", "rule: L112, why: why11 ", "rule: L402, why: why11 "),
    ("enums.bits.allow.why", "why: why11 ", "why: other11 "),
    ("structs.allow.rule", "rule: L112, why: why12 ", "rule: L402, why: why12 "),
    ("structs.allow.why", "why: why12 ", "why: other12 "),
    ("structs.fields.allow.rule", "rule: L112, why: why13 ", "rule: L402, why: why13 "),
    ("structs.fields.allow.why", "why: why13 ", "why: other13 "),
    ("imports", "imports: [part.yaml]", "imports: [more.yaml]"),
];

/// What has to change along with a key, because each role stands once and has one type.
const WITH: &[(&str, &str, &str)] = &[
    (
        "ring_header.fields.role",
        "role: producer_epoch }\n    - { name: r",
        "role: producer_pid }\n    - { name: r",
    ),
    ("flags.type", "type: u16, role: flags", "type: u32, role: flags"),
];

fn model(text: &str) -> String {
    let files = Memory::new().with("a.yaml", text).with("part.yaml", PART).with("more.yaml", PART);
    let spec = Spec::load("a.yaml", &files).unwrap_or_else(|findings| panic!("{findings}\n{text}"));
    // What is noted about a name repeats it.
    without_spans(&format!("{:?}", Spec { notes: Vec::new(), sources: Default::default(), ..spec }))
}

/// Places move with every letter; that they are there is told by what is left of them.
fn without_spans(text: &str) -> String {
    let mut parts = text.split("Span { source");
    let first = parts.next().unwrap_or_default().to_owned();
    let rests = parts.map(|part| part.split_once('}').expect("a span ends").1);
    rests.fold(first, |text, rest| text + "Span" + rest)
}

/// Every key of a shape that is no mapping itself, by its path.
fn leaves(shape: &Shape, path: &str, all: &mut BTreeSet<String>) {
    for key in shape.keys.iter() {
        let path =
            if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        let form = if let Form::List(item) = key.form { item } else { &key.form };
        match form.shape(&Language::ALL) {
            Some(inner) => leaves(&inner, &path, all),
            None => drop(all.insert(path)),
        }
    }
}

#[test]
fn every_key_changes_the_model() {
    let before = model(SAMPLE);
    for (key, line, other) in CHANGES {
        assert_eq!(SAMPLE.matches(line).count(), 1, "{key}: {line} does not stand once");
        let also = WITH.iter().filter(|(with, ..)| with == key);
        let text = also.fold(SAMPLE.replace(line, other), |text, (_, line, other)| {
            assert!(text.contains(line), "{key}: {line} does not stand");
            text.replace(line, other)
        });
        let after = model(&text);
        assert!(before != after, "{key} changes nothing");
    }
}

#[test]
fn no_key_is_left_out() {
    let mut keys = BTreeSet::new();
    leaves(&DOCUMENT, "", &mut keys);
    // There is one version of the language; another one is refused.
    assert!(keys.remove("bitrpc"));
    let changed: BTreeSet<_> = CHANGES.iter().map(|(key, ..)| (*key).to_owned()).collect();
    assert_eq!(keys, changed);
}

#[test]
fn what_is_stated_is_told_from_what_is_default() {
    let bare = "bitrpc: 1\nname: default_keys\n";
    for line in [
        "version: \"1.0\"\n",
        "endianness: little\n",
        "magic: 0x42525446\n",
        "segment: { prefix: BitRPC_ }\n",
        "segment: { capacity: 1MiB }\n",
        "targets: { rust: { crate: default-keys-messages } }\n",
        "targets: { cpp: { namespace: default_keys } }\n",
        "targets: { cpp: { header: default_keys.h } }\n",
        "targets: { csharp: { namespace: DefaultKeys } }\n",
        "targets: { python: { module: default_keys } }\n",
    ] {
        let (stated, default) = (model(&format!("{bare}{line}")), model(bare));
        let is_section = |text: &str| text.replace("span: None", "span: Some(Span)");
        assert_ne!(stated, default, "{line}");
        // Nothing else differs, but for the list of sections.
        let values =
            |text: &str| is_section(text).split_once("name: Spanned").unwrap().1.to_owned();
        assert_eq!(values(&stated), values(&default), "{line}");
    }
}

#[test]
fn sections_of_the_default_protocol_have_their_places_in_it() {
    let files = Memory::new().with("a.yaml", "bitrpc: 1\nname: bare\n");
    let bare = Spec::load("a.yaml", &files).unwrap();
    let files = Memory::new().with("a.yaml", DEFAULT_SPEC);
    let stated = Spec::load("a.yaml", &files).unwrap();
    let places = |spec: &Spec| {
        [
            spec.ring_header.span,
            spec.ring_header.fields[0].span,
            spec.message_header.span,
            spec.message_types.span,
            spec.flags.span,
        ]
        .map(|span| spec.sources().is_built_in(span.source))
    };
    assert_eq!(places(&bare), [true; 5]);
    assert_eq!(places(&stated), [false; 5]);
}

#[test]
fn structs_know_their_order_in_the_text() {
    let text = "bitrpc: 1\nname: order\nstructs:\n\
                - { name: Outer, id: 1001, fields: [{ name: inner, type: Inner }] }\n\
                - { name: Inner, fields: [{ name: a, type: u8 }] }\n";
    let spec = Spec::load("a.yaml", &Memory::new().with("a.yaml", text)).unwrap();
    let order: Vec<_> =
        spec.structs.iter().map(|item| (item.name.value.as_str(), item.order)).collect();
    assert_eq!(order, [("Inner", 1), ("Outer", 0)]);
    let item = &spec.structs[1];
    assert!(text[item.span.range()].starts_with("{ name: Outer"), "{:?}", item.span);
}
