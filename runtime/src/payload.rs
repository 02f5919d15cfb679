//! Building blocks of generated structs: how fixed fields and variable tails become bytes.
//!
//! A payload is a plain C struct, the *fixed part*, and behind it an optional *variable tail* that
//! fills the rest of the payload. The types here are transparent wrappers for fields whose bytes
//! need a meaning: every bit pattern is legal in all of them, so that reading a struct from shared
//! memory can fail only by its size.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::error::DecodeError;
use crate::layout::{Decode, Encode};

/// A struct without a variable tail, or the fixed part of one that has a tail.
///
/// Implement it for a struct of your own to send it with
/// [`Producer::send_typed`](crate::Producer::send_typed):
///
/// ```
/// use bitrpc_shm::Fixed;
/// use bitrpc_shm::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
///
/// #[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[repr(C)]
/// struct Point {
///     x: f64,
///     y: f64,
/// }
///
/// impl Fixed for Point {
///     const MESSAGE_TYPE: Option<u32> = None; // sent as plain `data`
///     const OLDER_SIZES: &'static [usize] = &[];
/// }
/// ```
pub trait Fixed: FromBytes + IntoBytes + Immutable {
    /// The message type that the struct is sent as; `None` sends it as plain `data`.
    const MESSAGE_TYPE: Option<u32>;

    /// Sizes in bytes that the struct had in older versions, least first. A payload of such a size
    /// is accepted; the fields that it lacks read as zero.
    const OLDER_SIZES: &'static [usize];
}

impl<T: Fixed> Encode for T {
    const MESSAGE_TYPE: Option<u32> = T::MESSAGE_TYPE;

    fn encoded_len(&self) -> usize {
        size_of::<T>()
    }

    fn encode_into(&self, out: &mut [u8]) {
        out.copy_from_slice(self.as_bytes());
    }
}

impl<T: Fixed> Decode<'_> for T {
    const MESSAGE_TYPE: Option<u32> = T::MESSAGE_TYPE;

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        if payload.len() > size_of::<T>() {
            return Err(wrong_size::<T>(payload.len()));
        }
        let (fixed, _) = split_fixed(payload)?;
        Ok(fixed)
    }
}

fn wrong_size<T: Fixed>(found: usize) -> DecodeError {
    DecodeError::SizeMismatch { expected: size_of::<T>(), found }
}

/// Splits a payload into its fixed part and the bytes of its tail.
///
/// # Errors
///
/// [`DecodeError::SizeMismatch`] when the payload is shorter than the struct, and not as long as
/// one of its older versions was.
pub fn split_fixed<T: Fixed>(payload: &[u8]) -> Result<(T, &[u8]), DecodeError> {
    if let Ok((fixed, tail)) = T::read_from_prefix(payload) {
        return Ok((fixed, tail));
    }
    if !T::OLDER_SIZES.contains(&payload.len()) {
        return Err(wrong_size::<T>(payload.len()));
    }
    let mut fixed = T::new_zeroed();
    fixed.as_mut_bytes()[..payload.len()].copy_from_slice(payload);
    Ok((fixed, &[]))
}

/// Reads a tail of text.
///
/// # Errors
///
/// [`DecodeError::InvalidUtf8`] when it is not UTF-8.
pub fn tail_text(tail: &[u8]) -> Result<&str, DecodeError> {
    Ok(core::str::from_utf8(tail)?)
}

/// Reads a tail of raw bytes; it cannot fail, and has the signature of its siblings.
///
/// # Errors
///
/// None.
pub fn tail_bytes(tail: &[u8]) -> Result<&[u8], DecodeError> {
    Ok(tail)
}

/// Reads a tail of whole elements in place.
///
/// # Errors
///
/// [`DecodeError::TailMismatch`] when the bytes are not a whole number of elements, or are not
/// aligned for them (a payload that the ring hands out always is).
pub fn tail_elements<T: FromBytes + Immutable>(tail: &[u8]) -> Result<&[T], DecodeError> {
    if tail.is_empty() {
        return Ok(&[]); // an empty slice may point anywhere, also where no `T` could lie
    }
    <[T]>::ref_from_bytes(tail)
        .map_err(|_| DecodeError::TailMismatch { element: size_of::<T>(), found: tail.len() })
}

/// UTF-8 text of at most `N` bytes, zero padded: a `char[N]` of the spec.
#[derive(Clone, Copy, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Text<const N: usize>([u8; N]);

/// A text that does not fit into its `char[N]` field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextTooLong {
    /// Bytes of the text.
    pub found: usize,
    /// Bytes of the field.
    pub max: usize,
}

impl fmt::Display for TextTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text of {} bytes, but the field holds at most {}", self.found, self.max)
    }
}

impl core::error::Error for TextTooLong {}

impl<const N: usize> Text<N> {
    /// No text.
    pub const EMPTY: Self = Self([0; N]);

