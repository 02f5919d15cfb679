//! Random specs as text, in the many ways in which YAML can say the same.

use std::fmt::Write as _;

use super::{Choices, RandomHeader, RandomSpec, RandomStruct, RandomTail};

/// Docs that are hard on the comments of one language or another.
const DOCS: &[&str] = &[
    "A plain sentence.",
    "*/ // /* \"\"\" ''' \\",
    "<b>&amp; </summary> {0} {} %s $x `y`",
    "é 漢字 🙂",
    "ends in a backslash \\",
    "??/ ??' trigraphs",
];

/// A value in quotes where YAML would take it for something else without them.
fn quoted(key: &str, value: &str, in_braces: bool) -> String {
    let traps = ["true", "false", "null"];
    let is_trap =
        matches!(key, "name" | "type") && traps.iter().any(|trap| value.eq_ignore_ascii_case(trap));
    let has_brackets = in_braces && value.contains('[');
    if is_trap || has_brackets { format!("\"{value}\"") } else { value.to_owned() }
}

struct Writer {
    out: String,
    c: Choices,
}

pub(super) fn spec(spec: &RandomSpec) -> String {
    let mut w = Writer { out: String::new(), c: Choices::new(spec.style) };
    let (name, major, minor) = (&spec.name, spec.major, spec.minor);
    w.line(&format!("bitrpc: 1\nname: {name}\nversion: \"{major}.{minor}\""));
    w.line("segment: { capacity: 1MiB }");
    if let Some(magic) = spec.magic {
        w.line(&format!("magic: {magic:#x}"));
    }
    w.reserved(spec);
    if let Some(header) = &spec.ring_header {
        w.header("ring_header", header);
    }
    if let Some(header) = &spec.message_header {
        w.header("message_header", header);
    }
    if let Some(types) = &spec.message_types {
        w.line("message_types:");
        for (name, value) in types {
            w.item(2, &[("name", name.clone()), ("value", value.to_string())]);
        }
    }
    if let Some((ty, bits)) = &spec.flags {
        w.line(&format!("flags:\n  type: {ty}\n  bits:"));
        for (name, mask) in bits {
            w.item(4, &[("name", name.clone()), ("mask", format!("{mask:#x}"))]);
        }
    }
    if !spec.constants.is_empty() {
        w.line("constants:");
    }
    for (name, ty, value) in &spec.constants {
        let value = w.integer(*value);
        w.item(2, &[("name", name.clone()), ("type", (*ty).to_owned()), ("value", value)]);
    }
    w.enums(spec);
    if !spec.structs.is_empty() {
        w.line("structs:");
    }
    let mut order: Vec<_> = spec.structs.iter().collect();
    w.c.shuffle(&mut order);
    for item in order {
        w.structure(spec, item);
    }
    w.out
}

impl Writer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }

    fn reserved(&mut self, spec: &RandomSpec) {
        let ids: Vec<_> = spec.reserved_ids.iter().map(u64::to_string).collect();
        let lists = [("ids", ids), ("names", spec.reserved_names.clone())];
        let used: Vec<_> = lists.iter().filter(|(_, list)| !list.is_empty()).collect();
        if !used.is_empty() {
            self.line("reserved:");
        }
        for (key, list) in used {
            self.line(&format!("  {key}: [{}]", list.join(", ")));
        }
    }

    fn integer(&mut self, value: i128) -> String {
        if value >= 0 && self.c.once_in(3) { format!("{value:#x}") } else { value.to_string() }
    }

    /// A mapping as an item of a list, in braces or on lines of its own.
    fn item(&mut self, indent: usize, keys: &[(&str, String)]) {
        let pad = " ".repeat(indent);
        let in_braces = self.c.once_in(2);
        let mut parts: Vec<String> = keys
            .iter()
            .map(|(key, value)| format!("{key}: {}", quoted(key, value, in_braces)))
            .collect();
        if self.c.once_in(6) {
            parts.push(format!("doc: '{}'", self.c.one_of(DOCS).replace('\'', "''")));
        }
        if in_braces {
            self.line(&format!("{pad}- {{ {} }}", parts.join(", ")));
        } else {
            self.line(&format!("{pad}- {}", parts.join(&format!("\n{pad}  "))));
        }
    }

    fn header(&mut self, key: &str, header: &RandomHeader) {
        self.line(&format!("{key}:"));
        if header.line != 0 {
            self.line(&format!("  line: {}", header.line));
        }
        if header.states_size {
            self.line(&format!("  size: {}", header.size));
        }
        self.line("  fields:");
        for field in &header.fields {
            let mut keys = vec![("name", field.name.clone()), ("type", field.ty.to_owned())];
            keys.extend(field.role.map(|role| ("role", role.to_owned())));
            keys.extend(field.line.map(|line| ("line", line.to_string())));
            if field.states_offset {
                keys.push(("offset", field.offset.to_string()));
            }
            self.item(4, &keys);
        }
    }

    fn enums(&mut self, spec: &RandomSpec) {
        if !spec.enums.is_empty() {
            self.line("enums:");
        }
        for item in &spec.enums {
            let name = quoted("name", &item.name, false);
            self.line(&format!("  - name: {name}\n    type: {}", item.scalar));
            self.line(if item.is_flags { "    bits:" } else { "    values:" });
            let key = if item.is_flags { "mask" } else { "value" };
            for (name, value) in &item.values {
                let value = self.integer(*value);
                self.item(6, &[("name", name.clone()), (key, value)]);
            }
        }
    }

    fn structure(&mut self, spec: &RandomSpec, item: &RandomStruct) {
        self.line(&format!("  - name: {}", quoted("name", &item.name, false)));
        if let Some(id) = item.id {
            self.line(&format!("    id: {id}"));
        }
        if item.states_size {
            self.line(&format!("    size: {}", item.size));
        }
        if item.states_align {
            self.line(&format!("    align: {}", item.align));
        }
        if item.fields.is_empty() && item.tail.is_none() {
            self.line("    fields: []");
            return;
        }
        self.line("    fields:");
        for field in &item.fields {
            let mut keys = vec![("name", field.name.clone()), ("type", spec.type_name(&field.ty))];
            keys.extend(field.since.map(|minor| ("since", format!("\"1.{minor}\""))));
            let stated = [
                ("offset", field.states_offset, field.offset),
                ("size", field.states_size, field.size),
                ("align", field.states_align, field.align),
            ];
            let stated = stated.iter().filter(|(_, is_stated, _)| *is_stated);
            keys.extend(stated.map(|(key, _, value)| (*key, value.to_string())));
            self.item(6, &keys);
        }
        if let Some(tail) = &item.tail {
            self.tail(spec, tail);
        }
    }

    fn tail(&mut self, spec: &RandomSpec, tail: &RandomTail) {
        let ty = match &tail.element {
            Some(element) => format!("{}[]", spec.type_name(element)),
            None if tail.is_text => "string".to_owned(),
            None => "bytes".to_owned(),
        };
        let mut keys = vec![("name", tail.name.clone()), ("type", ty)];
        keys.extend(tail.since.map(|minor| ("since", format!("\"1.{minor}\""))));
        self.item(6, &keys);
    }
}
