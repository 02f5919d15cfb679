//! The command as scripts and people see it: output, exit codes, and what is left on disk.

#[path = "common/sandbox.rs"]
mod sandbox;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sandbox::{SPEC, Sandbox};

#[test]
fn help_of_every_verb_shows_examples() {
    let sandbox = Sandbox::new();
    for verb in [
        "", "generate", "check", "diff", "explain", "layout", "doc", "conform", "import", "view",
        "demo",
    ] {
        let name = if verb.is_empty() { "help" } else { verb };
        let text = sandbox.expect(&format!("{verb} --help"), 0);
        assert!(text.contains("Examples:"), "{text}");
        insta::assert_snapshot!(format!("help_{name}"), text);
    }
}

#[test]
fn fresh_output_checks_clean_and_is_not_touched_again() {
    let sandbox = Sandbox::new();
    sandbox.expect("generate demo.yaml --out gen", 0);
    let header = sandbox.path("gen/rust/src/protocol.rs");
    let before = fs::metadata(&header).unwrap().modified().unwrap();
    let text = sandbox.expect("generate demo.yaml --out gen", 0);
    assert!(text.starts_with("0 written, 0 removed"), "{text}");
    assert_eq!(fs::metadata(&header).unwrap().modified().unwrap(), before);
    assert_eq!(sandbox.expect("generate demo.yaml --out gen --check", 0), "gen is fresh\n");
}

