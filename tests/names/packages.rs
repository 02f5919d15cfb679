//! Names of packages: what derives from a protocol's name, and what a spec states, hides nothing of
//! the system, of the language or of the generated code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bitrpc_conform::csharp;
use bitrpc_conform::toolchain::run;
use bitrpc_spec::layout::{Layout, Targets};
use bitrpc_spec::model::Spec;
use bitrpc_spec::names::{Language, NameKind, reason, reserved_words, snake};
use bitrpc_tests::harness;
use bitrpc_tests::tools::{CMAKE, GXX, MONO, PYTHON};
use libtest_mimic::Trial;

use crate::batch::{Batch, memory};
use crate::words::{self, is_member};
use crate::{cpp_unit, run_quietly};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        harness::needs(&GXX.find(), "cpp/namespaces", cpp_namespaces),
        harness::needs(&GXX.find(), "cpp/headers", cpp_headers),
        harness::needs(&CMAKE.find(), "cpp/cmake_targets", cmake_targets),
        harness::needs(&MONO.find(), "csharp/namespaces", csharp_namespaces),
        harness::needs(&PYTHON.find(), "python/modules", python_modules),
        harness::trial("rust/crates", rust_crates),
    ]
}

/// The packages of a spec that says no more than `line` beside its version.
fn targets(line: &str) -> Result<Targets, BTreeSet<&'static str>> {
    let text = format!("bitrpc: 1\nversion: \"1.0\"\n{line}\n");
    match Spec::load("names.yaml", &memory(&text)) {
        Ok(spec) => Ok(Layout::of(&spec).targets),
        Err(findings) => Err(findings.iter().map(|finding| finding.rule.id).collect()),
    }
}

/// Words that are tried one by one as the name of a protocol and as a stated name; there are some
/// fifty thousand for C++.
const MANY: usize = 1_500;

/// What `get` gives of the packages of protocols named like reserved words of `language`, and of
/// specs that state each of them for `key`. A word that is refused is so by the rule for it.
fn packages(
    language: Language,
    key: &str,
    get: fn(Targets) -> String,
) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    let words = reserved_words(language);
    for word in words.iter().step_by(words.len().div_ceil(MANY)).chain(KNOWN) {
        let name = snake(word);
        if is_member(&name) {
            let line = format!("name: {name:?}");
            match targets(&line) {
                Ok(targets) => drop(names.insert(get(targets))),
                Err(rules) => return Err(format!("{line} is refused by {rules:?}")),
            }
        }
        let line = format!("name: some\ntargets: {{ {}: {{ {key}: {word:?} }} }}", language.id());
        match targets(&line) {
            Ok(targets) => drop(names.insert(get(targets))),
            Err(rules) if rules.iter().eq(&["E026"]) => {}
            Err(rules) => return Err(format!("{word} is refused by {rules:?}")),
        }
    }
    Ok(names)
}

/// Names that protocols are likely to have and that something else has, too.
const KNOWN: &[&str] = &[
    "access",
    "alarm",
    "array",
    "buffer",
    "clock",
    "errno",
    "exception",
    "fcntl",
    "index",
    "link",
    "locale",
    "marshal",
    "math",
    "pipe",
    "protocol",
    "pthread",
    "random",
    "read",
    "remove",
    "samples",
    "script",
    "select",
    "signal",
    "stat",
    "stdio",
    "string",
    "sync",
    "system",
    "task",
    "thread",
    "time",
    "unistd",
    "write",
];

