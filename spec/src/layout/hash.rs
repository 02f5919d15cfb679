//! The two identities of a protocol: what must match to attach, and what should match to talk.
//!
//! Each is the SHA-256 of a canonical text, cut to its first 8 bytes (read as a big-endian number,
//! with 1 in place of 0, which means "none" on the wire).
//!
//! The **layout** text has the protocol's name, so that two specs that leave their headers at the
//! defaults do not take each other's rings for their own. It has no other names and no docs:
//! renaming a header field changes nothing for anybody. Flags that the engine does not use and all
//! message types belong to the schema.
//!
//! ```text
//! bitrpc layout 2
//! protocol telemetry
//! order little
//! framing align 8, word 0..8, padding type 0, fragment prefix 8
//! ring 4096
//! 0 u32 magic                     (offset, type, role or -)
//! ...
//! message 16
//! 0 u32 frame_length
//! ...
//! flags u8
//! urgent 1                        (then fragment and last_fragment)
//! ```
//!
//! The **schema** text has what gives payloads their meaning. Lists are sorted, so that the order
//! of declarations does not matter; constants and docs are left out.
//!
//! ```text
//! bitrpc schema 1
//! type 1 data
//! flag 1 urgent
//! enum Side u8                    (or: flags Side u8)
//! 0 unknown
//! struct Quote id 1001 size 16 align 8
//! 0 Side side                     (offset, type, name, and `since 1.1`)
//! tail string symbol
//! ```

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{FieldLayout, HeaderLayout, Layout, NamedValue};

/// Flags whose bits the engine of every language knows.
const ENGINE_FLAGS: [&str; 3] = ["urgent", "fragment", "last_fragment"];

impl Layout {
    pub(super) fn compute_layout_hash(&self) -> u64 {
        digest(&self.layout_text())
    }

    pub(super) fn compute_schema_hash(&self) -> u64 {
        digest(&self.schema_text())
    }

    fn layout_text(&self) -> String {
        let mut text = String::from("bitrpc layout 2\n");
        line(&mut text, format_args!("protocol {}\norder little", self.name));
        text.push_str("framing align 8, word 0..8, padding type 0, fragment prefix 8\n");
        self.header_text(&mut text, "ring", &self.ring_header, |role| role.name());
        self.header_text(&mut text, "message", &self.message_header, |role| role.name());
        line(&mut text, format_args!("flags {}", self.flags.scalar.name()));
        for name in ENGINE_FLAGS {
            if let Some(bit) = self.flags.bits.iter().find(|bit| bit.name == name) {
                line(&mut text, format_args!("{name} {}", bit.value));
            }
        }
        text
    }

    fn header_text<R: Copy>(
        &self,
        text: &mut String,
        name: &str,
        header: &HeaderLayout<R>,
        role_name: impl Fn(R) -> &'static str,
    ) {
        line(text, format_args!("{name} {}", header.size));
        for field in &header.fields {
            let role = field.role.map_or("-", &role_name);
            line(text, format_args!("{} {} {role}", field.offset, self.type_name(&field.ty)));
        }
    }

    fn schema_text(&self) -> String {
        let mut text = String::from("bitrpc schema 1\n");
        for value in by_value(&self.message_types) {
            line(&mut text, format_args!("type {} {}", value.value, value.name));
        }
        for value in by_value(&self.flags.bits) {
            line(&mut text, format_args!("flag {} {}", value.value, value.name));
        }
        let mut enums: Vec<_> = self.enums.iter().collect();
        enums.sort_by_key(|item| &item.name);
        for item in enums {
            let what = if item.is_flags { "flags" } else { "enum" };
            line(&mut text, format_args!("{what} {} {}", item.name, item.scalar.name()));
            for value in by_value(&item.values) {
                line(&mut text, format_args!("{} {}", value.value, value.name));
            }
        }
        let mut structs: Vec<_> = self.structs.iter().collect();
        structs.sort_by_key(|item| &item.name);
        for item in structs {
            let id = item.id.map(|id| format!(" id {id}")).unwrap_or_default();
            let (name, size, align) = (&item.name, item.size, item.align);
            line(&mut text, format_args!("struct {name}{id} size {size} align {align}"));
            for field in &item.fields {
                self.field_text(&mut text, field);
            }
            if let Some(tail) = &item.tail {
                let kind = self.tail_name(&tail.kind);
                line(&mut text, format_args!("tail {kind} {}{}", tail.name, since(tail.since)));
            }
        }
        text
    }

