//! Names of the generated packages, stated or derived from the protocol's name.

use super::lower::{Context, TypeName};
use super::raw::Document;
use super::scalar::shorten;
use crate::diagnostic::{Finding, rule};
use crate::layout::Targets;
use crate::names::{Language, NameKind, pascal, reason, snake, spell};
use crate::source::Spanned;

/// Longest prefix of ring files: with a ring's name of 200 characters it fits a file name.
const MAX_PREFIX: usize = 32;

/// Longest package or namespace.
const MAX_TARGET: usize = 128;

pub(super) fn file_prefix(main: &Document, defaults: &Document, cx: &mut Context) -> String {
    let Some(prefix) = main.prefix.as_ref().or(defaults.prefix.as_ref()) else {
        return String::new();
    };
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let value = &prefix.value;
    let fits = (1..=MAX_PREFIX).contains(&value.len())
        && value.chars().all(known)
        && !value.starts_with('.');
    if !fits {
        cx.report(
            Finding::error(rule::BAD_TARGET, format!("the file prefix `{}`", shorten(value)))
                .at(prefix.span, "cannot start a file name")
                .expected("1 to 32 of A-Z a-z 0-9 . _ - and no dot at the start"),
        );
    }
    value.clone()
}

pub(super) fn lower(main: &Document, name: &str, cx: &mut Context) -> Targets {
    let raw = &main.targets;
    let kebab = snake(name).replace('_', "-");
    let targets = Targets {
        rust_crate: stated(&raw.rust_crate, rust_crate, cx)
            .unwrap_or_else(|| format!("{kebab}-messages")),
        cpp_namespace: stated(&raw.cpp_namespace, |text| namespace(text, "::", Language::Cpp), cx)
            .unwrap_or_else(|| vec![spell(Language::Cpp, NameKind::Namespace, name)]),
        cpp_header: stated(&raw.cpp_header, cpp_header, cx)
            .unwrap_or_else(|| format!("{}.h", snake(name))),
        csharp_namespace: stated(
            &raw.csharp_namespace,
            |text| namespace(text, ".", Language::Csharp),
            cx,
        )
        .unwrap_or_else(|| vec![spell(Language::Csharp, NameKind::Namespace, &pascal(name))]),
        python_module: stated(&raw.python_module, python_module, cx)
            .unwrap_or_else(|| spell(Language::Python, NameKind::Module, name)),
    };
    check_namespace_types(main, &targets, cx);
    targets
}

/// What a text has to be, when it is not.
type Refusal = String;

fn stated<T>(
    text: &Option<Spanned<String>>,
    read: impl Fn(&str) -> Result<T, Refusal>,
    cx: &mut Context,
) -> Option<T> {
    let text = text.as_ref()?;
    let result = if text.value.len() > MAX_TARGET {
        Err(format!("at most {MAX_TARGET} characters"))
    } else {
        read(&text.value)
    };
    match result {
        Ok(value) => Some(value),
        Err(expected) => {
            cx.report(
                Finding::error(rule::BAD_TARGET, format!("the name `{}`", shorten(&text.value)))
                    .at(text.span, "not usable in its language")
                    .expected(expected),
            );
            None
        }
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn rust_crate(text: &str) -> Result<String, Refusal> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
        && !text.ends_with(['-', '_']);
    if !fits {
        return Err("a Cargo package name: a-z 0-9 - _, starting with a letter".into());
    }
    free(text, &text.replace('-', "_"), Language::Rust, NameKind::Module)?;
    Ok(text.to_owned())
}

fn free(text: &str, word: &str, language: Language, kind: NameKind) -> Result<(), Refusal> {
    match reason(language, kind, word) {
        Some(reason) => {
            Err(format!("a free name: `{text}` is {} in {}", reason.words(), language.title()))
        }
        None => Ok(()),
    }
}

fn namespace(text: &str, separator: &str, language: Language) -> Result<Vec<String>, Refusal> {
    let parts: Vec<&str> = text.split(separator).collect();
    for part in &parts {
        if !is_word(part) || part.contains("__") || part.ends_with('_') {
            return Err(format!("words joined by `{separator}`, such as acme{separator}market"));
        }
        free(part, part, language, NameKind::Namespace)?;
    }
    Ok(parts.into_iter().map(str::to_owned).collect())
}

fn cpp_header(text: &str) -> Result<String, Refusal> {
    let stem = [".hpp", ".hh", ".h"].iter().find_map(|end| text.strip_suffix(end));
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match stem {
        Some(stem) if stem.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
            if stem.chars().all(known) { Ok(text.to_owned()) } else { Err(HEADER.into()) }
        }
        _ => Err(HEADER.into()),
    }
}

const HEADER: &str = "a file name without folders that ends in .h, .hh or .hpp";

fn python_module(text: &str) -> Result<String, Refusal> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !text.ends_with('_');
    if !fits {
        return Err("a module name in snake_case".into());
    }
    free(text, text, Language::Python, NameKind::Module)?;
    Ok(text.to_owned())
}

/// A C# type named like a part of its namespace hides it, or is hidden by it.
fn check_namespace_types(main: &Document, targets: &Targets, cx: &mut Context) {
    let mut findings = Vec::new();
    for part in &targets.csharp_namespace {
        let is_type = |meaning: &TypeName| *meaning != TypeName::Broken;
        if !cx.types.get(part).is_some_and(is_type) {
            continue;
        }
        let message = format!("the type `{part}` is named like a part of the C# namespace");
        let mut finding = Finding::error(rule::HELPER_CLASH, message);
        if let Some(span) = cx.scopes.uses(None, part).first() {
            finding = finding.at(*span, "one would hide the other");
        }
        if let Some(stated) = &main.targets.csharp_namespace {
            finding = finding.also(stated.span, "the namespace");
        }
        let other = format!("{part}Protocol");
        findings.push(
            finding
                .help(format!("rename the type, or state targets.csharp.namespace, e.g. {other}")),
        );
    }
    cx.findings.extend(findings);
}
