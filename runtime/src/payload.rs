//! Building blocks of generated structs: how fixed fields and variable tails become bytes.
//!
//! A payload is a plain C struct, the *fixed part*, and behind it an optional *variable tail* that
//! fills the rest of the payload. The types here are transparent wrappers for fields whose bytes
//! need a meaning: every bit pattern is legal in all of them, so that reading a struct from shared
//! memory can fail only by its size.
//!
//! Text has to be UTF-8, and the bytes in a ring are only as steady as the peer is honest: so text
//! is copied first and checked then, and what is handed out is the copy.

use core::fmt;
use std::borrow::Cow;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::error::DecodeError;
use crate::layout::{Decode, DecodeOwned, Encode};

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
        split_fixed(payload).map(|(fixed, _)| fixed)
    }

    fn decode_exact(payload: &[u8]) -> Result<Self, DecodeError> {
        refuse_more::<T>(payload)?;
        Self::decode(payload)
    }
}

impl<T: Fixed> DecodeOwned for T {
    const MESSAGE_TYPE: Option<u32> = T::MESSAGE_TYPE;

    fn decode_owned(payload: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(payload)
    }

    fn decode_owned_exact(payload: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_exact(payload)
    }
}

fn wrong_size<T>(found: usize) -> DecodeError {
    DecodeError::SizeMismatch { expected: size_of::<T>(), found }
}

/// Refuses a payload that is longer than `T`.
pub(crate) fn refuse_more<T>(payload: &[u8]) -> Result<(), DecodeError> {
    if payload.len() > size_of::<T>() { Err(wrong_size::<T>(payload.len())) } else { Ok(()) }
}

/// Refuses a payload that is as long as no version of `T`, or longer ones, were.
fn refuse_less<T: Fixed>(payload: &[u8]) -> Result<(), DecodeError> {
    let is_known = payload.len() >= size_of::<T>() || T::OLDER_SIZES.contains(&payload.len());
    if is_known { Ok(()) } else { Err(wrong_size::<T>(payload.len())) }
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
    refuse_less::<T>(payload)?;
    let mut fixed = T::new_zeroed();
    fixed.as_mut_bytes()[..payload.len()].copy_from_slice(payload);
    Ok((fixed, &[]))
}

/// Splits a payload as [`split_fixed`] does; the fixed part never lies on the stack.
///
/// # Errors
///
/// As for [`split_fixed`]; [`DecodeError::NoMemory`].
pub fn split_fixed_boxed<T: Fixed>(payload: &[u8]) -> Result<(Box<T>, &[u8]), DecodeError> {
    refuse_less::<T>(payload)?;
    let size = size_of::<T>();
    let mut fixed = T::new_box_zeroed().map_err(|_| DecodeError::NoMemory { size })?;
    let (known, tail) = payload.split_at(payload.len().min(size));
    fixed.as_mut_bytes()[..known.len()].copy_from_slice(known);
    Ok((fixed, tail))
}

/// Reads a struct that has no tail, as [`Decode::decode`] does; it never lies on the stack.
///
/// # Errors
///
/// As for [`split_fixed_boxed`].
pub fn decode_boxed<T: Fixed>(payload: &[u8]) -> Result<Box<T>, DecodeError> {
    split_fixed_boxed(payload).map(|(fixed, _)| fixed)
}

/// Text from bytes that may change meanwhile: the copy is what is checked.
pub(crate) fn copy_text(bytes: &[u8]) -> Result<String, DecodeError> {
    let mut copy = Vec::new();
    let reserved = copy.try_reserve_exact(bytes.len());
    reserved.map_err(|_| DecodeError::NoMemory { size: bytes.len() })?;
    copy.extend_from_slice(bytes);
    String::from_utf8(copy).map_err(|error| error.utf8_error().into())
}

/// Reads a tail of text.
///
/// # Errors
///
/// [`DecodeError::InvalidUtf8`] when it is not UTF-8; [`DecodeError::NoMemory`].
pub fn tail_text(tail: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    copy_text(tail).map(Cow::Owned)
}

/// Reads a tail of raw bytes; it cannot fail, and has the signature of its siblings.
///
/// # Errors
///
/// None.
pub fn tail_bytes(tail: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
    Ok(Cow::Borrowed(tail))
}

