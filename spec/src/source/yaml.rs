//! YAML text as a tree in which every node knows its place.
//!
//! The tree is built from the events of a marked parser (`saphyr-parser`), not through serde:
//! serde_yaml stops at its first error and drops positions of values, while a spec's author wants
//! all findings at once, each with its line. Reading the text a second time with another parser
//! would only add a second opinion of what it says, so there is one parser and the strictness
//! lives here: duplicate keys, tags, merge keys, several documents, deep nesting and aliases that
//! multiply are refused while the tree is built.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{SourceId, Span};
use crate::diagnostic::Finding;
use crate::rules;

/// Deepest nesting of lists and mappings. The language itself needs 6.
const MAX_DEPTH: usize = 32;
/// What the scanner says of brackets that are nested beyond its own limit.
const SCANNER_TOO_DEEP: &str = "recursion limit exceeded";

/// Most nodes in a small file, those that anchors keep and aliases repeat included. A larger one
/// may have as many as it has bytes, which is more than can be written out: only aliases pass the
/// limit.
const MAX_NODES: usize = 200_000;

/// The key that copies another mapping's keys in some versions of YAML.
const MERGE_KEY: &str = "<<";

/// One YAML node.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar { text: String, quoted: bool },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    /// The value of a key, when this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, when this is a mapping that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        if let Kind::Map(entries) = &self.kind { entries } else { &[] }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        if let Kind::List(items) = &self.kind { items } else { &[] }
    }

    /// What the node is, for a message.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar { text, quoted: false } if text.is_empty() => "nothing".to_owned(),
            Kind::Scalar { text, quoted: true } => format!("the text {text:?}"),
            Kind::Scalar { text, .. } => format!("`{text}`"),
            Kind::List(items) if items.is_empty() => "an empty list".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    fn weight(&self) -> (usize, usize) {
        let (mut nodes, mut height) = (1, 0);
        let children = self.items().iter().chain(self.entries().iter().map(|entry| &entry.value));
        for (child_nodes, child_height) in children.map(Node::weight) {
            nodes += child_nodes;
            height = height.max(child_height + 1);
        }
        (nodes, height)
    }
}

/// Reads one YAML document; problems go to `findings`. No tree when the text has none.
pub(crate) fn parse(source: SourceId, text: &str, findings: &mut Vec<Finding>) -> Option<Node> {
    let mut builder = Builder {
        source,
        text,
        offsets: char_offsets(text),
        findings,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
        documents: 0,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let stop = match event {
            Ok((event, span)) => {
                let span = builder.span(span.start.index(), span.end.index());
                builder.take(event, span).is_err()
            }
            Err(error) => {
                builder.syntax_error(error.marker().index(), error.info());
                true
            }
        };
        if stop {
            return None;
        }
    }
    builder.root
}

/// Byte offsets of all characters, or nothing when all are one byte long.
fn char_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect())
}

fn duplicate_key(key: &str, span: Span, first: Span) -> Finding {
    Finding::new(rules::YAML_TRAP, format!("the key `{key}` stands twice"))
        .at(span, "a second time in the same mapping")
        .also(first, "first here")
        .help("most YAML readers silently drop one of the two; keep one")
}

/// The file cannot be read any further.
struct Stop;

/// A list or mapping that is not finished.
struct Open {
    start: usize,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: HashMap<String, Span>, key: Option<(String, Span)> },
}

impl OpenKind {
    fn map() -> Self {
        Self::Map { entries: Vec::new(), seen: HashMap::new(), key: None }
    }
}

struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    offsets: Option<Vec<usize>>,
    findings: &'a mut Vec<Finding>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize, usize)>,
    nodes: usize,
    root: Option<Node>,
    documents: usize,
}

