//! The bytes of a ring as the algorithm sees them: header fields by offset, data by position.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence, fence};
use std::time::Duration;

use crate::layout::{LayoutNumbers, LayoutSource, MessageHeaderLayout, Numbers, RingHeaderLayout};
use crate::platform::{self, Events};

/// Access to one ring's header and data area.
///
/// Positions count bytes since the ring's creation; an implementation maps them into the data area
/// by masking, so that no position, however hostile, leads outside of it.
pub(crate) trait Memory {
    /// Where everything is: constants, if the memory's type knows the layout.
    fn layout(&self) -> &'static LayoutNumbers;

    /// Where the ring's header fields are.
    #[inline(always)]
    fn ring_header(&self) -> &'static RingHeaderLayout {
        &self.layout().ring_header
    }

    /// Where a record's header fields are.
    #[inline(always)]
    fn message_header(&self) -> &'static MessageHeaderLayout {
        &self.layout().message_header
    }

    /// Loads a `u32` header field.
    fn load_u32(&self, field: usize, order: Ordering) -> u32;
    /// Stores a `u32` header field.
    fn store_u32(&self, field: usize, value: u32, order: Ordering);
    /// Loads a `u64` header field.
    fn load_u64(&self, field: usize, order: Ordering) -> u64;
    /// Stores a `u64` header field.
    fn store_u64(&self, field: usize, value: u64, order: Ordering);

    /// Loads the publication word at a position.
    fn load_word(&self, position: u64, order: Ordering) -> u64;
    /// Stores the publication word at a position.
    fn store_word(&self, position: u64, word: u64, order: Ordering);

    /// Reads eight bytes of a record that this side may read: published, not released; or its own.
    fn read_plain(&self, position: u64) -> u64;
    /// Writes eight bytes of a record that this side has reserved.
    fn write_plain(&self, position: u64, word: u64);

    /// Writes bytes into a record that this side has reserved, from a multiple of 8 on.
    ///
    /// # Safety
    ///
    /// The bytes must not cross the end of the data area:
    /// `position % capacity + bytes.len() <= capacity`.
    unsafe fn write_bytes(&self, position: u64, bytes: &[u8]);

    /// Says that the line at this position will be written soon.
    fn prefetch_write(&self, position: u64);

    /// Keeps the program order of the stores around it, as far as a crash of this process can tell.
    fn order_stores(&self);
    /// The cheap half of the asymmetric fence: orders a store before a load, provided that the
    /// other side issues [`Memory::fence_heavy`].
    fn fence_light(&self);
    /// The expensive half of the asymmetric fence; `false` if the system refuses it.
    fn fence_heavy(&self) -> bool;
    /// A full fence of this side alone.
    fn fence_full(&self);

    /// Sleeps while the `u32` field is `expected`, at most `bound`; `false` if the bound ended it.
    fn wait(&self, field: usize, expected: u32, bound: Duration) -> bool;
    /// Wakes whoever sleeps on the field.
    fn wake(&self, field: usize);
}

/// A mapped ring: two pointers and a mask, cheap to copy.
///
/// No reference to bytes that another process may write is ever formed here: header fields and
/// publication words are accessed as atomics, payloads through raw pointers.
#[derive(Debug)]
pub(crate) struct Mapped<L: LayoutSource> {
    header: *mut u8,
    data: *mut u8,
    mask: u64,
    events: Events,
    numbers: L::Numbers,
}

impl<L: LayoutSource> Clone for Mapped<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: LayoutSource> Copy for Mapped<L> {}

// SAFETY: a `Mapped` only leads to shared memory, which is as valid in one thread as in another.
// Header fields and words are accessed atomically; payload bytes only by the side that the
// protocol gives them to, and each side is one object behind `&mut`.
unsafe impl<L: LayoutSource> Send for Mapped<L> {}
// SAFETY: as above: through `&Mapped` other threads reach the same atomics, and the plain accesses
// are made only by the one owner of a role.
unsafe impl<L: LayoutSource> Sync for Mapped<L> {}

impl<L: LayoutSource> Mapped<L> {
    /// Wraps a mapping whose first byte is at `base`.
    ///
    /// # Safety
    ///
    /// `base` must be aligned to at least 8 and lead to at least `ring_header.size + capacity`
    /// mapped bytes, which stay mapped for as long as any copy of the result is used; they must be
    /// writable if anything is to be stored. `capacity` must be a power of two of at least 8.
    pub(crate) unsafe fn new(
        base: *mut u8,
        capacity: u64,
        events: Events,
        numbers: L::Numbers,
    ) -> Self {
        debug_assert!(capacity.is_power_of_two() && capacity >= 8);
        debug_assert!((base as usize).is_multiple_of(8));
        // SAFETY: the header's size lies within the mapping, as the caller promises.
        let data = unsafe { base.add(numbers.get().ring_header.size) };
        Self { header: base, data, mask: (capacity - 1) & !7, events, numbers }
    }

