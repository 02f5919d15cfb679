//! Changes of the text that mend findings.

use std::collections::BTreeMap;

use super::{Finding, Findings};
use crate::source::{SourceId, Span};

/// A change of one place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; an empty span for what is added.
    pub span: Span,
    /// What comes there.
    pub text: String,
}

/// Changes of the text that mend a finding, all of them or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What they do, in a clause without a subject.
    pub what: String,
    /// The changes, which do not touch each other.
    pub edits: Vec<Edit>,
    /// Whether the bytes of a protocol change with them: then nobody makes them blindly.
    pub breaking: bool,
}

impl Fix {
    pub(crate) fn new(what: impl Into<String>, edits: impl IntoIterator<Item = Edit>) -> Self {
        Self { what: what.into(), edits: edits.into_iter().collect(), breaking: false }
    }

    /// Puts another text in the place of one.
    pub(crate) fn replace(span: Span, text: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(what, [Edit { span, text: text.into() }])
    }

    pub(crate) fn breaking(mut self) -> Self {
        self.breaking = true;
        self
    }
}

/// The texts of a spec after some of its findings were mended.
#[derive(Debug, Clone, Default)]
pub struct Mended<'a> {
    /// The new text of each file that changes.
    pub texts: BTreeMap<SourceId, String>,
    /// The findings that are mended, in the order of their places.
    pub findings: Vec<&'a Finding>,
}

impl Findings {
    /// Mends what can be mended of the findings that `wanted` picks, as far as their changes do not
    /// touch each other; those that are left are found again in the new text.
    pub fn mended(&self, wanted: impl Fn(&Finding, &Fix) -> bool) -> Mended<'_> {
        let mut edits: BTreeMap<SourceId, Vec<&Edit>> = BTreeMap::new();
        let mut mended = Mended::default();
        for finding in self.iter() {
            let Some(fix) = finding.fix.as_ref().filter(|fix| wanted(finding, fix)) else {
                continue;
            };
            let known = |edit: &Edit| edits.get(&edit.span.source).into_iter().flatten();
            let touches = |edit: &Edit| known(edit).any(|other| touch(edit.span, other.span));
            let is_built_in = |edit: &Edit| self.sources().is_built_in(edit.span.source);
            if fix.edits.iter().any(|edit| touches(edit) || is_built_in(edit)) {
                continue;
            }
            for edit in &fix.edits {
                edits.entry(edit.span.source).or_default().push(edit);
            }
            mended.findings.push(finding);
        }
        for (source, mut edits) in edits {
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
            let mut text = self.sources().get(source).text().to_owned();
            for edit in edits {
                text.replace_range(edit.span.range(), &edit.text);
            }
            mended.texts.insert(source, text);
        }
        mended
    }
}

/// Whether two changes cannot both be made: also what is added at one place has an order.
fn touch(a: Span, b: Span) -> bool {
    a.start <= b.end && b.start <= a.end
}
