//! All names of a text by where they stand, those included that the model could not take.

use crate::names::NameKind;
use crate::source::{Span, Spanned};

/// Title of the names of message types.
pub(crate) const MESSAGE_TYPES: &str = "message types";

/// Title of the names of message flags.
pub(crate) const MESSAGE_FLAGS: &str = "message flags";

/// Names that stand side by side in generated code.
#[derive(Debug)]
pub(crate) struct Scope {
    /// What the names are, for messages: "fields of Leg".
    pub(crate) title: String,
    /// The type that they are members of.
    pub(crate) owner: Option<String>,
    pub(crate) kind: NameKind,
    pub(crate) names: Vec<Spanned<String>>,
}

impl Scope {
    pub(crate) fn is_struct(&self) -> bool {
        self.kind == NameKind::Field && self.owner.is_some()
    }
}

/// All names of a spec by where they stand.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    pub(crate) types: Vec<Spanned<String>>,
    pub(crate) constants: Vec<Spanned<String>>,
    pub(crate) members: Vec<Scope>,
}

impl Scopes {
    pub(crate) fn add_type(&mut self, name: &Spanned<String>) {
        self.types.push(name.clone());
    }

    pub(crate) fn add_constant(&mut self, name: &Spanned<String>) {
        self.constants.push(name.clone());
    }

    /// The names of a list, by its title.
    pub(crate) fn members(&self, title: &str) -> impl Iterator<Item = &Spanned<String>> {
        let lists = self.members.iter().filter(move |scope| scope.title == title);
        lists.flat_map(|scope| &scope.names)
    }

    pub(crate) fn has_constant(&self, name: &str) -> bool {
        self.constants.iter().any(|constant| constant.value == name)
    }

    pub(crate) fn add_members(
        &mut self,
        title: &str,
        owner: Option<&str>,
        kind: NameKind,
        names: Vec<Spanned<String>>,
    ) {
        let (title, owner) = (title.to_owned(), owner.map(str::to_owned));
        self.members.push(Scope { title, owner, kind, names });
    }

    /// Where a name is used: a member of `owner`, or without one a type, a constant, a message
    /// type, a flag or a header field.
    pub(crate) fn uses(&self, owner: Option<&str>, name: &str) -> Vec<Span> {
        let members = self.members.iter().filter(|scope| scope.owner.as_deref() == owner);
        let mut found: Vec<_> = members.flat_map(|scope| &scope.names).collect();
        if owner.is_none() {
            found.extend(self.types.iter().chain(&self.constants));
        }
        let mut spans: Vec<_> =
            found.into_iter().filter(|used| used.value == name).map(|used| used.span).collect();
        spans.dedup();
        spans
    }
}
