//! What the names of any spec need for the language's tools to be content with the text.

use crate::emit::File;

/// Columns that rustfmt's own style allows.
pub const WIDTH: usize = 100;

/// Columns that a module's items are indented by.
pub(super) const INDENT: usize = 4;

/// Lines as a module's items; the empty ones stay empty.
pub(super) fn indent(text: &str) -> String {
    let indented = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("{:INDENT$}{line}\n", ""),
    };
    text.lines().map(indented).collect()
}

/// Marks the items that have a line which rustfmt would break at `width` columns, because a name in
/// it is long. What stands in a module has been marked before.
pub fn keep_long_lines(mut file: File, width: usize) -> File {
    let mut out = String::with_capacity(file.text.len());
    let mut item = Vec::new();
    for line in file.text.lines() {
        item.push(line);
        let is_last = !line.starts_with([' ', '/']) && line.ends_with(['}', ';']);
        if is_last || line.starts_with("#!") {
            print_item(&mut out, &item, width);
            item.clear();
        }
    }
    print_item(&mut out, &item, width);
    file.text = out;
    file
}

fn print_item(out: &mut String, item: &[&str], width: usize) {
    let is_code = |line: &&str| !line.is_empty() && !line.trim_start().starts_with("//");
    let is_long = |line: &&str| is_code(line) && line.chars().count() > width;
    let first = item.iter().position(is_code);
    // The lines in a macro call are its own business.
    let is_call = first.is_some_and(|first| item[first].ends_with("! {"));
    let is_module = first.is_some_and(|first| item[first].starts_with("pub mod "));
    let mark = first.filter(|_| !is_call && !is_module && item.iter().any(is_long));
    for (number, line) in item.iter().enumerate() {
        if Some(number) == mark {
            out.push_str("#[rustfmt::skip]\n");
        }
        out.push_str(line);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_items_with_long_lines_are_marked() {
        let long = format!("    pub {}: u8,", "x".repeat(100));
        let text = format!(
            "#![allow(x)]\n\nuse a;\n\n/// Doc.\n#[derive(A)]\npub struct B {{\n{long}\n\n}}\n\n\
             /// {long}\npub struct C {{}}\n\na::b! {{\n{long}\n}}\n"
        );
        let File { text: kept, .. } =
            keep_long_lines(File { path: String::new(), text: text.clone() }, WIDTH);
        let expected = text.replace("#[derive(A)]", "#[rustfmt::skip]\n#[derive(A)]");
        assert_eq!(kept, expected);
    }
}
