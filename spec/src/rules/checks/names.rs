//! Names as each language will spell them: whether they stay apart, and which ones are escaped.

use std::collections::HashMap;

use super::Subject;
use crate::diagnostic::Finding;
use crate::model::parse::scopes::{MESSAGE_FLAGS, Scope, Scopes};
use crate::names::{
    Language, NameKind, Reason, reason, snake, spell_member_why, spell_why, unescaped,
};
use crate::rules::{self, Rule};
use crate::source::Spanned;

/// L401: names that meet in some language.
pub(super) fn same(subject: &Subject, findings: &mut Vec<Finding>) {
    let scopes = &subject.draft.scopes;
    check_types(&scopes.types, findings);
    check_module(scopes, findings);
    let constants = constants(scopes);
    for scope in scopes.members.iter().chain([&constants]) {
        check_scope(scope, findings);
    }
}

/// L402: names that are spelled differently somewhere, but for those of L404, L407 and L409.
pub(super) fn escaped(subject: &Subject, findings: &mut Vec<Finding>) {
    escapes(subject, rules::ESCAPED, findings);
}

/// L404: members that are named like their type.
pub(super) fn enclosing(subject: &Subject, findings: &mut Vec<Finding>) {
    escapes(subject, rules::ENCLOSING_TYPE, findings);
}

/// L409: names of macros: those that are spelled differently for it, and those of the protocol
/// itself that keep their name, for which the header sets the macro aside.
pub(super) fn macros(subject: &Subject, findings: &mut Vec<Finding>) {
    escapes(subject, rules::MACRO, findings);
    let scopes = &subject.draft.scopes.members;
    let values = scopes.iter().filter(|scope| scope.kind == NameKind::ProtocolValue);
    for name in values.flat_map(|scope| &scope.names) {
        let spelled = unescaped(Language::CPP, NameKind::ProtocolValue, &name.value);
        let word = |kind| reason(Language::CPP, kind, &spelled);
        let is_guarded = word(NameKind::EnumValue) == Some(Reason::PlatformMacro)
            && word(NameKind::ProtocolValue).is_none();
        if is_guarded {
            findings.push(
                Finding::new(rules::MACRO, format!("`{spelled}` is a macro of a platform"))
                    .at(name.span, "is set aside in the generated C++ header alone")
                    .help("a program that includes the platform's headers has to undefine it too"),
            );
        }
    }
}

/// L407: names that would hide a builtin one.
pub(super) fn shadows(subject: &Subject, findings: &mut Vec<Finding>) {
    escapes(subject, rules::SHADOWS, findings);
}

/// Names that are spelled differently somewhere, by the rule that says so.
fn escapes(subject: &Subject, rule: &'static Rule, findings: &mut Vec<Finding>) {
    let scopes = &subject.draft.scopes;
    let constants = constants(scopes);
    let types = scopes.types.iter().map(|name| (NameKind::Type, None, name));
    let members = scopes.members.iter().chain([&constants]).flat_map(|scope| {
        scope.names.iter().map(|name| (scope.kind, scope.owner.as_deref(), name))
    });
    for (kind, owner, name) in types.chain(members) {
        findings.extend(escape(kind, owner, name).filter(|finding| finding.rule == rule));
    }
}

/// L405: names that the generated code gives to something of its own.
pub(super) fn helpers(subject: &Subject, findings: &mut Vec<Finding>) {
    let scopes = &subject.draft.scopes;
    check_derived(scopes, findings);
    if let Some(none) = scopes.members(MESSAGE_FLAGS).find(|name| name.value == "none") {
        findings.push(
            Finding::new(rules::HELPER_CLASH, "a message flag named `none`")
                .at(none.span, "is what the generated code calls the absence of flags")
                .help("choose another name"),
        );
    }
    check_namespace_types(subject, findings);
}

fn constants(scopes: &Scopes) -> Scope {
    Scope {
        title: "constants".into(),
        owner: None,
        kind: NameKind::Constant,
        names: scopes.constants.clone(),
    }
}

