//! Linux: futexes, membarrier, fallocate, `/dev/shm`.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// `fcntl` commands for locks of an open file description.
pub(crate) const F_OFD_SETLK: i32 = libc::F_OFD_SETLK;
/// See [`F_OFD_SETLK`].
pub(crate) const F_OFD_GETLK: i32 = libc::F_OFD_GETLK;

/// Where rings live unless the caller or the environment says otherwise.
pub(crate) fn default_directory() -> Option<PathBuf> {
    Some(PathBuf::from("/dev/shm"))
}

/// Gives a temporary file its name, unless the name is taken.
pub(crate) fn publish(temporary: &Path, name: &Path) -> io::Result<()> {
    let result = rename(temporary, name);
    match result.as_ref().err().and_then(io::Error::raw_os_error) {
        None | Some(libc::EEXIST | libc::ENOENT) => result,
        // The kernel, the file system, a sandbox: there are many ways to say no.
        Some(_) => super::unix::link(temporary, name),
    }
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let from = CString::new(from.as_os_str().as_bytes())?;
    let to = CString::new(to.as_os_str().as_bytes())?;
    // SAFETY: both are NUL-terminated strings that outlive the call (renameat2(2)).
    let result = unsafe {
        libc::syscall(
            libc::SYS_renameat2,
            libc::AT_FDCWD,
            from.as_ptr(),
            libc::AT_FDCWD,
            to.as_ptr(),
            libc::RENAME_NOREPLACE,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How much is reserved with one call. A signal interrupts the call, which then starts over, and a
/// profiler's timer would never let a larger one come to its end.
const PIECE: libc::off_t = 1 << 20;

/// Reserves all of the file's bytes, so that no later write can meet a full file system.
pub(crate) fn allocate(file: &File, len: u64) -> io::Result<()> {
    let len =
        libc::off_t::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let mut done = 0;
    while done < len {
        let piece = PIECE.min(len - done);
        // SAFETY: the descriptor is open for as long as `file` is borrowed; no memory is passed.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), done, piece) } {
            0 => done += piece,
            libc::EINTR => {}
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
    Ok(())
}

/// Asks the kernel to include this process in global expedited barriers; `false` if it cannot.
///
/// Done once for each process: a second registration changes nothing.
pub(crate) fn register_membarrier() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    *REGISTERED.get_or_init(|| {
        let supported = membarrier_command(libc::MEMBARRIER_CMD_QUERY);
        let wanted =
            libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED | libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
        supported >= 0
            && supported & i64::from(wanted) == i64::from(wanted)
            && membarrier_command(libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0
    })
}

/// A full barrier on every processor that runs a registered process; `false` if that is refused,
/// by a sandbox that was entered after the registration.
pub(crate) fn membarrier() -> bool {
    membarrier_command(libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0
}

fn membarrier_command(command: libc::c_int) -> i64 {
    // SAFETY: membarrier takes integers only and touches no memory of the caller (membarrier(2)).
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
}

/// What a ring needs for sleeping: on Linux nothing beside the mapped words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Events;

impl Events {
    /// Prepares sleeping on a ring. Cannot fail here.
    pub(crate) fn open(_name: &str, _created_unix_ns: u64, _space: usize) -> io::Result<Self> {
        Ok(Self)
    }

    /// Releases what [`Events::open`] took.
    pub(crate) fn close(self) {}

    /// Sleeps while `word` is `expected`, at most `bound`; `false` if the bound ended it.
    ///
    /// May end early for no reason.
    pub(crate) fn wait(
        self,
        word: &AtomicU32,
        _field: usize,
        expected: u32,
        bound: Duration,
    ) -> bool {
        let timeout = libc::timespec {
            tv_sec: bound.as_secs().min(i64::MAX as u64) as libc::time_t,
            tv_nsec: libc::c_long::from(bound.subsec_nanos()),
        };
        // SAFETY: `word` and `timeout` are valid for the call. Without FUTEX_PRIVATE_FLAG the
        // futex is keyed by the file behind the mapping, so it works between processes (futex(2)).
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT,
                expected,
                &raw const timeout,
                core::ptr::null::<u32>(),
                0,
            )
        };
        result == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::ETIMEDOUT)
    }

    /// Wakes everyone who sleeps on `word`.
    pub(crate) fn wake(self, word: &AtomicU32, _field: usize) {
        // SAFETY: FUTEX_WAKE only uses the address as a key (futex(2)).
        unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
    }
}
