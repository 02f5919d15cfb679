//! What can be shown of languages that no backend writes yet: the names that a spec gets in them
//! are compiled by their own compilers.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, ExitCode};

use bitrpc_codegen::demo::toolchain;
use bitrpc_codegen::layout::{Layout, NamedValue};
use bitrpc_codegen::names::{Language, NameKind, spell, spell_member};
use bitrpc_tests::bench::{Subject, subjects};
use bitrpc_tests::harness;
use bitrpc_tests::tools::{MONO, Tool};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for subject in subjects() {
        let name = &subject.name;
        trials.push(needs(MONO, format!("csharp_names/{name}"), move || csharp(subject)));
    }
    harness::run(trials)
}

fn needs(
    tool: Tool,
    name: String,
    test: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Trial {
    match tool.find() {
        Err(missing) => harness::skipped(name, &missing),
        Ok(_) => harness::trial(name, test),
    }
}

fn run(command: &mut Command) -> Result<String, String> {
    toolchain::run(command).map_err(|error| error.to_string())
}

fn compile(tool: Tool, flags: &[&str], file: &str, source: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join(file);
    fs::write(&path, source).map_err(|error| error.to_string())?;
    run(Command::new(tool.program).args(flags).arg(path)).map(drop)
}

/// Every name of the spec as a type, field, value or constant of a small C# program.
fn csharp(subject: &Subject) -> Result<(), String> {
    let layout = subject.layout()?;
    let name = |kind, ident: &str| spell(Language::Csharp, kind, ident);
    let mut source = format!("namespace {} {{\n", layout.targets.csharp_namespace.join("."));
    for (ty, values) in enums(layout) {
        let owner = name(NameKind::Type, ty);
        let member =
            |v: &NamedValue| spell_member(Language::Csharp, NameKind::EnumValue, ty, &v.name);
        let values: Vec<_> = values.iter().map(member).collect();
        writeln!(source, "public enum {owner} {{ {} }}", values.join(", ")).expect("a String");
    }
    for item in &layout.structs {
        let owner = name(NameKind::Type, &item.name);
        let fields = item.fields.iter().map(|field| &field.name);
        let names = fields.chain(item.tail.as_ref().map(|tail| &tail.name));
        let member = |f: &String| spell_member(Language::Csharp, NameKind::Field, &item.name, f);
        let members: String = names.map(|f| format!("public int {};", member(f))).collect();
        writeln!(source, "public struct {owner} {{ {members} }}").expect("a String");
    }
    let constant = |c: &str| format!("public const int {} = 0;", name(NameKind::Constant, c));
    let constants: String = layout.constants.iter().map(|c| constant(&c.name)).collect();
    writeln!(source, "public static class Names_ {{ {constants} }}\n}}").expect("a String");
    compile(MONO, &["-target:library", "-warnaserror"], "names.cs", &source)
}

fn enums(layout: &Layout) -> impl Iterator<Item = (&str, &[NamedValue])> {
    layout.enums.iter().map(|item| (item.name.as_str(), item.values.as_slice()))
}
