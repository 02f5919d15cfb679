//! How much the rules matter in one run.

use bitrpc_spec::rules::{self, Level, Levels, Rule};

use crate::console::Failure;

/// The options that give rules other levels than their own.
#[derive(Debug, clap::Args)]
pub(crate) struct LevelArgs {
    /// Take warnings for errors.
    #[arg(long)]
    strict: bool,
    /// Take what these rules find for errors.
    #[arg(long, value_name = "RULE,...", value_delimiter = ',', value_parser = rule)]
    deny: Vec<&'static Rule>,
    /// Take what these rules find for warnings; also turns on rules that are off.
    #[arg(long, value_name = "RULE,...", value_delimiter = ',', value_parser = rule)]
    warn: Vec<&'static Rule>,
    /// Drop what these rules find; a spec can do so for one item, with `allow`.
    #[arg(long, value_name = "RULE,...", value_delimiter = ',', value_parser = rule)]
    allow: Vec<&'static Rule>,
}

impl LevelArgs {
    /// The levels of the run.
    ///
    /// # Errors
    ///
    /// When two options contradict each other, or an error is to be less than one.
    pub(crate) fn levels(&self) -> Result<Levels, Failure> {
        let mut levels = Levels::new(self.strict);
        let deny = self.deny.iter().map(|rule| (*rule, Level::Deny));
        let warn = self.warn.iter().map(|rule| (*rule, Level::Warn));
        let allow = self.allow.iter().map(|rule| (*rule, Level::Allow));
        for (rule, level) in deny.chain(warn).chain(allow) {
            levels.set(rule, level).map_err(Failure::System)?;
        }
        Ok(levels)
    }
}

/// Parses the id of a rule.
fn rule(id: &str) -> Result<&'static Rule, String> {
    rules::find(id).ok_or_else(|| match rules::nearest(id) {
        Some(rule) => format!("there is no such rule; did you mean `{}`?", rule.id),
        None => "there is no such rule; `bitrpc explain` lists all".to_owned(),
    })
}
