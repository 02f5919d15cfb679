//! From documents to the model: sections found, defaults taken, everything looked up.
//!
//! Each part reports what is wrong with it and goes on with what is right, so that one run shows
//! all errors. What could not be understood is left out of the model, and what depends on it is
//! left out silently.

use std::collections::HashMap;
use std::sync::Arc;

use super::load::{self, Loaded};
use super::raw::{Document, Enum as RawEnum, Struct as RawStruct};
use super::scalar::shorten;
use super::scopes::Scopes;
use super::{Draft, Parsed, constants, headers, structs, targets, values};
use crate::diagnostic::Finding;
use crate::model::{
    Constant, DEFAULT_SPEC, DEFAULT_SPEC_NAME, Endianness, Enum, File, Reserved, ReservedName, Spec,
};
use crate::rules;
use crate::source::{Span, Spanned, Stated};

/// Keys that a file may have when another one imports it.
const SHARED_KEYS: &[&str] = &[
    "bitrpc",
    "doc",
    "allow",
    "ring_header",
    "message_header",
    "message_types",
    "flags",
    "constants",
    "enums",
    "structs",
    "reserved",
    "imports",
];

/// Names on their way to the model.
pub(super) struct Context {
    pub(super) findings: Vec<Finding>,
    pub(super) scopes: Scopes,
    pub(super) constants: Vec<Constant>,
    pub(super) enums: Vec<Enum>,
    /// What each type name stands for.
    pub(super) types: HashMap<String, TypeName>,
}

/// What a type name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypeName {
    /// Index into the enums.
    Enum(usize),
    /// Index into the structs as they are written.
    Struct(usize),
    /// Defined, but wrongly; that was reported.
    Broken,
}

