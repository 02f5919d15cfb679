//! Bit fields: a spec has flag sets, which are whole numbers.

use super::dwarf::integer;
use super::{Kind, Member};

/// A bit field as a compiler places it.
pub(super) struct BitField {
    pub(super) name: String,
    /// First bit, from the start of the record.
    pub(super) first: u64,
    /// Number of bits.
    pub(super) count: u64,
    /// Size in bytes of the number that it was declared as.
    pub(super) size: u64,
}

impl BitField {
    /// The bytes that its number would take: from, to.
    fn number(&self) -> (u64, u64) {
        let start = (self.first / 8).checked_div(self.size).unwrap_or(0) * self.size;
        (start, start + self.size)
    }

    /// The bytes that it does take: from, to.
    fn bytes(&self) -> (u64, u64) {
        (self.first / 8, (self.first + self.count).div_ceil(8))
    }
}

/// Adds the bit fields to the other members, those that share a number as one; all in the order of
/// their offsets.
///
/// It takes the whole number where that is its own, and only the bytes of its bits where a compiler
/// has put another member into the rest.
pub(super) fn join(mut members: Vec<Member>, mut fields: Vec<BitField>) -> Vec<Member> {
    fields.sort_by_key(|field| field.first);
    let mut groups: Vec<Vec<BitField>> = Vec::new();
    for field in fields {
        match groups.last_mut() {
            Some(group) if group[0].number() == field.number() => group.push(field),
            _ => groups.push(vec![field]),
        }
    }
    let overlaps = |(start, end): (u64, u64), member: &Member| {
        start < member.offset + member.size && member.offset < end
    };
    for group in groups {
        let number = group[0].number();
        let exact = group.iter().map(BitField::bytes);
        let exact = exact.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or(number);
        let is_own = exact.1 <= number.1 && !members.iter().any(|m| overlaps(number, m));
        let (start, end) = if is_own { number } else { exact };
        let size = end - start;
        let is_number = size > 0 && start.is_multiple_of(size);
        let kind = Kind::Bits(integer(false, size).filter(|_| is_number));
        let names = group.iter().map(|field| format!("{}:{}", field.name, field.count));
        let name = names.collect::<Vec<_>>().join(" ");
        members.push(Member { name, offset: start, size, kind });
    }
    members.sort_by_key(|member| member.offset);
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitrpc_spec::model::Scalar;

    fn field(name: &str, first: u64, count: u64) -> BitField {
        BitField { name: name.to_owned(), first, count, size: 4 }
    }

    #[test]
    fn those_of_one_number_are_one_member() {
        let fields = vec![field("b", 5, 27), field("a", 0, 5), field("c", 32, 1)];
        let members = join(Vec::new(), fields);
        let told: Vec<_> = members.iter().map(|m| (m.name.as_str(), m.offset, m.size)).collect();
        assert_eq!(told, [("a:5 b:27", 0, 4), ("c:1", 4, 4)]);
        assert_eq!(members[0].kind, Kind::Bits(Some(Scalar::U32)));
    }

    #[test]
    fn what_another_member_has_is_not_theirs() {
        let kind = Kind::Scalar(Scalar::U8);
        let other = Member { name: "tos".to_owned(), offset: 1, size: 1, kind };
        let members = join(vec![other], vec![field("hl", 0, 4), field("v", 4, 4)]);
        assert_eq!((members[0].size, &members[0].kind), (1, &Kind::Bits(Some(Scalar::U8))));
        assert_eq!(members[1].offset, 1);
    }
}
