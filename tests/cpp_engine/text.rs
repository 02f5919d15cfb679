//! The C++ header as text between other people's text: their macros, their functions, their
//! headers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_conform::{Stage, toolchain};
use bitrpc_spec::names::Language;
use bitrpc_tests::tools::{CLANGXX, GXX, Headers, MINGW, QT, Tool, X11};
use bitrpc_tests::{harness, repo};
use libtest_mimic::Trial;

const HEADER: &str = "#include \"shared_memory_api.h\"\n";

/// A program that makes the compiler look into the header's templates, and spells no name that
/// somebody's macro could be.
const PROGRAM: &str = include_str!("text.cpp");

/// Macros that programs have when they include the header, as they are defined.
const FAMILIES: &[(&str, &[&str])] = &[
    ("qt", &["emit", "slots", "signals public", "foreach(a, b) for (a : b)", "forever for (;;)"]),
    (
        "x11",
        &[
            "Status int",
            "Bool int",
            "True 1",
            "False 0",
            "None 0L",
            "Success 0",
            "Always 2",
            "Unsorted 0",
            "Above 0",
            "Below 1",
            "Complex 0",
            "KeyPress 2",
            "Expose 12",
            "BadValue 2",
            "CurrentTime 0L",
        ],
    ),
    (
        "unreal",
        &[
            "check(x) do {} while (0)",
            "checkf(x, ...) do {} while (0)",
            "verify(x) ((void)(x))",
            "ensure(x) (!!(x))",
            "TEXT(x) L##x",
            "PI 3.14f",
            "FORCEINLINE inline",
        ],
    ),
    (
        "kernel",
        &[
            "likely(x) (!!(x))",
            "unlikely(x) (!!(x))",
            "min(a, b) ((a) < (b) ? (a) : (b))",
            "max(a, b) ((a) < (b) ? (b) : (a))",
            "barrier() do {} while (0)",
            "READ_ONCE(x) (x)",
            "ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))",
            "container_of(p, t, m) ((t *)(p))",
        ],
    ),
    (
        "windows",
        &[
            "ERROR 0",
            "DELETE 1",
            "IN",
            "OUT",
            "OPTIONAL",
            "near",
            "far",
            "small char",
            "interface struct",
            "VOID void",
            "CONST const",
            "TRUE 1",
            "FALSE 0",
            "NO_ERROR 0",
            "min(a, b) ((a) < (b) ? (a) : (b))",
            "max(a, b) ((a) < (b) ? (b) : (a))",
            "Yield()",
            "SendMessage SendMessageW",
            "GetMessage GetMessageW",
            "CreateEvent CreateEventW",
        ],
    ),
    (
        "macos",
        &[
            "check(x) do {} while (0)",
            "verify(x) do {} while (0)",
            "require(x, l)",
            "nil 0",
            "YES 1",
            "NO 0",
            "HUGE 1.0",
            "PAGE_SIZE 4096",
            "OVERFLOW 3",
            "UNDERFLOW 4",
        ],
    ),
    (
        "logging",
        &[
            "CHECK(x) if (!(x)) throw 0",
            "LOG(x) (void)0",
            "DCHECK(x)",
            "ASSERT(x)",
            "INFO 0",
            "DEBUG 1",
            "WARNING 2",
            "FATAL 3",
            "TEST(x) void x()",
            "FAIL() (void)0",
        ],
    ),
    (
        "sys",
        &[
            "major(x) (x)",
            "minor(x) (x)",
            "makedev(x, y) (x)",
            "howmany(x, y) (x)",
            "isset(a, b)",
            "roundup(x, y) (x)",
            "setbit(a, b)",
            "unix 1",
            "linux 1",
        ],
    ),
];

