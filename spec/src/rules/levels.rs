//! How much a rule matters in one run, against what its table says.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Rule;
use crate::diagnostic::Severity;

/// What a run makes of the findings of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// They are dropped.
    Allow,
    /// They are warnings.
    Warn,
    /// They are errors.
    Deny,
}

impl Level {
    /// The word for options: `allow`, `warn`, `deny`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// The levels of a run: those of the table, but for what is set.
///
/// ```
/// use bitrpc_spec::rules::{self, Level, Levels};
///
/// let mut levels = Levels::default();
/// levels.set(rules::find("L112").unwrap(), Level::Deny)?;
/// assert!(levels.set(rules::find("E022").unwrap(), Level::Allow).is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Levels {
    /// Whether warnings are errors, but for those that are set.
    strict: bool,
    set: BTreeMap<&'static str, Level>,
}

impl Levels {
    /// Those of the table; warnings are errors in a strict run.
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// Gives a rule another level.
    ///
    /// # Errors
    ///
    /// When the rule is an error, or has another level already.
    pub fn set(&mut self, rule: &'static Rule, level: Level) -> Result<(), String> {
        let id = rule.id;
        if rule.severity == Severity::Error && level != Level::Deny {
            return Err(format!("{id} is an error: no ring works without it"));
        }
        match self.set.entry(id) {
            Entry::Occupied(known) if *known.get() != level => {
                let known = known.get().word();
                Err(format!("both --{known} and --{} name {id}", level.word()))
            }
            Entry::Occupied(_) => Ok(()),
            Entry::Vacant(entry) => {
                entry.insert(level);
                Ok(())
            }
        }
    }

    /// How much the findings of a rule matter; `None` when they are dropped.
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        match self.set.get(rule.id) {
            Some(Level::Allow) => None,
            Some(Level::Warn) => Some(Severity::Warning),
            Some(Level::Deny) => Some(Severity::Error),
            None if rule.is_pedantic => None,
            None if self.strict && rule.severity == Severity::Warning => Some(Severity::Error),
            None => Some(rule.severity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    #[test]
    fn strict_runs_take_warnings_for_errors_and_leave_the_rest() {
        let levels = Levels::new(true);
        assert_eq!(levels.severity(rules::LARGE_VALUE), Some(Severity::Error));
        assert_eq!(levels.severity(rules::ESCAPED), Some(Severity::Info));
        assert_eq!(levels.severity(rules::UNKNOWN_TYPE), Some(Severity::Error));
    }

    #[test]
    fn what_is_named_outweighs_strict() {
        let mut levels = Levels::new(true);
        levels.set(rules::LARGE_VALUE, Level::Warn).unwrap();
        levels.set(rules::ESCAPED, Level::Deny).unwrap();
        levels.set(rules::TAKEN, Level::Allow).unwrap();
        assert_eq!(levels.severity(rules::LARGE_VALUE), Some(Severity::Warning));
        assert_eq!(levels.severity(rules::ESCAPED), Some(Severity::Error));
        assert_eq!(levels.severity(rules::TAKEN), None);
    }

    #[test]
    fn a_rule_has_one_level_and_an_error_stays_one() {
        let mut levels = Levels::default();
        levels.set(rules::TAKEN, Level::Allow).unwrap();
        levels.set(rules::TAKEN, Level::Allow).unwrap();
        let twice = levels.set(rules::TAKEN, Level::Deny).unwrap_err();
        assert_eq!(twice, "both --allow and --deny name L403");
        assert!(levels.set(rules::UNKNOWN_TYPE, Level::Warn).is_err());
    }
}
