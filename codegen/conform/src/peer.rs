//! What the peers of all languages are made with.

use bitrpc_codegen::backend::{self, Input};
use bitrpc_codegen::emit::File;
use bitrpc_spec::layout::{EnumLayout, FieldLayout, NamedValue};
use bitrpc_spec::names::{Language, NameKind, spell};

/// One struct a template file; each has the view as its only field. The caller names the derive,
/// because askama looks for templates from the file that does.
macro_rules! templates {
    ($derive:path, $view:ident: $($name:ident = $path:literal;)*) => {
        $(#[derive($derive)]
        #[template(path = $path, escape = "none")]
        struct $name<'a> {
            view: &'a $view,
        })*
    };
}

/// The files that are the same for every spec: `"name" = "path below templates";`.
macro_rules! fixed {
    ($($name:literal = $path:literal;)*) => {
        [$(bitrpc_codegen::emit::File::new(
            $name,
            include_str!(concat!("../../templates/", $path)),
        ),)*]
    };
}

pub(crate) use {fixed, templates};

/// The file that a template makes.
pub(crate) fn file(path: &str, template: &impl askama::Template) -> File {
    let text = template.render().expect("a template prints finished strings into a String");
    File::rendered(path, text)
}

/// A field by its name in the spec and its own.
pub(crate) struct Member {
    pub(crate) raw_name: String,
    pub(crate) name: String,
}

impl Member {
    /// The fields of a header or struct.
    pub(crate) fn all<R>(language: Language, fields: &[FieldLayout<R>]) -> Vec<Self> {
        let member = |field: &FieldLayout<R>| Self {
            raw_name: field.name.clone(),
            name: spell(language, NameKind::Field, &field.name),
        };
        fields.iter().map(member).collect()
    }
}

/// An enum or a flag set, and the function that draws one.
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) sampler: String,
    pub(crate) ty: &'static str,
    pub(crate) is_flags: bool,
    pub(crate) values: Vec<String>,
}

impl Enum {
    pub(crate) fn new(language: Language, item: &EnumLayout, ty: &'static str) -> Self {
        let value = |value: &NamedValue| spell(language, NameKind::EnumValue, &value.name);
        Self {
            name: spell(language, NameKind::Type, &item.name),
            sampler: sampler(language, &item.name),
            ty,
            is_flags: item.is_flags,
            values: item.values.iter().map(value).collect(),
        }
    }
}

/// Name of the function that draws a value of the named type; the `_sample` keeps it clear of
/// keywords.
pub(crate) fn sampler(language: Language, ident: &str) -> String {
    format!("{}_sample", spell(language, NameKind::Function, ident).trim_end_matches('_'))
}

/// The files of the library that the peer takes along: those that `wanted` says by their paths.
pub(crate) fn library(
    input: &Input,
    language: Language,
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = File> {
    let backend = backend::find(language).expect("every language with a peer has a backend");
    backend.files(input).into_iter().filter(move |file| wanted(&file.path))
}