    /// Where its numbers come from.
    #[inline(always)]
    pub(crate) fn numbers(&self) -> L::Numbers {
        self.numbers
    }

    /// Where a position is in memory, rounded down to a multiple of 8; every record and payload
    /// starts at one. The pointer is valid up to the end of the data area.
    #[inline(always)]
    pub(crate) fn at(&self, position: u64) -> *mut u8 {
        // SAFETY: the mask makes the offset a multiple of 8 below the capacity, which fits the
        // address space because it is mapped.
        unsafe { self.data.add((position & self.mask) as usize) }
    }

    #[inline(always)]
    fn word(&self, position: u64) -> &AtomicU64 {
        // SAFETY: `at` leads to a multiple of 8 below the capacity, itself a multiple of 8: eight
        // bytes inside the mapping, aligned because the base and the header's size are. All
        // concurrent accesses of peers are atomic or excluded by the protocol. An atomic may be
        // referred to while others write it.
        unsafe { AtomicU64::from_ptr(self.at(position).cast()) }
    }

    #[inline(always)]
    fn u32(&self, field: usize) -> &AtomicU32 {
        assert!(field.is_multiple_of(4) && field + 4 <= self.ring_header().size);
        // SAFETY: checked just above (and folded away where both are constants): four aligned
        // bytes inside the header, which is mapped. Header fields are only accessed atomically.
        unsafe { AtomicU32::from_ptr(self.header.add(field).cast()) }
    }

    #[inline(always)]
    fn u64(&self, field: usize) -> &AtomicU64 {
        assert!(field.is_multiple_of(8) && field + 8 <= self.ring_header().size);
        // SAFETY: as in `u32`, with eight bytes.
        unsafe { AtomicU64::from_ptr(self.header.add(field).cast()) }
    }
}

impl<L: LayoutSource> Memory for Mapped<L> {
    #[inline(always)]
    fn layout(&self) -> &'static LayoutNumbers {
        self.numbers.get()
    }

    #[inline(always)]
    fn load_u32(&self, field: usize, order: Ordering) -> u32 {
        self.u32(field).load(order)
    }

    #[inline(always)]
    fn store_u32(&self, field: usize, value: u32, order: Ordering) {
        self.u32(field).store(value, order);
    }

    #[inline(always)]
    fn load_u64(&self, field: usize, order: Ordering) -> u64 {
        self.u64(field).load(order)
    }

    #[inline(always)]
    fn store_u64(&self, field: usize, value: u64, order: Ordering) {
        self.u64(field).store(value, order);
    }

    #[inline(always)]
    fn load_word(&self, position: u64, order: Ordering) -> u64 {
        self.word(position).load(order)
    }

    #[inline(always)]
    fn store_word(&self, position: u64, word: u64, order: Ordering) {
        self.word(position).store(word, order);
    }

    #[inline(always)]
    fn read_plain(&self, position: u64) -> u64 {
        // Relaxed costs the same as a plain load, and stays defined if a hostile peer interferes.
        self.word(position).load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn write_plain(&self, position: u64, word: u64) {
        // Relaxed: as in `read_plain`; made visible by the release of the publication word.
        self.word(position).store(word, Ordering::Relaxed);
    }

    #[inline(always)]
    unsafe fn write_bytes(&self, position: u64, bytes: &[u8]) {
        debug_assert!((position & self.mask) + bytes.len() as u64 <= self.mask + 8);
        // SAFETY: the caller promises that the bytes fit before the end of the data area. `bytes`
        // cannot overlap it mutably: the reserved bytes are handed out to nobody else.
        unsafe { copy(bytes.as_ptr(), self.at(position), bytes.len()) }
    }

    #[inline(always)]
    fn prefetch_write(&self, position: u64) {
        prefetch_write(self.at(position));
    }

    #[inline(always)]
    fn order_stores(&self) {
        // A killed process has executed a prefix of its instructions, so the order in which the
        // compiler emits them is the order that its successor sees.
        compiler_fence(Ordering::SeqCst);
    }

    #[inline(always)]
    fn fence_light(&self) {
        // The processor's part is done by the sleeper's membarrier.
        compiler_fence(Ordering::SeqCst);
    }

    #[inline]
    fn fence_heavy(&self) -> bool {
        fence(Ordering::SeqCst);
        platform::membarrier()
    }

    #[inline]
    fn fence_full(&self) {
        fence(Ordering::SeqCst);
    }

    fn wait(&self, field: usize, expected: u32, bound: Duration) -> bool {
        self.events.wait(self.u32(field), field, expected, bound)
    }

    fn wake(&self, field: usize) {
        self.events.wake(self.u32(field), field);
    }
}

