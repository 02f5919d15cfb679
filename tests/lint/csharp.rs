//! C# as emitted: Mono's compiler without a warning, .NET's analyzers and its formatter.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_conform::toolchain::{Job, Missing};
use bitrpc_conform::{Stage, csharp};
use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::{Subject, subjects};
use bitrpc_tests::tools::{DOTNET, MONO};
use bitrpc_tests::{harness, repo};
use libtest_mimic::Trial;

use super::{cross_language_test, run, sources};

/// All trials of C#.
pub(super) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for subject in subjects() {
        let name = format!("{}/mcs", subject.name);
        trials.push(harness::needs(&MONO.find(), name, move || {
            mcs_library(&subject.job(Language::CSHARP)?.library)
        }));
        let name = format!("{}/mcs_peer", subject.name);
        trials.push(harness::needs(&MONO.find(), name, move || mcs_peer(subject)));
    }
    trials.push(harness::needs(
        &MONO.find(),
        "cross_language_test/mcs".to_owned(),
        mcs_cross_language_test,
    ));
    for (framework, is_offline) in FRAMEWORKS {
        let name = format!("bitrpc/dotnet_{framework}");
        trials.push(match missing_packages(framework, is_offline) {
            Some(missing) => bitrpc_tests::harness::skipped(name, &missing),
            None => harness::needs(&DOTNET.find(), name, move || default_project(framework)),
        });
    }
    let name = "all_specs/dotnet_analyzers".to_owned();
    trials.push(harness::needs(&DOTNET.find(), name, all_libraries));
    for version in ["default", "preview"] {
        let name = format!("plain_copy/dotnet_{version}");
        trials.push(harness::needs(&DOTNET.find(), name, move || plain_copy(version)));
    }
    trials.push(harness::needs(&MONO.find(), "awkward_names/mcs".to_owned(), mcs_awkward_names));
    let name = "awkward_names/dotnet_analyzers".to_owned();
    trials.push(harness::needs(&DOTNET.find(), name, analyze_awkward_names));
    trials.push(harness::needs(&DOTNET.find(), "bitrpc/dotnet_format".to_owned(), format_default));
    trials.push(harness::needs(
        &DOTNET.find(),
        "all_specs/dotnet_format_whitespace".to_owned(),
        format_all,
    ));
    trials
}

/// What the library is built for, and whether the SDK alone can build it.
const FRAMEWORKS: [(&str, bool); 3] =
    [("net10.0", true), ("netstandard2.1", true), ("netstandard2.0", false)];

/// `netstandard2.0` needs packages from NuGet, which the SDK does not bring.
fn missing_packages(framework: &str, is_offline: bool) -> Option<Missing> {
    if is_offline || DOTNET.find().is_err() {
        return None;
    }
    let project = copy_default(framework).ok()?;
    let restored = run(dotnet().arg("restore").arg(&project).arg(only(framework)));
    restored.err().map(|_| Missing {
        reason: "no NuGet source with System.Memory and NETStandard.Library".to_owned(),
        install: format!("dotnet restore {} {}", project.display(), only(framework)),
    })
}

fn mcs() -> Command {
    let mut command = Command::new(MONO.program);
    command.args(["-langversion:7.2", "-unsafe", "-warn:4", "-warnaserror"]);
    command
}

/// Also complains about public members without documentation.
fn mcs_library(library: &Path) -> Result<(), String> {
    let folder = temporary()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut command = mcs();
    command.arg("-target:library").arg(format!("-doc:{}", path("library.xml")));
    run(command.arg(format!("-out:{}", path("library.dll"))).args(csharp::library_sources(library)))
}

fn mcs_peer(subject: &Subject) -> Result<(), String> {
    let job = subject.job(Language::CSHARP)?;
    mcs_program(&job.peer, &job.library)
}

fn mcs_cross_language_test() -> Result<(), String> {
    mcs_program(&cross_language_test(Language::CSHARP), &repo::generated(Language::CSHARP))
}

fn mcs_program(program: &Path, library: &Path) -> Result<(), String> {
    let folder = temporary()?;
    let mut command = mcs();
    command.arg(format!("-out:{}", folder.path().join("program.exe").display()));
    run(command.arg(program.join("*.cs")).args(csharp::library_sources(library)))
}

/// The SDK without its habits.
fn dotnet() -> Command {
    let mut command = Command::new(DOTNET.program);
    command.env("DOTNET_CLI_TELEMETRY_OPTOUT", "1").env("DOTNET_NOLOGO", "1");
    command.env("MSBUILDDISABLENODEREUSE", "1");
    command
}

fn only(framework: &str) -> String {
    format!("-p:TargetFrameworks={framework}")
}

fn build(project: &Path, framework: &str) -> Result<(), String> {
    let mut command = dotnet();
    command.arg("build").arg(project).arg(only(framework)).args(["--nologo", "-v", "quiet"]);
    run(command.arg("-p:UseSharedCompilation=false"))
}

/// The project as users vendor it, with its own settings: all analyzers, warnings as errors.
fn default_project(framework: &str) -> Result<(), String> {
    build(&copy_default(framework).map_err(|error| error.to_string())?, framework)
}

