//! What an edit of a spec breaks, and for whom.
//!
//! [`Diff::of`] compares two versions of a spec. Each thing that changed is one [`Change`]: a
//! finding of a rule, with places in both texts, of the [class](Class) that the rule has. What is
//! the consequence of another edit is told with that one, not on its own: a field that was removed
//! and those that moved up behind it are one change.
//!
//! | module | compares |
//! | --- | --- |
//! | `identity` | what tells a protocol from others: name, magic, packages, constants |
//! | `headers` | ring header and message header |
//! | `values` | message types, flags, enums: names with numbers |
//! | `structs`, `tail` | messages and their parts that are in both, field by field |
//! | `messages` | messages and their parts that came or went |
//! | `reserved` | what must not be used again |
//! | `version` | the number of the new version with what changed |
//!
//! `pair` matches the types of both versions, `fields` the fields of one, and says which edit moved
//! which field.

mod fields;
mod headers;
mod identity;
mod messages;
mod pair;
mod reserved;
mod structs;
mod tail;
mod values;
mod version;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::diagnostic::{Finding, Findings};
use crate::model::{Spec, Version};
use crate::rules::Rule;
use crate::source::{Sources, Span};

pub use crate::rules::Class;
use pair::Pair;

/// One edit and what it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it breaks.
    pub class: Class,
    /// What was edited, e.g. `Reading.celsius`.
    pub subject: String,
    /// Whether it moves `layout_hash`.
    pub moves_layout: bool,
    /// Whether it moves `schema_hash`.
    pub moves_schema: bool,
    /// What is to be said about it, with places in both specs.
    pub finding: Finding,
}

impl Change {
    fn new(rule: &'static Rule, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class: rule.class().expect("the rule is about edits"),
            subject: subject.into(),
            moves_layout: false,
            moves_schema: false,
            finding: Finding::new(rule, message),
        }
    }

    fn layout(mut self) -> Self {
        self.moves_layout = true;
        self
    }

    fn schema(mut self) -> Self {
        self.moves_schema = true;
        self
    }

    fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.finding = self.finding.at(span, text);
        self
    }

    fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.finding = self.finding.also(span, text);
        self
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.finding = self.finding.help(text);
        self
    }

    fn expected(mut self, text: impl Into<String>) -> Self {
        self.finding = self.finding.expected(text);
        self
    }
}

/// How a version tells itself from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Protocol name.
    pub name: String,
    /// Wire version.
    pub version: Version,
    /// Another one refuses the attach.
    pub layout_hash: u64,
    /// Another one refuses the attach when the versions are equal.
    pub schema_hash: u64,
}

/// Two versions of a spec, compared.
#[derive(Debug, Clone)]
pub struct Diff {
    /// The old version.
    pub old: Identity,
    /// The new version.
    pub new: Identity,
    /// The version number that the new spec should have.
    pub next: Version,
    /// All edits: the gravest first, those of one class in the order of the new text.
    pub changes: Vec<Change>,
    sources: Arc<Sources>,
}

impl Diff {
    /// Compares two versions of a spec.
    ///
    /// ```
    /// use bitrpc_spec::diff::{Class, Diff};
    /// use bitrpc_spec::{model::Spec, source::Memory};
    ///
    /// let text = |version: &str, id: u32| {
    ///     let head = format!("bitrpc: 1\nname: demo\nversion: \"{version}\"\n");
    ///     format!("{head}structs:\n  - {{ name: Ping, id: {id}, fields: [] }}\n")
    /// };
    /// let files = Memory::new().with("old.yaml", text("1.0", 1001));
    /// let files = files.with("new.yaml", text("2.0", 1002));
    /// let (old, new) = (Spec::load("old.yaml", &files)?, Spec::load("new.yaml", &files)?);
    /// let diff = Diff::of(&old, &new);
    /// assert_eq!(diff.class(), Some(Class::Wire));
    /// assert_eq!(diff.changes[0].finding.rule.id, "B109");
    /// # Ok::<(), bitrpc_spec::diagnostic::Findings>(())
    /// ```
    pub fn of(old: &Spec, new: &Spec) -> Self {
        let pair = Pair::new(old, new);
        let mut changes = Vec::new();
        identity::compare(&pair, &mut changes);
        headers::compare(&pair, &mut changes);
        values::compare(&pair, &mut changes);
        structs::compare(&pair, &mut changes);
        messages::compare(&pair, &mut changes);
        reserved::compare(&pair, &mut changes);
        let next = version::compare(&pair, &mut changes);
        let place = |change: &Change| change.finding.primary.as_ref().map(|label| label.span);
        changes.sort_by_key(|change| (std::cmp::Reverse(change.class), place(change)));
        Self {
            old: pair.old.identity(),
            new: pair.new.identity(),
            next,
            changes,
            sources: Arc::new(old.sources().joined(new.sources())),
        }
    }

    /// What the edits break together; `None` when nothing changed that matters to anybody.
    pub fn class(&self) -> Option<Class> {
        self.changes.iter().map(|change| change.class).max()
    }

    /// The findings of one class.
    pub fn of_class(&self, class: Class) -> Findings {
        self.findings(|change| change.class == class)
    }

    /// The findings of all classes.
    pub fn all(&self) -> Findings {
        self.findings(|_| true)
    }

    fn findings(&self, wanted: impl Fn(&Change) -> bool) -> Findings {
        let list = self.changes.iter().filter(|change| wanted(change));
        let list = list.map(|change| change.finding.clone()).collect();
        Findings::new(Arc::clone(&self.sources), list)
    }

    /// The change that says that the new version number does not fit, if it does not.
    pub fn version_finding(&self) -> Option<&Change> {
        self.changes.iter().find(|change| version::is_about_it(change.finding.rule))
    }

    /// For machines: `class` (of all edits together, or null), `old` and `new` with what tells them
    /// apart, `version` with what it should be, and `findings`, each with its `class`, `subject`
    /// and the hashes that it `moves`, and else as [`Findings::to_json`] has them.
    pub fn to_json(&self) -> Value {
        let identity = |identity: &Identity| {
            json!({
                "name": identity.name,
                "version": written(identity.version),
                "layout_hash": format!("{:#018x}", identity.layout_hash),
                "schema_hash": format!("{:#018x}", identity.schema_hash),
            })
        };
        let finding = |change: &Change| {
            let list = vec![change.finding.clone()];
            let mut object = Findings::new(Arc::clone(&self.sources), list).to_json()[0].take();
            object["class"] = json!(change.class.word());
            object["subject"] = json!(change.subject);
            let hashes =
                [("layout_hash", change.moves_layout), ("schema_hash", change.moves_schema)];
            let moved = hashes.iter().filter(|(_, moves)| *moves).map(|(name, _)| *name);
            object["moves"] = moved.collect();
            object
        };
        json!({
            "class": self.class().map(Class::word),
            "old": identity(&self.old),
            "new": identity(&self.new),
            "version": { "expected": written(self.next), "fits": self.version_finding().is_none() },
            "findings": self.changes.iter().map(finding).collect::<Value>(),
        })
    }
}

/// A version as a spec writes it: `1.2`.
pub fn written(version: Version) -> String {
    format!("{}.{}", version.0, version.1)
}
