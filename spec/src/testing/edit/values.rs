//! Edits of enums, flags, message types, constants, and of what the protocol is called.

use super::super::RandomEnum;
use super::super::payload::scalar_size;
use super::{Kind, Work, kind};
use crate::rules::Class::{Attach, Compatible, Source, Wire};

pub(super) const KINDS: &[Kind] = &[
    kind("a constant added", Compatible, |w| {
        let name = w.member();
        w.new.constants.push((name, "u32", 7));
        Some(String::new())
    }),
    kind("a constant changed", Source, |w| {
        w.once("a constant")?;
        w.old.constants.first()?;
        let (_, _, value) = w.new.constants.first_mut()?;
        *value += if *value > 0 { -1 } else { 1 };
        Some(String::new())
    }),
    kind("a constant removed", Source, |w| {
        w.once("a constant")?;
        w.old.constants.first()?;
        w.new.constants.remove(0);
        Some(String::new())
    }),
    kind("an enum added", Compatible, |w| {
        let name = w.type_name();
        let values = vec![(w.member(), 77), (w.member(), 78)];
        w.new.enums.push(RandomEnum { name: name.clone(), scalar: "u8", is_flags: false, values });
        Some(name)
    }),
    kind("an enum renamed", Source, |w| {
        let index = w.target_enum(|_| true)?;
        let name = w.type_name();
        Some(std::mem::replace(&mut w.new.enums[index].name, name))
    }),
    kind("an enum with a wider type", Wire, |w| {
        let index = w.target_enum(|item| wider(item.scalar).is_some())?;
        let item = &mut w.new.enums[index];
        item.scalar = wider(item.scalar)?;
        state_nothing_anywhere(w);
        Some(w.new.enums[index].name.clone())
    }),
    kind("a value added", Compatible, |w| {
        let index = w.target_enum(|item| free(item).is_some())?;
        let name = w.member();
        let item = &mut w.new.enums[index];
        let value = free(item)?;
        item.values.push((name, value));
        Some(item.name.clone())
    }),
    kind("a value renamed", Source, |w| {
        let index = w.target_enum(|_| true)?;
        let name = w.member();
        w.new.enums[index].values[0].0 = name;
        Some(w.new.enums[index].name.clone())
    }),
    kind("a value changed", Wire, |w| {
        let index = w.target_enum(|item| free(item).is_some())?;
        let item = &mut w.new.enums[index];
        item.values[0].1 = free(item)?;
        Some(item.name.clone())
    }),
    kind("a value removed", Wire, |w| {
        let index = w.target_enum(|item| item.values.len() > 1)?;
        w.new.enums[index].values.pop();
        Some(w.new.enums[index].name.clone())
    }),
    kind("a value removed and reserved", Source, |w| {
        let index = w.target_enum(|item| item.values.len() > 1)?;
        let (name, _) = w.new.enums[index].values.pop()?;
        let owner = w.new.enums[index].name.clone();
        w.new.reserved_names.push(format!("{owner}.{name}"));
        Some(owner)
    }),
    kind("a message flag added", Compatible, |w| {
        w.once("flags")?;
        let (bit, name) = (free_bit(w)?, w.member());
        let (_, bits) = w.new.flags.as_mut()?;
        bits.push((name, bit));
        Some(String::new())
    }),
    kind("a message flag moved", Wire, |w| {
        w.once("flags")?;
        let bit = free_bit(w)?;
        let (_, bits) = w.new.flags.as_mut()?;
        bits.iter_mut().find(|(name, _)| !ENGINE.contains(&name.as_str()))?.1 = bit;
        Some(String::new())
    }),
    kind("a flag of the engine moved", Attach, |w| {
        w.once("flags")?;
        let bit = free_bit(w)?;
        let (_, bits) = w.new.flags.as_mut()?;
        bits.iter_mut().find(|(name, _)| ENGINE.contains(&name.as_str()))?.1 = bit;
        Some(String::new())
    }),
    kind("a message type added", Compatible, |w| {
        w.once("message types")?;
        let name = w.member();
        let types = w.new.message_types.as_mut()?;
        types.push((name, 9));
        Some(String::new())
    }),
    kind("a message type changed", Wire, |w| {
        w.once("message types")?;
        w.new.message_types.as_mut()?[0].1 = 9;
        Some(String::new())
    }),
    kind("a reservation lifted", Wire, |w| {
        w.once("reserved")?;
        w.new.reserved_ids.retain(|id| *id != super::RESERVED_ID);
        Some(String::new())
    }),
    kind("a reserved name used", Wire, |w| {
        w.once("reserved")?;
        w.new.reserved_names.retain(|name| name != super::RESERVED_NAME);
        let values = vec![(w.member(), 1)];
        let name = super::RESERVED_NAME.to_owned();
        w.new.enums.push(RandomEnum { name, scalar: "u8", is_flags: false, values });
        Some(String::new())
    }),
    kind("another name of the protocol", Attach, |w| {
        w.once("name")?;
        w.new.name.push_str("_b");
        Some(String::new())
    }),
    kind("another magic", Attach, |w| {
        w.once("magic")?;
        w.new.magic = Some(0x4D41_4749);
        Some(String::new())
    }),
];

const ENGINE: [&str; 3] = ["urgent", "fragment", "last_fragment"];

fn wider(scalar: &str) -> Option<&'static str> {
    Some(match scalar {
        "u8" => "u16",
        "u16" => "u32",
        "u32" => "u64",
        "i8" => "i16",
        "i16" => "i32",
        "i32" => "i64",
        _ => return None,
    })
}

/// A number that no value of an enum has.
fn free(item: &RandomEnum) -> Option<i128> {
    let is_free = |number: &i128| item.values.iter().all(|(_, value)| value != number);
    if item.is_flags {
        (0..8 * scalar_size(item.scalar)).map(|bit| 1 << bit).find(is_free)
    } else {
        (0..100).find(is_free)
    }
}

fn free_bit(w: &Work) -> Option<u64> {
    let (ty, bits) = w.new.flags.as_ref()?;
    let is_free = |bit: &u64| bits.iter().all(|(_, other)| other != bit);
    (0..8 * scalar_size(ty)).map(|bit| 1 << bit).find(is_free)
}

fn state_nothing_anywhere(w: &mut Work) {
    for spec in [&mut w.old, &mut w.new] {
        spec.structs.iter_mut().for_each(super::state_nothing);
    }
}
