//! `bitrpc conform` and `bitrpc import`: what is out there, held against a spec.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use bitrpc_tests::tools::{GXX, MONO, PYTHON};
use bitrpc_tests::{harness, repo};
use serde_json::Value;

fn main() -> ExitCode {
    let mut trials = vec![
        harness::trial("a_json_layout_is_compared_field_by_field", json_layout),
        harness::trial("a_broken_json_layout_exits_with_2", broken_json),
        harness::trial("the_text_of_a_fresh_copy_conforms", fresh_text),
        harness::trial("an_edited_copy_is_named_by_its_file", edited_text),
        harness::trial("a_folder_that_is_no_copy_exits_with_2", no_copy),
    ];
    trials.extend([
        harness::needs(&GXX.find(), "a_cpp_header_in_another_style_conforms", cpp_header),
        harness::needs(
            &GXX.find(),
            "a_changed_header_is_named_by_its_first_member",
            changed_header,
        ),
        harness::needs(
            &GXX.find(),
            "a_header_that_does_not_compile_shows_the_compilers_words",
            refused_header,
        ),
        harness::needs(&GXX.find(), "a_struct_of_another_name_is_asked_for", names),
        harness::needs(&GXX.find(), "an_imported_header_is_a_spec_that_conforms", import_cpp),
        harness::needs(
            &GXX.find(),
            "what_a_spec_has_no_type_for_is_imported_as_its_bytes",
            import_c,
        ),
        harness::needs(&GXX.find(), "an_import_replaces_no_file", import_twice),
        harness::needs(&GXX.find(), "a_vendored_copy_exchanges_with_the_runtime", cpp_copy),
        harness::needs(
            &GXX.find(),
            "a_copy_of_another_layout_is_told_by_its_compiler",
            other_layout,
        ),
        harness::needs(&PYTHON.find(), "a_lost_field_of_a_python_struct_is_named", lost_field),
        harness::needs(&PYTHON.find(), "a_format_string_is_compared_in_order", format_string),
        harness::needs(&MONO.find(), "a_packed_csharp_struct_is_told", csharp),
    ]);
    harness::run_compilers(trials)
}

/// Runs `bitrpc` in the folder of the headers.
fn bitrpc(arguments: &[&str]) -> Result<Output, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--package", "bitrpc-cli", "--manifest-path"]);
    command.arg(repo::root().join("Cargo.toml")).arg("--").args(arguments);
    command.current_dir(repo::root().join("tests/foreign"));
    command.output().map_err(|error| error.to_string())
}

/// What it prints on standard output when it ends with `code`.
fn expect(code: i32, arguments: &[&str]) -> Result<String, String> {
    let output = bitrpc(arguments)?;
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() != Some(code) {
        return Err(format!("expected exit code {code}, got {}:\n{out}{err}", output.status));
    }
    Ok(if code == 2 { err.into_owned() } else { out.into_owned() })
}

fn report(code: i32, arguments: &[&str]) -> Result<Value, String> {
    let text = expect(code, &[arguments, &["--json"]].concat())?;
    serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
}

/// The structs of a report, each with whether it is the same and its first field that is off.
fn verdicts(report: &Value) -> Vec<(String, bool, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let verdict = |item: &Value| {
        let name = text(&item["foreign"]).unwrap_or_default();
        (name, item["same"] == true, text(&item["first_off"]))
    };
    report["structs"].as_array().into_iter().flatten().map(verdict).collect()
}

fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("expected {expected:?}, found {found:?}"))
}

fn holds(text: &str, part: &str) -> Result<(), String> {
    if text.contains(part) { Ok(()) } else { Err(format!("expected `{part}` in:\n{text}")) }
}

fn verdict(name: &str, same: bool, first: Option<&str>) -> (String, bool, Option<String>) {
    (name.to_owned(), same, first.map(str::to_owned))
}

/// A folder for files of a test, and its path as an argument.
fn folder() -> Result<(tempfile::TempDir, PathBuf), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().to_owned();
    Ok((folder, path))
}

fn written(path: PathBuf, text: &str) -> Result<String, String> {
    fs::write(&path, text).map_err(|error| error.to_string())?;
    Ok(path.display().to_string())
}