/// Copies a payload, the short ones without a call.
///
/// A `memcpy` of unknown length costs more than the rest of a short send; two overlapping moves
/// cover every length between a power of two and its double.
///
/// # Safety
///
/// As for `core::ptr::copy_nonoverlapping`.
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: each branch reads and writes `[0, N)` and `[len - N, len)` with `N <= len`, which
    // lie inside the regions that the caller promises to be valid and disjoint. Accesses are
    // unaligned ones.
    unsafe {
        match len {
            16..=32 => overlapping::<[u64; 2]>(from, to, len),
            8..=15 => overlapping::<u64>(from, to, len),
            33..=64 => {
                to.cast::<[u64; 4]>().write_unaligned(from.cast::<[u64; 4]>().read_unaligned());
                overlapping::<[u64; 2]>(from.add(len - 32), to.add(len - 32), 32);
            }
            4..=7 => overlapping::<u32>(from, to, len),
            _ => core::ptr::copy_nonoverlapping(from, to, len),
        }
    }
}

/// Copies `len` bytes as two `T`, where `size_of::<T>() <= len <= 2 * size_of::<T>()`.
///
/// # Safety
///
/// As for `core::ptr::copy_nonoverlapping`; and `len` must be in that range.
#[inline(always)]
unsafe fn overlapping<T: Copy>(from: *const u8, to: *mut u8, len: usize) {
    let last = len - size_of::<T>();
    // SAFETY: both parts lie inside the `len` bytes that the caller promises.
    unsafe {
        let (head, tail) = (from.cast::<T>().read_unaligned(), from.add(last).cast::<T>());
        let tail = tail.read_unaligned();
        to.cast::<T>().write_unaligned(head);
        to.add(last).cast::<T>().write_unaligned(tail);
    }
}

#[inline(always)]
fn prefetch_write(at: *mut u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: PREFETCHW reads and writes nothing that the program could observe, faults on no
    // address, and is a no-op on 64-bit processors without it (AMD and Intel manuals).
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags));
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: PRFM is a hint without architectural effect (Arm ARM, C6.2).
    unsafe {
        core::arch::asm!("prfm pstl1keep, [{}]", in(reg) at, options(nostack, preserves_flags));
    }
    #[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
    let _ = at;
}

/// Whatever leads to a ring is as good as the ring.
#[cfg(all(test, loom))]
impl<M: Memory, P: core::ops::Deref<Target = M>> Memory for P {
    fn layout(&self) -> &'static LayoutNumbers {
        (**self).layout()
    }

    fn load_u32(&self, field: usize, order: Ordering) -> u32 {
        (**self).load_u32(field, order)
    }

    fn store_u32(&self, field: usize, value: u32, order: Ordering) {
        (**self).store_u32(field, value, order);
    }

    fn load_u64(&self, field: usize, order: Ordering) -> u64 {
        (**self).load_u64(field, order)
    }

    fn store_u64(&self, field: usize, value: u64, order: Ordering) {
        (**self).store_u64(field, value, order);
    }

    fn load_word(&self, position: u64, order: Ordering) -> u64 {
        (**self).load_word(position, order)
    }

    fn store_word(&self, position: u64, word: u64, order: Ordering) {
        (**self).store_word(position, word, order);
    }

    fn read_plain(&self, position: u64) -> u64 {
        (**self).read_plain(position)
    }

    fn write_plain(&self, position: u64, word: u64) {
        (**self).write_plain(position, word);
    }

    unsafe fn write_bytes(&self, position: u64, bytes: &[u8]) {
        // SAFETY: the caller's promise is passed on.
        unsafe { (**self).write_bytes(position, bytes) }
    }

    fn prefetch_write(&self, position: u64) {
        (**self).prefetch_write(position);
    }

    fn order_stores(&self) {
        (**self).order_stores();
    }

    fn fence_light(&self) {
        (**self).fence_light();
    }

    fn fence_heavy(&self) -> bool {
        (**self).fence_heavy()
    }

    fn fence_full(&self) {
        (**self).fence_full();
    }

    fn wait(&self, field: usize, expected: u32, bound: Duration) -> bool {
        (**self).wait(field, expected, bound)
    }

    fn wake(&self, field: usize) {
        (**self).wake(field);
    }
}
