//! Texts of users that a verb changes: shown as a change, or replaced as a whole.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use crate::console::{Failure, say};

/// What some editors put in front of a text; readers of specs pass over it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Lines that are shown around a change.
const CONTEXT: usize = 2;

/// The text of a file, without its byte order mark.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|error| refusal("read", path, &error))?;
    Ok(text.strip_prefix(BYTE_ORDER_MARK).map(str::to_owned).unwrap_or(text))
}

/// Replaces the text of a file: whoever reads it has the old one or the new one. A link stays one.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        let path = fs::canonicalize(path)?;
        let old = fs::read(&path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".bitrpc-").tempfile_in(folder)?;
        if old.starts_with(BYTE_ORDER_MARK.as_bytes()) {
            file.write_all(BYTE_ORDER_MARK.as_bytes())?;
        }
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        fs::set_permissions(file.path(), fs::metadata(&path)?.permissions())?;
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(|error| refusal("write", path, &error))
}

/// Prints what a file would become, as a diff.
pub(crate) fn show_change(path: &Path, text: &str) -> Result<(), Failure> {
    let (old, bold) = (read(path)?, Style::new().bold());
    let name = path.display();
    say(format_args!("{bold}--- {name}{bold:#}"))?;
    say(format_args!("{bold}+++ {name}{bold:#}"))?;
    let diff = TextDiff::from_lines(old.as_str(), text);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        say(hunk.header())?;
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', Style::new().fg_color(Some(AnsiColor::Red.into()))),
                ChangeTag::Insert => ('+', Style::new().fg_color(Some(AnsiColor::Green.into()))),
                ChangeTag::Equal => (' ', Style::new()),
            };
            let line = change.value().trim_end_matches(['\n', '\r']);
            say(format_args!("{style}{sign}{line}{style:#}"))?;
        }
    }
    Ok(())
}

fn refusal(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::System(format!("cannot {what} {}: {error}", path.display()))
}
