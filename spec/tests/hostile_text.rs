//! Text that nobody should write: every bit of it gets an error, soon, and never a panic.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bitrpc_spec::diagnostic::Findings;
use bitrpc_spec::model::{DEFAULT_SPEC, Spec};
use bitrpc_spec::source::{Files, MAX_FILE_BYTES, Memory};

const HEAD: &str = "bitrpc: 1\nname: bad\nversion: \"1.0\"\n";

/// What a test may take on a busy machine; all of them take milliseconds on an idle one.
const PATIENCE: Duration = Duration::from_secs(60);

fn refuse(text: impl Into<Vec<u8>>) -> Findings {
    let start = Instant::now();
    let result = Spec::load("bad.yaml", &Memory::new().with("bad.yaml", text));
    let findings = result.expect_err("this is no spec");
    let rendered = findings.to_string();
    assert!(!rendered.is_empty());
    assert!(findings.to_json().as_array().is_some_and(|list| !list.is_empty()));
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    findings
}

fn rules(text: impl Into<Vec<u8>>) -> Vec<&'static str> {
    refuse(text).iter().map(|finding| finding.rule.id).collect()
}

/// What is too large, too deep or too wild to lie in `tests/diagnostics`, by the name of its
/// snapshot.
fn made_up() -> Vec<(&'static str, Vec<u8>)> {
    let garbage = (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let utf16 = "\u{feff}bitrpc: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let nested = |open: &str, close: &str| {
        format!("{HEAD}doc: {}{}", open.repeat(100_000), close.repeat(100_000)).into_bytes()
    };
    let indented: String = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let explode = |level: usize| {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("a{level}: &a{level} [{list}]\n")
    };
    let anchors = (1..30).map(explode).collect::<String>();
    let list = |line: fn(usize) -> String| (0..2_000).map(line).collect::<String>();
    let chain = list(|n| {
        let ty = if n == 0 { "u8".to_owned() } else { format!("S{}", n - 1) };
        format!("  - {{ name: S{n}, fields: [{{ name: a, type: {ty} }}] }}\n")
    });
    let circle = list(|n| {
        format!("  - {{ name: S{n}, fields: [{{ name: a, type: S{} }}] }}\n", (n + 1) % 2_000)
    });
    let errors = list(|n| format!("  - {{ nme: E{n} }}\n"));
    vec![
        ("binary_garbage", garbage),
        ("an_executable", b"\x7fELF\x02\x01\x01\x00\x00".to_vec()),
        ("utf16", utf16),
        ("a_nul", b"bitrpc: 1\0".to_vec()),
        ("brackets_in_brackets", nested("[", "]")),
        ("open_brackets", nested("[", "")),
        ("braces_in_braces", nested("{ a: ", "}")),
        ("indented_without_end", indented.into_bytes()),
        ("anchors_that_explode", format!("a0: &a0 [x, x, x, x]\n{anchors}").into_bytes()),
        ("a_chain_of_structs", format!("{HEAD}structs:\n{chain}").into_bytes()),
        ("a_circle_of_structs", format!("{HEAD}structs:\n{circle}").into_bytes()),
        ("thousands_of_errors", format!("{HEAD}enums:\n{errors}").into_bytes()),
        ("a_line_of_a_megabyte", format!("{HEAD}foo: {}\n", "x".repeat(1 << 20)).into_bytes()),
    ]
}

#[test]
fn what_is_wrong_is_said_in_few_words() {
    for (name, text) in made_up() {
        let message = refuse(text).to_string();
        assert!(message.len() < 20_000, "{name}: {} bytes of message", message.len());
        insta::assert_snapshot!(format!("text_{name}"), message);
    }
}