/// Every header of the standard library that some C++ up to 26 has.
const STANDARD: &str = "\
    algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat \
    charconv chrono cinttypes ciso646 climits clocale cmath codecvt compare complex concepts \
    condition_variable contracts coroutine csetjmp csignal cstdalign cstdarg cstdbool cstddef \
    cstdint cstdio cstdlib cstring ctgmath ctime cuchar cwchar cwctype debugging deque exception \
    execution expected filesystem flat_map flat_set format forward_list fstream functional future \
    generator hazard_pointer initializer_list inplace_vector iomanip ios iosfwd iostream istream \
    iterator latch limits linalg list locale map mdspan memory memory_resource mutex new numbers \
    numeric optional ostream print queue random ranges ratio rcu regex scoped_allocator semaphore \
    set shared_mutex simd source_location span spanstream sstream stack stacktrace stdexcept \
    stdfloat stop_token streambuf string string_view strstream syncstream system_error \
    text_encoding thread tuple type_traits typeindex typeinfo unordered_map unordered_set \
    utility valarray variant vector version assert.h complex.h ctype.h errno.h fenv.h float.h \
    inttypes.h iso646.h limits.h locale.h math.h setjmp.h signal.h stdalign.h stdarg.h \
    stdatomic.h stdbit.h stdbool.h stddef.h \
    stdint.h stdio.h stdlib.h string.h tgmath.h time.h uchar.h wchar.h wctype.h";

const STANDARDS: [&str; 3] = ["-std=c++17", "-std=c++20", "-std=c++2b"];

/// Headers of others, with a line that needs one of their macros to be as it was.
const X11_LINES: &str = "#include <X11/Xlib.h>\n#include <X11/Xutil.h>\n";
const QT_LINES: &str = "#include <QtCore/QtCore>\n";
const WINDOWS_LINES: &str = "#include <windows.h>\n";

/// Uses of the header that compilers refuse, or warn of, with a word of what they say.
const REFUSED: &[(&str, &str)] = &[
    ("producer->send_string(\"x\");", "nodiscard"),
    ("producer->send_typed(data);", "nodiscard"),
    ("producer->claim(3);", "nodiscard"),
    ("producer->claim(3).commit();", "nodiscard"),
    ("producer->batch().push_typed(data);", "nodiscard"),
    ("producer->send_fragmented(bytes);", "nodiscard"),
    ("producer->send_batch(list);", "nodiscard"),
    ("consumer->receive();", "nodiscard"),
    ("consumer->receive_typed(data);", "nodiscard"),
    ("consumer->drain([](const auto&) {});", "nodiscard"),
    ("consumer->skip();", "nodiscard"),
    ("manager->start();", "nodiscard"),
    ("manager->send_string(\"x\");", "nodiscard"),
    ("manager->poll();", "nodiscard"),
    ("use(ring::MessageView(consumer->receive()));", "deleted"),
    ("view = consumer->receive();", "deleted"),
    ("use(consumer->receive().payload());", "deleted"),
    ("use(consumer->receive().text());", "deleted"),
];

/// Uses that look alike, and are fine.
const FINE: &[&str] = &[
    "use(producer->send_string(\"x\"));",
    "auto message = consumer->receive(); view = message; use(message.payload());",
    "use(consumer->peek().payload());",
    "use(ring::SharedMemoryMessage(consumer->receive()));",
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for tool in [GXX, CLANGXX] {
        for &(family, macros) in FAMILIES {
            let name = format!("text/after_the_macros_of_{family}/{}", tool.program);
            trials.push(harness::needs(&tool.find(), name, move || among_macros(tool, macros)));
        }
        for standard in STANDARDS {
            let name =
                format!("text/after_every_standard_header/{}_{}", tool.program, &standard[5..]);
            trials.push(harness::needs(&tool.find(), name, move || {
                after_standard_headers(tool, standard)
            }));
        }
        let name = format!("text/beside_functions_of_every_name/{}", tool.program);
        trials.push(harness::needs(&tool.find(), name, move || beside_greedy_functions(tool)));
        let name = format!("text/what_would_be_silent_is_refused/{}", tool.program);
        trials.push(harness::needs(&tool.find(), name, move || refused(tool)));
        for (name, headers, lines) in [("qt", QT, QT_LINES), ("x11", X11, X11_LINES)] {
            let name = format!("text/before_and_after_{name}/{}", tool.program);
            trials.push(match headers.find() {
                Err(missing) => harness::skipped(name, &missing),
                Ok(()) => harness::needs(&tool.find(), name, move || {
                    before_and_after(tool, headers, lines)
                }),
            });
        }
    }
    trials.push(harness::needs(&MINGW.find(), "text/before_and_after_windows".to_owned(), || {
        let flags = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow"];
        for order in orders(WINDOWS_LINES) {
            compile(MINGW, &flags, &order)?;
        }
        Ok::<_, String>(())
    }));
    for tool in [GXX, CLANGXX] {
        let name = format!("text/a_visitor_of_300_messages/{}", tool.program);
        trials.push(harness::needs(&tool.find(), name, move || visitor(tool)));
    }
    trials.push(harness::needs(
        &GXX.find(),
        "text/a_32_bit_target_is_refused_by_a_sentence".to_owned(),
        narrow,
    ));
    trials
}