    /// The text up to the first zero byte, or all `N` bytes when there is none.
    ///
    /// # Errors
    ///
    /// The bytes are not UTF-8: another process wrote them, so nothing vouches for them.
    pub fn as_str(&self) -> Result<&str, core::str::Utf8Error> {
        core::str::from_utf8(self.as_text_bytes())
    }

    /// The bytes up to the first zero byte, whether they are UTF-8 or not.
    #[must_use]
    pub fn as_text_bytes(&self) -> &[u8] {
        let len = self.0.iter().position(|&byte| byte == 0).unwrap_or(N);
        &self.0[..len]
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> TryFrom<&str> for Text<N> {
    type Error = TextTooLong;

    fn try_from(text: &str) -> Result<Self, TextTooLong> {
        let mut bytes = [0; N];
        let field = bytes.get_mut(..text.len());
        field.ok_or(TextTooLong { found: text.len(), max: N })?.copy_from_slice(text.as_bytes());
        Ok(Self(bytes))
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_text_bytes().escape_ascii())
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_text_bytes()))
    }
}

/// A `bool` of the spec: one byte, of which every value but 0 reads as `true`.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Bool(u8);

impl Bool {
    /// The truth value.
    #[must_use]
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl PartialEq for Bool {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Bool {}

impl From<bool> for Bool {
    fn from(value: bool) -> Self {
        Self(value.into())
    }
}

impl From<Bool> for bool {
    fn from(value: Bool) -> Self {
        value.get()
    }
}

impl fmt::Debug for Bool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// `N` bytes that keep the next field aligned: zero when written, ignored when read.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Padding<const N: usize>([u8; N]);

impl<const N: usize> Default for Padding<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> PartialEq for Padding<N> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<const N: usize> fmt::Debug for Padding<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// Asserts at compile time that a struct's size, alignment and offsets are those of the spec.
///
/// ```
/// #[repr(C)]
/// struct Point {
///     x: f64,
///     y: f64,
/// }
///
/// bitrpc_shm::assert_layout! {
///     Point: size 16, align 8;
///     x: 0,
///     y: 8,
/// }
/// ```
#[macro_export]
macro_rules! assert_layout {
    ($ty:ty: size $size:literal, align $align:literal; $($field:ident: $offset:literal,)*) => {
        const _: () = {
            assert!(size_of::<$ty>() == $size, "size differs from the spec");
            assert!(align_of::<$ty>() == $align, "alignment differs from the spec");
            $(assert!(
                core::mem::offset_of!($ty, $field) == $offset,
                "offset differs from the spec"
            );)*
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, FromBytes, IntoBytes, Immutable)]
    #[repr(C)]
    struct Versioned {
        old: u32,
        new: u32,
    }

    impl Fixed for Versioned {
        const MESSAGE_TYPE: Option<u32> = Some(1);
        const OLDER_SIZES: &'static [usize] = &[4];
    }

    #[test]
    fn an_older_payload_reads_the_missing_fields_as_zero() {
        let read = Versioned::decode(&[7, 0, 0, 0]).unwrap();
        assert_eq!(read, Versioned { old: 7, new: 0 });
    }

    #[test]
    fn a_payload_of_another_size_names_what_was_found_and_expected() {
        for found in [0, 3, 5, 9] {
            let error = Versioned::decode(&[0; 9][..found]).unwrap_err();
            assert_eq!(error, DecodeError::SizeMismatch { expected: 8, found });
        }
    }

    #[test]
    fn text_keeps_what_fits_and_refuses_the_rest() {
        let text = Text::<6>::try_from("环环").unwrap();
        assert_eq!(text.as_str(), Ok("环环"));
        assert_eq!(Text::<5>::try_from("环环"), Err(TextTooLong { found: 6, max: 5 }));
        assert_eq!(Text::<5>::EMPTY.as_str(), Ok(""));
    }

    #[test]
    fn hostile_text_is_an_error_and_not_a_panic() {
        let text = Text::<2>::read_from_bytes(&[0xFF, 0]).unwrap();
        assert!(text.as_str().is_err());
        assert_eq!(format!("{text:?} {text}"), "\"\\xff\" \u{FFFD}");
    }

    #[test]
    fn any_nonzero_byte_is_true() {
        assert!(Bool::read_from_bytes(&[2]).unwrap().get());
        assert_eq!(Bool::from(true), Bool::read_from_bytes(&[9]).unwrap());
    }

    #[test]
    fn a_tail_is_a_whole_number_of_elements() {
        let error = tail_elements::<u16>(&[0; 3]).unwrap_err();
        assert_eq!(error, DecodeError::TailMismatch { element: 2, found: 3 });
        assert_eq!(tail_elements::<u8>(&[1, 2]), Ok(&[1, 2][..]));
    }
}