/// A copy of the default spec's folder, so that a build leaves nothing in the original.
fn copy_default(name: &str) -> io::Result<PathBuf> {
    let folder = repo::cache().join("lint_csharp").join(name);
    mirror(&repo::generated(Language::CSHARP), &folder)?;
    Ok(folder)
}

/// The libraries of all specs, whose namespaces differ, as one project.
fn all_libraries() -> Result<(), String> {
    let folder = copy_default("all").map_err(|error| error.to_string())?;
    for subject in subjects().iter().skip(1) {
        let library = subject.job(Language::CSHARP)?.library;
        for part in ["", "Engine"] {
            let to = folder.join(&subject.name).join(part);
            fs::create_dir_all(&to).map_err(|error| error.to_string())?;
            for file in sources(&library.join(part), &["cs"])? {
                let name = file.file_name().ok_or("a file has a name")?;
                copy_if_changed(&file, &to.join(name)).map_err(|error| error.to_string())?;
            }
        }
    }
    build(&folder, "net10.0")
}

/// A program that takes in the sources, in a project that is as strict as a project can be and says
/// nothing of the language's version.
const PLAIN_COPY: &str = r#"<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <CheckForOverflowUnderflow>true</CheckForOverflowUnderflow>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <AnalysisLevel>latest-all</AnalysisLevel>
    <EnforceCodeStyleInBuild>true</EnforceCodeStyleInBuild>
  </PropertyGroup>
</Project>
"#;

/// What the program does: it has to have an entry.
const NOTHING: &str = "namespace Plain;\n\ninternal static class Program\n{\n    \
    private static int Main() => BitRPC.SharedMemory.Protocol.Name.Length == 0 ? 1 : 0;\n}\n";

fn plain_copy(version: &str) -> Result<(), String> {
    let folder = repo::cache().join("lint_csharp").join(format!("plain_copy_{version}"));
    let written = mirror(&repo::generated(Language::CSHARP), &folder.join("rings"))
        .and_then(|()| fs::write(folder.join("plain.csproj"), PLAIN_COPY))
        .and_then(|()| fs::write(folder.join("Program.cs"), NOTHING));
    written.map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut command = dotnet();
    command.arg("build").arg(folder.join("plain.csproj")).args(["--nologo", "-v", "quiet"]);
    if version != "default" {
        command.arg(format!("-p:LangVersion={version}"));
    }
    run(command.arg("-p:UseSharedCompilation=false"))
}

/// The code of a spec whose names are legal, and what compilers and analyzers stumble over.
fn awkward_names() -> Result<Job, String> {
    let spec = repo::root().join("tests/lint/awkward_names.yaml");
    let loaded = bitrpc_codegen::load(&spec).map_err(|findings| findings.render())?;
    let origin = Origin::new(&spec, &loaded.digest);
    let input = Input { layout: &loaded.layout, origin: &origin };
    let stage = Stage::write(&repo::cache().join("lint_csharp/awkward_names"), &input);
    Ok(stage.map_err(|error| error.to_string())?.job(Language::CSHARP))
}

fn mcs_awkward_names() -> Result<(), String> {
    let job = awkward_names()?;
    mcs_library(&job.library)?;
    mcs_program(&job.peer, &job.library)
}

fn analyze_awkward_names() -> Result<(), String> {
    build(&awkward_names()?.library, "net10.0")
}

fn format_default() -> Result<(), String> {
    let folder = copy_default("format").map_err(|error| error.to_string())?;
    // One framework is enough: `#if` hides no formatting from the others' compilers.
    run(dotnet().arg("restore").arg(&folder).arg(only("net10.0")))?;
    let mut command = dotnet();
    command.env("TargetFrameworks", "net10.0").arg("format").arg(&folder);
    run(command.args(["--verify-no-changes", "--no-restore", "--include-generated"]))
}

/// White space in everything that is C#, without compiling it.
fn format_all() -> Result<(), String> {
    let mut folders =
        vec![cross_language_test(Language::CSHARP), repo::root().join("tests/csharp_engine")];
    for subject in subjects() {
        let job = subject.job(Language::CSHARP)?;
        folders.extend([job.library, job.peer]);
    }
    let check = |folder: PathBuf| {
        let mut command = dotnet();
        command.args(["format", "whitespace"]).arg(&folder).arg("--folder");
        run(command.args(["--verify-no-changes", "--include-generated"]))
    };
    folders.into_iter().try_for_each(check)
}

fn temporary() -> Result<tempfile::TempDir, String> {
    tempfile::tempdir().map_err(|error| error.to_string())
}

/// Makes `to` hold the files of `from`, touching only those that differ: what a build left there
/// stays.
fn mirror(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && !from.join(entry.file_name()).exists() {
            fs::remove_file(entry.path())?;
        }
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            mirror(&entry.path(), &to)?;
        } else {
            copy_if_changed(&entry.path(), &to)?;
        }
    }
    Ok(())
}

fn copy_if_changed(from: &Path, to: &Path) -> io::Result<()> {
    let text = fs::read(from)?;
    match fs::read(to).is_ok_and(|known| known == text) {
        true => Ok(()),
        false => fs::write(to, text),
    }
}
