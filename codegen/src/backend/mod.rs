//! One backend a language: it turns a [`Layout`] into finished files.
//!
//! A backend first computes its *view*, a struct of final names, types and literals, and hands that
//! to its templates, which only place them. `bitrpc view` prints the same view, so that a question
//! about generated code is a question about data.

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

pub mod cpp;
pub mod csharp;
mod origin;
pub mod python;
pub mod rust;

use serde_json::Value;

pub use origin::Origin;

use crate::emit::File;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::names::Language;

/// Everything a backend may look at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The protocol, all bytes resolved.
    pub layout: &'a Layout,
    /// What the banner of each file says of its origin.
    pub origin: &'a Origin,
}

/// Turns a layout into the files of one language.
pub trait Backend: Sync {
    /// The language that this backend writes.
    fn language(&self) -> Language;

    /// The view that the templates print: final names, types and literals.
    fn view(&self, input: &Input) -> Value;

    /// The files that users vendor, relative to the language's folder.
    fn files(&self, input: &Input) -> Vec<File>;
}

/// The registry: one row a language.
pub fn all() -> &'static [&'static dyn Backend] {
    &[&rust::Rust, &cpp::Cpp, &csharp::Csharp, &python::Python]
}

/// The backend that writes `language`, if there is one.
pub fn find(language: Language) -> Option<&'static dyn Backend> {
    all().iter().copied().find(|backend| backend.language() == language)
}

/// The file that a template makes.
fn file(path: impl Into<String>, template: &impl askama::Template) -> File {
    let text = template.render().expect("a template prints finished strings into a String");
    File::rendered(path, text)
}

/// The view of `view` as JSON.
fn to_json(view: &impl serde::Serialize) -> Value {
    serde_json::to_value(view).expect("a view holds only strings, lists and flags")
}
