//! A Python module, asked of its interpreter: `ctypes`, `numpy` and `struct` definitions.

use std::path::Path;
use std::process::Command;

use super::{Error, Record, document};
use crate::toolchain::{self, Toolchain as _};

const PROBE: &str = include_str!("probe.py");

/// The records of the module in `file`: subclasses of `ctypes.Structure`, `numpy.dtype`s with
/// fields and `struct.Struct`s at its top level, and the format strings in `formats`.
///
/// The module is imported, so what stands at its top level is executed.
///
/// # Errors
///
/// [`Error::Missing`] without an interpreter, [`Error::Refused`] with its words when the module
/// does not import.
pub fn python(file: &Path, formats: &[&str]) -> Result<Vec<Record>, Error> {
    let found = crate::python::Interpreter.find()?;
    let mut command = Command::new(found.program);
    command.args(["-B", "-c", PROBE]).arg(file).args(formats);
    document(&toolchain::run(&mut command)?)
}