/// Reads a tail of whole elements in place.
///
/// # Errors
///
/// [`DecodeError::TailMismatch`] when the bytes are not a whole number of elements, or are not
/// aligned for them (a payload that the ring hands out always is).
pub fn tail_elements<T>(tail: &[u8]) -> Result<Cow<'_, [T]>, DecodeError>
where
    T: FromBytes + Immutable + Clone,
{
    if tail.is_empty() {
        return Ok(Cow::Borrowed(&[])); // it may point anywhere, also where no `T` could lie
    }
    match <[T]>::ref_from_bytes(tail) {
        Ok(elements) => Ok(Cow::Borrowed(elements)),
        Err(_) => Err(DecodeError::TailMismatch { element: size_of::<T>(), found: tail.len() }),
    }
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
    /// It is a copy: this field may lie in a ring.
    ///
    /// # Errors
    ///
    /// [`DecodeError::InvalidUtf8`]: another process wrote the bytes, so nothing vouches for them;
    /// [`DecodeError::NoMemory`].
    pub fn text(&self) -> Result<String, DecodeError> {
        copy_text(self.as_text_bytes())
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
        let copy = self.as_text_bytes().to_vec();
        f.write_str(&String::from_utf8_lossy(&copy))
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

/// Writes the names of the flags that are set, for generated `Debug`: `GIFT | EXPRESS | 0x40`.
pub struct FlagNames<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    /// Bits that no name was written for yet.
    rest: u64,
    is_first: bool,
}

impl<'a, 'f> FlagNames<'a, 'f> {
    /// For a set with these bits.
    pub fn new(out: &'a mut fmt::Formatter<'f>, bits: u64) -> Self {
        Self { out, rest: bits, is_first: true }
    }

    /// Writes `name` if all bits of its mask are set. No two masks have a bit in common.
    ///
    /// # Errors
    ///
    /// As for every `Debug`.
    pub fn add(&mut self, name: &str, mask: u64) -> fmt::Result {
        if mask == 0 || self.rest & mask != mask {
            return Ok(());
        }
        self.rest &= !mask;
        self.separate()?;
        self.out.write_str(name)
    }

    /// Writes what no name stands for, or 0 if nothing is set.
    ///
    /// # Errors
    ///
    /// As for every `Debug`.
    pub fn finish(mut self) -> fmt::Result {
        match self.rest {
            0 if self.is_first => self.out.write_str("0"),
            0 => Ok(()),
            rest => {
                self.separate()?;
                write!(self.out, "{rest:#x}")
            }
        }
    }

    fn separate(&mut self) -> fmt::Result {
        if core::mem::take(&mut self.is_first) { Ok(()) } else { self.out.write_str(" | ") }
    }
}

impl fmt::Debug for FlagNames<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlagNames").field("rest", &self.rest).finish_non_exhaustive()
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
    fn a_payload_that_is_too_short_names_what_was_found_and_expected() {
        for found in [0, 3, 5] {
            let error = Versioned::decode(&[0; 9][..found]).unwrap_err();
            assert_eq!(error, DecodeError::SizeMismatch { expected: 8, found });
        }
    }

    #[test]
    fn of_a_newer_payload_the_known_part_is_read_unless_it_has_to_be_exact() {
        let newer = [7, 0, 0, 0, 8, 0, 0, 0, 9];
        let known = Versioned { old: 7, new: 8 };
        assert_eq!(Versioned::decode(&newer), Ok(known));
        assert_eq!(decode_boxed::<Versioned>(&newer).as_deref(), Ok(&known));
        let error = Versioned::decode_exact(&newer).unwrap_err();
        assert_eq!(error, DecodeError::SizeMismatch { expected: 8, found: 9 });
        assert_eq!(Versioned::decode_exact(&newer[..8]), Ok(known));
        let older = Versioned { old: 7, new: 0 };
        assert_eq!(Versioned::decode_exact(&newer[..4]), Ok(older));
        assert_eq!(decode_boxed::<Versioned>(&newer[..4]).as_deref(), Ok(&older));
    }

    #[test]
    fn text_keeps_what_fits_and_refuses_the_rest() {
        let text = Text::<6>::try_from("环环").unwrap();
        assert_eq!(text.text().as_deref(), Ok("环环"));
        assert_eq!(Text::<5>::try_from("环环"), Err(TextTooLong { found: 6, max: 5 }));
        assert_eq!(Text::<5>::EMPTY.text().as_deref(), Ok(""));
    }

    #[test]
    fn hostile_text_is_an_error_and_not_a_panic() {
        let text = Text::<2>::read_from_bytes(&[0xFF, 0]).unwrap();
        assert_eq!(text.text(), Err(DecodeError::InvalidUtf8 { valid_up_to: 0 }));
        assert_eq!(format!("{text:?} {text}"), "\"\\xff\" \u{FFFD}");
    }

    #[test]
    fn set_flags_are_named_and_the_rest_is_a_number() {
        struct Set(u64);
        impl fmt::Debug for Set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut names = FlagNames::new(f, self.0);
                names.add("GIFT", 1)?;
                names.add("LANE", 6)?;
                names.finish()
            }
        }
        let text = |bits| format!("{:?}", Set(bits));
        assert_eq!(
            [0, 1, 7, 3, 0x40].map(text),
            ["0", "GIFT", "GIFT | LANE", "GIFT | 0x2", "0x40"]
        );
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
        assert_eq!(tail_elements::<u8>(&[1, 2]).as_deref(), Ok(&[1, 2][..]));
    }
}