#[test]
fn check_names_missing_stale_edited_and_extra_files() {
    let sandbox = Sandbox::new();
    sandbox.expect("generate demo.yaml --out gen --lang rust", 0);
    fs::remove_file(sandbox.path("gen/rust/README.md")).unwrap();
    sandbox.write("gen/rust/src/lib.rs", "// mine\n");
    sandbox.write("gen/rust/src/extra.rs", "// mine too\n");
    sandbox.write("demo.yaml", &SPEC.replace("latitude", "longitude"));
    let text = sandbox.expect("generate demo.yaml --out gen --lang rust --check", 1);
    let drifts: Vec<_> = text.lines().filter(|line| line.starts_with("gen/")).collect();
    insta::assert_snapshot!(drifts.join("\n"), @r"
    gen/rust/Cargo.toml: stale
    gen/rust/README.md: missing
    gen/rust/bitrpc.manifest: stale
    gen/rust/src/extra.rs: extra
    gen/rust/src/lib.rs: hand-edited
    gen/rust/src/protocol.rs: stale
    ");
    assert!(text.contains("bitrpc generate demo.yaml --out gen --lang rust"), "{text}");
    assert!(text.contains("- // mine"), "a short diff shows what differs: {text}");
}

#[test]
fn edits_by_hand_are_not_lost_without_force() {
    let sandbox = Sandbox::new();
    sandbox.expect("generate demo.yaml --out gen", 0);
    sandbox.write("gen/rust/src/lib.rs", "// mine\n");
    sandbox.write("demo.yaml", &SPEC.replace("latitude", "longitude"));
    let header = fs::read(sandbox.path("gen/rust/src/protocol.rs")).unwrap();
    let text = sandbox.expect("generate demo.yaml --out gen", 2);
    assert!(text.contains("gen/rust/src/lib.rs (hand-edited)"), "{text}");
    assert_eq!(
        fs::read(sandbox.path("gen/rust/src/protocol.rs")).unwrap(),
        header,
        "all or nothing"
    );
    sandbox.expect("generate demo.yaml --out gen --force", 0);
    sandbox.expect("generate demo.yaml --out gen --check", 0);
}

#[test]
fn files_of_an_earlier_run_that_are_no_longer_planned_are_removed() {
    let sandbox = Sandbox::new();
    let named = |header: &str| format!("{SPEC}targets: {{ cpp: {{ header: {header} }} }}\n");
    sandbox.write("demo.yaml", &named("old.h"));
    sandbox.expect("generate demo.yaml --out gen --lang cpp", 0);
    sandbox.write("demo.yaml", &named("next.h"));
    sandbox.expect("generate demo.yaml --out gen --lang cpp", 0);
    assert!(!sandbox.path("gen/cpp/old.h").exists());
    assert!(sandbox.path("gen/cpp/next.h").exists());
}

#[test]
fn a_failed_run_leaves_the_old_output_whole() {
    let sandbox = Sandbox::new();
    sandbox.expect("generate demo.yaml --out gen --lang rust", 0);
    let before = fs::read(sandbox.path("gen/rust/src/protocol.rs")).unwrap();
    sandbox.write("demo.yaml", &SPEC.replace("latitude", "longitude"));
    // The folder of the second language cannot be made: a file is in its place.
    sandbox.write("gen/cpp", "");
    sandbox.expect("generate demo.yaml --out gen", 2);
    assert_eq!(fs::read(sandbox.path("gen/rust/src/protocol.rs")).unwrap(), before);
    let names: Vec<_> = walk(&sandbox.path("gen"));
    assert!(names.iter().all(|name| !name.contains(".bitrpc-")), "temporary files: {names:?}");
}

#[test]
fn what_a_killed_run_leaves_is_no_obstacle() {
    let sandbox = Sandbox::new();
    sandbox.expect("generate demo.yaml --out gen --lang rust", 0);
    sandbox.write("next.yaml", &SPEC.replace("latitude", "longitude"));
    sandbox.expect("generate next.yaml --out next --lang rust", 0);
    // Half of the files are replaced, and the manifest knows both.
    let copy = |file: &str| {
        fs::copy(sandbox.path("next/rust").join(file), sandbox.path("gen/rust").join(file))
    };
    copy("src/protocol.rs").unwrap();
    let read = |folder: &str| {
        fs::read_to_string(sandbox.path(folder).join("rust/bitrpc.manifest")).unwrap()
    };
    sandbox.write("gen/rust/bitrpc.manifest", &(read("gen") + &read("next")));
    sandbox.write("gen/rust/src/.bitrpc-a1b2c3", "half a file");
    let text = sandbox.expect("generate demo.yaml --out gen --lang rust --check", 1);
    assert!(text.contains("src/protocol.rs: stale") && !text.contains(".bitrpc-"), "{text}");
    sandbox.write("demo.yaml", &SPEC.replace("latitude", "height"));
    sandbox.expect("generate demo.yaml --out gen --lang rust", 0);
    sandbox.expect("generate demo.yaml --out gen --lang rust --check", 0);
    assert!(!sandbox.path("gen/rust/src/.bitrpc-a1b2c3").exists());
}

#[test]
fn runs_at_once_leave_the_output_of_one_of_them() {
    let sandbox = Sandbox::new();
    sandbox.write("next.yaml", &SPEC.replace("latitude", "longitude"));
    std::thread::scope(|scope| {
        for spec in ["demo.yaml", "next.yaml", "demo.yaml", "next.yaml"] {
            let sandbox = &sandbox;
            scope.spawn(move || sandbox.expect(&format!("generate {spec} --out gen"), 0));
        }
    });
    let fresh = |spec| sandbox.run(&format!("generate {spec} --out gen --check")).status.success();
    assert!(fresh("demo.yaml") != fresh("next.yaml"));
}

/// The commands that `--check` prints for what it found.
fn mending(checked: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&checked.stdout);
    let commands = text.lines().filter_map(|line| line.strip_prefix("  "));
    let is_command = |line: &&str| line.starts_with("bitrpc ") || line.starts_with("rm ");
    commands.filter(is_command).map(str::to_owned).collect()
}

/// Runs commands as a user would who copies them.
fn run_in_shell(sandbox: &Sandbox, commands: &[String]) {
    let tool = format!("'{}'", env!("CARGO_BIN_EXE_bitrpc"));
    for command in commands {
        let command = command.replacen("bitrpc", &tool, usize::from(!command.starts_with("rm")));
        let mut shell = Command::new("sh");
        let output = shell.arg("-c").arg(&command).current_dir(sandbox.folder()).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }
}

