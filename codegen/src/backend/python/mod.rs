//! Python 3.9 and later: a package of the standard library only.

mod fields;
mod headers;
mod modules;
pub mod spell;
mod structs;
mod view;

use serde_json::Value;

use self::modules::ENGINE;
use self::view::View;
use super::origin::engine_banner;
use super::{Backend, Input, file, to_json};
use crate::emit::File;
use bitrpc_spec::names::Language;

/// The Python backend.
#[derive(Debug)]
pub struct Python;

impl Backend for Python {
    fn language(&self) -> Language {
        Language::PYTHON
    }

    fn view(&self, input: &Input) -> Value {
        to_json(&View::new(input))
    }

    fn files(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        let mut files = package(view);
        files.push(file("README.md", &Readme { view }));
        files.push(commented(&view.banner, file("pyproject.toml", &Project { view })));
        files
    }
}

templates! { askama::Template, View:
    Readme = "python/README.md";
    Project = "python/pyproject.toml";
    Package = "python/__init__.py";
    Numbers = "python/_layout.py";
    Headers = "python/_headers.py";
    Messages = "python/messages.py";
    Kinds = "python/_protocol.py";
}

/// The files of the package, in its folder.
fn package(view: &View) -> Vec<File> {
    let path = |name: &str| format!("{}/{name}", view.module);
    let mut files = vec![
        commented(&view.banner, file(path("__init__.py"), &Package { view })),
        commented(&view.banner, file(path("_layout.py"), &Numbers { view })),
        commented(&view.banner, file(path("_headers.py"), &Headers { view })),
        commented(&view.banner, file(path("_protocol.py"), &Kinds { view })),
        commented(&view.banner, file(path("messages.py"), &Messages { view })),
        File::new(path("py.typed"), ""),
    ];
    let banner = engine_banner();
    for (name, text) in ENGINE {
        files.push(commented(&banner, File::new(path(&format!("_engine/{name}")), text)));
    }
    files
}

/// The file with a banner in front of it.
fn commented(banner: &[String], file: File) -> File {
    let banner: String = banner.iter().map(|line| format!("# {line}\n")).collect();
    File { text: format!("{banner}{}", file.text), ..file }
}
