//! Who writes each line of the ring header: what keeps the two sides out of each other's caches.

use super::HeaderLayout;
use crate::model::role::{RingRole, Writer};

/// Lines of the ring header that follow each other and are used alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Number of the first line.
    pub first: u64,
    /// Number of the last line: the first, unless nothing lies in any of them.
    pub last: u64,
    /// Bytes from the start of the header.
    pub start: u64,
    /// The byte behind the last one.
    pub end: u64,
    /// Who stores into the engine's fields of the line, each once: creator, producer, consumer.
    pub writers: Vec<Writer>,
    /// Whether it has fields without a role, which programs set and read by themselves.
    pub has_extras: bool,
}

impl Lines {
    /// Whether no field lies in them.
    pub fn is_unused(&self) -> bool {
        self.writers.is_empty() && !self.has_extras
    }

    /// Who writes and who reads, in a few words.
    pub fn usage(&self) -> String {
        let stores = |writer: &Writer| self.writers.contains(writer);
        let by_sides = match (stores(&Writer::Producer), stores(&Writer::Consumer)) {
            (true, true) => "written by both sides, but only around a sleep; read by both",
            (true, false) => "written by the producer, read by both sides",
            (false, true) => "written by the consumer, read by both sides",
            (false, false) => "",
        };
        let by_creator = match (stores(&Writer::Creator), by_sides) {
            (false, _) => "",
            (true, "") => "written once, by the creator; read by both sides",
            (true, _) => "in part written once, by the creator",
        };
        let extras = if self.has_extras { "with fields of the program's own" } else { "" };
        let words: Vec<_> =
            [by_sides, by_creator, extras].into_iter().filter(|words| !words.is_empty()).collect();
        match words.is_empty() {
            true => "unused, zero".to_owned(),
            false => words.join("; "),
        }
    }
}

impl HeaderLayout<RingRole> {
    /// The header's lines from first to last; unused ones that follow each other are one item.
    pub fn lines(&self) -> Vec<Lines> {
        let mut lines: Vec<Lines> = Vec::new();
        let mut start = 0;
        while start < self.size && self.line > 0 {
            let line = self.line_at(start);
            start = line.end;
            match lines.last_mut() {
                Some(before) if before.is_unused() && line.is_unused() => {
                    (before.last, before.end) = (line.last, line.end);
                }
                _ => lines.push(line),
            }
        }
        lines
    }

    fn line_at(&self, start: u64) -> Lines {
        let (number, end) = (start / self.line, (start + self.line).min(self.size));
        let inside =
            || self.fields.iter().filter(|field| field.offset < end && field.end() > start);
        let is_written = |writer: &Writer| {
            inside().any(|field| field.role.is_some_and(|role| role.writer() == *writer))
        };
        let all = [Writer::Creator, Writer::Producer, Writer::Consumer];
        let writers = all.into_iter().filter(is_written).collect();
        let has_extras = inside().any(|field| field.role.is_none());
        Lines { first: number, last: number, start, end, writers, has_extras }
    }
}

#[cfg(test)]
mod tests {
    use crate::layout::Layout;
    use crate::model::{DEFAULT_SPEC, Spec};
    use crate::source::Memory;

    #[test]
    fn each_line_names_who_writes_it() {
        let files = Memory::new().with("bitrpc.yaml", DEFAULT_SPEC);
        let layout = Layout::of(&Spec::load("bitrpc.yaml", &files).unwrap());
        let lines = layout.ring_header.lines();
        let said: Vec<_> = lines
            .iter()
            .map(|line| format!("{}-{} {}: {}", line.first, line.last, line.start, line.usage()))
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        0-0 0: written once, by the creator; read by both sides
        1-1 128: written by the producer, read by both sides
        2-2 256: written by the consumer, read by both sides
        3-3 384: written by both sides, but only around a sleep; read by both
        4-4 512: written by both sides, but only around a sleep; read by both
        5-31 640: unused, zero
        ");
        assert_eq!(lines.last().unwrap().end, layout.ring_header.size);
    }
}
