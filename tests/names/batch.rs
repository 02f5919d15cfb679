//! Specs made of many names at once: each name that no rule refuses gets a place.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use bitrpc_codegen::backend::{self, Input, Origin};
use bitrpc_codegen::emit::File;
use bitrpc_conform::Stage;
use bitrpc_spec::diagnostic::Findings;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::Spec;
use bitrpc_spec::names::Language;
use bitrpc_spec::source::Memory;
use bitrpc_tests::repo;

/// Fields of one struct, which no compiler finds too many.
const FIELDS: usize = 100;

/// Fields of one byte that a message header has room for beside those of the engine.
pub(crate) const HEADER_FIELDS: usize = 240;

/// Rules that may refuse a name.
const RULES: [&str; 5] = ["E020", "E021", "L401", "L405", "L406"];

/// Most structs of a spec that are messages.
pub(crate) const MESSAGES: usize = 255;

/// A spec under way: its lines, and the name that may be refused in each.
#[derive(Default)]
pub(crate) struct Batch {
    lines: Vec<(String, Option<String>)>,
}

impl Batch {
    /// A spec with nothing but its head.
    pub(crate) fn new(name: &str) -> Self {
        let mut batch = Self::default();
        batch.fixed("bitrpc: 1");
        batch.fixed(&format!("name: {name}"));
        batch.fixed("version: \"1.0\"");
        batch
    }

    /// A line that stays.
    pub(crate) fn fixed(&mut self, line: &str) {
        self.lines.push((line.to_owned(), None));
    }

    fn named(&mut self, name: &str, line: String) {
        self.lines.push((line, Some(name.to_owned())));
    }

    /// A constant of each name.
    pub(crate) fn constants(&mut self, names: &BTreeSet<String>) {
        self.fixed("constants:");
        for name in names {
            self.named(name, format!("  - {{ name: {name:?}, type: u8, value: 1 }}"));
        }
    }

    /// Message types of these names.
    pub(crate) fn message_types(&mut self, names: &BTreeSet<String>) {
        self.fixed("message_types:");
        self.fixed("  - { name: data, value: 1 }");
        self.fixed("  - { name: heartbeat, value: 2 }");
        for (name, value) in names.iter().zip(3..) {
            self.named(name, format!("  - {{ name: {name:?}, value: {value} }}"));
        }
    }

    /// Message flags of the first of these names.
    pub(crate) fn flags(&mut self, names: &[String]) {
        self.fixed("flags:");
        self.fixed("  type: u32");
        self.fixed("  bits:");
        let engine = ["urgent", "fragment", "last_fragment"];
        for (name, bit) in engine.iter().zip(0..) {
            self.fixed(&format!("    - {{ name: {name:?}, mask: {} }}", 1_u32 << bit));
        }
        for (name, bit) in names.iter().zip(engine.len()..32) {
            self.named(name, format!("    - {{ name: {name:?}, mask: {} }}", 1_u32 << bit));
        }
    }

    /// A message header with role-less fields of these names, as many as fit.
    pub(crate) fn message_header(&mut self, names: &[String]) {
        self.fixed("message_header:");
        self.fixed("  size: 256");
        self.fixed("  fields:");
        for role in ["frame_length", "message_type", "message_id", "flags"] {
            self.fixed(&format!("    - {{ name: {role}, type: u32, role: {role} }}"));
        }
        for name in names {
            self.named(name, format!("    - {{ name: {name:?}, type: u8 }}"));
        }
    }

    /// Enums with a value of each name, flag sets with a bit of each, and an enum of each name.
    pub(crate) fn enums(&mut self, types: &BTreeSet<String>, values: &BTreeSet<String>) {
        self.fixed("enums:");
        for name in types {
            self.named(name, format!(
                "  - {{ name: {name:?}, type: u8, values: [{{ name: first_value, value: 1 }}] }}"
            ));
        }
        self.fixed("  - name: EveryValueAtOnce");
        self.fixed("    type: u32");
        self.fixed("    values:");
        self.fixed("      - { name: the_first_one, value: 1 }");
        for (name, value) in values.iter().zip(2..) {
            self.named(name, format!("      - {{ name: {name:?}, value: {value} }}"));
        }
        let values: Vec<_> = values.iter().collect();
        for (set, names) in values.chunks(63).enumerate() {
            self.fixed(&format!("  - name: FlagSetNumber{set}"));
            self.fixed("    type: u64");
            self.fixed("    bits:");
            self.fixed(&format!("      - {{ name: the_first_one, mask: {} }}", 1_u64 << 63));
            for (bit, name) in names.iter().enumerate() {
                self.named(name, format!("      - {{ name: {name:?}, mask: {} }}", 1_u64 << bit));
            }
        }
    }