/// Compiles `source`, any warning being an error.
fn compile(tool: Tool, flags: &[&str], source: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("unit.cpp");
    fs::write(&file, source).map_err(|error| error.to_string())?;
    let mut command = Command::new(tool.program);
    command.args(["-fsyntax-only", "-Werror"]).args(flags).arg(include()).arg(&file);
    toolchain::run(&mut command).map(drop).map_err(|error| error.to_string())
}

fn include() -> String {
    format!("-I{}", repo::generated(Language::CPP).display())
}

fn among_macros(tool: Tool, macros: &[&str]) -> Result<(), String> {
    let name = |definition: &str| {
        let end = definition.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        definition[..end.unwrap_or(definition.len())].to_owned()
    };
    let mut source = String::new();
    for definition in macros {
        source += &format!("#undef {}\n#define {definition}\n", name(definition));
    }
    source += HEADER;
    for definition in macros {
        source +=
            &format!("#ifndef {}\n#error a macro of the user is lost\n#endif\n", name(definition));
    }
    compile(tool, &["-std=c++17", "-Wall", "-Wextra"], &(source + PROGRAM))
}

fn after_standard_headers(tool: Tool, standard: &str) -> Result<(), String> {
    let mut source = String::new();
    for name in STANDARD.split_whitespace() {
        // The only one that an older standard does not just find empty.
        let newer = if name == "coroutine" { " && __cplusplus > 201703L" } else { "" };
        source += &format!("#if __has_include(<{name}>){newer}\n#include <{name}>\n#endif\n");
    }
    // Some of them warn of their own age.
    let flags = [standard, "-Wall", "-Wextra", "-Wno-deprecated", "-Wno-cpp", "-Wno-#warnings"];
    let flags = if tool == GXX { &flags[..5] } else { &flags[..] };
    compile(tool, flags, &(source + HEADER + PROGRAM))
}

/// A user's struct lies beside function templates that take anything, of every name that the header
/// calls: none of them is taken for one of the engine's.
fn beside_greedy_functions(tool: Tool) -> Result<(), String> {
    let file = repo::generated(Language::CPP).join("shared_memory_api.h");
    let header = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut greedy = String::new();
    for name in called(&header) {
        greedy += &format!("template <class... Any> void {name}(Any&&...) = delete;\n");
    }
    let source = format!("{HEADER}namespace user {{\n{greedy}}}\n{PROGRAM}");
    compile(tool, &["-std=c++17"], &source)
}