fn json_layout() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let text = r#"{"Wheel": {"size": 40, "align": 8, "fields": {"speed_rad": [0, 8], "load": [8, 8],
        "grip": [16, 4, "f32"], "compound": [20, 4, "u32"], "temperature": [24, 12],
        "flat": [36, 1]}}}"#;
    let file = written(folder.join("layout.json"), text)?;
    let found = report(1, &["conform", "racing.yaml", "--layout", &file])?;
    equal(verdicts(&found), vec![verdict("Wheel", false, Some("compound"))])?;
    equal(&found["structs"][0]["fields"][3]["types"], &serde_json::json!(["i32", "u32"]))
}

fn broken_json() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let file = written(folder.join("layout.json"), r#"{"Wheel": {"size": 40}}"#)?;
    let text = expect(2, &["conform", "racing.yaml", "--layout", &file])?;
    holds(&text, "`Wheel` has no \"fields\"")
}

fn cpp_header() -> Result<(), String> {
    let found = report(0, &["conform", "racing.yaml", "--header", "racing.h"])?;
    let both = vec![verdict("racing::Car", true, None), verdict("racing::Wheel", true, None)];
    equal(verdicts(&found), both)
}

fn changed_header() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let text = fs::read_to_string(repo::root().join("tests/foreign/racing.h"));
    let text = text.map_err(|error| error.to_string())?;
    let file = written(folder.join("racing.h"), &text.replace("double mLoad", "float mLoad"))?;
    let found = report(1, &["conform", "racing.yaml", "--header", &file])?;
    let first = vec![
        // Its wheels are as large as before, by their padding.
        verdict("racing::Car", true, None),
        verdict("racing::Wheel", false, Some("load")),
    ];
    equal(verdicts(&found), first)
}

fn refused_header() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let file = written(folder.join("broken.h"), "struct Wheel { double speed_rad }\n")?;
    let text = expect(2, &["conform", "racing.yaml", "--header", &file])?;
    holds(&text, "this command failed")?;
    holds(&text, "broken.h:1")
}

fn names() -> Result<(), String> {
    let base = ["conform", "racing.yaml", "--header", "racing.h", "--struct"];
    let ask = |pair: &'static str| [&base[..], &[pair]].concat();
    holds(&expect(2, &ask("Whel"))?, "did you mean `Wheel`?")?;
    holds(&expect(2, &ask("Wheel=Whel"))?, "did you mean `Wheel`?")?;
    let found = report(1, &ask("Numbered=Car"))?;
    equal(verdicts(&found), vec![verdict("racing::Numbered", false, Some("lap"))])
}

/// Imports a header, checks the spec and holds the header against it.
fn import(header: &str, compiler: &[&str]) -> Result<String, String> {
    let (_keep, folder) = folder()?;
    let spec = folder.join("imported.yaml").display().to_string();
    let source = [&["--header", header], compiler].concat();
    expect(0, &[&["import", "--output", &spec], &source[..]].concat())?;
    expect(0, &["check", &spec])?;
    let found = report(0, &[&["conform", &spec], &source[..]].concat())?;
    match verdicts(&found).is_empty() {
        true => Err("nothing was compared".to_owned()),
        false => fs::read_to_string(spec).map_err(|error| error.to_string()),
    }
}

fn import_cpp() -> Result<(), String> {
    holds(&import("racing.h", &[])?, "- { name: wheels, type: \"Wheel[4]\" }")
}

fn import_c() -> Result<(), String> {
    let spec = import("awkward.h", &["--compiler", "gcc"])?;
    for line in [
        "- { name: line_dashed, value: 7 }",
        "- { name: \"on\", type: u8 }",
        "type: \"f64[6]\", doc: \"Rows of `f64[3][2]`, one after the other.\"",
        "- { name: value, type: \"bytes[8]\", doc: \"Was `f64`, not aligned.\" }",
        "doc: \"Was a union, which a spec has no type for.\"",
        "doc: \"Was a pointer, which a spec has no type for.\"",
        "Bit fields, lowest first: low:5 high:11 alone:3.",
        "- { name: byte_of, type: \"u8[256]\" }",
    ] {
        holds(&spec, line)?;
    }
    Ok(())
}

fn import_twice() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let file = written(folder.join("mine.yaml"), "mine\n")?;
    let text = expect(2, &["import", "--header", "racing.h", "--output", &file])?;
    holds(&text, "cannot write")?;
    let kept = fs::read_to_string(&file).map_err(|error| error.to_string())?;
    equal(kept, "mine\n".to_owned())
}

