//! The types of the language, once their names are known.

/// A fixed-size type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// An integer, float or bool.
    Scalar(Scalar),
    /// UTF-8 text of at most this many bytes, zero padded.
    Char(u64),
    /// Exactly this many raw bytes.
    Bytes(u64),
    /// Index into the enums.
    Enum(usize),
    /// Index into the structs.
    Struct(usize),
    /// A fixed number of elements, each a scalar, an enum or a struct.
    Array(Box<Type>, u64),
}

impl Type {
    /// The struct that it is, or an array of: index into the structs.
    pub fn part(&self) -> Option<usize> {
        match self {
            Self::Struct(index) => Some(*index),
            Self::Array(element, _) => element.part(),
            _ => None,
        }
    }
}

/// What a variable tail holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TailKind {
    /// UTF-8 text.
    String,
    /// Raw bytes.
    Bytes,
    /// Elements of a fixed-size type.
    Elements(Type),
}

/// The role of a struct's fields: they have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRole {}

/// The value of a constant.
#[derive(Debug, Clone, PartialEq)]
pub enum ConstantValue {
    /// An integer of the given type, in its range.
    Int(Scalar, i128),
    /// A float (`F32` or `F64`), finite.
    Float(Scalar, f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
}

/// A type the processor knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the variants name themselves
pub enum Scalar {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    /// One byte, 0 or 1; other values read as `true`.
    Bool,
}

impl Scalar {
    /// All scalars.
    pub const ALL: [Self; 11] = [
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::F32,
        Self::F64,
        Self::Bool,
    ];

    /// The name in a spec, e.g. `u32`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Bool => "bool",
        }
    }

    /// Size in bytes, which is also the alignment: 1, 2, 4 or 8.
    pub const fn size(self) -> u64 {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether it is an integer type with a sign.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }

    /// Whether it is an integer type without a sign.
    pub const fn is_unsigned(self) -> bool {
        matches!(self, Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// Whether it is `f32` or `f64`.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Least and greatest value of an integer type.
    pub const fn range(self) -> Option<(i128, i128)> {
        let bits = self.size() * 8;
        if self.is_signed() {
            let half = 1 << (bits - 1);
            Some((-half, half - 1))
        } else if self.is_unsigned() {
            Some((0, (1 << bits) - 1))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_types() {
        assert_eq!(Scalar::U8.range(), Some((0, 255)));
        assert_eq!(Scalar::I64.range(), Some((i64::MIN.into(), i64::MAX.into())));
        assert_eq!(Scalar::U64.range(), Some((0, u64::MAX.into())));
        assert_eq!(Scalar::F32.range(), None);
        assert_eq!(Scalar::Bool.range(), None);
    }
}
