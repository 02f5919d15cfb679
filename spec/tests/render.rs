//! The layout as documents: what they say, and that no text of a spec gets out of its place.

use std::fs;
use std::path::Path;

use bitrpc_spec::layout::render::{self, Shown};
use bitrpc_spec::layout::{self, Layout};
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::{Files, Memory};

const UPDATE: &str = "UPDATE_EXPECT";

/// A message of each sort of part, docs with a meaning of their own, and a version that grew.
const SPEC: &str = r#"
bitrpc: 1
name: seen
version: "1.2"
doc: |
  First paragraph, with `code`.

  Second one: <b>no markup</b>, a|b, _c_ and https://example.org/a_b.
constants:
  - { name: most, type: u16, value: 3, doc: How many. }
  - { name: empty, type: string, value: "" }
enums:
  - { name: Side, type: u8, values: [{ name: buy, value: 0 }, { name: sell, value: 1 }] }
  - { name: Marks, type: u16, bits: [{ name: late, mask: 0x01, doc: "Came `late`." }] }
reserved: { ids: [1002], flags: [0x80], names: [Old, Quote.gone] }
structs:
  - { name: Leg, fields: [{ name: side, type: Side }, { name: price, type: f64 }] }
  - name: Quote
    id: 1001
    doc: One quote.
    fields:
      - { name: legs, type: "Leg[most]", doc: "Both `legs`." }
      - { name: marks, type: Marks }
      - { name: text, type: "char[30]" }
      - { name: raw, type: "bytes[5]", since: "1.1" }
      - { name: more, type: "Leg[]", since: "1.2" }
  - { name: Nothing, id: 1003, fields: [] }
"#;

fn load(text: &str) -> (Spec, Layout) {
    let spec = Spec::load("seen.yaml", &Memory::new().with("seen.yaml", text));
    let spec = spec.unwrap_or_else(|findings| panic!("{}", findings.render()));
    let layout = Layout::of(&spec);
    (spec, layout)
}

fn quote(layout: &Layout) -> Shown {
    Shown::only(layout, ["Quote"]).unwrap()
}

#[test]
fn every_format_shows_the_same_bytes() {
    let (_, layout) = load(SPEC);
    let shown = quote(&layout);
    insta::assert_snapshot!("quote_text", render::to_text(&layout, &shown));
    insta::assert_json_snapshot!("quote_json", render::to_json(&layout, &shown));
    insta::assert_snapshot!("quote_markdown", render::to_markdown(&layout, &shown));
    insta::assert_snapshot!("quote_svg", render::to_svg(&layout, &shown));
    insta::assert_snapshot!("quote_html_fragment", render::to_html_fragment(&layout, &shown));
}

#[test]
fn the_headers_show_who_writes_each_line() {
    let (_, layout) = load(SPEC);
    let shown = Shown::only(&layout, ["ring_header", "message_header"]).unwrap();
    insta::assert_snapshot!("headers_markdown", render::to_markdown(&layout, &shown));
    let html = render::to_html_fragment(&layout, &shown);
    for class in ["by-creator", "by-producer", "by-consumer", "by-both", "by-nobody"] {
        assert!(html.contains(class), "{class}");
    }
}

#[test]
fn a_doc_has_the_whole_protocol() {
    let (spec, layout) = load(SPEC);
    insta::assert_snapshot!("doc_markdown", render::doc_to_markdown(&spec, &layout));
    let html = render::doc_to_html(&spec, &layout);
    for words in ["Quote.gone", "Second one: &lt;b&gt;no markup&lt;/b&gt;", "How many."] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn only_known_names_are_shown() {
    let (_, layout) = load(SPEC);
    assert_eq!(Shown::only(&layout, ["Quote", "Quota"]).unwrap_err(), "Quota");
    let json = render::to_json(&layout, &quote(&layout));
    assert!(json.get("ring_header").is_none() && json["structs"].as_array().unwrap().len() == 1);
    assert_eq!(render::to_json(&layout, &Shown::all()), layout::to_json(&layout));
}

/// The picture that the README of the repository shows.
#[test]
fn the_picture_of_the_readme_is_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let layout = Layout::of(&Spec::load(folder.join("telemetry.yaml"), &Files).unwrap());
    let shown = Shown::only(&layout, ["VehicleState"]).unwrap();
    let (picture, path) = (render::to_svg(&layout, &shown), folder.join("telemetry.svg"));
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, &picture).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == picture, "telemetry.svg is stale: test again with {UPDATE}=1");
}

/// Without a browser: every text that could be mistaken for markup is escaped, in each format.
#[test]
fn docs_stay_text() {
    let hostile = r#"</script></style></title><img src=x onerror=alert(1)> & \" ' ` | "#;
    let doc = format!("\"{}\"", hostile);
    let text = SPEC.replace("One quote.", &doc).replace("How many.", &doc);
    let (spec, layout) = load(&text);
    let all = Shown::all();
    let documents = [
        render::to_html(&layout, &all),
        render::doc_to_html(&spec, &layout),
        render::to_svg(&layout, &all),
    ];
    for document in documents {
        assert!(!document.contains("<img"));
        assert!(document.matches("</script>").count() <= 1);
        assert!(document.matches("</style>").count() <= 1);
    }
    let markdown = render::doc_to_markdown(&spec, &layout);
    assert!(markdown.contains("\\<img") && !markdown.replace("\\<", "").contains("<img"));
}

/// Each part of a byte map is described by the row of the same number in the table behind it.
#[test]
fn cells_and_rows_belong_together() {
    insta::glob!("../examples", "*.yaml", |path| {
        // An imported file alone is no spec.
        if path.ends_with("common.yaml") {
            return;
        }
        let spec = Spec::load(path, &Files).unwrap();
        let html = render::to_html_fragment(&Layout::of(&spec), &Shown::all());
        for item in html.split("class=\"map\"").skip(1) {
            let (map, rest) = item.split_once("</table>").unwrap();
            let table = rest.split("</table>").next().unwrap();
            let rows = table.matches("<tr class=\"is-").count();
            let parts = map.split("data-part=\"").skip(1);
            let parts = parts.map(|text| text.split('"').next().unwrap().parse::<usize>().unwrap());
            assert_eq!(parts.max().unwrap() + 1, rows, "{}", path.display());
        }
    });
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let (spec, layout) = load(&SPEC.replace("https://example.org/a_b", "no link"));
    for page in [render::to_html(&layout, &Shown::all()), render::doc_to_html(&spec, &layout)] {
        for word in ["http:", "https:", "src=", "@import", "url(", "fetch("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("default-src &#39;none&#39;"));
    }
}
