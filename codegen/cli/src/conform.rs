//! `bitrpc conform`: whether what is out there still is what the spec says.

mod copy;
mod foreign;

use std::ffi::OsString;
use std::path::PathBuf;

use super::SpecArg;
use crate::console::{Failure, Outcome};
use bitrpc_conform::foreign::Compiler;

/// Check a vendored copy, or structs that somebody wrote by hand, against a spec.
///
/// A copy is checked by its text, by its compiler (sizes, offsets, hashes) and by its bytes: it
/// exchanges messages of every kind with the Rust runtime, and each is verified. What is missing on
/// this machine is skipped by name.
///
/// Structs of a header are asked of your compiler through the debug information that it writes,
/// nothing is run; those of a C# file of the runtime's marshaller; those of a Python module
/// (ctypes, numpy.dtype, struct.Struct) of its interpreter, which imports the module. Without
/// --struct those are compared that are called as in the spec.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArg,
    #[command(flatten)]
    subject: Subject,
    /// Compare this foreign struct, with the spec's of the same name or the one behind the `=`;
    /// `ring_header` and `message_header` are the headers.
    #[arg(long = "struct", value_name = "NAME[=SPEC],...", value_delimiter = ',')]
    #[arg(conflicts_with = "copy")]
    structs: Vec<String>,
    /// The compiler to ask; g++ or clang++ by default. One without `++` in its name is for C.
    #[arg(long, value_name = "PROGRAM", requires = "header")]
    compiler: Option<PathBuf>,
    /// Compare the text of a copy only: build and run nothing.
    #[arg(long, requires = "copy")]
    text: bool,
    /// Messages that a copy exchanges with the Rust runtime, in each direction.
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "copy")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Report as JSON on standard output.
    #[arg(long)]
    pub(super) json: bool,
    /// Arguments for the compiler: include folders, macros, a language level.
    #[arg(last = true, value_name = "COMPILER ARGUMENT", requires = "header")]
    arguments: Vec<OsString>,
}

/// What is held against the spec: one of these.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// A generated folder that was copied somewhere, of one language or of several.
    #[arg(long, value_name = "DIR")]
    copy: Option<PathBuf>,
    /// A C or C++ header.
    #[arg(long, value_name = "FILE")]
    header: Option<PathBuf>,
    /// A C# file.
    #[arg(long, value_name = "FILE")]
    csharp: Option<PathBuf>,
    /// A Python module. A format string is named by --struct.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// A JSON document: {"STRUCT": {"size": 8, "fields": {"NAME": [OFFSET, SIZE]}}}; `-` is
    /// standard input.
    #[arg(long, value_name = "FILE")]
    layout: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc conform my.yaml --copy src/vendor/my          a vendored folder, or several below it
  bitrpc conform my.yaml --copy gen --text --json      its text alone, for CI
  bitrpc conform my.yaml --header telemetry.h --struct Wheel=WheelState -- -Iinclude
  bitrpc conform my.yaml --header t.h --compiler aarch64-linux-gnu-g++
  bitrpc conform my.yaml --python shm.py --struct HEADER_FORMAT=message_header
  bitrpc conform my.yaml --csharp Telemetry.cs

The JSON report: {\"conforms\": true, \"structs\": [...]}, of a copy with \"copies\": [...].
Exit codes: 0 all conforms, 1 something differs, 2 usage, a refused source or I/O.";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let loaded = args.spec.load()?;
    let conforms = match &args.subject.copy {
        Some(folder) => copy::run(args, &loaded, folder)?,
        None => foreign::run(args, &loaded.layout)?,
    };
    Ok(if conforms { Outcome::Fine } else { Outcome::Findings })
}

impl Args {
    fn compiler(&self) -> Compiler {
        Compiler { program: self.compiler.clone(), arguments: self.arguments.clone() }
    }
}