#[test]
fn the_commands_that_check_names_mend_everything() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("my work")).unwrap();
    fs::copy(sandbox.path("demo.yaml"), sandbox.path("my work/demo.yaml")).unwrap();
    let run = |words: &[&str]| sandbox.run_words(words);
    let (spec, out) = ("my work/demo.yaml", "my work/gen");
    assert!(run(&["generate", spec, "--out", out, "--peer"]).status.success());
    sandbox.write("my work/gen/rust/src/lib.rs", "// mine\n");
    for name in ["a", "ab", "-f", "it's", "a b"] {
        sandbox.write(&format!("my work/gen/rust/{name}"), "mine too\n");
    }
    fs::remove_file(sandbox.path("my work/gen/cpp/README.md")).unwrap();
    sandbox.write("my work/gen/peer/cpp/main.cpp", "// mine\n");
    let checked = run(&["generate", spec, "--out", out, "--peer", "--check"]);
    assert_eq!(checked.status.code(), Some(1));
    let commands = mending(&checked);
    insta::assert_snapshot!(commands.join("\n"), @r"
    rm 'my work/gen/rust/-f'
    rm 'my work/gen/rust/a'
    rm 'my work/gen/rust/a b'
    rm 'my work/gen/rust/ab'
    rm 'my work/gen/rust/it'\''s'
    bitrpc generate 'my work/demo.yaml' --out 'my work/gen' --lang rust --force
    bitrpc generate 'my work/demo.yaml' --out 'my work/gen' --lang cpp --peer --force
    ");
    if cfg!(unix) {
        run_in_shell(&sandbox, &commands);
        assert!(run(&["generate", spec, "--out", out, "--peer", "--check"]).status.success());
    }
}

#[cfg(unix)]
#[test]
fn files_of_any_name_are_removed_as_they_are_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::new();
    sandbox.write("-demo.yaml", SPEC);
    let run = |words: &[&str]| sandbox.run_words(words);
    let words = ["generate", "--out=-gen", "--lang", "cpp", "--", "-demo.yaml"];
    assert!(run(&words).status.success());
    let check = ["generate", "--check", "--out=-gen", "--lang", "cpp", "--", "-demo.yaml"];
    let odd: [&[u8]; 5] = [b"\xff'", b"-\x1b[1m", b"a\n", b"a\nb", b"$(date)`*"];
    for name in odd {
        let path = sandbox.path("-gen/cpp").join(std::ffi::OsStr::from_bytes(name));
        fs::write(path, "").unwrap();
    }
    let removed = String::from_utf8(run(&check).stdout).unwrap();
    let commands = removed.split("To mend this:\n").nth(1).unwrap().trim_end();
    run_in_shell(&sandbox, &[commands.to_owned()]);
    assert!(run(&check).status.success());
    sandbox.write("-gen/cpp/CMakeLists.txt", "mine");
    run_in_shell(&sandbox, &mending(&run(&check)));
    assert!(run(&check).status.success());
}

#[test]
fn a_renamed_python_package_leaves_no_folder_behind() {
    let sandbox = Sandbox::new();
    let named = |module: &str| format!("{SPEC}targets: {{ python: {{ module: {module} }} }}\n");
    sandbox.write("demo.yaml", &named("before"));
    sandbox.expect("generate demo.yaml --out gen --lang python", 0);
    sandbox.write("demo.yaml", &named("after"));
    sandbox.expect("generate demo.yaml --out gen --lang python", 0);
    assert!(!sandbox.path("gen/python/before").exists());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_never_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.expect("generate demo.yaml --out gen --lang rust", 0);
    std::os::unix::fs::symlink("..", sandbox.path("gen/rust/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", sandbox.path("gen/rust/dangling")).unwrap();
    let text = sandbox.expect("generate demo.yaml --out gen --lang rust --check", 1);
    assert!(text.contains("rust/loop: extra") && text.contains("rust/dangling: extra"), "{text}");
    fs::remove_file(sandbox.path("gen/rust/README.md")).unwrap();
    let made = Command::new("mkfifo").arg(sandbox.path("gen/rust/README.md")).status();
    if made.is_ok_and(|status| status.success()) {
        let text = sandbox.expect("generate demo.yaml --out gen --lang rust", 2);
        assert!(text.contains("README.md: it is a folder or device"), "{text}");
    }
}

#[test]
fn every_name_that_is_escaped_is_noted() {
    let sandbox = Sandbox::new();
    sandbox.write("demo.yaml", &SPEC.replace("latitude", "class"));
    let text = sandbox.expect("check demo.yaml", 0);
    insta::assert_snapshot!(text, @r"
    demo.yaml: ok (1 struct, 0 enums)
    info[L402]: `class` is spelled `class_` in C++, Python
     --> demo.yaml:8:17
      |
    8 |       - { name: class, type: f64 }
      |                 ^^^^^ is a keyword
    ");
    let generated = sandbox.expect("generate demo.yaml --lang cpp", 0);
    assert!(generated.contains("info[L402]: `class` is spelled `class_`"), "{generated}");
    let text = sandbox.expect("check demo.yaml --json", 0);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["ok"], true);
    assert_eq!(json["findings"][0]["rule"], "L402");
    assert_eq!(json["findings"][0]["severity"], "info");
}

fn walk(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        names.push(entry.path().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            names.extend(walk(&entry.path()));
        }
    }
    names
}

