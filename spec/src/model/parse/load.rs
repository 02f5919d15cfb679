//! Files and their imports: from a path to the documents of a spec.

use std::path::{Path, PathBuf};

use super::raw::{self, Document};
use super::scalar::shorten;
use crate::diagnostic::Finding;
use crate::names::Language;
use crate::rules;
use crate::source::{Loader, SourceId, Sources, Span, Spanned, plain, yaml};

/// Longest chain of imports. It bounds recursion, and no honest spec comes near it.
const MAX_CHAIN: usize = 32;

/// Most files in one spec.
const MAX_FILES: usize = 256;

/// The files of a spec, read but not understood.
pub(crate) struct Loaded {
    pub(crate) sources: Sources,
    pub(crate) findings: Vec<Finding>,
    /// Imported documents before those that import them; the spec itself is the last one.
    pub(crate) documents: Vec<Document>,
    /// Whose keys in `targets` were known.
    pub(crate) languages: Vec<Language>,
    /// Whether the spec itself, not only an import, could be read as YAML.
    pub(crate) complete: bool,
}

/// Reads `path` and everything that it imports.
pub(crate) fn load(path: &Path, loader: &dyn Loader, languages: Vec<Language>) -> Loaded {
    let loaded = Loaded {
        sources: Sources::default(),
        findings: Vec::new(),
        documents: Vec::new(),
        languages,
        complete: false,
    };
    let mut walk = Walk { loader, loaded, seen: Vec::new(), chain: Vec::new() };
    walk.loaded.complete = walk.file(path, None);
    walk.loaded
}

/// Reads a text that is part of this program.
pub(crate) fn embedded(name: &str, text: &str, sources: &mut Sources) -> (Document, Vec<Finding>) {
    let mut findings = Vec::new();
    let id = sources.add_built_in(name, text);
    let node = yaml::parse(id, text, &mut findings).expect("the embedded spec is YAML");
    (raw::read(&node, &Language::ALL, &mut findings), findings)
}

struct Walk<'a> {
    loader: &'a dyn Loader,
    loaded: Loaded,
    /// Identities of all files read so far.
    seen: Vec<PathBuf>,
    /// Identity and shown name of each file from the spec down to the one being read.
    chain: Vec<(PathBuf, String)>,
}

impl Walk<'_> {
    fn file(&mut self, path: &Path, import: Option<Span>) -> bool {
        let name = self.loader.name(path);
        let identity = self.loader.identity(path);
        if let Some(at) = self.chain.iter().position(|(active, _)| *active == identity) {
            self.cycle(at, &name, import);
            return false;
        }
        // A file imported on two ways is the same file.
        if self.seen.contains(&identity) {
            return true;
        }
        if self.chain.len() >= MAX_CHAIN || self.seen.len() >= MAX_FILES {
            let message = "too many imports";
            let finding = Finding::new(rules::YAML_SIZE, message)
                .expected(format!("chains of at most {MAX_CHAIN}, {MAX_FILES} files in all"));
            self.report(finding, import, "the limit is passed here");
            return false;
        }
        let bytes = match self.loader.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("cannot read {name}: {error}");
                self.report(Finding::new(rules::UNREADABLE, message), import, "imported here");
                return false;
            }
        };
        self.seen.push(identity.clone());
        let Some(source) = self.decode(&name, bytes) else { return false };
        self.chain.push((identity, name));
        let read = self.document(source, path);
        self.chain.pop();
        read
    }

    /// Checks that the bytes are a text and keeps them.
    fn decode(&mut self, name: &str, bytes: Vec<u8>) -> Option<SourceId> {
        let Loaded { sources, findings, .. } = &mut self.loaded;
        let name = name.to_owned();
        let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => rest.to_vec(),
            None => bytes,
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let span = Span { source: sources.add(name, lossy), start: at, end: at };
                let finding = Finding::new(rules::UNREADABLE, "the file is not UTF-8 text");
                let finding = finding.at(span, "the first byte that is not");
                findings.push(finding.help("save the file as UTF-8"));
                return None;
            }
        };
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}');
        let bad = text.char_indices().find(|(_, c)| control(*c));
        let source = sources.add(name, text);
        if let Some((at, c)) = bad {
            let span = Span { source, start: at, end: at + c.len_utf8() };
            let message = format!("the file holds the control character U+{:04X}", u32::from(c));
            let finding = Finding::new(rules::UNREADABLE, message);
            findings.push(finding.at(span, "is this a binary file?"));
            return None;
        }
        Some(source)
    }

    fn document(&mut self, source: SourceId, path: &Path) -> bool {
        let text = self.loaded.sources.get(source).text().to_owned();
        let findings = &mut self.loaded.findings;
        let before = findings.len();
        let Some(node) = yaml::parse(source, &text, findings) else {
            if findings.len() == before {
                let span = Span { source, start: 0, end: 0 };
                findings.push(empty().at(span, "holds nothing"));
            }
            return false;
        };
        if !matches!(node.kind, yaml::Kind::Map(_)) {
            let found = node.describe();
            findings.push(empty().at(node.span, format!("found {}", shorten(&found))));
            return false;
        }
        let document = raw::read(&node, &self.loaded.languages, findings);
        for import in &document.imports {
            self.import(path, import);
        }
        self.loaded.documents.push(document);
        true
    }

    fn import(&mut self, from: &Path, import: &Spanned<String>) {
        if import.value.trim().is_empty() {
            let finding = Finding::new(rules::WRONG_FORM, "an import without a path");
            self.loaded.findings.push(finding.at(import.span, "is empty"));
            return;
        }
        let folder = from.parent().unwrap_or(Path::new(""));
        self.file(&plain(&folder.join(&import.value)), Some(import.span));
    }

    fn cycle(&mut self, at: usize, name: &str, import: Option<Span>) {
        let names = self.chain[at..].iter().map(|(_, name)| name.as_str());
        let chain: Vec<_> = names.chain([name]).collect();
        let finding = Finding::new(rules::IMPORT_CYCLE, "the imports form a cycle")
            .expected("files that do not import themselves")
            .help("move what both need into a file of its own");
        self.report(finding, import, &chain.join(" -> "));
    }

    fn report(&mut self, finding: Finding, at: Option<Span>, label: &str) {
        let finding = match at {
            Some(span) => finding.at(span, label),
            None => finding,
        };
        self.loaded.findings.push(finding);
    }
}

fn empty() -> Finding {
    Finding::new(rules::EMPTY, "the file is not a spec")
        .expected("a mapping that starts with `bitrpc: 1`")
        .help("the smallest spec is: bitrpc: 1, name: my_protocol, version: \"1.0\"")
}
