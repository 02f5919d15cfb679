//! `bitrpc layout` and `bitrpc doc` in all their formats.

#[path = "common/sandbox.rs"]
mod sandbox;

use std::fs;

use bitrpc_spec::model::DEFAULT_SPEC;
use sandbox::{SPEC, Sandbox};

#[test]
fn each_format_has_its_document() {
    let sandbox = Sandbox::new();
    let starts = [
        ("layout demo.yaml", "demo 1.0\nlayout_hash 0x"),
        ("layout demo.yaml --format table", "demo 1.0\nlayout_hash 0x"),
        ("layout demo.yaml --format json", "{\n"),
        ("layout demo.yaml --format markdown", "# demo 1.0: layout\n"),
        ("layout demo.yaml --format svg", "<svg xmlns=\"http://www.w3.org/2000/svg\""),
        ("layout demo.yaml --format html", "<!DOCTYPE html>\n"),
        ("doc demo.yaml", "# demo 1.0\n"),
        ("doc demo.yaml --format html", "<!DOCTYPE html>\n"),
    ];
    for (words, start) in starts {
        let text = sandbox.expect(words, 0);
        assert!(text.starts_with(start), "{words}: {}", &text[..40]);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{words}");
        sandbox.expect(&format!("{words} -o out"), 0);
        assert_eq!(fs::read_to_string(sandbox.path("out")).unwrap(), text, "{words}");
    }
    let json = sandbox.expect("layout demo.yaml --json", 0);
    assert_eq!(json, sandbox.expect("layout demo.yaml --format json", 0));
    sandbox.expect("layout demo.yaml --json --format svg", 2);
    insta::assert_snapshot!(sandbox.expect("layout demo.yaml --struct Position", 0));
}

#[test]
fn an_unknown_struct_is_named_with_the_nearest() {
    let sandbox = Sandbox::new();
    let text = sandbox.expect("layout demo.yaml --struct Postion", 2);
    insta::assert_snapshot!(
        text,
        @"error: demo.yaml has no struct `Postion`; did you mean `Position`?"
    );
    let text = sandbox.expect("layout demo.yaml --struct Position,message_heeder", 2);
    assert!(text.contains("did you mean `message_header`?"), "{text}");
}

#[test]
fn a_wrong_spec_leaves_the_file_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.expect("doc demo.yaml -o out.md", 0);
    let before = fs::read_to_string(sandbox.path("out.md")).unwrap();
    sandbox.write("demo.yaml", &SPEC.replace("f64", "f65"));
    for verb in ["layout", "doc"] {
        let text = sandbox.expect(&format!("{verb} demo.yaml -o out.md"), 1);
        assert!(text.contains("E022"), "{text}");
    }
    assert_eq!(fs::read_to_string(sandbox.path("out.md")).unwrap(), before);
    let text = sandbox.expect("doc", 2);
    assert!(text.contains("spec/bitrpc.yaml"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_and_a_device_is_written_to() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
    let sandbox = Sandbox::new();
    sandbox.write("real.md", "old");
    symlink("real.md", sandbox.path("link.md")).unwrap();
    sandbox.expect("doc demo.yaml -o link.md", 0);
    assert!(fs::symlink_metadata(sandbox.path("link.md")).unwrap().is_symlink());
    assert!(fs::read_to_string(sandbox.path("real.md")).unwrap().starts_with("# demo"));
    let mode = fs::metadata(sandbox.path("real.md")).unwrap().permissions().mode();
    assert_ne!(mode & 0o044, 0, "a document that others can read: {mode:o}");
    sandbox.expect("doc demo.yaml -o /dev/null", 0);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let text = sandbox.expect("doc demo.yaml -o missing/folder/out.md", 0);
    assert_eq!(text, "");
    sandbox.write("file", "");
    sandbox.expect("doc demo.yaml -o file/out.md", 2);
}

#[cfg(unix)]
#[test]
fn examples_of_the_help_run() {
    let sandbox = Sandbox::new();
    sandbox.write("my.yaml", SPEC);
    sandbox.write("spec/bitrpc.yaml", DEFAULT_SPEC);
    for verb in ["layout", "doc"] {
        let help = sandbox.expect(&format!("{verb} --help"), 0);
        let examples = help.split("Examples:\n").nth(1).unwrap();
        let commands = examples.lines().filter_map(|line| line.trim().strip_prefix("bitrpc "));
        let mut count = 0;
        for command in commands {
            // Without what explains it, and without what other programs make of it.
            let words = command.split("   ").next().unwrap().split(" | ").next().unwrap();
            let words = words.split(" > ").next().unwrap();
            sandbox.expect(words, 0);
            count += 1;
        }
        assert!(count >= 2, "{verb} has {count} examples");
    }
    for file in ["layout.html", "test_data.svg", "my.html"] {
        assert!(sandbox.path(file).is_file(), "{file}");
    }
}