impl Builder<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        let byte = |index: usize| match &self.offsets {
            None => index.min(self.text.len()),
            Some(offsets) => offsets.get(index).copied().unwrap_or(self.text.len()),
        };
        let (start, mut end) = (byte(start), byte(end));
        // Spans of block collections and plain scalars may reach over trailing white space.
        let trimmed = self.text.get(start..end).unwrap_or_default().trim_end().len();
        end = start + trimmed;
        Span { source: self.source, start, end }
    }

    fn take(&mut self, event: Event, span: Span) -> Result<(), Stop> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let finding = Finding::new(rules::YAML_FEATURE, "a second YAML document")
                        .at(span, "starts here")
                        .expected("one document per file");
                    return self.stop(finding);
                }
                Ok(())
            }
            Event::Alias(id) => self.alias(id, span),
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let quoted = style != ScalarStyle::Plain;
                let kind = Kind::Scalar { text: text.into_owned(), quoted };
                self.count(1, span)?;
                self.finish(Node { span, kind }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.start(span, anchor, OpenKind::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.start(span, anchor, OpenKind::map())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let end = span.end.max(open.start);
                let length = self.text.get(open.start..end).unwrap_or_default().trim_end().len();
                let span =
                    Span { source: self.source, start: open.start, end: open.start + length };
                let kind = match open.kind {
                    OpenKind::List(items) => Kind::List(items),
                    OpenKind::Map { entries, .. } => Kind::Map(entries),
                };
                self.finish(Node { span, kind }, open.anchor)
            }
        }
    }

    fn start(&mut self, span: Span, anchor: usize, kind: OpenKind) -> Result<(), Stop> {
        self.count(1, span)?;
        if self.open.len() >= MAX_DEPTH {
            return self.too_deep(span);
        }
        if let Some(Open { kind: OpenKind::Map { key: None, .. }, .. }) = self.open.last() {
            let finding = Finding::new(rules::YAML_FEATURE, "a list or mapping as a key")
                .at(span, "stands where a key is expected")
                .expected("a word before the `:`");
            return self.stop(finding);
        }
        self.open.push(Open { start: span.start, anchor, kind });
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Stop> {
        let Some((node, nodes, height)) = self.anchors.get(&id) else {
            let finding =
                Finding::new(rules::YAML_FEATURE, "an alias of something that contains it")
                    .at(span, "is not complete yet at this place");
            return self.stop(finding);
        };
        if self.open.len() + height > MAX_DEPTH {
            return self.too_deep(span);
        }
        let (nodes, node) = (*nodes, node.clone());
        self.count(nodes, span)?;
        self.finish(node, 0)
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        if anchor != 0 {
            let (nodes, height) = node.weight();
            self.count(nodes, node.span)?;
            self.anchors.insert(anchor, (node.clone(), nodes, height));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Map { entries, seen, key } => match key.take() {
                None => return self.key(node),
                Some((key, _)) if key == MERGE_KEY => {}
                Some((key, key_span)) => match seen.get(&key) {
                    Some(first) => self.findings.push(duplicate_key(&key, key_span, *first)),
                    None => {
                        seen.insert(key.clone(), key_span);
                        entries.push(Entry { key, key_span, value: node });
                    }
                },
            },
        }
        Ok(())
    }

    fn key(&mut self, node: Node) -> Result<(), Stop> {
        let Kind::Scalar { text, .. } = node.kind else {
            let finding = Finding::new(rules::YAML_FEATURE, "a list or mapping as a key")
                .at(node.span, "stands where a key is expected");
            return self.stop(finding);
        };
        if text == MERGE_KEY {
            let finding = Finding::new(rules::YAML_FEATURE, "the merge key `<<`")
                .at(node.span, "is not part of the spec language")
                .help("write the keys out; share types through `imports`");
            self.findings.push(finding);
        }
        let Some(Open { kind: OpenKind::Map { key, .. }, .. }) = self.open.last_mut() else {
            return Ok(());
        };
        *key = Some((text, node.span));
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        self.nodes += nodes;
        let most = MAX_NODES.max(self.text.len());
        if self.nodes <= most {
            return Ok(());
        }
        let finding = Finding::new(rules::YAML_SIZE, "too many YAML nodes")
            .at(span, "the limit is passed here")
            .expected(format!("at most {most}, those that aliases repeat included"))
            .help("write out what aliases repeat, or split the spec with `imports`");
        self.stop(finding)
    }

    fn too_deep(&mut self, span: Span) -> Result<(), Stop> {
        self.stop(too_deep(span))
    }

    fn refuse_tag(&mut self, tagged: bool, span: Span) {
        if tagged {
            let finding = Finding::new(rules::YAML_FEATURE, "a YAML tag")
                .at(span, "carries a tag such as `!!str`")
                .help("remove the tag; quote a text that looks like something else");
            self.findings.push(finding);
        }
    }

    fn stop(&mut self, finding: Finding) -> Result<(), Stop> {
        self.findings.push(finding);
        Err(Stop)
    }

    fn syntax_error(&mut self, index: usize, info: &str) {
        let mut span = self.span(index, index);
        let line_start = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let line = &self.text[line_start..];
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        if let Some(tab) = indent.find('\t') {
            span = Span { source: self.source, start: line_start + tab, end: line_start + tab + 1 };
            let finding = Finding::new(rules::YAML_SYNTAX, "a tab in the indentation")
                .at(span, "YAML is indented with spaces only")
                .help("replace the tab with spaces");
            self.findings.push(finding);
            return;
        }
        if info == SCANNER_TOO_DEEP {
            // The scanner has a limit of its own, and gives up in the middle of brackets.
            self.findings.push(too_deep(span));
            return;
        }
        let mut finding = Finding::new(rules::YAML_SYNTAX, "this is not YAML").at(span, info);
        let before = &self.text[line_start..span.start];
        if self.text[span.start..].starts_with('[') && before.contains('{') {
            finding = finding.help("inside { }, a type with brackets is quoted: \"u8[4]\"");
        }
        self.findings.push(finding);
    }
}

fn too_deep(span: Span) -> Finding {
    Finding::new(rules::YAML_SIZE, "YAML nested too deeply")
        .at(span, "the limit is passed here")
        .expected(format!("at most {MAX_DEPTH} levels"))
}
