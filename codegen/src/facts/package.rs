//! What the package of each language says of itself.

use bitrpc_spec::layout::Layout;
use serde::Serialize;

/// Facts that the manifests of all languages state, each in its own words.
#[derive(Debug, Serialize)]
pub(crate) struct PackageFacts {
    /// The generator's: a package is as new as the engine in it. The wire version is the spec's.
    pub(crate) version: &'static str,
    /// One line.
    pub(crate) description: String,
    /// SPDX expression.
    pub(crate) license: String,
    pub(crate) authors: Vec<Author>,
    pub(crate) repository: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Author {
    /// As the spec states it.
    pub(crate) stated: String,
    pub(crate) name: String,
    pub(crate) mail: Option<String>,
}

impl PackageFacts {
    pub(crate) fn new(layout: &Layout) -> Self {
        let stated = &layout.targets.package;
        let (major, minor) = layout.version;
        let name = &layout.name;
        let described =
            || format!("Messages and shared-memory rings of the {name} protocol {major}.{minor}");
        Self {
            version: env!("CARGO_PKG_VERSION"),
            description: stated.description.clone().unwrap_or_else(described),
            // That of the engine, which is in most of the packages.
            license: stated.license.clone().unwrap_or_else(|| "MIT".to_owned()),
            authors: stated.authors.iter().map(|one| Author::new(one)).collect(),
            repository: stated.repository.clone(),
        }
    }

    /// The same with every text as XML writes it.
    pub(crate) fn for_xml(self) -> Self {
        let author = |author: Author| Author {
            stated: xml(&author.stated),
            name: xml(&author.name),
            mail: author.mail.as_deref().map(xml),
        };
        Self {
            version: self.version,
            description: xml(&self.description),
            license: xml(&self.license),
            authors: self.authors.into_iter().map(author).collect(),
            repository: self.repository.as_deref().map(xml),
        }
    }

    /// The names of the authors, for indexes that have no place for more.
    pub(crate) fn author_names(&self) -> String {
        let names: Vec<_> = self.authors.iter().map(|author| author.name.as_str()).collect();
        names.join(", ")
    }
}

impl Author {
    fn new(stated: &str) -> Self {
        let (name, mail) = match stated.split_once('<') {
            Some((name, mail)) => (name.trim(), Some(mail.trim_end_matches('>').to_owned())),
            None => (stated, None),
        };
        Self { stated: stated.to_owned(), name: name.to_owned(), mail }
    }
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
