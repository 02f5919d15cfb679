//! From documents to the model: sections found, defaults taken, everything looked up.
//!
//! Each part reports what is wrong with it and goes on with what is right, so that one run shows
//! all errors. What could not be understood is left out of the model, and what depends on it is
//! left out silently.

use std::collections::HashMap;
use std::sync::Arc;

use super::load::{self, Loaded};
use super::names::Scopes;
use super::raw::{Document, Enum};
use super::{
    DEFAULT_SPEC, DEFAULT_SPEC_NAME, Draft, Spec, constants, headers, ids, names, structs, targets,
    values,
};
use crate::diagnostic::Finding;
use crate::layout::{ConstantLayout, EnumLayout};
use crate::rules;
use crate::source::{Span, Spanned};

/// Keys that a file may have when another one imports it.
const SHARED_KEYS: &[&str] = &[
    "bitrpc",
    "doc",
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
    pub(super) constants: Vec<ConstantLayout>,
    pub(super) enums: Vec<EnumLayout>,
    /// What each type name stands for.
    pub(super) types: HashMap<String, TypeName>,
    pub(super) version: (u16, u16),
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

pub(super) fn lower(loaded: Loaded) -> Draft {
    let Loaded { mut sources, findings, documents, .. } = loaded;
    let mut cx = Context {
        findings,
        scopes: Scopes::default(),
        constants: Vec::new(),
        enums: Vec::new(),
        types: HashMap::new(),
        version: (1, 0),
    };
    let (defaults, more) = load::embedded(DEFAULT_SPEC_NAME, DEFAULT_SPEC, &mut sources);
    cx.findings.extend(more);
    let main = documents.last().expect("the spec itself was read");
    check_documents(&documents, &mut cx);

    cx.version = main.version.as_ref().map_or((1, 0), |version| version.value);
    let name = main.name.as_ref().map_or_else(|| "unnamed".to_owned(), |name| name.value.clone());
    let magic = headers::magic(main, &defaults, &mut cx);
    let file_prefix = targets::file_prefix(main, &defaults, &mut cx);
    let default_capacity = headers::capacity(main, &defaults, &mut cx);

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
    let message_header = if has_header {
        headers::message(message, flags.scalar, &mut cx)
    } else {
        headers::default_message(message, &defaults, raw_flags, flags.scalar, &mut cx)
    };

    ids::check(&documents, &types.value, &raw_structs, &mut cx);
    ids::check_reserved_flags(&documents, &flags, &mut cx);
    ids::check_reserved_names(&documents, &mut cx);
    let targets = targets::lower(main, &name, &mut cx);
    names::check(&mut cx);

    let sources = Arc::new(sources);
    let spec = Spec {
        name,
        version: cx.version,
        doc: main.doc.clone(),
        magic,
        file_prefix,
        default_capacity,
        targets,
        ring_header,
        message_header,
        message_types,
        flags,
        constants: cx.constants,
        enums: cx.enums,
        structs,
        sources: Arc::clone(&sources),
        notes: Vec::new(),
    };
    Draft { sources, findings: cx.findings, spec: Some(spec) }
}

/// What concerns a file as a whole.
fn check_documents(documents: &[Document], cx: &mut Context) {
    for (i, document) in documents.iter().enumerate() {
        if let Some(version) = document.bitrpc.as_ref().filter(|version| version.value != 1) {
            let message = format!("spec language version {}", version.value);
            let finding = Finding::new(rules::LANGUAGE_VERSION, message);
            cx.report(finding.at(version.span, "not known to this tool").expected("1"));
        }
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
fn define_types(enums: &[&Enum], structs: &[&super::raw::Struct], cx: &mut Context) {
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
