//! What printers ask of a layout besides what it says itself, so that none of them counts bytes.

use super::{FieldLayout, HeaderLayout, Layout, NoRole, Scalar, StructLayout, Type};
use crate::model::role::MessageRole;

/// Records start at multiples of so many bytes.
const RECORD_ALIGN: u64 = 8;

/// A field, or the padding that a struct shows where the layout leaves a gap.
#[derive(Debug)]
pub enum Slot<'a, R = NoRole> {
    /// A field of the spec.
    Field(&'a FieldLayout<R>),
    /// Bytes that belong to no field.
    Padding {
        /// Counts the paddings of one struct from 0.
        index: usize,
        /// Bytes from the start of the struct.
        offset: u64,
        /// Number of bytes.
        size: u64,
    },
}

/// Fields of a struct of `end` bytes, without gaps.
fn slots<'a, R>(
    fields: impl IntoIterator<Item = &'a FieldLayout<R>>,
    end: u64,
) -> Vec<Slot<'a, R>> {
    let mut slots = Vec::new();
    let (mut index, mut used) = (0, 0);
    let mut pad_to = |slots: &mut Vec<Slot<'a, R>>, used: u64, offset: u64| {
        if used < offset {
            slots.push(Slot::Padding { index, offset: used, size: offset - used });
            index += 1;
        }
    };
    for field in fields {
        pad_to(&mut slots, used, field.offset);
        slots.push(Slot::Field(field));
        used = field.offset + field.size;
    }
    pad_to(&mut slots, used, end);
    slots
}

/// Whether `align` has to be stated because no field asks for it.
fn needs_align<R>(fields: &[FieldLayout<R>], align: u64) -> bool {
    fields.iter().all(|field| field.align < align)
}

impl StructLayout {
    /// The fixed fields with the padding between and behind them.
    pub fn slots(&self) -> Vec<Slot<'_>> {
        slots(&self.fields, self.size)
    }

    /// Whether the alignment has to be stated because no field asks for it.
    pub fn needs_align(&self) -> bool {
        needs_align(&self.fields, self.align)
    }
}

impl<R> HeaderLayout<R> {
    /// The fields with the padding between and behind them.
    pub fn slots(&self) -> Vec<Slot<'_, R>> {
        slots(&self.fields, self.size)
    }

    /// Whether the alignment has to be stated because no field asks for it.
    pub fn needs_align(&self) -> bool {
        needs_align(&self.fields, self.align)
    }

    /// Fields without a role, which users set and read by themselves.
    pub fn extras(&self) -> impl Iterator<Item = &FieldLayout<R>> {
        self.fields.iter().filter(|field| field.role.is_none())
    }

    /// The fields without a role, with all else of the header as padding.
    pub fn slots_of_extras(&self) -> Vec<Slot<'_, R>> {
        slots(self.extras(), self.size)
    }
}

/// Eight bytes of the message header that are written at once.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// Bytes from the start of the header.
    pub offset: u64,
    /// What the engine writes into it: how many bits each value is moved up.
    pub parts: Vec<(MessageRole, u64)>,
}

impl HeaderLayout<MessageRole> {
    /// The words behind the first one, which publishes the message.
    pub fn words(&self) -> Vec<Word> {
        const WORD: u64 = 8;
        let word = |offset: u64| {
            let part = |role: &MessageRole| {
                let at = self.role(*role)?.offset.checked_sub(offset).filter(|at| *at < WORD)?;
                Some((*role, bits(at)))
            };
            Word { offset, parts: MessageRole::ALL.iter().filter_map(part).collect() }
        };
        (WORD..self.size).step_by(8).map(word).collect()
    }
}

impl<R> FieldLayout<R> {
    /// The byte behind its last one.
    pub fn end(&self) -> u64 {
        self.offset + self.size
    }
}

impl Layout {
    /// Bytes that a message without a tail's elements takes of a ring: its header, its fixed part,
    /// and what is left to the next record.
    pub fn record_size(&self, item: &StructLayout) -> u64 {
        (self.message_header.size + item.size).next_multiple_of(RECORD_ALIGN)
    }

    /// Size of a type in bytes.
    pub fn size_of(&self, ty: &Type) -> u64 {
        match ty {
            Type::Scalar(scalar) => scalar.size(),
            Type::Char(length) | Type::Bytes(length) => *length,
            Type::Enum(index) => self.enums[*index].scalar.size(),
            Type::Struct(index) => self.structs[*index].size,
            Type::Array(element, count) => self.size_of(element) * count,
        }
    }
}

impl Scalar {
    /// Number of bits that carry it.
    pub const fn bits(self) -> u64 {
        bits(self.size())
    }

    /// Digits that show every bit of it in hexadecimal.
    pub const fn hex_digits(self) -> usize {
        self.size() as usize * 2
    }
}

/// Number of bits in so many bytes.
pub const fn bits(bytes: u64) -> u64 {
    bytes * 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Spec;
    use crate::source::Memory;

    fn layout(structs: &str) -> Layout {
        let text = format!("bitrpc: 1\nname: facts\nversion: \"1.0\"\nstructs:\n{structs}");
        let spec = Spec::load("facts.yaml", &Memory::new().with("facts.yaml", text)).unwrap();
        Layout::of(&spec)
    }

    #[test]
    fn slots_leave_no_byte_out() {
        let fields = "{ name: a, type: u8 }, { name: b, type: u32 }, { name: c, type: u16 }";
        let layout = layout(&format!("- {{ name: Gaps, id: 1001, fields: [{fields}] }}\n"));
        let item = &layout.structs[0];
        let mut end = 0;
        for slot in item.slots() {
            let (offset, size) = match slot {
                Slot::Field(field) => {
                    assert_eq!(field.size, layout.size_of(&field.ty));
                    (field.offset, field.size)
                }
                Slot::Padding { offset, size, .. } => (offset, size),
            };
            assert_eq!(offset, end);
            end += size;
        }
        assert_eq!(end, item.size);
    }

    #[test]
    fn every_role_behind_the_first_word_is_in_a_word() {
        let layout = layout("  []\n");
        let header = &layout.message_header;
        let parts = header.words().into_iter().flat_map(|word| word.parts);
        let found: Vec<_> = parts.map(|(role, _)| role).collect();
        let behind = |role: &&MessageRole| header.role(**role).is_some_and(|f| f.offset >= 8);
        assert_eq!(found, MessageRole::ALL.iter().filter(behind).copied().collect::<Vec<_>>());
    }
}
