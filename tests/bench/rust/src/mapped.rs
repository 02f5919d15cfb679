//! The least that two processes can share: a cache line, a ring of bare copies, a futex.

use std::cell::UnsafeCell;
use std::fs::OpenOptions;
use std::hint::spin_loop;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::args::Args;
use crate::parts::{Receiver, Result, Sender, Transport};
use crate::ring::CAPACITY;

/// A cache line, and the one that the prefetcher takes along.
#[repr(C, align(128))]
struct OwnLine<T>(T);

/// Zeroed memory that both processes see. Never unmapped: the process ends with it.
fn shared<T>(name: &str, args: &Args) -> Result<&'static T> {
    let path = args.folder.join(format!("{name}.mapped"));
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    file.set_len(size_of::<T>() as u64)?;
    // SAFETY: a new mapping of a file that is long enough, at a place that the kernel chooses.
    let start = unsafe {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let fd = file.as_raw_fd();
        libc::mmap(ptr::null_mut(), size_of::<T>(), access, libc::MAP_SHARED, fd, 0)
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: page-aligned, mapped for good, and of types (atomics and raw bytes behind
    // `UnsafeCell`) that may change under a reference and for which zeroes are a value.
    Ok(unsafe { &*start.cast::<T>() })
}

/// One word in a line of its own: what no protocol can beat. It carries the index alone.
pub(crate) struct Line;

pub(crate) struct LineEnd {
    word: &'static OwnLine<AtomicU64>,
    /// What this side read last; 0 before the first one.
    last: u64,
}

impl<const N: usize> Transport<N> for Line {
    type Sender = LineEnd;
    type Receiver = LineEnd;

    fn sender(name: &str, args: &Args) -> Result<LineEnd> {
        if N != 8 {
            return Err("a line carries 8 bytes".into());
        }
        Ok(LineEnd { word: shared(name, args)?, last: 0 })
    }

    fn receiver(name: &str, args: &Args) -> Result<LineEnd> {
        <Self as Transport<N>>::sender(name, args)
    }
}

impl<const N: usize> Sender<N> for LineEnd {
    #[inline(always)]
    fn send(&mut self, message: &[u8; N]) -> Result<()> {
        // Release: pairs with the acquire load in `receive`.
        self.word.0.store(first_word(message) + 1, Ordering::Release);
        Ok(())
    }
}

impl<const N: usize> Receiver<N> for LineEnd {
    #[inline(always)]
    fn receive(&mut self, message: &mut [u8; N]) -> Result<()> {
        loop {
            // Acquire: pairs with the release store in `send`.
            let word = self.word.0.load(Ordering::Acquire);
            if word != self.last {
                self.last = word;
                message[..8].copy_from_slice(&(word - 1).to_le_bytes());
                return Ok(());
            }
            spin_loop();
        }
    }
}

/// A message and its word in two neighbouring lines: the least that a message of 64 bytes with
/// anything before it can take. Whoever waits asks for both lines.
pub(crate) struct TwoLines;

/// Bytes that one line holds.
const LINE: usize = 64;

#[repr(C, align(128))]
pub(crate) struct Pair {
    word: AtomicU64,
    /// The rest of the first line, and a second one.
    content: UnsafeCell<[u8; 2 * LINE - 8]>,
}

// SAFETY: the content is accessed by the side that the word gives it to, and by no other.
unsafe impl Sync for Pair {}

pub(crate) struct PairEnd {
    pair: &'static Pair,
    last: u64,
}

impl<const N: usize> Transport<N> for TwoLines {
    type Sender = PairEnd;
    type Receiver = PairEnd;

    fn sender(name: &str, args: &Args) -> Result<PairEnd> {
        if N != LINE {
            return Err("two lines carry 64 bytes here".into());
        }
        Ok(PairEnd { pair: shared(name, args)?, last: 0 })
    }

    fn receiver(name: &str, args: &Args) -> Result<PairEnd> {
        <Self as Transport<N>>::sender(name, args)
    }
}

impl<const N: usize> Sender<N> for PairEnd {
    #[inline(always)]
    fn send(&mut self, message: &[u8; N]) -> Result<()> {
        // SAFETY: the other side has read the last message, whose answer is here, and looks at
        // this one after the store below. 8 and `N` bytes fit, because `N` is a line.
        unsafe { *self.pair.content.get().cast::<u8>().add(8).cast::<[u8; N]>() = *message };
        self.last += 1;
        // Release: pairs with the acquire load in `receive`.
        self.pair.word.store(self.last, Ordering::Release);
        Ok(())
    }
}

impl<const N: usize> Receiver<N> for PairEnd {
    #[inline(always)]
    fn receive(&mut self, message: &mut [u8; N]) -> Result<()> {
        // Acquire: pairs with the release store in `send`.
        while self.pair.word.load(Ordering::Acquire) == self.last {
            ask_for(self.pair.content.get().cast::<u8>().wrapping_add(LINE));
            spin_loop();
        }
        self.last += 1;
        // SAFETY: as in `send`: the other side has finished it, and writes the next one only after
        // the answer.
        unsafe { *message = *self.pair.content.get().cast::<u8>().add(8).cast::<[u8; N]>() };
        Ok(())
    }
}

/// Asks for the line at this address, to read it.
#[inline(always)]
fn ask_for(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect that the program could observe, and faults on no address.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// A ring of bare copies: two cursors, slots of one size, no headers, no counters, nobody sleeps.
pub(crate) struct Copies;

#[repr(C)]
pub(crate) struct Slots {
    write: OwnLine<AtomicU64>,
    read: OwnLine<AtomicU64>,
    data: OwnLine<UnsafeCell<[u8; CAPACITY]>>,
}

// SAFETY: a slot is accessed by the side that the cursors give it to, and by no other.
unsafe impl Sync for Slots {}

impl Slots {
    /// The slot of message number `index`.
    #[inline(always)]
    fn slot<const N: usize>(&self, index: u64) -> *mut [u8; N] {
        let slots = (CAPACITY / N) as u64;
        // SAFETY: the remainder is below the number of slots, all of which lie inside the data.
        unsafe { self.data.0.get().cast::<[u8; N]>().add((index % slots) as usize) }
    }
}

pub(crate) struct CopiesEnd {
    slots: &'static Slots,
    /// This side's cursor.
    own: u64,
    /// The other side's, as it was last read.
    other: u64,
}

impl<const N: usize> Transport<N> for Copies {
    type Sender = CopiesEnd;
    type Receiver = CopiesEnd;

    fn sender(name: &str, args: &Args) -> Result<CopiesEnd> {
        Ok(CopiesEnd { slots: shared(name, args)?, own: 0, other: 0 })
    }

    fn receiver(name: &str, args: &Args) -> Result<CopiesEnd> {
        <Self as Transport<N>>::sender(name, args)
    }
}

impl<const N: usize> Sender<N> for CopiesEnd {
    #[inline(always)]
    fn send(&mut self, message: &[u8; N]) -> Result<()> {
        while self.own - self.other == (CAPACITY / N) as u64 {
            // Acquire: pairs with the release store in `receive`.
            self.other = self.slots.read.0.load(Ordering::Acquire);
            spin_loop();
        }
        // SAFETY: the reader has left this slot, and sees it only after the store below.
        unsafe { *self.slots.slot::<N>(self.own) = *message };
        self.own += 1;
        // Release: pairs with the acquire load in `receive`.
        self.slots.write.0.store(self.own, Ordering::Release);
        Ok(())
    }
}

impl<const N: usize> Receiver<N> for CopiesEnd {
    #[inline(always)]
    fn receive(&mut self, message: &mut [u8; N]) -> Result<()> {
        while self.own == self.other {
            // Acquire: pairs with the release store in `send`.
            self.other = self.slots.write.0.load(Ordering::Acquire);
            spin_loop();
        }
        // SAFETY: the writer has finished this slot, and takes it again only after the store below.
        unsafe { *message = *self.slots.slot::<N>(self.own) };
        self.own += 1;
        // Release: pairs with the acquire load in `send`.
        self.slots.read.0.store(self.own, Ordering::Release);
        Ok(())
    }
}

/// A futex with one word of content: the least that wakes a sleeping process.
pub(crate) struct Futex;

#[repr(C, align(128))]
pub(crate) struct Bell {
    sequence: AtomicU32,
    content: AtomicU64,
    /// The sequence that the receiver has seen, from which the sender knows that it may go on.
    taken: OwnLine<AtomicU32>,
}

pub(crate) struct FutexEnd {
    bell: &'static Bell,
    sequence: u32,
}

impl<const N: usize> Transport<N> for Futex {
    type Sender = FutexEnd;
    type Receiver = FutexEnd;

    fn sender(name: &str, args: &Args) -> Result<FutexEnd> {
        if N != 8 {
            return Err("a futex carries 8 bytes here".into());
        }
        Ok(FutexEnd { bell: shared(name, args)?, sequence: 0 })
    }

    fn receiver(name: &str, args: &Args) -> Result<FutexEnd> {
        <Self as Transport<N>>::sender(name, args)
    }
}

impl<const N: usize> Sender<N> for FutexEnd {
    fn send(&mut self, message: &[u8; N]) -> Result<()> {
        // Acquire: pairs with the release store in `receive`.
        while self.bell.taken.0.load(Ordering::Acquire) != self.sequence {
            spin_loop();
        }
        self.sequence += 1;
        self.bell.content.store(first_word(message), Ordering::Relaxed);
        // Release: pairs with the acquire load in `receive`.
        self.bell.sequence.store(self.sequence, Ordering::Release);
        let word = self.bell.sequence.as_ptr();
        // SAFETY: FUTEX_WAKE only uses the address as a key (futex(2)).
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, 1) };
        Ok(())
    }
}

impl<const N: usize> Receiver<N> for FutexEnd {
    fn receive(&mut self, message: &mut [u8; N]) -> Result<()> {
        let word = self.bell.sequence.as_ptr();
        // Acquire: pairs with the release store in `send`.
        while self.bell.sequence.load(Ordering::Acquire) == self.sequence {
            let forever = ptr::null::<libc::timespec>();
            // SAFETY: `word` is valid for the call; a null timeout waits without bound (futex(2)).
            unsafe {
                libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, self.sequence, forever)
            };
        }
        self.sequence += 1;
        message[..8].copy_from_slice(&self.bell.content.load(Ordering::Relaxed).to_le_bytes());
        // Release: pairs with the acquire load in `send`.
        self.bell.taken.0.store(self.sequence, Ordering::Release);
        Ok(())
    }
}

#[inline(always)]
fn first_word<const N: usize>(message: &[u8; N]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&message[..8]);
    u64::from_le_bytes(word)
}
