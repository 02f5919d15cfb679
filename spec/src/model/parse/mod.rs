//! From text to the model.
//!
//! [`load`] reads files, [`raw`] mirrors their trees, [`lower`] looks everything up. Each part
//! reports what is wrong with it and goes on with what is right, so that one run shows all errors;
//! what is understood and breaks a rule all the same is for [`checks`](crate::rules::checks).

mod allow;
mod constants;
mod headers;
mod load;
mod lower;
mod package;
mod raw;
pub(crate) mod scalar;
pub(crate) mod scopes;
pub(crate) mod shape;
mod structs;
mod targets;
mod type_text;
mod values;

use std::path::Path;
use std::sync::Arc;

use self::scopes::Scopes;
use crate::diagnostic::Finding;
use crate::model::Spec;
use crate::names::Language;
use crate::source::{Loader, Sources, Span};

/// What became of a text.
pub(crate) struct Parsed {
    pub(crate) sources: Arc<Sources>,
    pub(crate) findings: Vec<Finding>,
    /// None of a text that is no YAML.
    pub(crate) draft: Option<Draft>,
}

/// As much of a spec as was understood, for checks that find more errors in the same run.
pub(crate) struct Draft {
    pub(crate) spec: Spec,
    /// For each struct whether it, and all that it contains, was understood: only then do its
    /// bytes say anything.
    pub(crate) whole: Vec<bool>,
    /// Each struct that is part of another one, also in a cycle, and the place that says so.
    pub(crate) nested: Vec<(usize, Span)>,
    pub(crate) scopes: Scopes,
}

/// Reads the spec at `path`, whose `targets` may speak of `more` languages than the built-in ones.
pub(crate) fn read(path: &Path, loader: &dyn Loader, more: &[Language]) -> Parsed {
    let languages = [&Language::ALL, more].concat();
    let loaded = load::load(path, loader, languages);
    if loaded.complete {
        return lower::lower(loaded);
    }
    Parsed { sources: Arc::new(loaded.sources), findings: loaded.findings, draft: None }
}