#[test]
fn bytes_that_are_no_text() {
    assert_eq!(rules(b"bitrpc: 1\n\xff\xfe".to_vec()), ["E001"]);
    assert_eq!(rules(b"\x7fELF\x02\x01\x01\x00\x00".to_vec()), ["E001"]);
    assert_eq!(rules("bitrpc: 1\0"), ["E001"]);
    let garbage: Vec<u8> =
        (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert_eq!(rules(garbage), ["E001"]);
    let utf16: Vec<u8> = "\u{feff}bitrpc: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(rules(utf16), ["E001"]);
}

#[test]
fn a_byte_order_mark_is_no_harm() {
    let text = format!("\u{feff}{DEFAULT_SPEC}");
    Spec::load("a.yaml", &Memory::new().with("a.yaml", text)).unwrap();
}

#[test]
fn windows_line_ends_are_no_harm() {
    let unix = Spec::load("a.yaml", &Memory::new().with("a.yaml", DEFAULT_SPEC)).unwrap();
    let text = DEFAULT_SPEC.replace('\n', "\r\n");
    let windows = Spec::load("a.yaml", &Memory::new().with("a.yaml", text)).unwrap();
    let doc = |spec: &Spec| spec.doc.clone().map(|doc| doc.value);
    assert_eq!(doc(&unix), doc(&windows));
    assert_eq!(unix.sources().digest(), windows.sources().digest());
}

#[test]
fn places_are_right_after_windows_line_ends_and_wide_characters() {
    let findings = refuse(format!("{HEAD}doc: 漢字 🙂\nfoo: 1\n").replace('\n', "\r\n"));
    let json = findings.to_json();
    assert_eq!((&json[0]["line"], &json[0]["column"]), (&5.into(), &1.into()));
}

#[test]
fn nothing_at_all() {
    for text in ["", "\n", "   \n", "# only words\n", "---\n", "---\n...\n", "~", "null", "[]"] {
        assert_eq!(rules(text), ["E005"], "{text:?}");
    }
    assert_eq!(rules("{}"), ["E007", "E007"]);
}

#[test]
fn deep_nesting() {
    for (open, close) in [("[", "]"), ("{ a: ", "}"), ("- ", ""), ("? ", ""), ("a: {", "")] {
        for depth in [100, 10_000, 500_000] {
            let text = format!("{HEAD}doc: {}{}", open.repeat(depth), close.repeat(depth));
            refuse(text);
            refuse(open.repeat(depth));
        }
    }
    let mut text = String::new();
    for depth in 0..1000 {
        let _ = writeln!(text, "{}a:", " ".repeat(depth));
    }
    assert_eq!(rules(text), ["E004"]);
}

#[test]
fn aliases_that_multiply() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{list}]");
    }
    assert_eq!(rules(text), ["E004"]);
    let mut text = String::from("a0: &a0 [x]\n");
    for level in 1..10_000 {
        let _ = writeln!(text, "a{level}: &a{level} [*a{}]", level - 1);
    }
    assert_eq!(rules(text), ["E004"]);
}

#[test]
fn harmless_aliases_are_read() {
    let fields = "fields: &f [{ name: a, type: u8 }]";
    let first = format!("{{ name: A, id: 1001, {fields} }}");
    let text = format!("{HEAD}structs:\n  - {first}\n  - {{ name: B, id: 1002, fields: *f }}\n");
    let spec = Spec::load("a.yaml", &Memory::new().with("a.yaml", text)).unwrap();
    assert_eq!(spec.structs[1].fields[0].name.value, "a");
}

#[test]
fn a_file_that_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    std::fs::write(&path, "# filler\n".repeat(10 << 20 >> 3)).unwrap();
    let findings = Spec::load(&path, &Files).unwrap_err();
    let text = findings.to_string();
    assert!(text.contains(&MAX_FILE_BYTES.to_string()), "{text}");
    let text = text.replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!("text_ten_megabytes", text);
    assert!(findings.is_io());
}

#[test]
fn a_folder_and_a_pipe_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let findings = Spec::load(folder.path(), &Files).unwrap_err();
    assert!(findings.to_string().contains("folder"), "{findings}");
}

#[test]
fn large_lists_are_read_in_reasonable_time() {
    let mut text = HEAD.replace("bad", "good");
    text.push_str("segment: { capacity: 1MiB }\nstructs:\n");
    for number in 0..6000 {
        let fields = "[{ name: a, type: u32 }, { name: b, type: \"u8[4]\" }]";
        let _ = writeln!(text, "  - {{ name: S{number}, fields: {fields} }}");
    }
    let start = Instant::now();
    Spec::load("a.yaml", &Memory::new().with("a.yaml", text)).unwrap();
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
}

