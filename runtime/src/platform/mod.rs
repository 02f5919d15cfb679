//! Everything that differs between operating systems, behind one set of names.
//!
//! | | Linux | macOS (not run here) | Windows (not run here) |
//! | --- | --- | --- | --- |
//! | role lock | `F_OFD_SETLK` | `F_OFD_SETLK` | `LockFileEx` |
//! | sleep | shared futex | yield, bounded naps | named auto-reset events |
//! | cheap waker | `membarrier` | no: full fence | no: full fence |
//! | folder | `/dev/shm` | `$TMPDIR` | `%LOCALAPPDATA%\BitRPC` |
//! | clock | `CLOCK_MONOTONIC` | `CLOCK_MONOTONIC` | `QueryPerformanceCounter` |

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::*;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;
#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "windows"
)))]
compile_error!("bitrpc-shm supports Linux, Android, macOS and Windows");

#[cfg(not(target_pointer_width = "64"))]
compile_error!("bitrpc-shm needs a 64-bit machine: it maps rings of up to 1 TiB");

/// What kind of thing a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A regular file.
    Regular,
    /// Anything else, by name.
    Other(&'static str),
}

/// What the operating system says about an open file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileInfo {
    /// Device (or volume) and file number: equal exactly for the same file.
    pub(crate) identity: (u64, u64),
    /// Names that lead to the file; 0 once it was removed.
    pub(crate) links: u64,
    /// Regular or not.
    pub(crate) kind: FileKind,
    /// Owner's user id, where the system has one.
    pub(crate) owner: Option<u32>,
    /// Bytes.
    pub(crate) len: u64,
}
