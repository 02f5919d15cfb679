//! The playground: the generator as WebAssembly, in one page that needs nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitrpc_conform::toolchain::{Missing, first_line, run};
use bitrpc_spec::layout::render::{SCRIPT, STYLE};

use crate::repo;

/// What browsers run.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Where Rust keeps its library for browsers, or what is missing.
///
/// # Errors
///
/// When it is not installed.
pub fn find() -> Result<String, Missing> {
    let words = ["--print", "target-libdir", "--target", TARGET];
    let folder = first_line(Path::new("rustc"), &words).filter(|folder| {
        Path::new(folder).read_dir().is_ok_and(|mut files| files.next().is_some())
    });
    folder.ok_or_else(|| Missing {
        reason: format!("no Rust for {TARGET}"),
        install: match has_rustup() {
            true => "cargo xtask test --install".to_owned(),
            false => format!("install rustup, then: rustup target add {TARGET}"),
        },
    })
}

/// Whether toolchains are rustup's, which can add to them.
pub fn has_rustup() -> bool {
    first_line(Path::new("rustup"), &["--version"]).is_some()
}

/// Builds the page, and says where it is.
///
/// # Errors
///
/// When the module cannot be built, or the system refuses.
pub fn build() -> Result<PathBuf, String> {
    let target = repo::cache().parent().map(Path::to_path_buf).ok_or("no target folder")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--package", "bitrpc-playground"]);
    cargo.args(["--lib", "--target", TARGET, "--target-dir"]).arg(&target);
    run(cargo.current_dir(repo::root())).map_err(|error| error.to_string())?;
    let module = target.join(TARGET).join("release/bitrpc_playground.wasm");
    let module = fs::read(&module).map_err(|error| format!("{}: {error}", module.display()))?;
    let page = target.join("playground.html");
    let text = page_of(&module).map_err(|error| error.to_string())?;
    fs::write(&page, text).map_err(|error| format!("{}: {error}", page.display()))?;
    Ok(page)
}

fn page_of(module: &[u8]) -> std::io::Result<String> {
    let folder = repo::root().join("codegen/playground/page");
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let parts = [
        ("@STYLE@", format!("{STYLE}{}", read("page.css")?)),
        ("@SCRIPT@", format!("{SCRIPT}{}", read("page.js")?)),
        // A `<` could end the element that it stands in.
        ("@EXAMPLES@", serde_json::to_string(&examples()?)?.replace('<', "\\u003c")),
        ("@MODULE@", STANDARD.encode(module)),
    ];
    // Each mark is looked for in what is left of the page, and so never in what was put in.
    let (mut page, mut rest) = (String::new(), read("page.html")?);
    while let Some((at, mark, part)) = first_mark(&rest, &parts) {
        page += &rest[..at];
        page += part;
        rest = rest[at + mark.len()..].to_owned();
    }
    Ok(page + &rest)
}

fn first_mark<'a>(text: &str, parts: &'a [(&'a str, String)]) -> Option<(usize, &'a str, &'a str)> {
    let found = parts.iter().filter_map(|(mark, part)| Some((text.find(mark)?, *mark, &**part)));
    found.min_by_key(|(at, ..)| *at)
}

/// The specs of the repository by the names of their files.
fn examples() -> std::io::Result<BTreeMap<String, String>> {
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, fs::read_to_string(path)?))
    };
    repo::specs().into_iter().map(named).collect()
}