/// The names in `header` that a parenthesis follows and that a function could have.
fn called(header: &str) -> Vec<&str> {
    const NO_FUNCTIONS: &str = "if for while switch return sizeof alignof decltype noexcept \
        static_assert alignas catch defined asm offsetof operator void volatile bool int";
    let code = header.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut names: Vec<_> = code
        .flat_map(|line| {
            line.match_indices('(').map(|(at, _)| {
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let start = line[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
                &line[start..at]
            })
        })
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter(|name| !NO_FUNCTIONS.split_whitespace().any(|word| word == *name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Each statement stands on a line of its own, of which the compiler has to say something.
fn refused(tool: Tool) -> Result<(), String> {
    let around = |statements: &[&str]| {
        let lines: String = statements.iter().map(|line| format!("{{ {line} }}\n")).collect();
        format!(
            "{HEADER}namespace ring = bitrpc::shared_memory;\n\
             template <class T> void use(const T&) {{}}\n\
             void f(ring::SharedMemoryProducer* producer, ring::SharedMemoryConsumer* consumer,\n\
             ring::SharedMemoryManager* manager, ring::TestData data, ring::MessageView view,\n\
             ring::ByteView bytes, std::vector<std::string> list) {{\n\
             use(producer); use(consumer); use(manager); use(data); use(view); use(bytes);\n\
             use(list);\n{lines}}}\n"
        )
    };
    compile(tool, &["-std=c++17", "-Wall"], &around(FINE))?;
    let statements: Vec<_> = REFUSED.iter().map(|(statement, _)| *statement).collect();
    let source = around(&statements);
    let Err(told) = compile(tool, &["-std=c++17", "-Wall"], &source) else {
        return Err("everything compiles".to_owned());
    };
    for (statement, word) in REFUSED {
        let at = source.lines().position(|line| line.contains(statement)).map_or(0, |at| at + 1);
        let place = format!("unit.cpp:{at}:");
        if !told.lines().any(|line| line.contains(&place) && line.contains(word)) {
            return Err(format!("nothing says {word} of `{statement}`:\n{told}"));
        }
    }
    Ok(())
}

/// More messages than compilers take in a `std::variant`, over which they spend minutes before
/// that: a visitor does without one.
fn visitor(tool: Tool) -> Result<(), String> {
    let mut spec = "bitrpc: 1\nname: all\nversion: \"1.0\"\nstructs:\n".to_owned();
    for number in 0..300 {
        spec += &format!("  - {{ name: Item{number}, id: {}, fields: [] }}\n", 1001 + number);
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("all.yaml");
    fs::write(&file, spec).map_err(|error| error.to_string())?;
    let loaded = bitrpc_codegen::load(&file).map_err(|findings| findings.render())?;
    let origin = Origin::new(&file, &loaded.digest);
    let stage = Stage::write(folder.path(), &Input { layout: &loaded.layout, origin: &origin })
        .map_err(|error| error.to_string())?;
    let include = format!("-I{}", stage.job(Language::CPP).library.display());
    // A variant of them takes gigabytes, wherever it is compiled.
    let limited = "ulimit -v 2000000; exec \"$@\"";
    let unit = folder.path().join("unit.cpp");
    fs::write(&unit, VISITS).map_err(|error| error.to_string())?;
    let mut command = Command::new("sh");
    command.args(["-c", limited, "sh", tool.program, "-std=c++17", "-Wall", "-Wextra", "-Werror"]);
    command.args(["-c", "-o", "/dev/null"]).arg(include).arg(unit);
    toolchain::run(&mut command).map(drop).map_err(|error| error.to_string())
}

const VISITS: &str = "
#include \"all.h\"
std::string seen(const all::ReceivedMessage& message) {
    return all::visit_message(message,
                              [](const auto& item) { return std::to_string(sizeof(item)); });
}
";

fn orders(lines: &str) -> [String; 2] {
    [format!("{lines}{HEADER}{PROGRAM}"), format!("{HEADER}{lines}{PROGRAM}")]
}

fn before_and_after(tool: Tool, headers: Headers, lines: &str) -> Result<(), String> {
    let folders = headers.folders();
    let mut flags = vec!["-std=c++17", "-fPIC", "-Wall", "-Wextra"];
    for folder in &folders {
        flags.extend(["-isystem", folder.as_str()]);
    }
    for order in orders(lines) {
        compile(tool, &flags, &order)?;
    }
    Ok(())
}

fn narrow() -> Result<(), String> {
    let folder: PathBuf = repo::generated(Language::CPP);
    let header = folder.join("shared_memory_api.h");
    // The preprocessor says it before it misses any header of a target that is not installed.
    let command = [GXX.program, "-m32", "-E", "-x", "c++"];
    let output = Command::new(command[0]).args(&command[1..]).arg(&header).output();
    let output = output.map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = told.lines().find(|line| line.contains("error"));
    match first {
        Some(line) if line.contains("needs a 64-bit target") => Ok(()),
        _ => Err(format!("{} on a 32-bit target: {told}", Path::new(&header).display())),
    }
}
