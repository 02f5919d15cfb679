//! The snippets that users were promised, exactly as written, in a program around them.

use std::fs;
use std::process::ExitCode;

use bitrpc_tests::matrix::{Member, members};
use bitrpc_tests::{harness, markdown, programs, repo};

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for member in members() {
        let test: fn(&Member) -> Result<(), String> = match member.toolchain.language().id() {
            "cpp" => cpp,
            "csharp" => csharp,
            "python" => python,
            // The origin of the project had no other one.
            _ => continue,
        };
        let name = format!("snippet/{}", member.id());
        trials.push(match &member.found {
            Err(missing) => harness::skipped(name, missing),
            Ok(_) => harness::trial(name, move || test(member)),
        });
    }
    harness::run(trials)
}

fn snippet(tag: &str) -> Result<String, String> {
    let file = repo::root().join("tests/reference/snippets.md");
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let block = markdown::blocks(&text).into_iter().find(|block| block.tag == tag);
    block.map(|block| block.text).ok_or_else(|| format!("no {tag} snippet in {}", file.display()))
}

fn cpp(member: &Member) -> Result<(), String> {
    let snippet = snippet("cpp")?;
    // `#include` and `using namespace` stand outside of functions, the statements inside of one.
    let is_prologue = |line: &&str| line.starts_with("#include") || line.starts_with("using ");
    let (prologue, body): (Vec<_>, Vec<_>) = snippet.lines().partition(is_prologue);
    let source = format!(
        "#include <iostream>\n#include <string>\n{}\nint main() {{\n{}\n}}\n",
        prologue.join("\n"),
        body.join("\n")
    );
    prints(member, &source, "Received: Hello from C++!\nReceived: id=1, value=3.14159\n")
}

fn csharp(member: &Member) -> Result<(), String> {
    let snippet = snippet("csharp")?;
    let is_prologue = |line: &&str| line.starts_with("using ");
    let (prologue, body): (Vec<_>, Vec<_>) = snippet.lines().partition(is_prologue);
    // The snippet takes `dataBytes` from the program around it.
    let source = format!(
        "using System;\n{}\nstatic class Program {{\nstatic void Main() {{\n\
         byte[] dataBytes = {{ 1, 2, 3 }};\n{}\n}}\n}}\n",
        prologue.join("\n"),
        body.join("\n")
    );
    prints(member, &source, "Received: Hello from C#!\nReceived: type=Data, size=3\n")
}

fn python(member: &Member) -> Result<(), String> {
    prints(member, &snippet("python")?, "Received: Hello from Python!\nReceived: 12 bytes\n")
}

/// Whether the program `source` prints what is expected.
fn prints(member: &Member, source: &str, expected: &str) -> Result<(), String> {
    let program = programs::build(member, "acceptance", source)?;
    let output = programs::run(&mut program.command())?;
    if output == expected {
        return Ok(());
    }
    Err(format!("expected:\n{expected}\nthe snippet prints:\n{output}"))
}
