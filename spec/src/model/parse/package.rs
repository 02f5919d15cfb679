//! What the generated packages say of themselves.

use super::raw;
use super::scalar::shorten;
use crate::diagnostic::Finding;
use crate::model::Package;
use crate::names::Grammar;
use crate::names::target::{LINE, URL, is_line};
use crate::rules;
use crate::source::Spanned;

/// Longest text of a package.
const MAX_TEXT: usize = 200;

const LICENSE: Grammar = Grammar {
    fits: |text| text.chars().all(|c| c.is_ascii_alphanumeric() || " .+-()".contains(c)),
    expected: "an SPDX expression, such as MIT or Apache-2.0",
};

const AUTHOR: Grammar = Grammar {
    fits: |text| is_line(text) && is_author(text),
    expected: "`Name` or `Name <mail@example.org>`",
};

fn is_author(text: &str) -> bool {
    match text.split_once('<') {
        None => !text.contains('>'),
        Some((name, rest)) => {
            let mail = rest.strip_suffix('>').unwrap_or_default();
            let is_plain = |c: char| !c.is_whitespace() && !"<>,;".contains(c);
            !name.trim().is_empty() && mail.contains('@') && mail.chars().all(is_plain)
        }
    }
}

pub(super) fn lower(raw: &raw::Targets, findings: &mut Vec<Finding>) -> Package {
    let mut read = |text: &Option<Spanned<String>>, grammar: &Grammar| {
        let text = text.as_ref()?;
        checked(text, grammar, findings)
    };
    let license = read(&raw.license, &LICENSE);
    let repository = read(&raw.repository, &URL);
    let description = read(&raw.description, &LINE);
    let authors = raw.authors.iter().filter_map(|one| checked(one, &AUTHOR, findings)).collect();
    Package { license, authors, repository, description }
}

/// A text of a package that has its form; any other one is reported.
pub(super) fn checked(
    text: &Spanned<String>,
    grammar: &Grammar,
    findings: &mut Vec<Finding>,
) -> Option<Spanned<String>> {
    let value = text.value.trim();
    if !value.is_empty() && value.len() <= MAX_TEXT && (grammar.fits)(value) {
        return Some(Spanned::new(value.to_owned(), text.span));
    }
    findings.push(
        Finding::new(rules::BAD_TARGET, format!("the text `{}`", shorten(value)))
            .at(text.span, "not usable in a package")
            .expected(format!("{}, at most {MAX_TEXT} bytes", grammar.expected)),
    );
    None
}
