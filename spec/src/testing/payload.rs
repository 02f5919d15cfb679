//! Random enums and structs, placed in a plain way.

use super::words::Names;
use super::{Choices, RandomSpec};

/// An enum or a flag set.
#[derive(Debug, Clone)]
pub struct RandomEnum {
    /// Name in `PascalCase`.
    pub name: String,
    /// Its integer type.
    pub scalar: &'static str,
    /// Whether it is a flag set.
    pub is_flags: bool,
    /// Names and values.
    pub values: Vec<(String, i128)>,
}

/// A fixed-size type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RandomType {
    /// A scalar, by its name in a spec.
    Scalar(&'static str),
    /// `char[N]`.
    Char(u64),
    /// `bytes[N]`.
    Bytes(u64),
    /// Index into the spec's enums.
    Enum(usize),
    /// Index into the spec's structs.
    Struct(usize),
    /// `T[N]`.
    Array(Box<RandomType>, u64),
}

/// A fixed field with the place where it is expected.
#[derive(Debug, Clone)]
pub struct RandomField {
    /// Name in `snake_case`.
    pub name: String,
    /// Its type.
    pub ty: RandomType,
    /// Expected offset.
    pub offset: u64,
    /// Expected size.
    pub size: u64,
    /// Expected alignment.
    pub align: u64,
    /// Minor version that brought it.
    pub since: Option<u16>,
    /// Whether the text states the offset.
    pub states_offset: bool,
    /// Whether the text states the size.
    pub states_size: bool,
    /// Whether the text states the alignment.
    pub states_align: bool,
}

/// What a variable tail holds.
#[derive(Debug, Clone)]
pub struct RandomTail {
    /// Name in `snake_case`.
    pub name: String,
    /// The type of its elements; `None` for `string` and `bytes`.
    pub element: Option<RandomType>,
    /// `string` rather than `bytes`, without elements.
    pub is_text: bool,
    /// Minor version that brought it.
    pub since: Option<u16>,
}

/// A struct with the size that is expected.
#[derive(Debug, Clone)]
pub struct RandomStruct {
    /// Name in `PascalCase`.
    pub name: String,
    /// Message type, for messages.
    pub id: Option<u64>,
    /// Fixed fields.
    pub fields: Vec<RandomField>,
    /// Variable part.
    pub tail: Option<RandomTail>,
    /// Expected size of the fixed part.
    pub size: u64,
    /// Expected alignment.
    pub align: u64,
    /// Whether the text states the size.
    pub states_size: bool,
    /// Whether the text states the alignment.
    pub states_align: bool,
}

impl RandomStruct {
    /// Whether a version of the spec added to it.
    pub fn has_grown(&self) -> bool {
        self.versions().next().is_some()
    }

    /// Whether a version of the spec newer than 1.`minor` added to it.
    pub fn has_grown_after(&self, minor: u16) -> bool {
        self.versions().any(|since| since > minor)
    }

    fn versions(&self) -> impl Iterator<Item = u16> {
        let fields = self.fields.iter().filter_map(|field| field.since);
        fields.chain(self.tail.as_ref().and_then(|tail| tail.since))
    }
}

const SCALARS: [(&str, u64); 11] = [
    ("u8", 1),
    ("u16", 2),
    ("u32", 4),
    ("u64", 8),
    ("i8", 1),
    ("i16", 2),
    ("i32", 4),
    ("i64", 8),
    ("f32", 4),
    ("f64", 8),
    ("bool", 1),
];

/// Structs that grow beyond this stop taking fields, so that all fit the default capacity.
const ROOM: u64 = 100_000;

pub(super) fn scalar_size(name: &str) -> u64 {
    SCALARS.iter().find(|(scalar, _)| *scalar == name).map_or(1, |(_, size)| *size)
}

pub(super) fn random_scalar(c: &mut Choices) -> &'static str {
    c.one_of(&SCALARS).0
}

/// The next offset that is a multiple of `align`, one byte at a time.
pub(super) fn walk_to(mut offset: u64, align: u64) -> u64 {
    while !offset.is_multiple_of(align) {
        offset += 1;
    }
    offset
}

pub(super) fn enums(c: &mut Choices, names: &mut Names, count: usize) -> Vec<RandomEnum> {
    (0..count).map(|_| one_enum(c, names)).collect()
}

fn one_enum(c: &mut Choices, names: &mut Names) -> RandomEnum {
    let name = names.take_type(c);
    let is_flags = c.once_in(3);
    let scalar = if is_flags {
        *c.one_of(&["u8", "u16", "u32", "u64"])
    } else {
        *c.one_of(&["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"])
    };
    let bits = scalar_size(scalar) * 8;
    let count = 1 + c.below(6) as usize;
    let names = names.take(c, count);
    let mut values: Vec<i128> = if is_flags {
        (0..bits).map(|bit| 1 << bit).collect()
    } else {
        let least: i128 = if scalar.starts_with('i') { -(1 << (bits - 1)) } else { 0 };
        let most = least + (1 << bits) - 1;
        vec![0, 1, 2, 3, least, most, most - 1]
    };
    values.sort_unstable();
    values.dedup();
    c.shuffle(&mut values);
    RandomEnum { name, scalar, is_flags, values: names.into_iter().zip(values).collect() }
}

pub(super) fn structs(
    c: &mut Choices,
    names: &mut Names,
    count: usize,
    minor: u16,
    first_id: u64,
    enums: &[RandomEnum],
) -> Vec<RandomStruct> {
    let mut structs: Vec<RandomStruct> = Vec::new();
    for number in 0..count as u64 {
        let item = Builder { c, names, enums, structs: &structs, minor }.build(first_id + number);
        structs.push(item);
    }
    structs
}

