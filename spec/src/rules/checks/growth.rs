//! Whether enums, flag sets and messages can grow.

use super::Subject;
use crate::diagnostic::Finding;
use crate::model::{Named, Scalar};
use crate::rules;
use crate::source::Spanned;

/// L301: enums in which zero has no name.
pub(super) fn no_zero(subject: &Subject, findings: &mut Vec<Finding>) {
    for item in subject.spec.enums.iter().filter(|item| !item.is_flags) {
        if item.values.is_empty() || item.values.iter().any(|named| named.value.value == 0) {
            continue;
        }
        findings.push(
            Finding::new(rules::NO_ZERO, format!("`{}` has no value 0", item.name.value))
                .at(item.name.span, "reads as 0 where nobody has set it")
                .expected("a name for 0, such as `unknown`"),
        );
    }
}

/// L308: types whose numbers are all in use.
pub(super) fn full(subject: &Subject, findings: &mut Vec<Finding>) {
    let spec = subject.spec;
    for item in &spec.enums {
        let (name, scalar) = (&item.name, &item.scalar);
        if item.is_flags {
            full_flags(&format!("`{}`", name.value), scalar, used(&item.values), findings);
        } else if is_nearly_full(scalar.value, item.values.len()) {
            let message = format!("`{}` has hardly a number left", name.value);
            let label = format!("carries {} values already", item.values.len());
            findings.push(
                Finding::new(rules::NO_GROWTH, message)
                    .at(scalar.span, label)
                    .expected("a wider type"),
            );
        }
    }
    let reserved = spec.reserved.flags.iter().fold(0, |all, flag| all | flag.value);
    let flags = &spec.flags;
    full_flags("the message flags", &flags.scalar, used(&flags.bits) | reserved, findings);
}

fn used(bits: &[Named]) -> i128 {
    bits.iter().fold(0, |all, named| all | named.value.value)
}

fn full_flags(what: &str, scalar: &Spanned<Scalar>, used: i128, findings: &mut Vec<Finding>) {
    if scalar.value.range().is_some_and(|(_, most)| used & most == most) {
        let plural = if what.starts_with('`') { "has" } else { "have" };
        findings.push(
            Finding::new(rules::NO_GROWTH, format!("{what} {plural} no bit left"))
                .at(scalar.span, "all bits are in use")
                .expected("a wider type"),
        );
    }
}

/// Whether an eighth of the numbers of a type, or less, is free.
fn is_nearly_full(scalar: Scalar, values: usize) -> bool {
    let Some((least, most)) = scalar.range() else { return false };
    let numbers = (most - least).saturating_add(1);
    values as i128 >= numbers - numbers / 8
}

/// L507: `since` of a version that nobody was before.
pub(super) fn since(subject: &Subject, findings: &mut Vec<Finding>) {
    for item in &subject.spec.structs {
        let fields = item.fields.iter().filter_map(|field| field.since.as_ref());
        let tail = item.tail.iter().filter_map(|tail| tail.since.as_ref());
        for since in fields.chain(tail).filter(|since| since.value.1 == 0) {
            let (major, _) = since.value;
            findings.push(
                Finding::new(rules::SINCE_FIRST, format!("`since` of the first version {major}.0"))
                    .at(since.span, format!("no program of version {major} is older"))
                    .expected(format!(
                        "the version that added the field, such as {major}.1, also as the spec's"
                    ))
                    .help("or no `since`, if the field was there from the start"),
            );
        }
    }
}
