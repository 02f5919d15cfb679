//! Numbers of names: message types, flags, enums, and what a file states of itself.

use std::collections::HashMap;

use super::Subject;
use crate::diagnostic::Finding;
use crate::model::{Named, Scalar};
use crate::rules;
use crate::source::Spanned;

const KIB: u64 = 1 << 10;
const TIB: u64 = 1 << 40;

/// The version of the language that this program reads.
const LANGUAGE: i128 = 1;

/// Whether a data area can have this many bytes.
pub(super) fn is_capacity(bytes: u64) -> bool {
    bytes.is_power_of_two() && (KIB..=TIB).contains(&bytes)
}

/// E011: the version of the spec language.
pub(super) fn language(subject: &Subject, findings: &mut Vec<Finding>) {
    let versions = subject.spec.files.iter().map(|file| &file.language);
    for version in versions.filter(|version| version.value != LANGUAGE) {
        let message = format!("spec language version {}", version.value);
        let finding = Finding::new(rules::LANGUAGE_VERSION, message);
        findings.push(finding.at(version.span, "not known to this tool").expected("1"));
    }
}

/// L206: the bytes of a ring when a program states none.
pub(super) fn capacity(subject: &Subject, findings: &mut Vec<Finding>) {
    let capacity = &subject.spec.default_capacity;
    let Some(span) = capacity.span.filter(|_| !is_capacity(capacity.value)) else { return };
    let finding = Finding::new(rules::CAPACITY, format!("a capacity of {} bytes", capacity.value))
        .at(span, "not a power of two from 1KiB to 1TiB");
    let near = capacity.value.clamp(KIB, TIB).checked_next_power_of_two().unwrap_or(TIB);
    findings.push(finding.help(format!("the next one that is: {near}")));
}

/// L302: values of one list that are the same.
pub(super) fn duplicates(subject: &Subject, findings: &mut Vec<Finding>) {
    check_duplicates("message type", &subject.spec.message_types.list, findings);
    for item in subject.spec.enums.iter().filter(|item| !item.is_flags) {
        check_duplicates("value", &item.values, findings);
    }
}

fn check_duplicates(what: &str, list: &[Named], findings: &mut Vec<Finding>) {
    let mut numbers: HashMap<i128, &Named> = HashMap::new();
    for named in list {
        let value = &named.value;
        let Some(first) = numbers.get(&value.value) else {
            numbers.insert(value.value, named);
            continue;
        };
        let message = format!("the {what} {} stands twice", value.value);
        findings.push(
            Finding::new(rules::DUPLICATE_VALUE, message)
                .at(value.span, format!("is also `{}`", first.name.value))
                .also(first.value.span, "first here"),
        );
    }
}

/// L304: flags that share bits, with each other or with what is reserved.
pub(super) fn overlaps(subject: &Subject, findings: &mut Vec<Finding>) {
    let flags = &subject.spec.flags;
    let taken = check_overlaps(&flags.bits, findings);
    for item in subject.spec.enums.iter().filter(|item| item.is_flags) {
        check_overlaps(&item.values, findings);
    }
    for reserved in &subject.spec.reserved.flags {
        if !has_bits(flags.scalar.value, reserved) {
            continue;
        }
        for bit in taken.iter().filter(|bit| bit.value.value & reserved.value != 0) {
            let message = format!("the flag `{}` uses a reserved bit", bit.name.value);
            let label = format!("shares {:#x} with it", bit.value.value & reserved.value);
            findings.push(Finding::new(rules::FLAGS_OVERLAP, message).at(reserved.span, label));
        }
    }
}

/// Reports flags that share bits with an earlier one; returns those that do not.
fn check_overlaps<'a>(bits: &'a [Named], findings: &mut Vec<Finding>) -> Vec<&'a Named> {
    let mut taken: Vec<&Named> = Vec::new();
    for named in bits {
        let (value, span) = (named.value.value, named.value.span);
        let Some(first) = taken.iter().find(|first| first.value.value & value != 0) else {
            taken.push(named);
            continue;
        };
        let shared = first.value.value & value;
        findings.push(
            Finding::new(rules::FLAGS_OVERLAP, "two flags share bits")
                .at(span, format!("shares {shared:#x} with `{}`", first.name.value))
                .also(first.value.span, "taken here"),
        );
    }
    taken
}

/// L303, as far as it is about reserved flags: bits that the flags do not have.
pub(super) fn reserved_range(subject: &Subject, findings: &mut Vec<Finding>) {
    let scalar = subject.spec.flags.scalar.value;
    for reserved in subject.spec.reserved.flags.iter().filter(|flag| !has_bits(scalar, flag)) {
        let message = format!("the reserved flag {:#x}", reserved.value);
        findings.push(
            Finding::new(rules::OUT_OF_RANGE, message)
                .at(reserved.span, format!("no bits of {}", scalar.name())),
        );
    }
}

fn has_bits(scalar: Scalar, reserved: &Spanned<i128>) -> bool {
    scalar.range().is_some_and(|(_, most)| (1..=most).contains(&reserved.value))
}