#[test]
fn errors_in_a_spec_exit_with_one_and_missing_files_with_two() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.yaml", &SPEC.replace("f64", "f65").replace("1001", "-1"));
    let text = sandbox.expect("check bad.yaml", 1);
    assert!(text.contains("`f65`") && text.contains("-1"), "{text}");
    sandbox.expect("generate bad.yaml --out gen", 1);
    assert!(!sandbox.path("gen").exists());
    sandbox.expect("check missing.yaml", 2);
    sandbox.expect("check", 2);
    sandbox.expect("frobnicate", 2);
    sandbox.expect("generate demo.yaml --lang cobol", 2);
    let text = sandbox.expect("check bad.yaml --json", 1);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["ok"], false);
    assert_eq!(json["findings"].as_array().unwrap().len(), 2);
}

#[test]
fn layout_json_names_every_field() {
    let sandbox = Sandbox::new();
    let text = sandbox.expect("layout demo.yaml --json", 0);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let position = &json["structs"][0];
    assert_eq!((&position["name"], &position["size"]), (&"Position".into(), &8.into()));
    assert_eq!(position["fields"][0]["padding_before"], 0);
    let field = &json["message_header"]["fields"][0];
    assert_eq!((&field["name"], &field["offset"]), (&"frame_length".into(), &0.into()));
    assert!(json["layout_hash"].as_str().unwrap().starts_with("0x"));
    assert!(json["schema_hash"].as_str().unwrap().starts_with("0x"));
}

#[test]
fn view_prints_what_the_templates_get() {
    let sandbox = Sandbox::new();
    for lang in ["rust", "cpp"] {
        let text = sandbox.expect(&format!("view demo.yaml --lang {lang} --json"), 0);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["structs"][0]["name"], "Position");
    }
    let yaml = sandbox.expect("view demo.yaml --lang cpp", 0);
    assert!(yaml.contains("namespace: "), "{yaml}");
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.yaml", &SPEC.replace("f64", "f65"));
    assert!(!sandbox.expect("check bad.yaml", 1).contains('\x1b'));
    assert!(sandbox.expect("--color always check bad.yaml", 1).contains('\x1b'));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure_and_a_full_disk_is() {
    let sandbox = Sandbox::new();
    let run = |shell: String| Command::new("bash").arg("-c").arg(shell).output().unwrap();
    let command = format!("{} layout", env!("CARGO_BIN_EXE_bitrpc"));
    let spec = sandbox.path("demo.yaml").display().to_string();
    let piped = run(format!("set -o pipefail; {command} {spec} | true"));
    assert!(!String::from_utf8_lossy(&piped.stderr).contains("panicked"), "{piped:?}");
    if Path::new("/dev/full").exists() {
        let full = run(format!("{command} {spec} > /dev/full"));
        assert_eq!(full.status.code(), Some(2), "{full:?}");
        // Nobody is left to tell, but the exit code says it.
        sandbox.write("bad.yaml", &SPEC.replace("f64", "f65"));
        let bad = sandbox.path("bad.yaml").display().to_string();
        let full = run(format!("{command} {bad} 2> /dev/full"));
        assert_eq!(full.status.code(), Some(1), "{full:?}");
    }
}
