//! Generated structs as the `serde` crate knows them: structs with named fields, texts as strings,
//! truth values as such, arrays of any length as sequences, enums and flag sets as numbers.
//!
//! Generated code calls the macros here whether or not the feature is there: the crate that it is
//! part of may have no features at all. Without it they come to nothing.

#[cfg(feature = "serde")]
mod values;

#[cfg(feature = "serde")]
#[doc(hidden)]
pub use values::Array as SerdeArray;

/// Lets `serde` know a generated struct; an array's field stands in brackets.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! serde_struct {
    ($($anything:tt)*) => {};
}

/// Lets `serde` know a generated enum or flag set.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! serde_number {
    ($($anything:tt)*) => {};
}
