//! What is written depends on the spec and the tool alone, and a build knows when to write it
//! again.

#[path = "common/sandbox.rs"]
mod sandbox;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use sandbox::{SPEC, Sandbox};

/// A spec in which line ends are part of docs, constants and an import.
const WORDY: &str = "bitrpc: 1
name: wordy
version: \"1.0\"
doc: |
  The first paragraph
  in two lines.

  The second one.
imports: [parts/common.yaml]
constants:
  - { name: greeting, type: string, value: \"hello,
      world\" }
structs:
  - name: Note
    id: 1001
    doc: >
      Folded
      text.

    fields:
      - { name: place, type: Place, doc: \"Where
          it is.\" }
";

const PART: &str = "bitrpc: 1
structs:
  - name: Place
    doc: |-
      Two
      lines.
    fields: [{ name: x, type: f64 }]
";

/// Every file below `folder` by its path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

fn windows_lines(text: &str) -> String {
    text.replace('\n', "\r\n")
}

#[test]
fn the_text_depends_on_the_spec_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("here/wordy.yaml", WORDY);
    sandbox.write("here/parts/common.yaml", PART);
    sandbox.expect("generate here/wordy.yaml --out gen --peer", 0);
    let expected = files(&sandbox.path("gen"));
    assert!(expected.len() > 100, "{}", expected.len());

    // In another folder, with other line ends, by its whole path, into another folder.
    sandbox.write("else/where/wordy.yaml", &windows_lines(WORDY));
    sandbox.write("else/where/parts/common.yaml", &windows_lines(PART));
    let spec = sandbox.path("else/where/wordy.yaml");
    let words = ["generate", spec.to_str().unwrap(), "--out", "else/out put", "--peer"];
    assert!(sandbox.run_words(&words).status.success());
    assert!(files(&sandbox.path("else/out put")) == expected);
    sandbox.expect("generate else/where/wordy.yaml --out gen --peer --check", 0);
    for (name, bytes) in expected {
        assert!(!bytes.contains(&b'\r'), "{}", name.display());
    }
}

#[test]
fn a_checkout_with_the_line_ends_of_windows_is_fresh() {
    let sandbox = Sandbox::new();
    sandbox.expect("generate demo.yaml --out gen", 0);
    let written = files(&sandbox.path("gen"));
    for (name, bytes) in &written {
        let text = String::from_utf8(bytes.clone()).unwrap();
        fs::write(sandbox.path("gen").join(name), windows_lines(&text)).unwrap();
    }
    sandbox.write("demo.yaml", &windows_lines(SPEC));
    sandbox.expect("generate demo.yaml --out gen --check", 0);
    let text = sandbox.expect("generate demo.yaml --out gen", 0);
    assert!(text.starts_with("0 written, 0 removed"), "{text}");

    // An edit is one all the same, and what the spec changes is no edit.
    let library = String::from_utf8(written[Path::new("rust/src/lib.rs")].clone()).unwrap();
    sandbox.write("gen/rust/src/lib.rs", &windows_lines(&format!("{library}// mine\n")));
    sandbox.write("demo.yaml", &SPEC.replace("latitude", "longitude"));
    let text = sandbox.expect("generate demo.yaml --out gen --check", 1);
    assert!(text.contains("gen/rust/src/lib.rs: hand-edited"), "{text}");
    assert!(text.contains("+ ") && text.contains("- // mine"), "{text}");
    assert!(text.contains("gen/rust/src/protocol.rs: stale"), "{text}");
    assert!(!text.contains("README.md: hand-edited"), "{text}");
    sandbox.expect("generate demo.yaml --out gen --force", 0);
    sandbox.expect("generate demo.yaml --out gen --check", 0);
}

#[test]
fn a_clone_that_asks_for_the_line_ends_of_windows_keeps_the_bytes() {
    let sandbox = Sandbox::new();
    sandbox.expect("generate demo.yaml --out here/gen", 0);
    fs::rename(sandbox.path("demo.yaml"), sandbox.path("here/demo.yaml")).unwrap();
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=me",
            "-c",
            "user.email=me@here",
            "-c",
            "core.safecrlf=false",
        ]);
        let output = command.args(words).current_dir(sandbox.folder()).output().unwrap();
        assert!(output.status.success(), "git {words:?}: {output:?}");
    };
    git(&["init", "--quiet", "here"]);
    git(&["-C", "here", "add", "."]);
    git(&["-C", "here", "commit", "--quiet", "--message", "all"]);
    git(&["clone", "--quiet", "-c", "core.autocrlf=true", "here", "there"]);
    let spec = fs::read_to_string(sandbox.path("there/demo.yaml")).unwrap();
    assert_eq!(spec, windows_lines(SPEC), "the clone converts what nobody tells it to keep");
    assert!(files(&sandbox.path("here/gen")) == files(&sandbox.path("there/gen")));
    sandbox.expect("generate there/demo.yaml --out there/gen --check", 0);
}