#[test]
fn a_spec_may_fill_the_largest_file() {
    let mut text = HEAD.replace("bad", "good");
    text.push_str("structs:\n");
    let field = |number: usize| format!("{{ name: field_{number}, type: u32 }}");
    let fields: Vec<_> = (0..12).map(field).collect();
    let mut count = 0;
    while text.len() < 4_000_000 {
        let _ = writeln!(text, "  - {{ name: S{count}, fields: [{}] }}", fields.join(", "));
        count += 1;
    }
    assert!(count > 4_000);
    let start = Instant::now();
    let spec = Spec::load("a.yaml", &Memory::new().with("a.yaml", text)).unwrap();
    assert_eq!(spec.structs.len(), count);
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
}

#[test]
fn a_large_file_of_aliases_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    let filler = "# filler\n".repeat(100_000);
    for level in 1..30 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{list}]");
    }
    assert_eq!(rules(text + &filler), ["E004"]);
}

#[test]
fn a_chain_of_many_structs_is_refused_without_overflow() {
    let mut text = format!("{HEAD}structs:\n");
    for number in (0..10_000).rev() {
        let ty = if number == 0 { "u8".to_owned() } else { format!("S{}", number - 1) };
        let _ = writeln!(text, "  - {{ name: S{number}, fields: [{{ name: a, type: {ty} }}] }}");
    }
    assert!(rules(text).contains(&"E035"));
}

#[test]
fn a_ring_of_many_structs_is_refused_without_overflow() {
    let mut text = format!("{HEAD}structs:\n");
    for number in 0..10_000 {
        let ty = (number + 1) % 10_000;
        let _ = writeln!(text, "  - {{ name: S{number}, fields: [{{ name: a, type: S{ty} }}] }}");
    }
    assert!(rules(text).contains(&"L110"));
}

#[test]
fn thousands_of_errors_are_cut_short() {
    let mut text = format!("{HEAD}enums:\n");
    for number in 0..10_000 {
        let _ = writeln!(text, "  - {{ nme: E{number} }}");
    }
    let findings = refuse(text);
    assert!(findings.len() > 10_000);
    assert!(findings.to_string().ends_with(" more\n"));
}

#[test]
fn imports_are_bounded() {
    let mut files = Memory::new();
    for number in 0..100 {
        let text = format!("bitrpc: 1\nimports: [f{}.yaml]\n", number + 1);
        files = files.with(format!("f{number}.yaml"), text);
    }
    let findings = Spec::load("f0.yaml", &files).unwrap_err();
    assert!(findings.iter().any(|finding| finding.rule.id == "E004"), "{findings}");
}

#[test]
fn a_diamond_of_imports_is_read_once() {
    let files = Memory::new()
        .with("dir/main.yaml", format!("{HEAD}imports: [a.yaml, ./sub/b.yaml]\n"))
        .with("dir/a.yaml", "bitrpc: 1\nimports: [common.yaml]\n")
        .with("dir/sub/b.yaml", "bitrpc: 1\nimports: [../common.yaml]\n")
        .with(
            "dir/common.yaml",
            "bitrpc: 1\nenums: [{ name: E, type: u8, values: [{ name: a, value: 1 }] }]\n",
        );
    let spec = Spec::load("dir/main.yaml", &files).unwrap();
    assert_eq!(spec.enums.len(), 1);
    let names: Vec<_> = spec.sources().iter().map(|source| source.name()).collect();
    assert_eq!(names, ["dir/main.yaml", "dir/a.yaml", "dir/common.yaml", "dir/sub/b.yaml"]);
}

#[test]
fn headers_may_be_shared_by_import() {
    let section = DEFAULT_SPEC.split("message_types:").nth(1).unwrap();
    let types = section.split("flags:").next().unwrap();
    let files = Memory::new()
        .with("main.yaml", format!("{HEAD}imports: [company.yaml]\n"))
        .with("company.yaml", format!("bitrpc: 1\nmessage_types:{types}"));
    let spec = Spec::load("main.yaml", &files).unwrap();
    assert_eq!(spec.message_types.list.len(), 5);
}
