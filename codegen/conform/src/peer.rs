//! What the peers of all languages are made with.

use bitrpc_codegen::backend::{self, Input};
use bitrpc_codegen::emit::File;
use bitrpc_spec::names::Language;

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

/// The files of the library that the peer takes along: those that `wanted` says by their paths.
pub(crate) fn library(
    input: &Input,
    language: Language,
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = File> {
    let backend = backend::find(language).expect("every language with a peer has a backend");
    backend.files(input).into_iter().filter(move |file| wanted(&file.path))
}
