//! The documents that `bitrpc layout` and `bitrpc doc` write, as readers see them: valid HTML, SVG
//! and Markdown, and pages that are looked at in a browser at two widths, in light and dark.
//!
//! The pictures of the pages lie in `target/bitrpc-tests/see`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::OnceLock;

use bitrpc_conform::toolchain::{self, Missing};
use bitrpc_spec::layout::Layout;
use bitrpc_spec::layout::render::{self, Shown};
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Files;
use bitrpc_tests::python_packages::{AXE, HTML5LIB, PLAYWRIGHT, PYMARKDOWN, interpreter};
use bitrpc_tests::tools::CHROMIUM;
use bitrpc_tests::{harness, playground, repo};
use libtest_mimic::Trial;

/// The pages that are looked at.
const PAGES: [&str; 3] = ["bitrpc-doc", "custom_headers-layout", "kitchen_sink-layout"];

/// Pixels: a desktop, and a small phone.
const WIDTHS: [&str; 2] = ["1280", "400"];

/// Lines of tables and paragraphs are as long as what they say.
const MARKDOWN_RULES: [&str; 2] = ["--disable-rules", "line-length"];

fn main() -> ExitCode {
    let folder = repo::cache().join("see");
    let documents = match documents(&folder) {
        Ok(documents) => documents,
        Err(error) => {
            return harness::run(vec![harness::trial("documents", move || Err::<(), _>(error))]);
        }
    };
    let is_markdown = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "md");
    let (markdown, markup): (Vec<_>, Vec<_>) = documents.into_iter().partition(is_markdown);
    let mut trials = vec![
        needs([HTML5LIB.find()], "valid/html_and_svg".to_owned(), move || {
            python(&[script("valid.py")], &markup)
        }),
        needs([PYMARKDOWN.find()], "valid/markdown".to_owned(), move || {
            let mut words = vec!["-m".into(), "pymarkdown".into()];
            words.extend(MARKDOWN_RULES.map(Into::into));
            words.push("scan".into());
            python(&words, &markdown)
        }),
    ];
    for page in PAGES {
        for width in WIDTHS {
            for scheme in ["light", "dark"] {
                let name = format!("browser/{page}/{width}_{scheme}");
                let base = folder.join(page);
                let found = [CHROMIUM.find(), PLAYWRIGHT.find(), AXE.find()];
                trials.push(needs(found, name, move || {
                    look("page.py", &base.with_extension("html"), &base, width, scheme)
                }));
            }
        }
    }
    trials.extend(playground_trials(&folder));
    harness::run(trials)
}

fn playground_trials(folder: &Path) -> Vec<Trial> {
    let looks = [("1280", "light"), ("400", "dark")];
    let trial = |(width, scheme): (&'static str, &'static str)| {
        let (name, folder) = (format!("playground/{width}_{scheme}"), folder.to_owned());
        let found = [CHROMIUM.find(), PLAYWRIGHT.find(), AXE.find(), playground::find()];
        needs(found, name, move || {
            let page = PLAYGROUND.get_or_init(playground::build).clone()?;
            look("playground.py", &page, &folder.join("playground"), width, scheme)
        })
    };
    looks.map(trial).into()
}

/// The page, built once.
static PLAYGROUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();

/// Every document of every spec, on disk.
fn documents(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut documents = Vec::new();
    let failed =
        |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    // An imported file alone is no spec.
    for path in repo::specs().iter().filter(|path| !path.ends_with("common.yaml")) {
        let spec = Spec::load(path, &Files).map_err(|findings| findings.render())?;
        let layout = Layout::of(&spec);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let all = Shown::all();
        let texts = [
            ("layout.html", render::to_html(&layout, &all)),
            ("layout.svg", render::to_svg(&layout, &all)),
            ("layout.md", render::to_markdown(&layout, &all)),
            ("doc.html", render::doc_to_html(&spec, &layout)),
            ("doc.md", render::doc_to_markdown(&spec, &layout)),
        ];
        for (ending, text) in texts {
            let path = folder.join(format!("{name}-{ending}"));
            fs::write(&path, text).map_err(|error| failed(&path, &error))?;
            documents.push(path);
        }
    }
    Ok(documents)
}

fn needs<const N: usize>(
    found: [Result<String, Missing>; N],
    name: String,
    test: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Trial {
    match found.into_iter().find_map(Result::err) {
        Some(missing) => harness::skipped(name, &missing),
        None => harness::trial(name, test),
    }
}

fn script(name: &str) -> PathBuf {
    repo::root().join("tests/see").join(name)
}

fn python(words: &[PathBuf], files: &[PathBuf]) -> Result<(), String> {
    if files.is_empty() {
        return Err("there are no documents".to_owned());
    }
    let output = toolchain::run(Command::new(interpreter()).args(words).args(files));
    output.map(drop).map_err(|error| error.to_string())
}

/// Runs a script that looks at `page`; its pictures begin with `pictures`.
fn look(
    script: &str,
    page: &Path,
    pictures: &Path,
    width: &str,
    scheme: &str,
) -> Result<(), String> {
    let pictures = format!("{}-{width}-{scheme}", pictures.display());
    let mut command = Command::new(interpreter());
    command.arg(self::script(script)).arg(program(CHROMIUM.program)?);
    command.arg(page).args([width, scheme]).arg(pictures);
    toolchain::run(&mut command).map(drop).map_err(|error| error.to_string())
}

/// Where a program is: playwright takes no bare name.
fn program(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    found.into_iter().find(|path| path.is_file()).ok_or_else(|| format!("no {name} on the PATH"))
}