/// Headers that programs on Unix include; what is not there is left out.
const UNIX: &str = "aio alloca arpa/inet complex cpio dirent dlfcn endian err execinfo fcntl fenv \
    fmtmsg fnmatch fts ftw getopt glob grp iconv ifaddrs langinfo libgen malloc monetary mqueue \
    net/if netdb netinet/in netinet/tcp nl_types poll pthread pwd regex sched search semaphore \
    spawn strings sys/epoll sys/eventfd sys/file sys/inotify sys/ioctl sys/ipc sys/mman sys/mount \
    sys/msg sys/param sys/prctl sys/ptrace sys/resource sys/select sys/sem sys/sendfile sys/shm \
    sys/signalfd sys/socket sys/stat sys/statvfs sys/sysinfo sys/time sys/timerfd sys/times \
    sys/types sys/uio sys/un sys/utsname sys/wait sys/xattr syslog tar termios ucontext ulimit \
    unistd utime utmpx wordexp assert ctype errno float inttypes limits locale math setjmp signal \
    stddef stdint stdio stdlib string time uchar wchar wctype";

/// No name that the headers of this machine declare, macros included, is free.
fn cpp_namespaces() -> Result<(), String> {
    let outermost = |targets: Targets| targets.cpp_namespace.into_iter().next().unwrap_or_default();
    let mut names = packages(Language::CPP, "namespace", outermost)?;
    let mut unit = String::new();
    for header in UNIX.split_whitespace() {
        unit += &format!("#if __has_include(<{header}.h>)\n#include <{header}.h>\n#endif\n");
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let headers = folder.path().join("headers.cpp");
    fs::write(&headers, &unit).map_err(|error| error.to_string())?;
    let mut command = Command::new(GXX.program);
    let text = run(command.args(["-std=gnu++17", "-E", "-P"]).arg(headers));
    let words = words::of_code(&text.map_err(|error| error.to_string())?);
    let is_free = |word: &String| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && !word.contains("__")
            && !word.ends_with('_')
            && reason(Language::CPP, NameKind::Namespace, word).is_none()
    };
    names.extend(words.into_iter().filter(is_free));
    unit.extend(names.iter().map(|name| format!("namespace {name} {{}}\n")));
    cpp_unit(&unit, &[])
}

fn cpp_headers() -> Result<(), String> {
    let mut names = packages(Language::CPP, "header", |targets| targets.cpp_header)?;
    let there = system_headers()?;
    for stem in there.iter().filter_map(|name| name.strip_suffix(".h")) {
        for stem in [stem.to_owned(), stem.to_ascii_uppercase()] {
            let line = format!("name: some\ntargets: {{ cpp: {{ header: {:?} }} }}", stem + ".h");
            names.extend(targets(&line).ok().map(|targets| targets.cpp_header));
        }
        let name = snake(stem);
        if is_member(&name) {
            names
                .extend(targets(&format!("name: {name:?}")).ok().map(|targets| targets.cpp_header));
        }
    }
    let taken = |name: &&String| there.contains(&name.to_ascii_lowercase());
    let taken: Vec<_> = names.iter().filter(taken).map(String::as_str).collect();
    match taken.is_empty() {
        true => Ok(()),
        false => Err(format!("these are headers of this system: {}", taken.join(" "))),
    }
}

/// Names of all headers that stand in no folder of their own, in small letters.
fn system_headers() -> Result<BTreeSet<String>, String> {
    let mut command = Command::new(GXX.program);
    command.args(["-E", "-v", "-x", "c++", "/dev/null"]);
    let output = command.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let folders = text.lines().filter_map(|line| line.strip_prefix(" /"));
    let mut names = BTreeSet::new();
    for folder in folders {
        // Some compilers name folders that are not there.
        let Ok(entries) = fs::read_dir(Path::new("/").join(folder)) else { continue };
        let entries = entries.flatten().map(|entry| entry.file_name().to_ascii_lowercase());
        names.extend(entries.map(|name| name.to_string_lossy().into_owned()));
    }
    if names.contains("stdio.h") { Ok(names) } else { Err("no system headers found".to_owned()) }
}