    fn field_text(&self, text: &mut String, field: &FieldLayout) {
        let (offset, ty, name) = (field.offset, self.type_name(&field.ty), &field.name);
        line(text, format_args!("{offset} {ty} {name}{}", since(field.since)));
    }
}

fn since(since: Option<(u16, u16)>) -> String {
    since.map(|(major, minor)| format!(" since {major}.{minor}")).unwrap_or_default()
}

fn by_value(values: &[NamedValue]) -> Vec<&NamedValue> {
    let mut values: Vec<_> = values.iter().collect();
    values.sort_by_key(|value| value.value);
    values
}

fn line(text: &mut String, args: std::fmt::Arguments) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "{args}");
}

fn digest(text: &str) -> u64 {
    let hash = Sha256::digest(text.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first).max(1)
}

#[cfg(test)]
mod tests {
    use crate::layout::Layout;
    use crate::model::{DEFAULT_SPEC, Spec};
    use crate::source::Memory;

    fn layout(text: &str) -> Layout {
        let files = Memory::new().with("test.yaml", text);
        Layout::of(&Spec::load("test.yaml", &files).unwrap())
    }

    #[test]
    fn the_canonical_texts_are_as_documented() {
        let layout = layout(DEFAULT_SPEC);
        let text = layout.layout_text();
        assert!(text.starts_with("bitrpc layout 2\nprotocol bitrpc\norder little\n"), "{text}");
        assert!(text.contains("\nring 4096\n0 u32 magic\n4 u16 version_major\n"), "{text}");
        assert!(text.contains("\nmessage 16\n0 u32 frame_length\n4 u32 message_type\n"), "{text}");
        assert!(text.ends_with("flags u8\nurgent 1\nfragment 16\nlast_fragment 8\n"), "{text}");
        let text = layout.schema_text();
        let data = "struct TestData id 1001 size 88 align 8\n0 i32 id\n8 f64 value\n\
                    16 char[64] message since 1.1\n80 u64 timestamp since 1.1\n";
        assert!(text.ends_with(data), "{text}");
    }

    #[test]
    fn a_new_flag_changes_the_schema_alone() {
        let old = layout(DEFAULT_SPEC);
        let more = "    - name: last_fragment\n";
        let added = format!("    - {{ name: signed, mask: 0x20 }}\n{more}");
        let new = layout(&DEFAULT_SPEC.replace(more, &added));
        assert_eq!(old.layout_hash, new.layout_hash);
        assert_ne!(old.schema_hash, new.schema_hash);
    }

    #[test]
    fn docs_change_nothing_and_names_of_header_fields_neither() {
        let old = layout(DEFAULT_SPEC);
        let text = DEFAULT_SPEC
            .replace("    - name: magic\n", "    - name: first_bytes\n")
            .replace("Bytes ever released.", "Other words.");
        let new = layout(&text);
        assert_eq!((old.layout_hash, old.schema_hash), (new.layout_hash, new.schema_hash));
    }

    #[test]
    fn another_protocol_is_another_layout() {
        let old = layout(DEFAULT_SPEC);
        let new = layout(&DEFAULT_SPEC.replace("\nname: bitrpc\n", "\nname: other\n"));
        assert_ne!(old.layout_hash, new.layout_hash);
        assert_eq!(old.schema_hash, new.schema_hash);
    }

    #[test]
    fn a_moved_field_changes_the_layout() {
        let old = layout(DEFAULT_SPEC);
        let text = DEFAULT_SPEC.replace("      line: 4\n", "      line: 5\n");
        assert_ne!(old.layout_hash, layout(&text).layout_hash);
        let text = DEFAULT_SPEC.replace("  size: 16\n", "  size: 24\n");
        assert_ne!(old.layout_hash, layout(&text).layout_hash);
    }
}
