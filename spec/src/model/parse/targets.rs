//! What is said of the packages of each language, by the keys that its row declares.

use super::lower::{Context, TypeName};
use super::package::checked;
use super::raw::Document;
use super::scalar::shorten;
use crate::diagnostic::Finding;
use crate::model::{Target, Targets};
use crate::names::target::{ADDITION, TargetKey, TargetKind};
use crate::names::{Group, Language, NameRule, Reason, snake};
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

pub(super) fn lower(
    main: &Document,
    name: &str,
    languages: &[Language],
    cx: &mut Context,
) -> Targets {
    let types = &cx.types;
    let is_type = |part: &str| types.get(part).is_some_and(|meaning| *meaning != TypeName::Broken);
    let mut reader = Reader {
        stated: &main.targets.stated,
        name: snake(name),
        is_type: &is_type,
        targets: Vec::new(),
        renamed: Vec::new(),
        findings: Vec::new(),
    };
    for language in languages {
        reader.keys(*language, language.id(), language.targets());
    }
    let note = main.name.as_ref().and_then(|name| reader.note(name.span));
    let Reader { targets: names, mut findings, .. } = reader;
    let package = super::package::lower(&main.targets, &mut findings);
    findings.extend(note);
    cx.findings.extend(findings);
    Targets { names, package }
}

struct Reader<'a> {
    /// What the spec states, by the path of its key.
    stated: &'a [(String, Spanned<String>)],
    /// The protocol's name in `snake_case`.
    name: String,
    /// Whether the spec has a type of this name.
    is_type: &'a dyn Fn(&str) -> bool,
    targets: Vec<Target>,
    /// What could not be named after the protocol, how it is spelled instead, and why.
    renamed: Vec<(String, String, Reason)>,
    findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    fn keys(&mut self, language: Language, path: &str, keys: &[TargetKey]) {
        for key in keys {
            let path = format!("{path}.{}", key.name);
            let value = match key.kind {
                TargetKind::Group(group) => {
                    self.keys(language, &path, group.keys);
                    self.contradiction(&path, group);
                    continue;
                }
                TargetKind::Text(grammar) => self
                    .stated(&path)
                    .and_then(|text| checked(text, grammar, &mut self.findings))
                    .map(Stated::from),
                TargetKind::Name(rule) => Some(match self.stated_name(&path, &rule) {
                    Some(name) => name.into(),
                    None => self.derived(format!("{} {}", language.title(), key.name), &rule),
                }),
            };
            self.targets.extend(value.map(|value| Target { key: path, value }));
        }
    }

    fn stated(&self, path: &str) -> Option<&'a Spanned<String>> {
        self.stated.iter().find(|(stated, _)| stated == path).map(|(_, text)| text)
    }

    fn stated_name(&mut self, path: &str, rule: &NameRule) -> Option<Spanned<String>> {
        let text = self.stated(path)?;
        let result = if text.value.len() > MAX_TARGET {
            Err(format!("at most {MAX_TARGET} characters"))
        } else {
            (rule.check)(&text.value)
        };
        match result {
            Ok(()) => Some(text.clone()),
            Err(expected) => {
                self.findings.push(
                    Finding::new(rules::BAD_TARGET, format!("the name `{}`", shorten(&text.value)))
                        .at(text.span, "not usable in its language")
                        .expected(expected),
                );
                None
            }
        }
    }

    /// The name of `what` after the protocol: a longer one if it is taken.
    fn derived(&mut self, what: String, rule: &NameRule) -> Stated<String> {
        let name = (rule.derive)(&self.name);
        let Some(reason) = (rule.taken)(&name, self.is_type) else { return Stated::default(name) };
        let longer = (rule.derive)(&format!("{}{ADDITION}", self.name));
        self.renamed.push((what, longer.clone(), reason));
        Stated::default(longer)
    }

    fn contradiction(&mut self, path: &str, group: &Group) {
        let is_stated = |key: &&TargetKey| self.stated(&format!("{path}.{}", key.name)).is_some();
        let stated: Vec<_> = group.keys.iter().filter(is_stated).map(|key| key.name).collect();
        let Some(wrong) = (group.check)(&stated) else { return };
        let mut finding = Finding::new(rules::BAD_TARGET, wrong.message).expected(wrong.expected);
        if let Some(text) = self.stated(&format!("{path}.{}", wrong.key)) {
            finding = finding.at(text.span, "contradicts the other");
        }
        self.findings.push(finding);
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
