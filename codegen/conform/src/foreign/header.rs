//! A C or C++ header, asked of the user's own compiler.
//!
//! The compiler writes down how it lays out every type when it is told to make debug information.
//! That is read, so nothing has to run: a cross compiler does as well, and members that the spec
//! does not know are seen, too. (A program of `offsetof` sees only the members that it asks for.)

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Error, Record, dwarf};
use crate::cpp;
use crate::toolchain::{self, Missing, Toolchain as _};

/// The compiler and what it is told, e.g. `g++ -Iinclude -DNDEBUG`.
#[derive(Debug, Clone, Default)]
pub struct Compiler {
    /// The program; the first of `g++`, `clang++` that is there when `None`.
    pub program: Option<PathBuf>,
    /// Its arguments in front of the probe's own: include folders, macros, a language level.
    pub arguments: Vec<OsString>,
}

/// What makes a compiler write down all types, the unused ones too, and nothing else.
const FLAGS: [&str; 9] = [
    "-g",
    "-gz=none",
    "-O0",
    "-w",
    "-fno-eliminate-unused-debug-types",
    "-fPIC",
    // A linked file has its relocations applied. Nothing is missing from one that never runs.
    "-shared",
    "-nostdlib",
    "-o",
];

/// The records that `file` declares or includes.
///
/// # Errors
///
/// [`Error::Missing`] without a compiler, [`Error::Refused`] with its words when it does not take
/// the header, [`Error::Malformed`] when what it writes is no object file with DWARF.
pub fn header(file: &Path, compiler: &Compiler) -> Result<Vec<Record>, Error> {
    let program = compiler.find()?;
    let file = fs::canonicalize(file)
        .map_err(|error| Error::Io(format!("cannot read {}: {error}", file.display())))?;
    let folder = tempfile::tempdir().map_err(|error| Error::Io(error.to_string()))?;
    let extension = if is_cpp(&program) { "cpp" } else { "c" };
    let source = folder.path().join("probe").with_extension(extension);
    let text = format!("#include \"{}\"\n", file.display());
    fs::write(&source, text).map_err(|error| Error::Io(error.to_string()))?;
    let output = folder.path().join("probe.so");
    let mut command = Command::new(&program);
    command.args(&compiler.arguments).args(FLAGS).arg(&output).arg(&source);
    toolchain::run(&mut command)?;
    let data = fs::read(&output).map_err(|error| Error::Io(error.to_string()))?;
    dwarf::records(&data, &file).map_err(|error| {
        let program = program.display();
        Error::Malformed(format!("cannot read the debug information of {program}: {error}"))
    })
}

impl Compiler {
    fn find(&self) -> Result<PathBuf, Missing> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        cpp::Compiler.find().map(|found| found.program)
    }
}

/// Whether a compiler of this name is for C++: `g++-12`, `clang++`, `c++`.
fn is_cpp(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name.to_string_lossy().contains("++"))
}
