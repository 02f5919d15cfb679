//! What the names of any spec need for the language's tools to be content with the text.

use crate::emit::File;

/// Columns that rustfmt's own style allows.
const WIDTH: usize = 100;

/// Marks the items that have a line which rustfmt would break, because a name in it is long.
pub fn keep_long_lines(mut file: File) -> File {
    let mut out = String::with_capacity(file.text.len());
    let mut item = Vec::new();
    for line in file.text.lines() {
        item.push(line);
        let is_last = !line.starts_with([' ', '/']) && line.ends_with(['}', ';']);
        if is_last || line.starts_with("#!") {
            print_item(&mut out, &item);
            item.clear();
        }
    }
    print_item(&mut out, &item);
    file.text = out;
    file
}

fn print_item(out: &mut String, item: &[&str]) {
    let is_code = |line: &&str| !line.is_empty() && !line.trim_start().starts_with("//");
    let is_long = |line: &&str| is_code(line) && line.chars().count() > WIDTH;
    let first = item.iter().position(is_code);
    // The lines in a macro call are its own business.
    let is_call = first.is_some_and(|first| item[first].ends_with("! {"));
    let mark = first.filter(|_| !is_call && item.iter().any(is_long));
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
            keep_long_lines(File { path: String::new(), text: text.clone() });
        let expected = text.replace("#[derive(A)]", "#[rustfmt::skip]\n#[derive(A)]");
        assert_eq!(kept, expected);
    }
}
