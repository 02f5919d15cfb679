//! What the compiler knows of a struct.

pub struct Facts {
    pub name: &'static str,
    pub size: usize,
    pub align: usize,
    /// Name, offset and size of each field.
    pub fields: Vec<(&'static str, usize, usize)>,
}

/// Size of the field that `get` borrows.
pub fn size_of_field<T, F>(_get: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// What the compiler knows of a struct, under the names of the spec.
#[macro_export]
macro_rules! facts {
    ($name:literal $ty:ty: $($raw:literal $field:ident,)*) => {
        $crate::measure::Facts {
            name: $name,
            size: size_of::<$ty>(),
            align: align_of::<$ty>(),
            fields: vec![$((
                $raw,
                std::mem::offset_of!($ty, $field),
                $crate::measure::size_of_field(|item: &$ty| &item.$field),
            ),)*],
        }
    };
}

impl Facts {
    pub fn json(&self) -> String {
        let field = |(name, offset, size): &(&str, usize, usize)| {
            format!("{{\"name\":\"{name}\",\"offset\":{offset},\"size\":{size}}}")
        };
        let fields: Vec<_> = self.fields.iter().map(field).collect();
        let Self {
            name, size, align, ..
        } = self;
        let fields = fields.join(",");
        format!("{{\"name\":\"{name}\",\"size\":{size},\"align\":{align},\"fields\":[{fields}]}}")
    }
}
