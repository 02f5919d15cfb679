//! `bitrpc import`: a first spec out of the structs of a header.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::console::{Failure, Outcome, complain, say};
use bitrpc_codegen::emit;
use bitrpc_conform::foreign::{self, Compiler, Record, last_part};
use bitrpc_conform::import;
use bitrpc_spec::names::snake;

/// Write a first spec from the structs of a C or C++ header.
///
/// Your compiler is asked where every member is, so the spec's bytes are the header's: each struct
/// has its size stated, and `bitrpc check` holds the spec to it. A member that a spec has no type
/// for, such as a pointer, a union or one that is not aligned, becomes bytes of its size, and its
/// doc says what it was. Names, docs and ids are yours to mend; `bitrpc conform --header` says
/// afterwards whether both still agree.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The header.
    #[arg(long, value_name = "FILE")]
    header: PathBuf,
    /// Only these structs, and those that they contain; otherwise all that the header declares.
    #[arg(long = "struct", value_name = "NAME,...", value_delimiter = ',')]
    structs: Vec<String>,
    /// The protocol's name; made of the header's by default.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write here instead of on standard output; a file that is there is not replaced.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The compiler to ask; g++ or clang++ by default. One without `++` in its name is for C.
    #[arg(long, value_name = "PROGRAM")]
    compiler: Option<PathBuf>,
    /// Arguments for the compiler: include folders, macros, a language level.
    #[arg(last = true, value_name = "COMPILER ARGUMENT")]
    arguments: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  bitrpc import --header telemetry.h --output telemetry.yaml
  bitrpc import --header telemetry.h --struct Wheel,Car --name racing -- -Iinclude -DNDEBUG
  bitrpc import --header can.h --compiler gcc

Exit codes: 0 written, 2 usage, a refused header or I/O.";

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let compiler = Compiler { program: args.compiler.clone(), arguments: args.arguments.clone() };
    let records = foreign::header(&args.header, &compiler).map_err(Failure::system)?;
    let wanted = wanted(&args.structs, &records)?;
    let file = args.header.file_name().unwrap_or_default().to_string_lossy();
    let stem = Path::new(&*file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = args.name.clone().unwrap_or_else(|| protocol_name(&stem));
    let text = import::spec(&name, &file, &records, &wanted);
    let Some(output) = &args.output else {
        say(text.trim_end())?;
        return Ok(Outcome::Fine);
    };
    emit::write_new(output, &text).map_err(Failure::system)?;
    complain(format_args!("wrote {}: {} structs\n", output.display(), wanted.len()));
    Ok(Outcome::Fine)
}

fn wanted<'a>(names: &[String], records: &'a [Record]) -> Result<Vec<&'a Record>, Failure> {
    if names.is_empty() {
        let own: Vec<_> = records.iter().filter(|record| record.is_own).collect();
        return match own.is_empty() {
            true => Err(Failure::System("the header declares no struct of its own".to_owned())),
            false => Ok(own),
        };
    }
    let find = |name: &String| {
        let exact = records.iter().find(|record| record.name == *name);
        let found = exact.or_else(|| records.iter().find(|r| last_part(&r.name) == name));
        found.ok_or_else(|| Failure::System(format!("the header has no struct `{name}`")))
    };
    names.iter().map(find).collect()
}

/// A legal protocol name out of a file's.
fn protocol_name(stem: &str) -> String {
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let name = snake(&plain);
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    if name.is_empty() { "imported".to_owned() } else { name.to_owned() }
}
