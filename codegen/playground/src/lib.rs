//! What the playground's page asks: the findings of a spec, its byte maps, and generated files.
//!
//! A request and its answer are JSON. The request has `path`, the name of the spec; `files`, the
//! texts of the spec and of all that it may import, by their names; and `wanted`, the generated
//! file to show: `language` and `path`. The answer has
//!
//! - `findings`: what is wrong, or worth knowing, as `bitrpc check --json` lists it;
//! - `maps`: byte maps as HTML, `null` when the spec is wrong;
//! - `generated`: list of `language`, `title` and `paths`, empty when the spec is wrong;
//! - `code`: the text of the file that was wanted, if there is one.

mod memory;

use std::collections::BTreeMap;
use std::path::Path;

use bitrpc_codegen::backend::{self, Backend, Input, Origin};
use bitrpc_codegen::emit::File;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::layout::render::{self, Shown};
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Memory;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Request {
    path: String,
    files: BTreeMap<String, String>,
    wanted: Wanted,
}

#[derive(Debug, Deserialize)]
struct Wanted {
    language: String,
    path: String,
}

/// The answer to a request. What is no request is answered by an error, under `failure`.
pub fn answer(request: &str) -> String {
    let answer = match serde_json::from_str(request) {
        Ok(request) => answer_to(&request),
        Err(error) => json!({ "failure": format!("this is no request: {error}") }),
    };
    answer.to_string()
}

fn answer_to(request: &Request) -> Value {
    let add = |memory: Memory, (name, text): (&String, &String)| memory.with(name, text.as_str());
    let files = request.files.iter().fold(Memory::new(), add);
    let spec = match Spec::load(&request.path, &files) {
        Ok(spec) => spec,
        Err(findings) => {
            return json!({ "findings": findings.to_json(), "maps": null, "generated": [] });
        }
    };
    let layout = Layout::of(&spec);
    let digest = spec.sources().digest();
    let origin = Origin::new(Path::new(&request.path), &digest);
    let input = Input { layout: &layout, origin: &origin };
    let folders: Vec<_> = backend::all().iter().map(|backend| folder(*backend, &input)).collect();
    let wanted = folders.iter().find(|(backend, _)| is(*backend, &request.wanted));
    let file =
        wanted.and_then(|(_, files)| files.iter().find(|file| file.path == request.wanted.path));
    json!({
        "findings": spec.notes().to_json(),
        "maps": render::to_html_fragment(&layout, &Shown::all()),
        "generated": folders.iter().map(|(backend, files)| json!({
            "language": backend.language().id(),
            "title": backend.language().title(),
            "paths": files.iter().map(|file| &*file.path).collect::<Value>(),
        })).collect::<Value>(),
        "code": file.map(|file| &file.text),
    })
}

fn folder(backend: &'static dyn Backend, input: &Input) -> (&'static dyn Backend, Vec<File>) {
    (backend, backend.files(input))
}

fn is(backend: &dyn Backend, wanted: &Wanted) -> bool {
    backend.language().id() == wanted.language
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "bitrpc: 1\nname: demo\nversion: \"1.0\"\nimports: [part.yaml]\n\
        structs:\n  - { name: Quote, id: 1001, fields: [{ name: leg, type: Leg }] }\n";
    const PART: &str = "bitrpc: 1\nstructs:\n  - { name: Leg, fields: [{ name: a, type: u8 }] }\n";

    fn ask(spec: &str) -> Value {
        let request = json!({
            "path": "demo.yaml",
            "files": { "demo.yaml": spec, "part.yaml": PART },
            "wanted": { "language": "rust", "path": "src/messages.rs" },
        });
        serde_json::from_str(&answer(&request.to_string())).unwrap()
    }

    #[test]
    fn a_good_spec_has_maps_and_code() {
        let answer = ask(SPEC);
        assert_eq!(answer["findings"], json!([]));
        assert!(answer["maps"].as_str().unwrap().contains("Byte map of Quote"));
        assert!(answer["code"].as_str().unwrap().contains("pub struct Quote"));
        let languages = answer["generated"].as_array().unwrap();
        assert_eq!(languages.len(), backend::all().len());
        assert!(languages.iter().all(|language| !language["paths"].as_array().unwrap().is_empty()));
    }

    #[test]
    fn a_bad_spec_has_findings_alone() {
        let answer = ask(&SPEC.replace("type: Leg", "type: Lag"));
        assert_eq!(answer["findings"][0]["rule"], "E022");
        assert_eq!(answer["findings"][0]["line"], 6);
        assert_eq!((&answer["maps"], &answer["generated"]), (&Value::Null, &json!([])));
    }

    #[test]
    fn what_is_no_request_is_said() {
        let answer: Value = serde_json::from_str(&answer("{}")).unwrap();
        assert!(answer["failure"].as_str().unwrap().contains("missing field"));
    }
}
