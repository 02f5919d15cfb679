//! C# by .NET and by Mono: the same sources, two compilers and two runtimes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolchain::{self, BuildError, Found, Job, Missing, Program, Toolchain};
use bitrpc_spec::names::Language;

/// The .NET SDK: builds the project file beside the peer, of which it needs no package.
pub(crate) struct DotNet;

/// Mono's compiler and runtime.
pub(crate) struct Mono;

/// What the SDK shall not do on the machine of somebody who only runs a test: report to its maker,
/// greet, or leave processes behind.
const QUIET: [(&str, &str); 4] = [
    ("DOTNET_CLI_TELEMETRY_OPTOUT", "1"),
    ("DOTNET_NOLOGO", "1"),
    ("DOTNET_CLI_UI_LANGUAGE", "en"),
    ("MSBUILDDISABLENODEREUSE", "1"),
];

/// Flags of Mono's compiler: the language level that the library promises.
const MONO_FLAGS: [&str; 4] = ["-langversion:7.2", "-unsafe", "-optimize+", "-warn:4"];

impl Toolchain for DotNet {
    fn id(&self) -> &'static str {
        "csharp-dotnet"
    }

    fn language(&self) -> Language {
        Language::CSHARP
    }

    fn find(&self) -> Result<Found, Missing> {
        // A runtime without the SDK says nothing here.
        let version = toolchain::run(dotnet(Path::new("dotnet")).arg("--version"));
        match version.ok().as_deref().and_then(|text| text.lines().next()) {
            Some(version) => Ok(Found {
                program: "dotnet".into(),
                version: format!(".NET SDK {}", version.trim()),
            }),
            None => Err(Missing {
                reason: "no .NET SDK (dotnet)".to_owned(),
                install: "the SDK from https://dotnet.microsoft.com/download".to_owned(),
            }),
        }
    }

    fn build(&self, found: &Found, job: &Job) -> Result<Program, BuildError> {
        let folder = job.peer.join(toolchain::BUILD).join("dotnet");
        let output = folder.join("bin/peer.dll");
        let mut command = dotnet(&found.program);
        command.arg("build").arg(&job.peer);
        command.args(["--configuration", "Release", "--verbosity", "quiet", "--nologo"]);
        command.arg("--output").arg(folder.join("bin"));
        command.args([
            // Else a compiler stays behind, and with it the folder that it works in.
            "-p:UseSharedCompilation=false".to_owned(),
            "-p:AssemblyName=peer".to_owned(),
            format!("-p:Library={}", job.library.display()),
            format!("-p:BaseIntermediateOutputPath={}/", folder.join("obj").display()),
        ]);
        let recipe = format!("{}\n{}\n", found.version, toolchain::words(&command));
        toolchain::make(&output, &recipe, job, || {
            // It leaves files in the folder for temporary ones; here they go with the build.
            let temporary = folder.join("tmp");
            fs::create_dir_all(&temporary).map_err(|e| toolchain::not_written(&temporary, &e))?;
            toolchain::run(command.env("TMPDIR", temporary)).map(drop)
        })?;
        // Without its diagnostics a process leaves no sockets where it is killed.
        Ok(Program::new(&found.program)
            .with("exec")
            .with(output)
            .env("DOTNET_EnableDiagnostics", "0"))
    }
}

impl Toolchain for Mono {
    fn id(&self) -> &'static str {
        "csharp-mono"
    }

    fn language(&self) -> Language {
        Language::CSHARP
    }

    fn find(&self) -> Result<Found, Missing> {
        let version = |name| toolchain::first_line(Path::new(name), &["--version"]);
        match (version("mcs"), version("mono")) {
            (Some(version), Some(_)) => Ok(Found { program: "mcs".into(), version }),
            _ => Err(Missing {
                reason: "no Mono (mcs, mono)".to_owned(),
                install: "apt-get install mono-mcs".to_owned(),
            }),
        }
    }

    fn build(&self, found: &Found, job: &Job) -> Result<Program, BuildError> {
        let output = job.peer.join(toolchain::BUILD).join("mono/peer.exe");
        let unfinished = output.with_extension("unfinished");
        let mut command = Command::new(&found.program);
        command.args(MONO_FLAGS).arg(format!("-out:{}", unfinished.display()));
        // The compiler itself knows what a star is.
        command.arg(job.peer.join("*.cs")).args(library_sources(&job.library));
        let recipe = format!("{}\n{}\n", found.version, toolchain::words(&command));
        toolchain::make(&output, &recipe, job, || {
            toolchain::run(&mut command)?;
            fs::rename(&unfinished, &output)
                .map_err(|error| toolchain::not_written(&output, &error))
        })?;
        Ok(Program::new("mono").with(output))
    }
}

/// What a compiler takes of a generated folder, stars included.
pub fn library_sources(library: &Path) -> [PathBuf; 2] {
    ["*.cs", "Engine/*.cs"].map(|files| library.join(files))
}

/// The SDK's driver without its habits.
pub(crate) fn dotnet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.envs(QUIET);
    command
}
