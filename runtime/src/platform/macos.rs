//! macOS: open-file-description locks, bounded naps instead of a futex. Not run here.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// `fcntl` commands for locks of an open file description (`sys/fcntl.h`).
pub(crate) const F_OFD_SETLK: i32 = 90;
/// See [`F_OFD_SETLK`].
pub(crate) const F_OFD_GETLK: i32 = 92;

/// Where rings live unless the caller or the environment says otherwise.
pub(crate) fn default_directory() -> Option<PathBuf> {
    Some(std::env::temp_dir())
}

/// Gives a temporary file its name, unless the name is taken.
pub(crate) fn publish(temporary: &Path, name: &Path) -> io::Result<()> {
    super::unix::link(temporary, name)
}

/// Reserves all of the file's bytes, so that no later write can meet a full file system.
pub(crate) fn allocate(file: &File, len: u64) -> io::Result<()> {
    let length =
        libc::off_t::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let mut store = libc::fstore_t {
        fst_flags: libc::F_ALLOCATEALL,
        fst_posmode: libc::F_PEOFPOSMODE,
        fst_offset: 0,
        fst_length: length,
        fst_bytesalloc: 0,
    };
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and F_PREALLOCATE takes a
    // pointer to a fstore_t, which `store` is (fcntl(2)).
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_PREALLOCATE, &raw mut store) } != 0 {
        return Err(io::Error::last_os_error());
    }
    file.set_len(len)
}

/// There is no membarrier: wakers fence.
pub(crate) fn register_membarrier() -> bool {
    false
}

/// There is none to issue.
pub(crate) fn membarrier() -> bool {
    false
}

/// What a ring needs for sleeping: nothing, because sleeping is napping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Events;

impl Events {
    /// Prepares sleeping on a ring. Cannot fail here.
    pub(crate) fn open(_name: &str, _created_unix_ns: u64, _space: usize) -> io::Result<Self> {
        Ok(Self)
    }

    /// Releases what [`Events::open`] took.
    pub(crate) fn close(self) {}

    /// Naps while `word` is `expected`, at most `bound`; `false` if the bound ended it.
    ///
    /// Naps double from 50 microseconds to 1 millisecond: an idle receiver costs next to nothing,
    /// a busy one wakes soon.
    pub(crate) fn wait(
        self,
        word: &AtomicU32,
        _field: usize,
        expected: u32,
        bound: Duration,
    ) -> bool {
        let start = Instant::now();
        let mut nap = Duration::from_micros(50);
        // Acquire: pairs with the waker's store of the sequence.
        while word.load(Ordering::Acquire) == expected {
            let left = bound.saturating_sub(start.elapsed());
            if left.is_zero() {
                return false;
            }
            std::thread::sleep(nap.min(left));
            nap = (nap * 2).min(Duration::from_millis(1));
        }
        true
    }

    /// Nothing to do: the sleeper sees the sequence after its nap.
    pub(crate) fn wake(self, _word: &AtomicU32, _field: usize) {}
}
