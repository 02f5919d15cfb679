//! What the generated packages say of themselves, and where the Rust one finds its runtime.

use super::raw;
use super::scalar::shorten;
use crate::diagnostic::Finding;
use crate::model::{Package, RustRuntime};
use crate::rules;
use crate::source::{Spanned, Stated};

/// Longest text of a package.
const MAX_TEXT: usize = 200;

/// Which characters a text may have, and how to say so.
struct Grammar {
    fits: fn(&str) -> bool,
    expected: &'static str,
}

const LICENSE: Grammar = Grammar {
    fits: |text| text.chars().all(|c| c.is_ascii_alphanumeric() || " .+-()".contains(c)),
    expected: "an SPDX expression, such as MIT or Apache-2.0",
};

const AUTHOR: Grammar = Grammar {
    fits: |text| is_line(text) && is_author(text),
    expected: "`Name` or `Name <mail@example.org>`",
};

const URL: Grammar = Grammar {
    fits: |text| {
        let schemes = ["https://", "http://", "ssh://", "file://"];
        is_line(text)
            && !text.contains(|c: char| c.is_whitespace() || "<>".contains(c))
            && schemes.iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
    },
    expected: "a URL, such as https://example.org/acme/market",
};

const LINE: Grammar = Grammar { fits: is_line, expected: "one line without \" and \\" };

const REVISION: Grammar =
    Grammar { fits: |text| text.chars().all(|c| c.is_ascii_alphanumeric()), expected: "a commit" };

fn is_line(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || matches!(c, '"' | '\\'))
}

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
    let runtime = &raw.rust_runtime;
    let path = read(&runtime.path, &LINE);
    let git = read(&runtime.git, &URL);
    let rev = read(&runtime.rev, &REVISION);
    let authors = raw.authors.iter().filter_map(|one| checked(one, &AUTHOR, findings)).collect();
    if let Some((span, message)) = contradiction(runtime) {
        findings.push(
            Finding::new(rules::BAD_TARGET, message)
                .at(span, "contradicts the other")
                .expected("`path`, or `git` with or without `rev`"),
        );
    }
    let rust_runtime = match (path, git) {
        (Some(path), _) => path.map(RustRuntime::Path).into(),
        (None, Some(git)) => {
            git.map(|url| RustRuntime::Git { url, rev: rev.map(|rev| rev.value) }).into()
        }
        (None, None) => Stated::default(RustRuntime::Registry),
    };
    Package { license, authors, repository, description, rust_runtime }
}

fn contradiction(runtime: &raw::RustRuntime) -> Option<(crate::source::Span, &'static str)> {
    match (&runtime.path, &runtime.git, &runtime.rev) {
        (Some(_), Some(git), _) => Some((git.span, "a runtime in a folder and in git")),
        (_, None, Some(rev)) => Some((rev.span, "a revision without a git repository")),
        _ => None,
    }
}

fn checked(
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