/// Members of one type, or names of one list.
fn check_scope(scope: &Scope, findings: &mut Vec<Finding>) {
    let mut clashes = Clashes::default();
    for language in Language::ALL {
        let mut seen: HashMap<String, &Spanned<String>> = HashMap::new();
        for name in &scope.names {
            let owner = scope.owner.as_deref().unwrap_or_default();
            let (spelled, _) = spell_member_why(language, scope.kind, owner, &name.value);
            if let Some(first) = seen.get(&spelled) {
                clashes.add(name, first, &spelled, language);
            } else {
                seen.insert(spelled, name);
            }
        }
    }
    clashes.report(&scope.title, findings);
}

/// Types, and the functions and constants that are named after them, differ by their words.
fn check_types(types: &[Spanned<String>], findings: &mut Vec<Finding>) {
    let mut clashes = Clashes::default();
    let mut seen: HashMap<String, &Spanned<String>> = HashMap::new();
    for name in types {
        let words = snake(&name.value);
        if let Some(first) = seen.get(&words) {
            for language in Language::ALL {
                clashes.add(name, first, &words, language);
            }
        } else {
            seen.insert(words, name);
        }
    }
    clashes.report("types", findings);
}

/// Types and constants stand in one module, but in C#, where constants have a class of their own.
fn check_module(scopes: &Scopes, findings: &mut Vec<Finding>) {
    let mut clashes = Clashes::default();
    for language in [Language::RUST, Language::CPP, Language::PYTHON] {
        let types: HashMap<_, _> = scopes
            .types
            .iter()
            .map(|name| (spell_why(language, NameKind::Type, &name.value).0, name))
            .collect();
        for name in &scopes.constants {
            let spelled = unescaped(language, NameKind::Constant, &name.value);
            if let Some(first) = types.get(&spelled) {
                clashes.add(name, first, &spelled, language);
            }
        }
    }
    clashes.report("types and constants", findings);
}

/// Names that the generated code makes of those of the spec: the fixed part of a message and views
/// of it are types of their own, and fields have setters and views.
fn check_derived(scopes: &Scopes, findings: &mut Vec<Finding>) {
    let suffixes: [fn(&str) -> String; 2] =
        [|name| format!("{name}Fixed"), |name| format!("{name}View")];
    find_derived(&scopes.types, &suffixes, findings);
    let of_fields: [fn(&str) -> String; 2] =
        [|name| format!("set_{name}"), |name| format!("{name}_view")];
    let fields = |scope: &&Scope| scope.kind == NameKind::HeaderField || scope.is_struct();
    for scope in scopes.members.iter().filter(fields) {
        find_derived(&scope.names, &of_fields, findings);
    }
}

/// Reports each of `names` that the generated code makes of another one: of that other one, and
/// what it makes of it.
fn find_derived(
    names: &[Spanned<String>],
    derive: &[fn(&str) -> String],
    findings: &mut Vec<Finding>,
) {
    let places: HashMap<&str, &Spanned<String>> =
        names.iter().map(|name| (name.value.as_str(), name)).collect();
    let derived = names.iter().flat_map(|name| derive.iter().map(move |d| (name, d(&name.value))));
    for (name, derived) in derived {
        let Some(taken) = places.get(derived.as_str()) else { continue };
        findings.push(
            Finding::new(rules::HELPER_CLASH, format!("the name `{derived}` is needed"))
                .at(taken.span, "is what the generated code makes of another name")
                .also(name.span, "this one")
                .help("rename one of the two"),
        );
    }
}

/// A C# type named like a part of its namespace hides it, or is hidden by it.
fn check_namespace_types(subject: &Subject, findings: &mut Vec<Finding>) {
    let spec = subject.spec;
    let enums = spec.enums.iter().map(|item| &item.name);
    let is_type = |part: &str| {
        enums.clone().chain(spec.structs.iter().map(|item| &item.name)).any(|n| n.value == part)
    };
    let namespace = spec.targets.get("csharp.namespace").expect("a package has a namespace");
    for part in namespace.value.split('.').filter(|part| is_type(part)) {
        let message = format!("the type `{part}` is named like a part of the C# namespace");
        let mut finding = Finding::new(rules::HELPER_CLASH, message);
        if let Some(span) = subject.draft.scopes.uses(None, part).first() {
            finding = finding.at(*span, "one would hide the other");
        }
        if let Some(stated) = namespace.span {
            finding = finding.also(stated, "the namespace");
        }
        let other = format!("{part}Protocol");
        findings.push(
            finding
                .help(format!("rename the type, or state targets.csharp.namespace, e.g. {other}")),
        );
    }
}