struct Builder<'a> {
    c: &'a mut Choices,
    names: &'a mut Names,
    enums: &'a [RandomEnum],
    structs: &'a [RandomStruct],
    minor: u16,
}

impl Builder<'_> {
    fn build(&mut self, id: u64) -> RandomStruct {
        let name = self.names.take_type(self.c);
        let is_message = !self.c.once_in(3);
        let count = self.c.below(9) as usize + usize::from(!is_message);
        let mut names = self.names.take(self.c, count + 1);
        let tail_name = names.pop().unwrap_or_default();
        let with_tail = is_message && self.c.once_in(3);
        let mut item = RandomStruct {
            name,
            id: is_message.then_some(id),
            fields: Vec::new(),
            tail: None,
            size: 0,
            align: 1,
            states_size: false,
            states_align: self.c.once_in(8),
        };
        let mut since = None;
        for name in names {
            if is_message && self.minor > 0 && self.c.once_in(4) {
                let least = since.unwrap_or(1);
                since = Some(least + self.c.below(u64::from(self.minor - least) + 1) as u16);
            }
            if !self.add_field(&mut item, name, since) {
                break;
            }
        }
        if with_tail {
            item.tail = Some(self.tail(tail_name, since));
        }
        self.finish(&mut item);
        item
    }

    fn add_field(&mut self, item: &mut RandomStruct, name: String, since: Option<u16>) -> bool {
        let end = item.fields.last().map_or(0, |field| field.offset + field.size);
        let ty = self.random_type(true);
        let (size, natural) = extent(&ty, self.enums, self.structs);
        if end + size > ROOM {
            return false;
        }
        let states_align = self.c.once_in(10);
        let mut align = natural;
        while states_align && align < 8 && self.c.once_in(2) {
            align *= 2;
        }
        let states_offset = self.c.once_in(6);
        let mut offset = walk_to(end, align);
        if states_offset && self.c.once_in(2) {
            offset += align * (1 + self.c.below(5));
        }
        let states_size = self.c.once_in(10);
        item.align = item.align.max(align);
        let field = RandomField {
            name,
            ty,
            offset,
            size,
            align,
            since,
            states_offset,
            states_size,
            states_align,
        };
        item.fields.push(field);
        true
    }

    fn tail(&mut self, name: String, since: Option<u16>) -> RandomTail {
        let element = (!self.c.once_in(2)).then(|| self.random_type(false));
        // A tail is never older than the fixed fields, and may be newer.
        let since = match since {
            None if self.minor > 0 && self.c.once_in(3) => Some(self.minor),
            since => since,
        };
        RandomTail { name, element, is_text: self.c.once_in(2), since }
    }

    fn finish(&mut self, item: &mut RandomStruct) {
        if let Some(element) = item.tail.as_ref().and_then(|tail| tail.element.as_ref()) {
            item.align = item.align.max(extent(element, self.enums, self.structs).1);
        }
        while item.states_align && item.align < 8 && self.c.once_in(2) {
            item.align *= 2;
        }
        let end = item.fields.last().map_or(0, |field| field.offset + field.size);
        item.size = walk_to(end, item.align);
        item.states_size = self.c.once_in(6);
        if item.states_size && self.c.once_in(2) {
            item.size += item.align * self.c.below(4);
        }
    }

    fn random_type(&mut self, with_arrays: bool) -> RandomType {
        let nestable: Vec<usize> = (0..self.structs.len())
            .filter(|index| {
                let item = &self.structs[*index];
                item.tail.is_none() && !item.fields.is_empty() && !item.has_grown()
            })
            .collect();
        match self.c.below(8) {
            0 if with_arrays => RandomType::Char(1 + self.c.below(40)),
            1 if with_arrays => RandomType::Bytes(1 + self.c.below(40)),
            2 if with_arrays => {
                let element = self.random_type(false);
                RandomType::Array(Box::new(element), 1 + self.c.below(9))
            }
            3 | 4 if !self.enums.is_empty() => {
                RandomType::Enum(self.c.below(self.enums.len() as u64) as usize)
            }
            5 if !nestable.is_empty() => RandomType::Struct(*self.c.one_of(&nestable)),
            _ => RandomType::Scalar(random_scalar(self.c)),
        }
    }
}

/// Size and alignment of a type.
fn extent(ty: &RandomType, enums: &[RandomEnum], structs: &[RandomStruct]) -> (u64, u64) {
    let scalar = |name| (scalar_size(name), scalar_size(name));
    match ty {
        RandomType::Scalar(name) => scalar(name),
        RandomType::Char(length) | RandomType::Bytes(length) => (*length, 1),
        RandomType::Enum(index) => scalar(enums[*index].scalar),
        RandomType::Struct(index) => (structs[*index].size, structs[*index].align),
        RandomType::Array(element, count) => {
            let (size, align) = extent(element, enums, structs);
            (size * count, align)
        }
    }
}

impl RandomSpec {
    /// A type as the text writes it.
    pub fn type_name(&self, ty: &RandomType) -> String {
        match ty {
            RandomType::Scalar(name) => (*name).to_owned(),
            RandomType::Char(length) => format!("char[{length}]"),
            RandomType::Bytes(length) => format!("bytes[{length}]"),
            RandomType::Enum(index) => self.enums[*index].name.clone(),
            RandomType::Struct(index) => self.structs[*index].name.clone(),
            RandomType::Array(element, count) => format!("{}[{count}]", self.type_name(element)),
        }
    }
}
