//! Values drawn from a seed, the same in every language.

use bitrpc_shm::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use bitrpc_shm::{Bool, Text};

pub const TEXTS: [&str; 6] = [
    "",
    "a",
    "Hello, ring!",
    "数据环 ¥",
    "🚀🛰\u{fe0f}",
    "naïve – “quotes”",
];

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64, index: u64) -> Self {
        Self(seed ^ index.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn bool(&mut self) -> Bool {
        (self.next() & 1 == 1).into()
    }

    pub fn f32(&mut self) -> f32 {
        let v = self.next();
        f32::from_bits(match v >> 61 {
            0 => 0,
            1 => 0x8000_0000,
            2 => 0x7FC0_0000,
            3 => 0x7F80_0000,
            _ => v as u32 & 0xFF7F_FFFF,
        })
    }

    pub fn f64(&mut self) -> f64 {
        let v = self.next();
        f64::from_bits(match v >> 61 {
            0 => 0,
            1 => 0x8000_0000_0000_0000,
            2 => 0x7FF8_0000_0000_0000,
            3 => 0x7FF0_0000_0000_0000,
            _ => v & 0xFFEF_FFFF_FFFF_FFFF,
        })
    }

    pub fn text<const N: usize>(&mut self) -> Text<N> {
        let text = TEXTS[self.pick(TEXTS.len())];
        Text::try_from(text).unwrap_or(Text::EMPTY)
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    pub fn raw(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.fill(&mut bytes);
        bytes
    }

    pub fn pick(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    pub fn tail_text(&mut self, room: usize) -> String {
        let v = self.next();
        let text = TEXTS[(v % 6) as usize].repeat(((v >> 32) % 5) as usize);
        if text.len() > room {
            String::new()
        } else {
            text
        }
    }

    pub fn tail_bytes(&mut self, room: usize) -> Vec<u8> {
        let count = self.tail_count(room);
        self.raw(count)
    }

    pub fn tail_elements<T>(&mut self, room: usize, draw: impl Fn(&mut Self) -> T) -> Vec<T>
    where
        T: FromBytes + IntoBytes + Immutable + KnownLayout,
    {
        let count = self.tail_count(room / size_of::<T>());
        (0..count).map(|_| draw(self)).collect()
    }

    fn tail_count(&mut self, most: usize) -> usize {
        let v = self.next();
        match v >> 61 {
            0 => 0,
            1 => most.min(1),
            2 => most,
            _ => most.min((v % 17) as usize),
        }
    }
}

macro_rules! integers {
    ($($name:ident)*) => {
        impl Rng {
            $(pub fn $name(&mut self) -> $name {
                let v = self.next();
                match v >> 61 {
                    0 => 0,
                    1 => $name::MIN,
                    2 => $name::MAX,
                    _ => v as $name,
                }
            })*
        }
    };
}

integers! { u8 u16 u32 u64 i8 i16 i32 i64 }
