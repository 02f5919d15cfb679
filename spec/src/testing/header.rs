//! Random headers: roles in any order, on any lines, with fields of the author's own between them.

use super::Choices;
use super::payload::{random_scalar, scalar_size, walk_to};
use super::words::Names;
use crate::model::{MessageRole, RingRole, Writer};

/// A header with the places where its fields are expected.
#[derive(Debug, Clone)]
pub struct RandomHeader {
    /// Bytes of a line; 0 for the message header.
    pub line: u64,
    /// Expected size.
    pub size: u64,
    /// Whether the text states the size.
    pub states_size: bool,
    /// Fields in the order of the text.
    pub fields: Vec<RandomHeaderField>,
}

/// A header field with the offset where it is expected.
#[derive(Debug, Clone)]
pub struct RandomHeaderField {
    /// Name in `snake_case`.
    pub name: String,
    /// Scalar type.
    pub ty: &'static str,
    /// The role, by its name.
    pub role: Option<&'static str>,
    /// Stated line.
    pub line: Option<u64>,
    /// Expected offset.
    pub offset: u64,
    /// Whether the text states the offset.
    pub states_offset: bool,
}

/// A field without a place.
type Plain = (Option<&'static str>, &'static str);

pub(super) fn ring(c: &mut Choices, names: &mut Names) -> RandomHeader {
    let line = *c.one_of(&[64, 128, 256]);
    let written_by = |writer: Writer| {
        let roles = RingRole::ALL.iter().filter(|role| role.wake_partner().is_none());
        let roles = roles.filter(|role| role.writer() == writer);
        roles.map(|role| (Some(role.name()), role.scalar().name())).collect::<Vec<Plain>>()
    };
    let pair = |a: RingRole, b: RingRole| {
        vec![(Some(a.name()), a.scalar().name()), (Some(b.name()), b.scalar().name())]
    };
    let mut groups = vec![
        written_by(Writer::Creator),
        written_by(Writer::Producer),
        written_by(Writer::Consumer),
        pair(RingRole::ConsumerControl, RingRole::DataSequence),
        pair(RingRole::SpaceSequence, RingRole::ProducerControl),
    ];
    c.shuffle(&mut groups);
    let mut places: Vec<u64> = (0..groups.len() as u64).collect();
    c.shuffle(&mut places);
    let mut own = names.take(c, 12).into_iter().filter(|name| !is_role(name));
    let mut fields = Vec::new();
    let mut end = 0;
    for (mut group, place) in groups.into_iter().zip(places) {
        for _ in 0..c.below(3) {
            group.push((None, random_scalar(c)));
        }
        c.shuffle(&mut group);
        // A group takes less than 4 lines of 64 bytes, so that no two ever meet.
        let first = place * 4 + c.below(2);
        let mut at = first * line;
        for (i, (role, ty)) in group.into_iter().enumerate() {
            let Some(name) = role.map(str::to_owned).or_else(|| own.next()) else { continue };
            at = walk_to(at, scalar_size(ty));
            let line = (i == 0).then_some(first);
            let states_offset = i != 0 && c.once_in(8);
            fields.push(RandomHeaderField { name, ty, role, line, offset: at, states_offset });
            at += scalar_size(ty);
        }
        end = end.max(at);
    }
    let states_size = c.once_in(2);
    let more = if states_size { 4096 * c.below(3) } else { 0 };
    RandomHeader { line, size: walk_to(end, 4096) + more, states_size, fields }
}

fn is_role(name: &str) -> bool {
    RingRole::ALL.iter().any(|role| role.name() == name)
        || MessageRole::ALL.iter().any(|role| role.name() == name)
}

pub(super) fn message(c: &mut Choices, names: &mut Names, flags: &'static str) -> RandomHeader {
    let mut word: Vec<Plain> = vec![(Some("frame_length"), "u32"), (Some("message_type"), "u32")];
    c.shuffle(&mut word);
    let mut rest: Vec<Plain> = vec![(Some("message_id"), "u32"), (Some("flags"), flags)];
    if c.once_in(2) {
        rest.push((Some("timestamp"), "u64"));
    }
    for _ in 0..c.below(5) {
        rest.push((None, random_scalar(c)));
    }
    c.shuffle(&mut rest);
    let is_free = |name: &String| !is_role(name);
    let mut own = names.take(c, 16).into_iter().filter(is_free);
    let mut at = 0;
    let mut fields = Vec::new();
    for (role, ty) in word.into_iter().chain(rest) {
        let Some(name) = role.map(str::to_owned).or_else(|| own.next()) else { continue };
        at = walk_to(at, scalar_size(ty));
        let states_offset = c.once_in(6);
        if states_offset && at >= 8 && c.once_in(2) {
            at += scalar_size(ty);
        }
        fields.push(RandomHeaderField { name, ty, role, line: None, offset: at, states_offset });
        at += scalar_size(ty);
    }
    let states_size = c.once_in(2);
    let more = if states_size { 8 * c.below(4) } else { 0 };
    RandomHeader { line: 0, size: walk_to(at, 8) + more, states_size, fields }
}
