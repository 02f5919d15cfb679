//! The names of packages that a spec gets when it states none.

use std::fmt::Write as _;

use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Memory;

/// A row of the names that derive from `name`, with those that are longer for a reason.
fn row(name: &str, structs: &str) -> String {
    let text = format!("bitrpc: 1\nname: {name}\nversion: \"1.0\"\n{structs}");
    let files = Memory::new().with("spec.yaml", text);
    let spec = Spec::load("spec.yaml", &files).unwrap_or_else(|findings| panic!("{findings}"));
    let targets = Layout::of(&spec).targets;
    format!(
        "{:<16} {:<25} {:<21} {:<23} {:<21} {}",
        name,
        targets.rust_crate,
        targets.cpp_namespace.join("::"),
        targets.cpp_header,
        targets.csharp_namespace.join("."),
        targets.python_module,
    )
}

/// Some of them nothing else has, some a C function, a header, a class or a module has, and some
/// the generated code itself.
const NAMES: &str = "market_data telemetry rover_2 clock index system time string new task thread \
    random math marshal class min std bitrpc protocol numpy unix";

#[test]
fn packages_are_named_after_the_protocol_unless_something_else_has_the_name() {
    let mut table = String::new();
    for name in NAMES.split_whitespace() {
        writeln!(table, "{}", row(name, "")).unwrap();
    }
    let order = "structs: [{ name: Order, id: 1001, fields: [] }]\n";
    writeln!(table, "{}", row("order", order)).unwrap();
    insta::assert_snapshot!(table);
}
