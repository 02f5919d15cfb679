//! Names of the generated packages, stated or derived from the protocol's name.

use super::lower::{Context, TypeName};
use super::raw::Document;
use super::scalar::shorten;
use crate::diagnostic::Finding;
use crate::model::Targets;
use crate::names::{Language, NameKind, Reason, is_system_header, pascal, reason, snake};
use crate::rules;
use crate::source::{Span, Spanned, Stated};

/// Longest prefix of ring files: with a ring's name of 200 characters it fits a file name.
const MAX_PREFIX: usize = 32;

/// Longest package or namespace.
const MAX_TARGET: usize = 128;

pub(super) fn file_prefix(
    main: &Document,
    defaults: &Document,
    cx: &mut Context,
) -> Stated<String> {
    let default = defaults.prefix.as_ref().expect("the default spec states a prefix");
    let Some(prefix) = &main.prefix else { return Stated::default(default.value.clone()) };
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let value = &prefix.value;
    let fits = (1..=MAX_PREFIX).contains(&value.len())
        && value.chars().all(known)
        && !value.starts_with('.');
    if !fits {
        cx.report(
            Finding::new(rules::BAD_TARGET, format!("the file prefix `{}`", shorten(value)))
                .at(prefix.span, "cannot start a file name")
                .expected("1 to 32 of A-Z a-z 0-9 . _ - and no dot at the start"),
        );
    }
    prefix.clone().into()
}

pub(super) fn lower(main: &Document, name: &str, cx: &mut Context) -> Targets {
    let raw = &main.targets;
    let types = &cx.types;
    let is_type = |part: &str| types.get(part).is_some_and(|meaning| *meaning != TypeName::Broken);
    let mut derived = Derived { name: snake(name), renamed: Vec::new() };
    let mut findings = Vec::new();
    let targets = Targets {
        rust_crate: stated(&raw.rust_crate, rust_crate, &mut findings)
            .unwrap_or_else(|| Stated::default(derived.name.replace('_', "-") + "-messages")),
        cpp_namespace: stated(&raw.cpp_namespace, cpp_namespace, &mut findings).unwrap_or_else(
            || derived.take("C++ namespace", str::to_owned, cpp_outermost).map(|part| vec![part]),
        ),
        cpp_header: stated(&raw.cpp_header, cpp_header, &mut findings).unwrap_or_else(|| {
            derived.take(
                "C++ header",
                |name| format!("{name}.h"),
                |header| system_header(header.trim_end_matches(".h")),
            )
        }),
        csharp_namespace: stated(&raw.csharp_namespace, csharp_namespace, &mut findings)
            .unwrap_or_else(|| {
                let taken = |part: &str| match is_type(part) {
                    true => Some(Reason::SpecType),
                    false => csharp_part(part),
                };
                derived.take("C# namespace", pascal, taken).map(|part| vec![part])
            }),
        python_module: stated(&raw.python_module, python_module, &mut findings)
            .unwrap_or_else(|| derived.take("Python module", str::to_owned, python_word)),
        package: super::package::lower(raw, &mut findings),
    };
    findings.extend(main.name.as_ref().and_then(|name| derived.note(name.span)));
    cx.findings.extend(findings);
    targets
}

/// What is added to a protocol's name where something else has it already.
const ADDITION: &str = "_messages";

/// Names of packages as they derive from that of the protocol.
struct Derived {
    /// The protocol's name in `snake_case`.
    name: String,
    /// What could not be named so, how it is spelled instead, and why.
    renamed: Vec<(&'static str, String, Reason)>,
}

impl Derived {
    /// The name of `what`, spelled by `spell`: a longer one if `taken` says that it is.
    fn take(
        &mut self,
        what: &'static str,
        spell: impl Fn(&str) -> String,
        taken: impl Fn(&str) -> Option<Reason>,
    ) -> Stated<String> {
        let name = spell(&self.name);
        let Some(reason) = taken(&name) else { return Stated::default(name) };
        let longer = spell(&format!("{}{ADDITION}", self.name));
        self.renamed.push((what, longer.clone(), reason));
        Stated::default(longer)
    }