fn lost_field() -> Result<(), String> {
    let found = report(1, &["conform", "racing.yaml", "--python", "lost_field.py"])?;
    let first = vec![verdict("Car", false, Some("wheels")), verdict("Wheel", false, Some("load"))];
    let mut verdicts = verdicts(&found);
    // `WHEEL`, a format, is called as the struct is, too.
    verdicts.retain(|(name, ..)| name != "WHEEL");
    equal(verdicts, first)
}

fn format_string() -> Result<(), String> {
    let ask = ["conform", "racing.yaml", "--python", "lost_field.py", "--struct"];
    let found = report(1, &[&ask[..], &["WHEEL_FORMAT=Wheel,WHEEL=Wheel"]].concat())?;
    let first =
        vec![verdict("WHEEL_FORMAT", true, None), verdict("WHEEL", false, Some("compound"))];
    equal(verdicts(&found), first)
}

fn csharp() -> Result<(), String> {
    let found = report(1, &["conform", "racing.yaml", "--csharp", "Racing.cs"])?;
    let first =
        vec![verdict("Racing.Car", false, Some("wheels")), verdict("Racing.Wheel", true, None)];
    equal(verdicts(&found), first)
}

/// Generates the racing protocol for C++ into `folder`; the spec is copied there.
fn generated(folder: &Path) -> Result<(String, String), String> {
    let text = fs::read_to_string(repo::root().join("tests/foreign/racing.yaml"));
    let spec = written(folder.join("racing.yaml"), &text.map_err(|error| error.to_string())?)?;
    let out = folder.join("vendor").display().to_string();
    expect(0, &["generate", &spec, "--out", &out, "--lang", "cpp,python"])?;
    Ok((spec, out))
}

fn steps(report: &Value, state: &str) -> Vec<String> {
    let copies = report["copies"].as_array().into_iter().flatten();
    let steps = copies.flat_map(|copy| copy["steps"].as_array().into_iter().flatten());
    let steps = steps.filter(|step| step["state"] == state);
    steps.filter_map(|step| step["step"].as_str().map(str::to_owned)).collect()
}

fn fresh_text() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let (spec, out) = generated(&folder)?;
    let found = report(0, &["conform", &spec, "--copy", &out, "--text"])?;
    equal(steps(&found, "fine").len(), 2)
}

fn edited_text() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let (spec, out) = generated(&folder)?;
    // A folder may be called anything; its files say whose it is.
    let moved = folder.join("racing-messages");
    fs::rename(Path::new(&out).join("cpp"), &moved).map_err(|error| error.to_string())?;
    fs::write(moved.join("README.md"), "mine\n").map_err(|error| error.to_string())?;
    let moved = moved.display().to_string();
    let found = report(1, &["conform", &spec, "--copy", &moved, "--text"])?;
    equal(&found["copies"][0]["language"], &Value::from("cpp"))?;
    let difference = found["copies"][0]["steps"][0]["differences"][0].as_str();
    holds(difference.unwrap_or_default(), "README.md: hand-edited")
}

fn no_copy() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let text = expect(2, &["conform", "racing.yaml", "--copy", &folder.display().to_string()])?;
    holds(&text, "is no generated folder: expected bitrpc.manifest")
}

fn cpp_copy() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let (spec, out) = generated(&folder)?;
    let copy = Path::new(&out).join("cpp").display().to_string();
    let found = report(0, &["conform", &spec, "--copy", &copy, "--count", "2000"])?;
    let fine = ["text", "cpp layout", "runtime -> cpp copy", "cpp copy -> runtime"];
    equal(steps(&found, "fine"), fine.map(str::to_owned).to_vec())
}

fn other_layout() -> Result<(), String> {
    let (_keep, folder) = folder()?;
    let (spec, out) = generated(&folder)?;
    let text = fs::read_to_string(&spec).map_err(|error| error.to_string())?;
    fs::write(&spec, text.replace("type: i16", "type: i8")).map_err(|error| error.to_string())?;
    let copy = Path::new(&out).join("cpp").display().to_string();
    let found = report(1, &["conform", &spec, "--copy", &copy, "--count", "10"])?;
    let differs = steps(&found, "differs");
    if differs.iter().any(|step| step.starts_with("cpp")) {
        return Ok(());
    }
    Err(format!("only {differs:?} differ"))
}
