//! How the verbs of the command line end, and how they print.

use std::io::{self, Write};
use std::path::PathBuf;

use bitrpc_codegen::emit;
use bitrpc_spec::diagnostic::Findings;
use bitrpc_spec::diff::Class;

/// How a verb ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything is as it should be: exit code 0.
    Fine,
    /// The spec, the output or a pair is not as it should be, and was reported: exit code 1.
    Findings,
    /// An edit of a spec breaks what should not break, of this class: an exit code of its own.
    Breaks(Class),
}

/// Why a verb could not do its work: exit code 1 for findings in the spec, else 2.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The spec is wrong.
    Spec(Findings),
    /// The operating system or a tool refused; the text says what and why.
    System(String),
}

impl From<Findings> for Failure {
    fn from(findings: Findings) -> Self {
        Self::Spec(findings)
    }
}

impl Failure {
    /// A refusal of the operating system or of a tool.
    pub(crate) fn system(error: impl std::fmt::Display) -> Self {
        Self::System(error.to_string())
    }
}

/// Prints on standard error. Where that is closed or full there is nobody left to tell.
pub(crate) fn complain(text: impl std::fmt::Display) {
    let _ = write!(anstream::stderr(), "{text}");
}

/// Prints a line on standard output. A reader that has gone away, as in `bitrpc layout | head`, is
/// no failure; a full disk is.
pub(crate) fn say(line: impl std::fmt::Display) -> Result<(), Failure> {
    match writeln!(anstream::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::System(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Where a verb puts its one document.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// Write into FILE, as a whole or not at all, instead of standard output.
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Output {
    /// Puts it there, with a newline at its end.
    pub(crate) fn write(&self, text: &str) -> Result<(), Failure> {
        match &self.file {
            Some(file) => {
                let end = if text.ends_with('\n') { "" } else { "\n" };
                emit::write(file, &format!("{text}{end}")).map_err(Failure::system)
            }
            None => say(text.strip_suffix('\n').unwrap_or(text)),
        }
    }
}
