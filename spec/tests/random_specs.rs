//! Random specs: the layout against a second opinion, the hashes against edits, and damaged text.

use bitrpc_spec::diagnostic::Findings;
use bitrpc_spec::layout::{FieldLayout, HeaderLayout, Layout, StructLayout};
use bitrpc_spec::model::{DEFAULT_SPEC, Spec};
use bitrpc_spec::names::{Language, NameKind, spell_member};
use bitrpc_spec::source::Memory;
use bitrpc_spec::testing::{Choices, RandomHeader, RandomSpec};
use proptest::prelude::*;

fn load(text: &str) -> Result<Layout, Findings> {
    let files = Memory::new().with("random.yaml", text);
    Ok(Layout::of(&Spec::load("random.yaml", &files)?))
}

fn layout(spec: &RandomSpec) -> Layout {
    let text = spec.yaml();
    load(&text).unwrap_or_else(|findings| panic!("{findings}\n{text}"))
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Damaged texts in a run: a number in this variable asks for more.
fn damages() -> u32 {
    std::env::var("BITRPC_DAMAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

/// Fields follow each other, aligned, with all bytes between them counted as padding.
fn check_fields<R>(fields: &[FieldLayout<R>], size: u64, padding_after: u64) {
    let mut end = 0;
    for field in fields {
        assert_eq!(field.offset % field.align, 0, "{}", field.name);
        assert_eq!(end + field.padding_before, field.offset, "{}", field.name);
        end = field.offset + field.size;
    }
    assert_eq!(end + padding_after, size);
}

fn check_header<R: Copy>(layout: &HeaderLayout<R>, expected: &RandomHeader) {
    assert_eq!(layout.size, expected.size);
    for field in &expected.fields {
        let found = layout.fields.iter().find(|found| found.name == field.name).unwrap();
        assert_eq!(found.offset, field.offset, "{}", field.name);
        assert_eq!(found.role.is_some(), field.role.is_some(), "{}", field.name);
    }
}

fn find<'a>(layout: &'a Layout, name: &str) -> &'a StructLayout {
    layout.structs.iter().find(|item| item.name == name).unwrap()
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn fields_lie_where_a_plain_count_puts_them(seed: u64, size in 0_usize..14) {
        let spec = RandomSpec::new(seed, size);
        let layout = layout(&spec);
        prop_assert_eq!(layout.structs.len(), spec.structs.len());
        for expected in &spec.structs {
            let found = find(&layout, &expected.name);
            prop_assert_eq!((found.size, found.align), (expected.size, expected.align));
            prop_assert_eq!(found.id.map(u64::from), expected.id);
            prop_assert_eq!(found.size % found.align, 0);
            prop_assert_eq!(found.fields.len(), expected.fields.len());
            for (field, expected) in found.fields.iter().zip(&expected.fields) {
                prop_assert_eq!(&field.name, &expected.name);
                prop_assert_eq!(field.offset, expected.offset);
                prop_assert_eq!(field.size, expected.size);
                prop_assert_eq!(layout.type_name(&field.ty), spec.type_name(&expected.ty));
            }
            check_fields(&found.fields, found.size, found.padding_after);
            prop_assert_eq!(found.tail.is_some(), expected.tail.is_some());
        }
        let (ring, message) = (&layout.ring_header, &layout.message_header);
        check_fields(&ring.fields, ring.size, ring.padding_after);
        check_fields(&message.fields, message.size, message.padding_after);
        if let Some(expected) = &spec.ring_header {
            check_header(ring, expected);
        }
        if let Some(expected) = &spec.message_header {
            check_header(message, expected);
        }
        prop_assert!(layout.layout_hash != 0 && layout.schema_hash != 0);
    }

    #[test]
    fn each_struct_stands_after_its_parts(seed: u64, size in 0_usize..14) {
        let layout = layout(&RandomSpec::new(seed, size));
        for (index, item) in layout.structs.iter().enumerate() {
            for field in &item.fields {
                let mut ty = &field.ty;
                while let bitrpc_spec::layout::Type::Array(element, _) = ty {
                    ty = element;
                }
                if let bitrpc_spec::layout::Type::Struct(part) = ty {
                    prop_assert!(*part < index);
                }
            }
        }
    }

    #[test]
    fn payloads_of_older_versions_have_accepted_sizes(seed: u64, size in 1_usize..10) {
        let spec = RandomSpec::new(seed, size);
        let new = layout(&spec);
        for minor in 0..spec.minor {
            let old = layout(&spec.at(minor));
            for item in &spec.structs {
                let (old, new) = (find(&old, &item.name), find(&new, &item.name));
                let accepted = new.size == old.size || new.older_sizes.contains(&old.size);
                prop_assert!(accepted, "{}: {} not in {:?}", item.name, old.size, new.older_sizes);
                prop_assert!(new.older_sizes.is_sorted());
                prop_assert_eq!(new.min_size, *new.older_sizes.first().unwrap_or(&new.size));
            }
        }
    }

    #[test]
    fn the_order_of_declarations_and_docs_change_no_hash(seed: u64, size in 1_usize..10) {
        let spec = RandomSpec::new(seed, size);
        let layout = layout(&spec);
        let text = spec.yaml();
        let (head, structs) = text.split_once("structs:\n").unwrap();
        let mut parts: Vec<_> = structs.split("  - name: ").skip(1).collect();
        // Fields are deeper, so that only structs are split.
        Choices::new(seed ^ 1).shuffle(&mut parts);
        let shuffled: String =
            parts.iter().map(|part| format!("  - name: {part}")).collect();
        if parts.len() == spec.structs.len() {
            let moved = load(&format!("doc: other words\n{head}structs:\n{shuffled}")).unwrap();
            prop_assert_eq!(moved.layout_hash, layout.layout_hash);
            prop_assert_eq!(moved.schema_hash, layout.schema_hash);
        }
    }

    #[test]
    fn another_id_or_size_is_another_schema(seed: u64, size in 1_usize..10) {
        let spec = RandomSpec::new(seed, size);
        let old = layout(&spec);
        let mut changed = spec.clone();
        let index = (seed % spec.structs.len() as u64) as usize;
        match &mut changed.structs[index].id {
            Some(id) => *id += 5000,
            none => *none = Some(5000),
        }
        let new = layout(&changed);
        prop_assert_ne!(old.schema_hash, new.schema_hash);
        prop_assert_eq!(old.layout_hash, new.layout_hash);
    }

    #[test]
    fn a_longer_message_header_is_another_layout(seed: u64) {
        let mut spec = RandomSpec::new(seed, 0);
        let old = layout(&spec);
        let Some(header) = &mut spec.message_header else { return Ok(()) };
        header.size += 8;
        header.states_size = true;
        prop_assume!(header.size <= 256);
        let new = layout(&spec);
        prop_assert_ne!(old.layout_hash, new.layout_hash);
        prop_assert_eq!(old.schema_hash, new.schema_hash);
    }

    #[test]
    fn names_stay_apart_and_are_no_keywords(seed: u64, size in 1_usize..10) {
        let layout = layout(&RandomSpec::new(seed, size));
        for language in Language::ALL {
            for item in &layout.structs {
                let mut names: Vec<_> = item
                    .fields
                    .iter()
                    .map(|field| spell_member(language, NameKind::Field, &item.name, &field.name))
                    .collect();
                let count = names.len();
                names.sort();
                names.dedup();
                prop_assert_eq!(names.len(), count);
            }
        }
    }

    #[test]
    fn mending_leaves_every_byte_and_another_order_is_no_larger(seed: u64, size in 1_usize..10) {
        let before = RandomSpec::new(seed, size).yaml();
        let spec = Spec::load("random.yaml", &Memory::new().with("random.yaml", before.as_str()));
        let spec = spec.unwrap_or_else(|findings| panic!("{findings}\n{before}"));
        let (layout, findings) = (Layout::of(&spec), spec.notes());
        let mended = |breaking: bool| {
            let mended = findings.mended(|_, fix| fix.breaking == breaking);
            load(&mended.texts.into_values().next().unwrap_or(before.clone()))
        };
        let safe = mended(false).unwrap_or_else(|findings| panic!("{findings}\n{before}"));
        prop_assert_eq!(safe.layout_hash, layout.layout_hash);
        prop_assert_eq!(safe.schema_hash, layout.schema_hash);
        // What contains a struct may state the size that it had.
        let Ok(ordered) = mended(true) else { return Ok(()) };
        for item in &ordered.structs {
            prop_assert!(item.size <= find(&layout, &item.name).size);
        }
    }
}

proptest! {
    #![proptest_config(config(damages()))]

    #[test]
    fn damaged_text_never_panics(seed: u64, size in 0_usize..4, damage in 1_usize..6) {
        let mut c = Choices::new(seed);
        let random = || RandomSpec::new(seed, size).yaml();
        let text = if c.once_in(3) { DEFAULT_SPEC.to_owned() } else { random() };
        let mut bytes = text.into_bytes();
        for _ in 0..damage {
            damage_once(&mut bytes, &mut c);
        }
        let files = Memory::new().with("random.yaml", bytes);
        let findings = match Spec::load("random.yaml", &files) {
            Ok(spec) => spec.notes(),
            Err(findings) => {
                prop_assert!(!findings.is_empty());
                findings
            }
        };
        prop_assert_eq!(findings.is_empty(), findings.to_string().is_empty());
        prop_assert_eq!(findings.len(), findings.to_json().as_array().unwrap().len());
        findings.mended(|_, _| true);
    }
}

/// Changes a few bytes as a slip of the keyboard, a bad merge or a bad disk would.
fn damage_once(bytes: &mut Vec<u8>, c: &mut Choices) {
    const SNIPPETS: &[&str] = &[
        "\t",
        "- ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!!str ",
        "? ",
        "|",
        ">",
        "\"",
        "'",
        "#",
        "%",
        "@",
        "`",
        "0x",
        "-1",
        "99999999999999999999",
        "[]",
        "[0]",
        "é",
        "\u{feff}",
        "\r",
        "---\n",
        "...",
        "<<: ",
        "null",
        "~",
        "true",
        "no",
        "name",
        "u64[4294967296]",
        "since: \"9.9\"",
        "\0",
        "\u{2028}",
        "string",
        "offset: 3",
        "size: 0",
        "align: 0",
        "line: 0",
    ];
    let length = bytes.len() as u64;
    if length == 0 {
        return;
    }
    let at = c.below(length) as usize;
    let end = (at + 1 + c.below(12) as usize).min(bytes.len());
    match c.below(6) {
        0 => bytes[at] = c.number() as u8,
        1 => drop(bytes.drain(at..end)),
        2 => {
            let copy = bytes[at..end].to_vec();
            let to = c.below(length) as usize;
            bytes.splice(to..to, copy);
        }
        3 => bytes.truncate(at),
        _ => {
            let snippet = c.one_of(SNIPPETS).bytes();
            bytes.splice(at..at, snippet);
        }
    }
}
