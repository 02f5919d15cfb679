//! Words of a POSIX shell, for commands that are printed to be copied.

use std::fmt::Write as _;
use std::path::Path;

/// `text` as one word that no command takes for an option.
pub fn word(text: &str) -> String {
    let text = if text.starts_with('-') { format!("./{text}") } else { text.to_owned() };
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:=@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The path as one word that no command takes for an option, also where it is no text or would
/// confuse a terminal.
pub fn path(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.contains(char::is_control) => word(text),
        _ => printed(path.as_os_str().as_encoded_bytes()),
    }
}

/// A word that `printf` makes: it has to spell the bytes that are no letters.
fn printed(bytes: &[u8]) -> String {
    // A shell cuts line breaks off the end of what a command prints.
    let breaks = bytes.iter().rev().take_while(|byte| **byte == b'\n').count();
    let (bytes, breaks) = bytes.split_at(bytes.len() - breaks);
    let mut word = String::from("\"$(printf '");
    if bytes.starts_with(b"-") {
        word.push_str("./");
    }
    for byte in bytes {
        match byte {
            byte if byte.is_ascii_alphanumeric() => word.push(char::from(*byte)),
            b' ' | b'/' | b'.' | b'_' | b'-' => word.push(char::from(*byte)),
            byte => write!(word, "\\{byte:03o}").expect("writing to a String cannot fail"),
        }
    }
    word.push_str("')\"");
    if !breaks.is_empty() {
        word.push_str(&format!("'{}'", "\n".repeat(breaks.len())));
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_blanks_and_quotes_are_quoted() {
        assert_eq!(word("spec/a.yaml"), "spec/a.yaml");
        assert_eq!(word("my spec.yaml"), "'my spec.yaml'");
        assert_eq!(word("it's"), r"'it'\''s'");
        assert_eq!(word(""), "''");
    }

    #[test]
    fn no_word_is_an_option() {
        assert_eq!(word("-rf"), "./-rf");
        assert_eq!(word("-r f"), "'./-r f'");
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_printed() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let of = |bytes: &[u8]| path(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(of(b"a/b c"), "'a/b c'");
        assert_eq!(of(b"a/\xff'"), r#""$(printf 'a/\377\047')""#);
        assert_eq!(of(b"-\x1b[1m"), r#""$(printf './-\033\1331m')""#);
        assert_eq!(of(b"a\n\n"), "\"$(printf 'a')\"'\n\n'");
    }
}
