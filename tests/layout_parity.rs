//! Offsets and sizes as each compiler says them, against `bitrpc layout --json`.

use std::process::{Command, ExitCode};

use bitrpc_conform::toolchain::run;
use bitrpc_tests::matrix::{Member, Subject, members, subjects};
use bitrpc_tests::{harness, repo};
use serde_json::{Map, Value, json};

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for subject in subjects() {
        for member in members() {
            let name = format!("{}/{}", subject.name, member.id());
            trials.push(match &member.found {
                Err(missing) => harness::skipped(name, missing),
                Ok(_) => harness::trial(name, move || compare(subject, member)),
            });
        }
    }
    harness::run_compilers(trials)
}

fn compare(subject: &Subject, member: &Member) -> Result<(), String> {
    let expected = facts(&from_command_line(subject)?);
    let peer = subject.peer(member)?;
    let text = run(peer.command().arg("layout")).map_err(|error| error.to_string())?;
    let found = facts(&serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?);
    for (name, expected) in &expected {
        let found = found.get(name).unwrap_or(&Value::Null);
        if found != expected {
            return Err(format!("{name}: the compiler says {found}, expected {expected}"));
        }
    }
    match found.keys().find(|name| !expected.contains_key(*name)) {
        Some(name) => Err(format!("{name}: the spec has no such thing")),
        None => Ok(()),
    }
}

/// What a user gets from the command line.
fn from_command_line(subject: &Subject) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--package", "bitrpc-cli", "--"]);
    command.arg("layout").arg(&subject.path).arg("--json").current_dir(repo::root());
    let text = run(&mut command).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
}

/// Everything that both sides say, each fact under a name of its own.
fn facts(layout: &Value) -> Map<String, Value> {
    let mut facts = Map::new();
    for name in ["layout_hash", "schema_hash"] {
        facts.insert(name.to_owned(), layout[name].clone());
    }
    for name in ["ring_header", "message_header"] {
        facts.insert(format!("{name}.size"), layout[name]["size"].clone());
        add_fields(&mut facts, name, &layout[name]);
    }
    for item in layout["structs"].as_array().into_iter().flatten() {
        let name = format!("structs.{}", item["name"].as_str().unwrap_or("?"));
        facts.insert(name.clone(), json!({ "size": item["size"], "align": item["align"] }));
        add_fields(&mut facts, &name, item);
    }
    facts
}

fn add_fields(facts: &mut Map<String, Value>, owner: &str, item: &Value) {
    for field in item["fields"].as_array().into_iter().flatten() {
        let name = format!("{owner}.{}", field["name"].as_str().unwrap_or("?"));
        facts.insert(name, json!({ "offset": field["offset"], "size": field["size"] }));
    }
}