/// Pairs of names that meet, each with the languages in which they do.
#[derive(Default)]
struct Clashes<'a>(Vec<Clash<'a>>);

struct Clash<'a> {
    name: &'a Spanned<String>,
    first: &'a Spanned<String>,
    spelled: String,
    languages: Vec<&'static str>,
}

impl<'a> Clashes<'a> {
    fn add(
        &mut self,
        name: &'a Spanned<String>,
        first: &'a Spanned<String>,
        spelled: &str,
        language: Language,
    ) {
        let known = self.0.iter_mut().find(|clash| clash.name.span == name.span);
        match known {
            Some(clash) => clash.languages.push(language.title()),
            None => self.0.push(Clash {
                name,
                first,
                spelled: spelled.to_owned(),
                languages: vec![language.title()],
            }),
        }
    }

    fn report(self, title: &str, findings: &mut Vec<Finding>) {
        for Clash { name, first, spelled, languages } in self.0 {
            let languages = languages.join(", ");
            let (a, b) = (&first.value, &name.value);
            let message = format!("`{a}` and `{b}` are the same name in {languages}");
            findings.push(
                Finding::new(rules::SAME_NAME, message)
                    .at(name.span, format!("becomes `{spelled}`"))
                    .also(first.span, format!("becomes `{spelled}` too"))
                    .expected(format!("{title} that differ in every language"))
                    .help(way_out(a, b)),
            );
        }
    }
}

/// What to do about two names that meet.
fn way_out(a: &str, b: &str) -> String {
    let letters = |name: &str| name.replace('_', "");
    let why = if letters(a) == letters(b) {
        "only `_` tells them apart, which is dropped where words are joined"
    } else if letters(a).eq_ignore_ascii_case(&letters(b)) {
        "only capitals tell them apart"
    } else {
        return "rename one of the two".to_owned();
    };
    let end = if b.starts_with(|c: char| c.is_ascii_uppercase()) { "Other" } else { "_other" };
    format!("{why}: rename one by a letter or a word, such as `{b}{end}`")
}

/// A note that says how a name is spelled where it cannot be used as it is.
fn escape(kind: NameKind, owner: Option<&str>, name: &Spanned<String>) -> Option<Finding> {
    let mut spellings: Vec<(String, Vec<&str>, Reason)> = Vec::new();
    for language in Language::ALL {
        let (spelled, reason) = match owner {
            Some(owner) => spell_member_why(language, kind, owner, &name.value),
            None => spell_why(language, kind, &name.value),
        };
        let Some(reason) = reason else { continue };
        match spellings.iter_mut().find(|(other, ..)| *other == spelled) {
            Some((_, languages, _)) => languages.push(language.title()),
            None => spellings.push((spelled, vec![language.title()], reason)),
        }
    }
    let (_, _, reason) = spellings.first()?;
    let parts: Vec<_> = spellings
        .iter()
        .map(|(spelled, languages, _)| format!("`{spelled}` in {}", languages.join(", ")))
        .collect();
    let message = format!("`{}` is spelled {}", name.value, parts.join(" and "));
    let all = |wanted: &[Reason]| spellings.iter().all(|(.., reason)| wanted.contains(reason));
    let rule = if all(&[Reason::EnclosingType]) {
        rules::ENCLOSING_TYPE
    } else if all(&[Reason::Builtin]) {
        rules::SHADOWS
    } else if all(&[Reason::Macro, Reason::PlatformMacro]) {
        rules::MACRO
    } else {
        rules::ESCAPED
    };
    Some(Finding::new(rule, message).at(name.span, format!("is {}", reason.words())))
}
