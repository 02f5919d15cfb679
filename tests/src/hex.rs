//! Bytes as text that a person can read and compare.

use std::fmt::Write as _;

/// Bytes in a row of the dump.
const ROW: usize = 16;

/// A named run of bytes; `None` stands for a byte that differs from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What the bytes are, e.g. `TestData 0`.
    pub title: String,
    /// The bytes.
    pub bytes: Vec<Option<u8>>,
}

impl Section {
    /// A section in which every byte is known.
    pub fn new(title: impl Into<String>, bytes: &[u8]) -> Self {
        Self { title: title.into(), bytes: bytes.iter().copied().map(Some).collect() }
    }

    /// Says that the bytes in `range` differ from run to run.
    pub fn mask(&mut self, range: std::ops::Range<usize>) {
        self.bytes[range].fill(None);
    }

    /// The bytes as one word of hexadecimal digits; `None` when some are not known.
    pub fn digits(&self) -> Option<String> {
        self.bytes.iter().map(|byte| byte.map(|byte| format!("{byte:02x}"))).collect()
    }
}

/// The sections as text: a title with the length, then offset and bytes, 16 in a row, `..` for
/// bytes that differ from run to run. Rows of zeros are left out.
pub fn render(sections: &[Section]) -> String {
    let mut text = String::new();
    for Section { title, bytes } in sections {
        writeln!(text, "\n{title}, {} bytes", bytes.len()).expect("a String takes everything");
        for (row, bytes) in bytes.chunks(ROW).enumerate() {
            if bytes.iter().any(|byte| *byte != Some(0)) {
                let word = |byte: &Option<u8>| byte.map_or("..".into(), |b| format!("{b:02x}"));
                let words = bytes.iter().map(word).collect::<Vec<_>>().join(" ");
                writeln!(text, "  {:04x}  {words}", row * ROW).expect("a String takes everything");
            }
        }
    }
    text
}

/// The bytes that pairs of digits stand for.
///
/// # Errors
///
/// When they are none.
pub fn bytes(digits: &str) -> Result<Vec<u8>, String> {
    let pair = |at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<_>> = (0..digits.len()).step_by(2).map(pair).collect();
    bytes.ok_or_else(|| format!("not hexadecimal: {digits}"))
}

/// The sections of a text made by [`render`]; lines that begin with `#` are left out.
///
/// # Errors
///
/// Names the first line that is not of that form.
pub fn parse(text: &str) -> Result<Vec<Section>, String> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let bad = || format!("not a line of a dump: {line}");
        if let Some(row) = line.strip_prefix("  ") {
            let section = sections.last_mut().ok_or_else(bad)?;
            fill(section, row).ok_or_else(bad)?;
        } else {
            let (title, length) = line.rsplit_once(", ").ok_or_else(bad)?;
            let length = length.strip_suffix(" bytes").and_then(|n| n.parse::<usize>().ok());
            sections.push(Section::new(title, &vec![0; length.ok_or_else(bad)?]));
        }
    }
    Ok(sections)
}

fn fill(section: &mut Section, row: &str) -> Option<()> {
    let (offset, words) = row.split_once("  ")?;
    let offset = usize::from_str_radix(offset, 16).ok()?;
    for (i, word) in words.split(' ').enumerate() {
        let byte = section.bytes.get_mut(offset + i)?;
        *byte = if word == ".." { None } else { Some(u8::from_str_radix(word, 16).ok()?) };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{Section, parse, render};

    #[test]
    fn a_dump_reads_back_as_it_was() {
        let mut header = Section::new("header", &[0; 40]);
        header.bytes[35] = Some(7);
        header.mask(1..3);
        let sections = [header, Section::new("Empty 0", &[]), Section::new("Full 1", &[255; 17])];
        let text = render(&sections);
        assert_eq!(text.lines().filter(|line| line.starts_with("  0010")).count(), 1);
        assert_eq!(parse(&text).unwrap(), sections);
    }

    #[test]
    fn a_byte_outside_its_section_is_refused() {
        assert!(parse("Small 0, 1 bytes\n  0000  01 02\n").is_err());
    }
}
