//! Facts about the types that the processor knows.

use super::Scalar;

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
