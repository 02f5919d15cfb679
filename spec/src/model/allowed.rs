//! Which findings of a spec are told: not those that it lets pass.

use std::collections::HashMap;

use super::{Allow, Spec};
use crate::diagnostic::{Finding, Findings};
use crate::rules::{self, Levels};

/// What a spec lets pass, by rule.
struct Allows<'a> {
    list: &'a [Allow],
    by_rule: HashMap<&'static str, Vec<usize>>,
    /// Whether something was let pass by each of them.
    used: Vec<bool>,
}

impl<'a> Allows<'a> {
    fn new(list: &'a [Allow]) -> Self {
        let mut by_rule: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, allow) in list.iter().enumerate() {
            by_rule.entry(allow.rule.value.id).or_default().push(index);
        }
        Self { list, by_rule, used: vec![false; list.len()] }
    }

    /// Whether a finding is let pass; each `allow` around it is of use then.
    fn take(&mut self, finding: &Finding) -> bool {
        let Some(at) = finding.primary.as_ref().map(|label| label.span) else { return false };
        let mut taken = false;
        for &index in self.by_rule.get(finding.rule.id).into_iter().flatten() {
            let item = self.list[index].item;
            if item.source == at.source && (item.start..item.end).contains(&at.start) {
                self.used[index] = true;
                taken = true;
            }
        }
        taken
    }

    /// What is said of those that let nothing pass.
    fn unused(&self, of_unused: bool) -> Vec<Finding> {
        let all = self.list.iter().zip(&self.used).filter(|(_, used)| !**used);
        let is_of = |allow: &&Allow| (allow.rule.value == rules::UNUSED_ALLOW) == of_unused;
        let finding = |allow: &Allow| {
            let message = format!("an `allow` of {} that allows nothing", allow.rule.value.id);
            Finding::new(rules::UNUSED_ALLOW, message)
                .at(allow.span, "the rule is kept here")
                .help("remove it")
        };
        all.map(|(allow, _)| allow).filter(is_of).map(finding).collect()
    }
}

impl Spec {
    /// What is worth knowing about the spec in a run with these levels: what its rules found, but
    /// for what it allows. Some may be errors, if the levels make them so.
    pub fn findings(&self, levels: &Levels) -> Findings {
        let is_own = |note: &&Finding| {
            let at = note.primary.as_ref().map(|label| label.span.source);
            at.is_none_or(|source| !self.sources.is_built_in(source))
        };
        let mut allows = Allows::new(&self.allows);
        let mut told: Vec<Finding> = self.notes.iter().filter(is_own).cloned().collect();
        told.retain(|finding| !allows.take(finding));
        let mut unused = allows.unused(false);
        unused.retain(|finding| !allows.take(finding));
        told.extend(unused);
        told.extend(allows.unused(true));
        let told = told.into_iter().filter_map(|finding| {
            let severity = levels.severity(finding.rule)?;
            Some(Finding { severity, ..finding })
        });
        Findings::new(self.sources.clone(), told.collect())
    }
}
