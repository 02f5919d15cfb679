//! Specs for tests: the examples, and random ones of every shape with a second opinion of their
//! layout.
//!
//! [`RandomSpec::new`] makes the same spec of the same seed on every machine. It places fields in
//! its own, plain way (one byte at a time), so that a test can hold
//! [`Layout`](crate::layout::Layout) against it; [`RandomSpec::yaml`] writes the spec as text.

mod edit;
mod examples;
mod header;
mod payload;
mod words;
mod write;

pub use edit::{Edit, Edited};
pub use examples::{EXAMPLES, SPECS, files, layout};
pub use header::{RandomHeader, RandomHeaderField};
pub use payload::{RandomEnum, RandomField, RandomStruct, RandomTail, RandomType};

use words::Names;

/// A source of choices: SplitMix64, the same on every machine.
#[derive(Debug, Clone)]
pub struct Choices(u64);

impl Choices {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A random number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A random number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// `true` once in `times` on average.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of the items of a list that is not empty.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// The list in a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// A valid spec.
#[derive(Debug, Clone)]
pub struct RandomSpec {
    /// The seed that it was made of.
    pub seed: u64,
    /// Name of the protocol.
    pub name: String,
    /// Major version; that of `since` is 1.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// First bytes of a ring file, when they are not the default ones.
    pub magic: Option<u32>,
    /// Ids that are reserved.
    pub reserved_ids: Vec<u64>,
    /// Names that are reserved, e.g. `Type.member`.
    pub reserved_names: Vec<String>,
    /// Enums and flag sets.
    pub enums: Vec<RandomEnum>,
    /// Structs, each after those that it contains.
    pub structs: Vec<RandomStruct>,
    /// The ring header, when it is not the default one.
    pub ring_header: Option<RandomHeader>,
    /// The message header, when it is not the default one.
    pub message_header: Option<RandomHeader>,
    /// Type and bits of the message flags, when they are not the default ones.
    pub flags: Option<(&'static str, Vec<(String, u64)>)>,
    /// Message types, when they are not the default ones.
    pub message_types: Option<Vec<(String, u64)>>,
    /// Integer constants: name, type, value.
    pub constants: Vec<(String, &'static str, i128)>,
    style: u64,
}

impl RandomSpec {
    /// Makes a spec of a seed; `size` is about how many structs it has, from 0.
    pub fn new(seed: u64, size: usize) -> Self {
        let mut choices = Choices::new(seed);
        let c = &mut choices;
        let mut names = Names::new(c);
        let minor = c.below(4) as u16;
        let enums = payload::enums(c, &mut names, size / 2);
        let first_id = if c.once_in(3) { 17 } else { 1000 };
        let message_types = (first_id == 17).then(|| message_types(c, &mut names));
        let structs = payload::structs(c, &mut names, size, minor, first_id, &enums);
        let flags = c.once_in(3).then(|| flags(c, &mut names));
        let flags_type = flags.as_ref().map_or("u8", |(ty, _)| ty);
        let ring_header = c.once_in(3).then(|| header::ring(c, &mut names));
        // Other flags may have another type than the default header's field.
        let message_header =
            (flags.is_some() || c.once_in(3)).then(|| header::message(c, &mut names, flags_type));
        let constants = constants(c, &mut names, size / 2);
        let style = c.number();
        Self {
            seed,
            name: format!("random_{seed}"),
            major: 1,
            minor,
            magic: None,
            reserved_ids: Vec::new(),
            reserved_names: Vec::new(),
            enums,
            structs,
            ring_header,
            message_header,
            flags,
            message_types,
            constants,
            style,
        }
    }

    /// The spec as text.
    pub fn yaml(&self) -> String {
        write::spec(self)
    }

    /// The same spec, written in another style and order.
    #[must_use]
    pub fn rewritten(&self, style: u64) -> Self {
        Self { style, ..self.clone() }
    }

    /// The spec as it was at an older minor version: later fields are not there yet, and a
    /// struct that grew since then does not state the size that it has now.
    pub fn at(&self, minor: u16) -> Self {
        let mut older = self.clone();
        older.minor = minor;
        for item in older.structs.iter_mut().filter(|item| item.has_grown_after(minor)) {
            item.fields.retain(|field| field.since.is_none_or(|since| since <= minor));
            item.tail = item.tail.take().filter(|tail| tail.since.is_none_or(|s| s <= minor));
            item.states_size = false;
        }
        older
    }
}

fn flags(c: &mut Choices, names: &mut Names) -> (&'static str, Vec<(String, u64)>) {
    let (ty, bits) = *c.one_of(&[("u8", 8), ("u16", 16), ("u32", 32)]);
    let mut places: Vec<u64> = (0..bits).collect();
    c.shuffle(&mut places);
    let others = names.take(c, 2).into_iter().filter(|name| name != "none");
    let engine = ["urgent", "fragment", "last_fragment"].map(str::to_owned);
    let all = engine.into_iter().chain(others.filter(|name| name != "urgent"));
    (ty, all.zip(places).map(|(name, place)| (name, 1 << place)).collect())
}

fn message_types(c: &mut Choices, names: &mut Names) -> Vec<(String, u64)> {
    let engine = ["data", "heartbeat"].map(str::to_owned);
    let others = names.take(c, 2).into_iter().filter(|name| name != "data");
    let mut values: Vec<u64> = (1..=8).collect();
    c.shuffle(&mut values);
    engine.into_iter().chain(others).zip(values).collect()
}

fn constants(
    c: &mut Choices,
    names: &mut Names,
    count: usize,
) -> Vec<(String, &'static str, i128)> {
    let types: [(&str, i128, i128); 4] = [
        ("u8", 0, 255),
        ("i16", -32_768, 32_767),
        ("u64", 0, u64::MAX as i128),
        ("i64", i64::MIN as i128, i64::MAX as i128),
    ];
    let names = names.take(c, count).into_iter().filter(|name| name.len() > 1);
    names
        .map(|name| {
            let (ty, least, most) = *c.one_of(&types);
            let value = match c.below(3) {
                0 => least,
                1 => most,
                _ => least + i128::from(c.number()) % (most - least + 1),
            };
            (name, ty, value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_spec() {
        assert_eq!(RandomSpec::new(7, 5).yaml(), RandomSpec::new(7, 5).yaml());
        assert_ne!(RandomSpec::new(7, 5).yaml(), RandomSpec::new(8, 5).yaml());
    }
}
