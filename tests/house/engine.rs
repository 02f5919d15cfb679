//! The engine of C# is the same for every spec: only the banner and the namespace differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::subjects;
use bitrpc_tests::repo;

/// Where the names of the engine's files stand.
const TEMPLATES: &str = "codegen/templates/csharp/engine";

pub(super) fn is_the_same_for_every_spec() -> Result<(), String> {
    let mut first: Option<(&str, BTreeMap<String, String>)> = None;
    for subject in subjects() {
        let files = engine(&subject.job(Language::Csharp)?.library)?;
        let Some((of, expected)) = &first else {
            first = Some((&subject.name, files));
            continue;
        };
        let differs = files.iter().find(|(name, text)| expected.get(*name) != Some(*text));
        if let Some((name, _)) = differs {
            return Err(format!("{name} of {} is another one than that of {of}", subject.name));
        }
    }
    first.map(drop).ok_or_else(|| "there is no spec".to_owned())
}

/// The engine's files in a generated folder, without what may differ.
fn engine(library: &Path) -> Result<BTreeMap<String, String>, String> {
    let entries = fs::read_dir(repo::root().join(TEMPLATES)).map_err(|error| error.to_string())?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let name = entry.map_err(|error| error.to_string())?.file_name();
        let name = name.to_string_lossy().into_owned();
        let text = fs::read_to_string(library.join(&name));
        let text = text.map_err(|error| format!("{name}: {error}"))?;
        files.insert(name, neutral(&text));
    }
    Ok(files)
}

fn neutral(text: &str) -> String {
    let namespace = text.lines().find_map(|line| line.strip_prefix("namespace "));
    let lines = text.lines().skip_while(|line| line.starts_with("//"));
    let neutral = lines.collect::<Vec<_>>().join("\n");
    match namespace {
        Some(namespace) => neutral.replace(namespace, "Namespace"),
        None => neutral,
    }
}
