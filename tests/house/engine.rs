//! Engines are the same for every spec, in folders of their own: Python's to the byte, C#'s but for
//! the namespace, which has to be the spec's: two of them in one program are two sets of types.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bitrpc_spec::layout::Targets;
use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::subjects;

/// The files of a folder by their names.
type Files = BTreeMap<String, String>;

pub(super) fn of_csharp_is_the_same_for_every_spec() -> Result<(), String> {
    is_the_same(Language::CSHARP, |targets, library| {
        let namespace = targets.csharp_namespace.join(".");
        let mut files = read(&library.join("Engine"))?;
        for text in files.values_mut() {
            // Where it opens, and in the aliases in front of that.
            for (before, after) in [("namespace ", "\n"), ("<", ".")] {
                *text = text.replace(&format!("{before}{namespace}{after}"), "<the spec's>");
            }
        }
        Ok(files)
    })
}

pub(super) fn of_python_is_the_same_for_every_spec() -> Result<(), String> {
    is_the_same(Language::PYTHON, |targets, library| {
        read(&library.join(&targets.python_module).join("_engine"))
    })
}

fn is_the_same(
    language: Language,
    engine: impl Fn(&Targets, &Path) -> Result<Files, String>,
) -> Result<(), String> {
    let mut first: Option<(&str, Files)> = None;
    for subject in subjects() {
        let files = engine(&subject.layout()?.targets, &subject.job(language)?.library)?;
        let Some((of, expected)) = &first else {
            first = Some((&subject.name, files));
            continue;
        };
        if !files.keys().eq(expected.keys()) {
            return Err(format!("{} and {of} have not the same files", subject.name));
        }
        let differs = files.iter().find(|(name, text)| expected[*name] != **text);
        if let Some((name, _)) = differs {
            return Err(format!("{name} of {} is another one than that of {of}", subject.name));
        }
    }
    match first {
        Some((_, files)) if !files.is_empty() => Ok(()),
        _ => Err("there is no spec, or no engine".to_owned()),
    }
}

fn read(folder: &Path) -> Result<Files, String> {
    let error = |error| format!("{}: {error}", folder.display());
    let mut files = Files::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read_to_string(&path).map_err(error)?);
        }
    }
    Ok(files)
}