/// Every target that CMake has itself, and that a namespace could give a library.
fn cmake_targets() -> Result<(), String> {
    let mut lists = "cmake_minimum_required(VERSION 3.14)\nproject(names NONE)\n".to_owned();
    lists += "enable_testing()\ninclude(CPack)\n";
    for name in ["all", "clean", "edit_cache", "help", "install", "package", "package_source"]
        .into_iter()
        .chain(["preinstall", "rebuild_cache", "run_tests", "test", "all_build", "zero_check"])
    {
        let files = Batch::new(name).accept()?.files(Language::CPP)?;
        let own = files.iter().find(|file| file.path == "CMakeLists.txt").ok_or("no file")?;
        let target = own.text.split_once("add_library(").and_then(|(_, rest)| rest.split_once(' '));
        lists += &format!("add_library({} INTERFACE)\n", target.ok_or("no target")?.0);
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    fs::write(folder.path().join("CMakeLists.txt"), lists).map_err(|error| error.to_string())?;
    let mut command = Command::new(CMAKE.program);
    run_quietly(command.arg("-S").arg(folder.path()).arg("-B").arg(folder.path()))
}

/// What a program that uses the library of .NET takes for granted.
const USER: &str = "
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

static class User
{
    static void Main()
    {
        var list = new List<int>(Enumerable.Range(0, Math.Abs(-1)));
        Task<Exception> task = Task.FromResult(new Exception(Path.Combine(\"a\", \"b\")));
        var thread = new Thread(() => Console.WriteLine(Convert.ToString(list[0])));
        var random = new Random();
        Array.Sort(Environment.GetCommandLineArgs());
        Buffer.BlockCopy(new byte[1], 0, new byte[1], 0, 1);
    }
}
";

fn csharp_namespaces() -> Result<(), String> {
    let names = packages(Language::CSHARP, "namespace", |targets| {
        targets.csharp_namespace.into_iter().next().unwrap_or_default()
    })?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let probes = names.iter().map(|name| format!("namespace {name} {{ class Probe {{ }} }}\n"));
    let text = USER.to_owned() + &probes.collect::<String>();
    let user = folder.path().join("User.cs");
    fs::write(&user, text).map_err(|error| error.to_string())?;
    let job = Batch::new("bare").generate("bare")?.stage.job(Language::CSHARP);
    let mut command = Command::new(MONO.program);
    command.args(["-langversion:7.2", "-unsafe", "-warn:0"]);
    command.arg(format!("-out:{}", folder.path().join("user.exe").display()));
    run_quietly(command.arg(user).args(csharp::library_sources(&job.library)))
}

/// Every module of the library, and what it imports, beside modules of the names in question.
const IMPORTS: &str = "
import importlib, pkgutil, sys
package = importlib.import_module('bare')
for module in pkgutil.walk_packages(package.__path__, 'bare.'):
    if not module.name.endswith(('._windows', '._macos')):
        importlib.import_module(module.name)
taken = sorted(set(sys.argv[1:]) & set(getattr(sys, 'stdlib_module_names', ())))
assert not taken, taken
";

fn python_modules() -> Result<(), String> {
    let names = packages(Language::PYTHON, "module", |targets| targets.python_module)?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    for name in &names {
        let path = folder.path().join(format!("{name}.py"));
        fs::write(path, "").map_err(|error| error.to_string())?;
    }
    let library = Batch::new("bare").generate("bare")?.stage.job(Language::PYTHON).library;
    let paths = std::env::join_paths([folder.path(), &library]).map_err(|e| e.to_string())?;
    let mut command = Command::new(PYTHON.program);
    command.args(["-W", "error", "-c", IMPORTS]).args(&names).env("PYTHONPATH", paths);
    run_quietly(command.env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// Cargo takes each crate's name.
fn rust_crates() -> Result<(), String> {
    let names = packages(Language::RUST, "crate", |targets| targets.rust_crate)?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let write = |path: PathBuf, text: String| {
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(path, text)).map_err(|error| error.to_string())
    };
    let members: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    write(folder.path().join("Cargo.toml"), workspace)?;
    for name in &names {
        let package =
            format!("[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n");
        write(folder.path().join(name).join("Cargo.toml"), package)?;
        write(folder.path().join(name).join("src/lib.rs"), String::new())?;
    }
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(folder.path());
    run(&mut command).map(drop).map_err(|error| error.to_string())
}
