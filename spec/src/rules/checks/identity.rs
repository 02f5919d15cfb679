//! What a spec says of itself: byte order, magic number, version, docs.

use super::{Subject, mend};
use crate::diagnostic::{Finding, Fix};
use crate::model::{Doc, Field, Named};
use crate::rules::{self, Rule};
use crate::source::{Span, Spanned};

/// L115: no byte order.
pub(super) fn endianness(subject: &Subject, findings: &mut Vec<Finding>) {
    if !subject.spec.endianness.is_stated() {
        let finding = Finding::new(rules::NO_ENDIANNESS, "the byte order is not stated");
        findings.push(stating(subject, finding, "endianness", "little"));
    }
}

/// L501: no magic number.
pub(super) fn magic(subject: &Subject, findings: &mut Vec<Finding>) {
    let magic = &subject.spec.magic;
    if !magic.is_stated() {
        let finding = Finding::new(rules::NO_MAGIC, "the magic number is not stated");
        findings.push(stating(subject, finding, "magic", &format!("{:#010x}", magic.value)));
    }
}

/// L502: no version.
pub(super) fn version(subject: &Subject, findings: &mut Vec<Finding>) {
    let version = &subject.spec.version;
    if !version.is_stated() {
        let (major, minor) = version.value;
        let finding = Finding::new(rules::NO_VERSION, "the version is not stated");
        findings.push(stating(subject, finding, "version", &format!("\"{major}.{minor}\"")));
    }
}

/// What is not stated, with what holds then.
fn stating(subject: &Subject, finding: Finding, key: &str, value: &str) -> Finding {
    let name = &subject.spec.name;
    let edit = mend::key_behind(subject, whole(subject), name.span, key, value);
    finding
        .at(name.span, format!("has no `{key}`"))
        .expected(format!("`{key}: {value}`, which holds when nothing is stated, or another one"))
        .mend(Fix::new(format!("states `{key}: {value}`"), [edit]))
}

/// The mapping that the spec itself is.
fn whole(subject: &Subject) -> Span {
    let spec = subject.spec;
    let first = spec.files.last().and_then(|file| file.sections.first());
    let first = first.map_or(spec.name.span, |key| key.span);
    let before = &spec.sources.get(first.source).text()[..first.start];
    let brace = before.trim_end().strip_suffix('{').map(str::len);
    Span { start: brace.unwrap_or(first.start), ..first }
}

/// L504: a magic number that reads the same from both ends.
pub(super) fn palindrome(subject: &Subject, findings: &mut Vec<Finding>) {
    let magic = &subject.spec.magic;
    let Some(span) = magic.span.filter(|_| magic.value == magic.value.swap_bytes()) else { return };
    findings.push(
        Finding::new(rules::PALINDROME, format!("the magic number {:#010x}", magic.value))
            .at(span, "its bytes are the same from both ends")
            .expected("a number that is another one byte-swapped"),
    );
}

/// L506: what has no doc text.
pub(super) fn docs(subject: &Subject, findings: &mut Vec<Finding>) {
    let spec = subject.spec;
    let mut docs = Docs(findings);
    docs.check("the protocol", &spec.name, &spec.doc);
    docs.fields(&spec.ring_header.fields);
    docs.fields(&spec.message_header.fields);
    docs.values("the message type", &spec.message_types.list);
    docs.values("the flag", &spec.flags.bits);
    for item in &spec.constants {
        docs.check("the constant", &item.name, &item.doc);
    }
    for item in &spec.enums {
        docs.check(if item.is_flags { "the flag set" } else { "the enum" }, &item.name, &item.doc);
        docs.values(if item.is_flags { "the flag" } else { "the value" }, &item.values);
    }
    for item in &spec.structs {
        docs.check("the struct", &item.name, &item.doc);
        docs.fields(&item.fields);
        if let Some(tail) = &item.tail {
            docs.check("the field", &tail.name, &tail.doc);
        }
    }
}

struct Docs<'a>(&'a mut Vec<Finding>);

impl Docs<'_> {
    const RULE: &'static Rule = rules::UNDOCUMENTED;

    fn check(&mut self, what: &str, name: &Spanned<String>, doc: &Doc) {
        if doc.as_ref().is_none_or(|doc| doc.value.trim().is_empty()) {
            let finding = Finding::new(Self::RULE, format!("{what} `{}` has no doc", name.value));
            self.0.push(finding.at(name.span, "is not explained"));
        }
    }

    fn fields<R>(&mut self, fields: &[Field<R>]) {
        for field in fields {
            self.check("the field", &field.name, &field.doc);
        }
    }

    fn values(&mut self, what: &str, list: &[Named]) {
        for named in list {
            self.check(what, &named.name, &named.doc);
        }
    }
}