    /// A struct of each name, those in a range as messages, and structs with a field of each name.
    pub(crate) fn structs(
        &mut self,
        types: &BTreeSet<String>,
        messages: &Range<usize>,
        fields: &BTreeSet<String>,
    ) {
        self.fixed("structs:");
        for (number, name) in types.iter().enumerate() {
            let id = match messages.contains(&number) {
                true => format!("id: {}, ", 1_000_000 + number),
                false => String::new(),
            };
            let fields = "[{ name: first_field, type: u8 }]";
            self.named(name, format!("  - {{ name: {name:?}, {id}fields: {fields} }}"));
        }
        let fields: Vec<_> = fields.iter().collect();
        for (set, names) in fields.chunks(FIELDS).enumerate() {
            self.fixed(&format!("  - name: FieldSetNumber{set}"));
            self.fixed("    fields:");
            for name in names {
                self.named(name, format!("      - {{ name: {name:?}, type: u8 }}"));
            }
            self.fixed("      - { name: the_last_one, type: \"u16[3]\" }");
        }
    }

    fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |mut text, (line, _)| {
            writeln!(text, "{line}").expect("writing to a String cannot fail");
            text
        })
    }

    /// Leaves out what rules refuse, until they accept the rest.
    ///
    /// # Errors
    ///
    /// A rule refuses what is no name in question.
    pub(crate) fn accept(mut self) -> Result<Accepted, String> {
        let mut refused = BTreeSet::new();
        loop {
            let findings = match Spec::load("names.yaml", &memory(&self.text())) {
                Ok(spec) => {
                    let layout = Layout::of(&spec);
                    let origin = Origin::new(Path::new("names.yaml"), &spec.sources().digest());
                    return Ok(Accepted { layout, origin, refused });
                }
                Err(findings) => findings,
            };
            self.leave_out(&findings, &mut refused)?;
        }
    }

    /// Accepts what can be, and generates its code.
    ///
    /// # Errors
    ///
    /// A rule refuses what is no name in question, or files cannot be written.
    pub(crate) fn generate(self, folder: &str) -> Result<Generated, String> {
        let Accepted { layout, origin, refused } = self.accept()?;
        let folder = repo::cache().join("names").join(folder);
        let stage = Stage::write(&folder, &Input { layout: &layout, origin: &origin })
            .map_err(|error| error.to_string())?;
        Ok(Generated { stage, layout, refused })
    }

    /// Removes the lines that an error points at.
    fn leave_out(
        &mut self,
        findings: &Findings,
        refused: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        let json = findings.to_json();
        let places = json.as_array().into_iter().flatten().map(|finding| &finding["line"]);
        let mut gone = BTreeSet::new();
        for (finding, line) in findings.iter().zip(places) {
            let line = line.as_u64().and_then(|line| usize::try_from(line).ok());
            let at = line.and_then(|line| line.checked_sub(1));
            let name = at.and_then(|at| self.lines[at].1.clone());
            let name = name.filter(|_| RULES.contains(&finding.rule.id));
            refused.insert(name.ok_or_else(|| format!("{finding:#?}"))?);
            gone.extend(at);
        }
        let mut at = 0..;
        self.lines.retain(|_| at.next().is_none_or(|at| !gone.contains(&at)));
        Ok(())
    }
}

/// What rules have accepted.
pub(crate) struct Accepted {
    pub(crate) layout: Layout,
    origin: Origin,
    refused: BTreeSet<String>,
}

impl Accepted {
    /// The generated header.
    ///
    /// # Errors
    ///
    /// There is no backend for the language.
    pub(crate) fn cpp_header(&self) -> Result<String, String> {
        let files = self.files(Language::CPP)?;
        let is_header = |file: &File| file.path == self.layout.targets.cpp_header;
        files.into_iter().find(is_header).map(|file| file.text).ok_or("no header".to_owned())
    }

    /// The generated files of one language.
    ///
    /// # Errors
    ///
    /// There is no backend for the language.
    pub(crate) fn files(&self, language: Language) -> Result<Vec<File>, String> {
        let backend = backend::find(language).ok_or("no backend")?;
        let input = Input { layout: &self.layout, origin: &self.origin };
        Ok(backend.files(&input))
    }
}

/// The code of a batch.
pub(crate) struct Generated {
    /// Where it is.
    pub(crate) stage: Stage,
    /// What was accepted.
    pub(crate) layout: Layout,
    /// Names that some rule refuses in some place, beside the others.
    pub(crate) refused: BTreeSet<String>,
}

/// The layout of a spec that is a text.
pub(crate) fn memory(text: &str) -> Memory {
    Memory::new().with("names.yaml", text)
}
