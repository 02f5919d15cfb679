//! Every name that some list reserves, or that the generated code uses itself, in every place that
//! a spec has for names: what no rule refuses compiles, in all languages.

mod batch;
mod engine;
mod packages;
mod words;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::ops::Range;
use std::process::{Command, ExitCode};

use bitrpc_conform::csharp;
use bitrpc_conform::toolchain::run;
use bitrpc_spec::names::{Language, NameKind, Reason, reason, reserved_words, spell};
use bitrpc_tests::tools::{GXX, MONO, PYTHON};
use bitrpc_tests::{harness, programs};

use batch::{Batch, Generated, MESSAGES};
use words::Names;

/// Messages of a spec whose code takes a compiler long for each of them.
const FEW: usize = 20;

fn main() -> ExitCode {
    let mut trials = vec![
        harness::needs(&GXX.find(), "cpp/every_place", || everywhere(Language::CPP, FEW, cpp_peer)),
        harness::needs(&MONO.find(), "csharp/every_place", || {
            everywhere(Language::CSHARP, MESSAGES, csharp)
        }),
        harness::needs(&PYTHON.find(), "python/every_place", || {
            everywhere(Language::PYTHON, MESSAGES, python)
        }),
        harness::trial("rust/every_place", || everywhere(Language::RUST, FEW, rust)),
        harness::needs(&GXX.find(), "cpp/header_fields", || {
            header_fields(Language::CPP, cpp_header)
        }),
        harness::needs(&MONO.find(), "csharp/header_fields", || {
            header_fields(Language::CSHARP, csharp)
        }),
        harness::needs(&PYTHON.find(), "python/header_fields", || {
            header_fields(Language::PYTHON, python_accessors)
        }),
        harness::trial("rust/header_fields", || header_fields(Language::RUST, rust)),
        harness::needs(&GXX.find(), "cpp/macros", cpp_among_macros),
    ];
    trials.extend(engine::trials());
    trials.extend(packages::trials());
    harness::run(trials)
}

fn run_quietly(command: &mut Command) -> Result<(), String> {
    run(command).map(drop).map_err(|error| error.to_string())
}

/// Holds code with the names of a language in every place against `check`; `messages` structs of a
/// spec are messages, others those of the next one. What a rule refuses beside another name is
/// tried again without that one.
fn everywhere(
    language: Language,
    messages: usize,
    check: fn(&Generated) -> Result<(), String>,
) -> Result<(), String> {
    let mut names = words::of_language(language)?;
    let mut start = 0;
    loop {
        let some = start..start + messages;
        start = some.end;
        let generated = every_place(&names, language, &some).generate(language.id())?;
        check(&generated)?;
        let left = names.only(&generated.refused);
        if messages == MESSAGES && start < names.types.len() {
            continue;
        }
        if left.count() == names.count() || left.count() == 0 {
            return Ok(());
        }
        (names, start) = (left, 0);
    }
}

fn every_place(names: &Names, language: Language, messages: &Range<usize>) -> Batch {
    let mut batch = Batch::new("every_place");
    batch.constants(&names.members);
    batch.message_types(&names.members);
    batch.flags(&names.reserved_first(language));
    batch.message_header(&[]);
    batch.enums(&BTreeSet::new(), &names.members);
    batch.structs(&names.types, messages, &names.members);
    batch
}

/// Holds code with all names as fields of the message header, as many at once as fit, against
/// `check`.
fn header_fields(
    language: Language,
    check: fn(&Generated) -> Result<(), String>,
) -> Result<(), String> {
    let names: Vec<_> = words::of_messages(language)?.members.into_iter().collect();
    for names in names.chunks(batch::HEADER_FIELDS) {
        let mut batch = Batch::new("header_fields");
        batch.message_header(names);
        batch.flags(&[]);
        check(&batch.generate(&format!("header_fields_{}", language.id()))?)?;
    }
    Ok(())
}

