//! The four APIs side by side: what one language has, the others have, or a reason is stated.
//!
//! `BITRPC_API=update` writes `spec/API.md` anew.

use std::env;
use std::fs;
use std::process::ExitCode;

use bitrpc_tests::api::{self, Concepts};
use bitrpc_tests::{harness, repo};

const UPDATE: &str = "BITRPC_API=update cargo test -p bitrpc-tests --test api";

const HEAD: &str = "# One API in four languages\n
Made from the sources of the four languages by `tests/api`; what one has and another lacks needs a
reason there. Names differ in case alone, except where a row says otherwise.\n";

fn main() -> ExitCode {
    harness::run(vec![
        harness::trial("what_one_language_has_the_others_have", parity),
        harness::trial("the_table_in_the_documentation_is_fresh", fresh),
    ])
}

fn concepts() -> Result<Concepts, String> {
    let text = fs::read_to_string(repo::root().join("tests/api/concepts.yaml"));
    let text = text.map_err(|error| error.to_string())?;
    serde_saphyr::from_str(&text).map_err(|error| format!("concepts.yaml: {error}"))
}

fn parity() -> Result<(), String> {
    let symbols = api::symbols().map_err(|error| error.to_string())?;
    let problems = api::check(&concepts()?, &symbols)?;
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn fresh() -> Result<(), String> {
    let path = repo::root().join("spec/API.md");
    let symbols = api::symbols().map_err(|error| error.to_string())?;
    let expected = format!("{HEAD}{}", api::render(&concepts()?, &symbols)?);
    if env::var("BITRPC_API").is_ok_and(|value| value == "update") {
        return fs::write(path, expected).map_err(|error| error.to_string());
    }
    match fs::read_to_string(path) {
        Ok(found) if found == expected => Ok(()),
        _ => Err(format!("spec/API.md is not what the sources say; write it with: {UPDATE}")),
    }
}
