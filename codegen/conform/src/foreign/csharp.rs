//! A C# file, asked of the runtime's marshaller.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Error, Record, document};
use crate::csharp::{DotNet, Mono, dotnet};
use crate::toolchain::{self, Found, Toolchain as _};

const PROBE: &str = include_str!("Probe.cs");

/// Builds the file and the probe for whatever framework the SDK brings.
const PROJECT: &str = include_str!("Probe.csproj");

/// The records of `file`: its structs, as `Marshal.OffsetOf` and `Marshal.SizeOf` see them.
///
/// # Errors
///
/// [`Error::Missing`] with neither Mono nor the .NET SDK, [`Error::Refused`] with the compiler's
/// words when it does not take the file.
pub fn csharp(file: &Path) -> Result<Vec<Record>, Error> {
    let io = |error: std::io::Error| Error::Io(error.to_string());
    let file = fs::canonicalize(file)
        .map_err(|error| Error::Io(format!("cannot read {}: {error}", file.display())))?;
    let folder = tempfile::tempdir().map_err(io)?;
    let probe = folder.path().join("Probe.cs");
    fs::write(&probe, PROBE).map_err(io)?;
    let mut program = match (Mono.find(), DotNet.find()) {
        (Ok(found), _) => by_mono(&found, folder.path(), &file, &probe)?,
        (_, Ok(found)) => by_dotnet(&found, folder.path(), &file)?,
        (Err(missing), Err(_)) => return Err(missing.into()),
    };
    document(&toolchain::run(&mut program)?)
}

fn by_mono(found: &Found, folder: &Path, file: &Path, probe: &Path) -> Result<Command, Error> {
    let output = folder.join("probe.exe");
    let mut compiler = Command::new(&found.program);
    compiler.args(["-unsafe", "-nowarn:0169,0649,0414", "-main:BitrpcProbe.Program"]);
    compiler.arg(format!("-out:{}", output.display())).arg(probe).arg(file);
    toolchain::run(&mut compiler)?;
    let mut program = Command::new("mono");
    program.arg(output);
    Ok(program)
}

fn by_dotnet(found: &Found, folder: &Path, file: &Path) -> Result<Command, Error> {
    let project = folder.join("Probe.csproj");
    fs::write(&project, PROJECT).map_err(|error| Error::Io(error.to_string()))?;
    let major = found.version.trim_start_matches(".NET SDK ").split('.').next().unwrap_or("8");
    let output: PathBuf = folder.join("bin");
    let mut compiler = dotnet(&found.program);
    compiler.arg("build").arg(&project);
    compiler.args(["--configuration", "Release", "--verbosity", "quiet", "--nologo", "--output"]);
    compiler.arg(&output).args([
        "-p:UseSharedCompilation=false".to_owned(),
        format!("-p:TargetFramework=net{major}.0"),
        format!("-p:Asked={}", file.display()),
    ]);
    toolchain::run(compiler.env("TMPDIR", folder))?;
    let mut program = dotnet(&found.program);
    program.arg("exec").arg(output.join("Probe.dll")).env("DOTNET_EnableDiagnostics", "0");
    Ok(program)
}