const STRICT: [&str; 6] =
    ["-std=c++17", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only"];

fn cpp_peer(generated: &Generated) -> Result<(), String> {
    let job = generated.stage.job(Language::CPP);
    let mut command = Command::new(GXX.program);
    run_quietly(command.args(STRICT).arg("-I").arg(job.library).arg(job.peer.join("main.cpp")))
}

/// The accessors of headers are those of the fields: no member of the engine hides one.
fn cpp_header(generated: &Generated) -> Result<(), String> {
    let targets = &generated.layout.targets;
    let folder = generated.stage.job(Language::CPP).library;
    let mut unit = format!(
        "#include \"{}\"\nusing {}::ReceivedMessage;\n",
        targets.cpp_header,
        targets.cpp_namespace.join("::")
    );
    let fields = &generated.layout.message_header.fields;
    for field in fields.iter().filter(|field| field.role.is_none()) {
        let name = spell(Language::CPP, NameKind::HeaderField, &field.name);
        unit += &format!(
            "static_assert(std::is_same_v<std::uint8_t, \
             decltype(std::declval<const ReceivedMessage&>().header().{name}())>, \"{name}\");\n"
        );
    }
    cpp_unit(&unit, &["-I".as_ref(), folder.as_os_str()])
}

/// Compiles a program without a warning.
fn cpp_unit(text: &str, flags: &[&OsStr]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let unit = folder.path().join("unit.cpp");
    fs::write(&unit, text).map_err(|error| error.to_string())?;
    let mut command = Command::new(GXX.program);
    run_quietly(command.args(STRICT).args(flags).arg(unit))
}

fn csharp(generated: &Generated) -> Result<(), String> {
    let job = generated.stage.job(Language::CSHARP);
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut command = Command::new(MONO.program);
    command.args(["-langversion:7.2", "-unsafe", "-warn:4", "-warnaserror"]);
    command.arg(format!("-out:{}", folder.path().join("peer.exe").display()));
    run_quietly(command.arg(job.peer.join("*.cs")).args(csharp::library_sources(&job.library)))
}

fn python(generated: &Generated) -> Result<(), String> {
    let job = generated.stage.job(Language::PYTHON);
    for verb in ["layout", "golden"] {
        let mut command = Command::new(PYTHON.program);
        command.args(["-W", "error"]).arg(job.peer.join("main.py")).arg(verb);
        run_quietly(command.env("PYTHONPATH", &job.library))?;
    }
    Ok(())
}

/// The view of a message's header has the fields of the spec and nothing else that could hide one.
const ACCESSORS: &str = "
import inspect
import sys
from importlib import import_module

package = import_module(sys.argv[1])
message = package.SharedMemoryMessage()
for number, name in enumerate(sys.argv[2:]):
    assert inspect.isdatadescriptor(inspect.getattr_static(type(message.header), name)), name
    setattr(message.header, name, number)
for number, name in enumerate(sys.argv[2:]):
    assert getattr(message.header, name) == number, name
";

fn python_accessors(generated: &Generated) -> Result<(), String> {
    python(generated)?;
    let mut command = Command::new(PYTHON.program);
    command.args(["-c", ACCESSORS, &generated.layout.targets.python_module]);
    let fields = &generated.layout.message_header.fields;
    for field in fields.iter().filter(|field| field.role.is_none()) {
        command.arg(spell(Language::PYTHON, NameKind::HeaderField, &field.name));
    }
    let library = generated.stage.job(Language::PYTHON).library;
    run_quietly(command.env("PYTHONPATH", library))
}

fn rust(generated: &Generated) -> Result<(), String> {
    let job = generated.stage.job(Language::RUST);
    let programs = [("every_place", job.peer.join("src/main.rs"))];
    let folder = programs::crate_of("names_crate", &programs).map_err(|e| e.to_string())?;
    let command = programs::cargo(&folder, &["check", "--quiet"]);
    run_quietly(&mut command.map_err(|error| error.to_string())?)
}

/// Macros that the engine does not use itself stand for nonsense: no name of the spec may be one.
fn cpp_among_macros() -> Result<(), String> {
    let names = words::of_headers();
    let own = words::of_code(&Batch::new("bare").accept()?.cpp_header()?);
    let is_macro = |word: &&str| {
        let reason = reason(Language::CPP, NameKind::Function, word);
        matches!(reason, Some(Reason::Macro | Reason::PlatformMacro)) && !own.contains(*word)
    };
    let reserved = reserved_words(Language::CPP);
    let macros = reserved.iter().filter(|word| is_macro(word));
    let macros: String =
        macros.map(|word| format!("#undef {word}\n#define {word} 4 )( 2\n")).collect();
    let members: Vec<_> = names.members.iter().cloned().collect();
    let mut types = names.types;
    // Compilers take long for thousands of values in one list.
    for members in members.chunks(1000) {
        let members = members.iter().cloned().collect();
        let mut batch = Batch::new("among_macros");
        batch.message_types(&members);
        batch.enums(&std::mem::take(&mut types), &members);
        batch.structs(&BTreeSet::new(), &(0..0), &members);
        let header = batch.accept()?.cpp_header()?;
        // What the standard library needs of them is needed before.
        cpp_unit(&(words::includes(&header) + &macros + &header), &["-w".as_ref()])?;
    }
    Ok(())
}