impl Context {
    pub(super) fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

pub(super) fn lower(loaded: Loaded) -> Parsed {
    let Loaded { mut sources, findings, documents, languages, .. } = loaded;
    let mut cx = Context {
        findings,
        scopes: Scopes::default(),
        constants: Vec::new(),
        enums: Vec::new(),
        types: HashMap::new(),
    };
    let (defaults, more) = load::embedded(DEFAULT_SPEC_NAME, DEFAULT_SPEC, &mut sources);
    cx.findings.extend(more);
    let main = documents.last().expect("the spec itself was read");
    check_documents(&documents, &mut cx);

    let unnamed = || Spanned::new("unnamed".to_owned(), main.start);
    let name = main.name.clone().unwrap_or_else(unnamed);
    let magic = headers::magic(main, &defaults, &mut cx);
    let file_prefix = targets::file_prefix(main, &defaults, &mut cx);
    let all = || documents.iter();
    constants::lower(all().flat_map(|document| &document.constants), &mut cx);
    let raw_flags = section(&documents, &defaults, "flags", |d| d.flags.as_ref(), &mut cx);
    let types =
        section(&documents, &defaults, "message_types", |d| d.message_types.as_ref(), &mut cx);
    let flags = values::message_flags(raw_flags, &mut cx);
    let message_types = values::message_types(types, &mut cx);

    let raw_enums: Vec<_> = all().flat_map(|document| &document.enums).collect();
    let raw_structs: Vec<_> = all().flat_map(|document| &document.structs).collect();
    define_types(&raw_enums, &raw_structs, &mut cx);
    values::enums(&raw_enums, &mut cx);
    let structs = structs::lower(&raw_structs, &mut cx);

    let ring = section(&documents, &defaults, "ring_header", |d| d.ring_header.as_ref(), &mut cx);
    let ring_header = headers::ring(ring, &mut cx);
    let message =
        section(&documents, &defaults, "message_header", |d| d.message_header.as_ref(), &mut cx);
    let has_header = all().any(|document| document.message_header.is_some());
    let scalar = if has_header { flags.scalar.value } else { headers::default_flags(&defaults) };
    let message_header = headers::message(message, scalar, &mut cx);

    let reserved = reserved(&documents, &mut cx);
    let targets = targets::lower(main, &name.value, &languages, &mut cx);
    let sources = Arc::new(sources);
    let spec = Spec {
        files: documents.iter().map(file).collect(),
        name,
        version: or_default(&main.version, (1, 0)),
        doc: main.doc.clone(),
        endianness: Stated {
            value: Endianness::Little,
            span: main.endianness.as_ref().map(|order| order.span),
        },
        magic,
        file_prefix,
        default_capacity: or_default(&main.capacity, default_capacity(&defaults)),
        targets,
        ring_header,
        message_header,
        message_types,
        flags,
        constants: cx.constants,
        enums: cx.enums,
        structs: structs.list,
        reserved,
        allows: documents.iter().flat_map(|document| &document.allows).cloned().collect(),
        sources: Arc::clone(&sources),
        notes: Vec::new(),
    };
    let draft = Draft { spec, whole: structs.whole, nested: structs.nested, scopes: cx.scopes };
    Parsed { sources, findings: cx.findings, draft: Some(draft) }
}

/// What is stated, or else `default`.
pub(super) fn or_default<T: Clone>(stated: &Option<Spanned<T>>, default: T) -> Stated<T> {
    stated.clone().map_or_else(|| Stated::default(default), Stated::from)
}

fn default_capacity(defaults: &Document) -> u64 {
    defaults.capacity.as_ref().expect("the default spec states a capacity").value
}

fn file(document: &Document) -> File {
    File {
        language: document.bitrpc.clone().unwrap_or(Spanned::new(1, document.start)),
        doc: document.doc.clone(),
        sections: document.keys.clone(),
        imports: document.imports.clone(),
    }
}

/// What no file may use again.
fn reserved(documents: &[Document], cx: &mut Context) -> Reserved {
    let mut all = Reserved::default();
    for raw in documents.iter().map(|document| &document.reserved) {
        all.ids.extend(raw.ids.iter().cloned());
        all.flags.extend(raw.flags.iter().cloned());
        for text in &raw.names {
            match reserved_name(&text.value) {
                Some(name) => all.names.push(Spanned::new(name, text.span)),
                None => cx.report(
                    Finding::new(
                        rules::BAD_IDENTIFIER,
                        format!("`{}` is not a name", shorten(&text.value)),
                    )
                    .at(text.span, "not a name")
                    .expected("Type, Type.member or name"),
                ),
            }
        }
    }
    all
}

fn reserved_name(text: &str) -> Option<ReservedName> {
    let (owner, name) = match text.split_once('.') {
        Some((owner, name)) => (Some(owner), name),
        None => (None, text),
    };
    let is_word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let is_name = is_word(name) && owner.is_none_or(is_word);
    is_name.then(|| ReservedName { owner: owner.map(str::to_owned), name: name.to_owned() })
}

/// What concerns a file as a whole.
fn check_documents(documents: &[Document], cx: &mut Context) {
    for (i, document) in documents.iter().enumerate() {
        let is_main = i + 1 == documents.len();
        if is_main {
            check_main(document, cx);
            continue;
        }
        for key in document.keys.iter().filter(|key| !SHARED_KEYS.contains(&key.value.as_str())) {
            let is_known = super::shape::DOCUMENT.keys.iter().any(|known| known.name == key.value);
            if is_known {
                let message = format!("`{}` in an imported file", key.value);
                let finding = Finding::new(rules::MISPLACED_KEY, message)
                    .at(key.span, "belongs into the spec itself")
                    .expected(format!("one of: {}", SHARED_KEYS.join(", ")));
                cx.report(finding);
            }
        }
    }
}

fn check_main(document: &Document, cx: &mut Context) {
    if !document.keys.iter().any(|key| key.value == "name") {
        let finding = Finding::new(rules::MISSING_KEY, "a spec without `name`")
            .at(document.start, "starts here")
            .expected("`name`: a name in snake_case");
        cx.report(finding);
    }
    if let Some(order) = document.endianness.as_ref().filter(|order| order.value != "little") {
        let finding = Finding::new(rules::ENDIANNESS, format!("endianness `{}`", order.value))
            .at(order.span, "not supported")
            .expected("little");
        cx.report(finding);
    }
}

/// The one file's section of this name, or the default.
fn section<'a, T>(
    documents: &'a [Document],
    defaults: &'a Document,
    name: &str,
    get: impl Fn(&'a Document) -> Option<&'a T>,
    cx: &mut Context,
) -> &'a T {
    let mut found = documents.iter().filter_map(|document| Some((document, get(document)?)));
    let Some((first, section)) = found.next() else {
        return get(defaults).expect("the default spec has every section");
    };
    let span = |document: &Document| key_span(document, name);
    for (other, _) in found {
        let finding = Finding::new(rules::MISPLACED_KEY, format!("`{name}` is given twice"))
            .at(span(other), "a second time")
            .also(span(first), "first here")
            .expected("one file that has it");
        cx.report(finding);
    }
    section
}

fn key_span(document: &Document, name: &str) -> Span {
    let key = document.keys.iter().find(|key| key.value == name);
    key.map_or(document.start, |key| key.span)
}

/// Gives each type name its meaning; a name that is taken keeps the first one.
fn define_types(enums: &[&RawEnum], structs: &[&RawStruct], cx: &mut Context) {
    let mut places: HashMap<&str, Span> = HashMap::new();
    let enums = enums.iter().enumerate().map(|(i, item)| (&item.name, TypeName::Enum(i)));
    let structs = structs.iter().enumerate().map(|(i, item)| (&item.name, TypeName::Struct(i)));
    for (name, meaning) in enums.chain(structs) {
        let Some(name) = name else { continue };
        if let Some(first) = places.get(name.value.as_str()) {
            cx.report(defined_twice("type", name, *first));
            continue;
        }
        places.insert(&name.value, name.span);
        cx.types.insert(name.value.clone(), meaning);
        cx.scopes.add_type(name);
    }
}

pub(super) fn defined_twice(what: &str, name: &Spanned<String>, first: Span) -> Finding {
    Finding::new(rules::DEFINED_TWICE, format!("the {what} `{}` is defined twice", name.value))
        .at(name.span, "a second time")
        .also(first, "first here")
}