    /// Says which packages have the longer name.
    fn note(&self, at: Span) -> Option<Finding> {
        let (_, _, reason) = self.renamed.first()?;
        let named: Vec<_> =
            self.renamed.iter().map(|(what, name, _)| format!("the {what} is `{name}`")).collect();
        let message = format!("`{}` is taken: {}", self.name, named.join(", "));
        let finding = Finding::new(rules::TAKEN, message).at(at, format!("is {}", reason.words()));
        Some(finding.help("state other names in `targets`, if you like"))
    }
}

/// What a text has to be, when it is not.
type Refusal = String;

fn stated<T>(
    text: &Option<Spanned<String>>,
    read: impl Fn(&str) -> Result<T, Refusal>,
    findings: &mut Vec<Finding>,
) -> Option<Stated<T>> {
    let text = text.as_ref()?;
    let result = if text.value.len() > MAX_TARGET {
        Err(format!("at most {MAX_TARGET} characters"))
    } else {
        read(&text.value)
    };
    match result {
        Ok(value) => Some(Spanned::new(value, text.span).into()),
        Err(expected) => {
            findings.push(
                Finding::new(rules::BAD_TARGET, format!("the name `{}`", shorten(&text.value)))
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
    let word = text.replace('-', "_");
    free(&word, reason(Language::RUST, NameKind::Module, &word), || format!("{text}-messages"))?;
    Ok(text.to_owned())
}

/// Refuses a word that is taken, with a name that is not.
fn free(word: &str, taken: Option<Reason>, other: impl Fn() -> String) -> Result<(), Refusal> {
    let Some(reason) = taken else { return Ok(()) };
    Err(format!("a free name, such as {}: `{word}` is {}", other(), reason.words()))
}

/// Why a namespace without another one around it cannot have this name.
fn cpp_outermost(part: &str) -> Option<Reason> {
    reason(Language::CPP, NameKind::Namespace, part)
}

/// Why a namespace inside another one cannot: what the system declares is outside of it.
fn cpp_inner(part: &str) -> Option<Reason> {
    cpp_outermost(part).filter(|reason| *reason != Reason::Global)
}

fn system_header(stem: &str) -> Option<Reason> {
    is_system_header(stem).then_some(Reason::Header)
}

fn csharp_part(part: &str) -> Option<Reason> {
    reason(Language::CSHARP, NameKind::Namespace, part)
}

fn python_word(word: &str) -> Option<Reason> {
    reason(Language::PYTHON, NameKind::Module, word)
}

fn cpp_namespace(text: &str) -> Result<Vec<String>, Refusal> {
    namespace(text, "::", ADDITION, |depth| if depth == 0 { cpp_outermost } else { cpp_inner })
}

fn csharp_namespace(text: &str) -> Result<Vec<String>, Refusal> {
    namespace(text, ".", "Messages", |_| csharp_part)
}

/// The parts of a namespace; `taken` gives what looks at a part of this depth.
fn namespace(
    text: &str,
    separator: &str,
    addition: &str,
    taken: impl Fn(usize) -> fn(&str) -> Option<Reason>,
) -> Result<Vec<String>, Refusal> {
    let parts: Vec<&str> = text.split(separator).collect();
    for (depth, part) in parts.iter().enumerate() {
        if !is_word(part) || part.contains("__") || part.ends_with('_') {
            return Err(format!("words joined by `{separator}`, such as acme{separator}market"));
        }
        free(part, taken(depth)(part), || {
            let (before, after) = (&parts[..depth], &parts[depth + 1..]);
            [before, &[&format!("{part}{addition}")], after].concat().join(separator)
        })?;
    }
    Ok(parts.into_iter().map(str::to_owned).collect())
}

fn cpp_header(text: &str) -> Result<String, Refusal> {
    let ending = [".hpp", ".hh", ".h"].iter().find(|end| text.ends_with(**end)).ok_or(HEADER)?;
    let stem = &text[..text.len() - ending.len()];
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !stem.starts_with(|c: char| c.is_ascii_alphanumeric()) || !stem.chars().all(known) {
        return Err(HEADER.into());
    }
    let taken = if *ending == ".h" { system_header(stem) } else { None };
    free(stem, taken, || format!("{stem}{ADDITION}{ending}"))?;
    Ok(text.to_owned())
}

const HEADER: &str = "a file name without folders that ends in .h, .hh or .hpp";

fn python_module(text: &str) -> Result<String, Refusal> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !text.ends_with('_');
    if !fits {
        return Err("a module name in snake_case".into());
    }
    free(text, python_word(text), || format!("{text}{ADDITION}"))?;
    Ok(text.to_owned())
}