/// Makes a file look as if it was written an hour ago.
fn age(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

fn changed(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn a_stamp_is_written_also_when_nothing_changed() {
    let sandbox = Sandbox::new();
    let (stamp, header) = (sandbox.path("build/demo.stamp"), sandbox.path("gen/cpp/demo.h"));
    sandbox.expect("generate demo.yaml --out gen --stamp build/demo.stamp", 0);
    for path in [&stamp, &header] {
        age(path);
    }
    let before = changed(&header);
    for more in ["", " --check"] {
        age(&stamp);
        sandbox.expect(&format!("generate demo.yaml --out gen --stamp build/demo.stamp{more}"), 0);
        assert_eq!(changed(&header), before);
        assert!(changed(&stamp) >= changed(&sandbox.path("demo.yaml")), "{more}");
    }
}

#[test]
fn what_fails_leaves_the_stamp_as_it_was() {
    let sandbox = Sandbox::new();
    let words = "generate demo.yaml --out gen --stamp demo.stamp --depfile demo.d";
    sandbox.expect(words, 0);
    let paths = [sandbox.path("demo.stamp"), sandbox.path("demo.d")];
    paths.iter().for_each(|path| age(path));
    let before = paths.each_ref().map(|path| changed(path));
    sandbox.write("gen/rust/src/lib.rs", "// mine\n");
    sandbox.expect(words, 2);
    sandbox.expect(&format!("{words} --check"), 1);
    sandbox.write("demo.yaml", &SPEC.replace("f64", "f65"));
    sandbox.expect(words, 1);
    assert_eq!(paths.each_ref().map(|path| changed(path)), before);
    sandbox.write("demo.yaml", SPEC);
    sandbox.expect("generate demo.yaml --out new --stamp new/rust/src/lib.rs/stamp", 2);
    sandbox.expect("generate demo.yaml --out new --depfile demo.d", 2);
}

#[test]
fn a_dependency_file_names_the_spec_and_all_imports() {
    let sandbox = Sandbox::new();
    sandbox.write("here/wordy.yaml", WORDY);
    sandbox.write("here/parts/common.yaml", PART);
    let words = "generate here/wordy.yaml --out gen --lang cpp --stamp out/wordy.stamp";
    sandbox.expect(&format!("{words} --depfile out/wordy.d"), 0);
    let text = fs::read_to_string(sandbox.path("out/wordy.d")).unwrap();
    insta::assert_snapshot!(text, @r"
    out/wordy.stamp: here/wordy.yaml \
      here/parts/common.yaml

    here/wordy.yaml:

    here/parts/common.yaml:
    ");
}

#[test]
fn quiet_leaves_errors_and_what_check_finds() {
    let sandbox = Sandbox::new();
    sandbox.write("demo.yaml", &SPEC.replace("latitude", "class"));
    assert_eq!(sandbox.expect("generate demo.yaml --out gen --quiet", 0), "");
    assert_eq!(sandbox.expect("generate demo.yaml --out gen --quiet --check", 0), "");
    sandbox.write("gen/cpp/README.md", "mine");
    let text = sandbox.expect("generate demo.yaml --out gen --quiet --check", 1);
    assert!(text.contains("README.md: hand-edited"), "{text}");
    sandbox.write("demo.yaml", &SPEC.replace("f64", "f65"));
    assert!(sandbox.expect("generate demo.yaml --out gen --quiet", 1).contains("`f65`"));
}
