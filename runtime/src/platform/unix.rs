//! Files, folders, locks and clocks as Linux and macOS share them.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{F_OFD_GETLK, F_OFD_SETLK, FileInfo, FileKind};

/// Opens an existing file without following a symbolic link and without waiting for a FIFO.
pub(crate) fn open_existing(path: &Path, write: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(write)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

/// Creates a file that must not exist, with exactly these permission bits (no umask).
pub(crate) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)?;
    file.set_permissions(PermissionsExt::from_mode(mode))?;
    Ok(file)
}

/// Gives a temporary file a second name, unless that is taken, and removes the first one.
///
/// A file system that cannot do that is [`io::ErrorKind::Unsupported`].
pub(super) fn link(temporary: &Path, name: &Path) -> io::Result<()> {
    std::fs::hard_link(temporary, name).map_err(|error| match error.raw_os_error() {
        Some(libc::EPERM | libc::ENOTSUP | libc::ENOSYS) => io::ErrorKind::Unsupported.into(),
        _ => error,
    })?;
    if let Err(error) = std::fs::remove_file(temporary) {
        // The ring is there all the same, under one name too many.
        log::warn!("{} was not removed: {error}", temporary.display());
    }
    Ok(())
}

/// What is behind an open file.
pub(crate) fn file_info(file: &File) -> io::Result<FileInfo> {
    Ok(info(&file.metadata()?))
}

/// What a name leads to; a symbolic link is not followed.
pub(crate) fn path_info(path: &Path) -> io::Result<FileInfo> {
    Ok(info(&std::fs::symlink_metadata(path)?))
}

fn info(metadata: &std::fs::Metadata) -> FileInfo {
    let kind = metadata.file_type();
    let kind = if kind.is_file() {
        FileKind::Regular
    } else if kind.is_dir() {
        FileKind::Other("a directory")
    } else if kind.is_symlink() {
        FileKind::Other("a symbolic link")
    } else if kind.is_fifo() {
        FileKind::Other("a FIFO")
    } else if kind.is_socket() {
        FileKind::Other("a socket")
    } else {
        FileKind::Other("a device")
    };
    FileInfo {
        identity: (metadata.dev(), metadata.ino()),
        links: metadata.nlink(),
        kind,
        owner: Some(metadata.uid()),
        len: metadata.len(),
    }
}

/// The user that files of this process belong to.
pub(crate) fn user_id() -> Option<u32> {
    // SAFETY: geteuid has no preconditions and cannot fail (POSIX).
    Some(unsafe { libc::geteuid() })
}

/// Whether a process has this id here; in doubt it has.
pub(crate) fn process_exists(id: u32) -> bool {
    let Ok(id) = libc::pid_t::try_from(id) else { return false };
    // SAFETY: signal 0 is never sent, it only asks (kill(2)); no memory is touched.
    let result = unsafe { libc::kill(id, 0) };
    result == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

/// Bytes that this user may still write to the folder's file system.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let path = CString::new(folder.as_os_str().as_bytes()).ok()?;
    let mut stat = core::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: `path` is a NUL-terminated string and `stat` is writable; both outlive the call.
    let result = unsafe { libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) };
    if result != 0 {
        return None;
    }
    // SAFETY: statvfs returned 0, so it filled the whole structure (POSIX).
    let stat = unsafe { stat.assume_init() };
    #[allow(clippy::useless_conversion)] // the field types differ between the two systems
    Some(u64::from(stat.f_bavail).saturating_mul(u64::from(stat.f_frsize)))
}

fn lock_record(kind: libc::c_short, byte: u64) -> libc::flock {
    // SAFETY: flock is a plain C structure of integers, for which all-zero bytes are a value. The
    // kernel asks for l_pid == 0 in calls about open file descriptions (fcntl(2)).
    let mut record: libc::flock = unsafe { core::mem::zeroed() };
    record.l_type = kind;
    record.l_whence = libc::SEEK_SET as libc::c_short;
    record.l_start = byte as libc::off_t;
    record.l_len = 1;
    record
}

fn fcntl_lock(file: &File, command: i32, record: &mut libc::flock) -> io::Result<()> {
    loop {
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and `record` is a
        // valid flock structure, as these commands require.
        let result = unsafe { libc::fcntl(file.as_raw_fd(), command, record as *mut libc::flock) };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Takes the lock on one byte for this open file; `false` if another one holds it.
pub(crate) fn try_lock(file: &File, byte: u64) -> io::Result<bool> {
    match fcntl_lock(file, F_OFD_SETLK, &mut lock_record(libc::F_WRLCK as _, byte)) {
        Ok(()) => Ok(true),
        Err(error) => match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EACCES) => Ok(false),
            _ => Err(error),
        },
    }
}

/// Gives the lock on one byte back.
pub(crate) fn unlock(file: &File, byte: u64) -> io::Result<()> {
    fcntl_lock(file, F_OFD_SETLK, &mut lock_record(libc::F_UNLCK as _, byte))
}

/// Whether another open file (of any process) holds the lock on one byte.
///
/// The query is for a read lock, which a write lock excludes, so that a file opened only for
/// reading may ask.
pub(crate) fn is_locked(file: &File, byte: u64) -> io::Result<bool> {
    let mut record = lock_record(libc::F_RDLCK as _, byte);
    fcntl_lock(file, F_OFD_GETLK, &mut record)?;
    Ok(record.l_type != libc::F_UNLCK as libc::c_short)
}

/// Nanoseconds of the host's monotonic clock.
pub(crate) fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable; CLOCK_MONOTONIC exists on every supported system, so the call
    // cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// How many forks lie between the process that loaded this library and this one.
static FORKS: AtomicU64 = AtomicU64::new(0);

extern "C" fn count_fork() {
    // A single atomic addition is async-signal-safe, which a fork handler in the child has to be.
    // Relaxed: the child has one thread, and the value is only compared with itself.
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Sees to it that [`fork_generation`] changes in every child forked from now on.
pub(crate) fn watch_forks() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: `count_fork` is an extern "C" function that lives as long as the program and
        // does nothing that is forbidden between fork and exec.
        let result = unsafe { libc::pthread_atfork(None, None, Some(count_fork)) };
        if result != 0 {
            log::warn!("pthread_atfork failed ({result}): forked children will not be noticed");
        }
    });
}

/// A number that differs between a process and its forked children.
#[inline(always)]
pub(crate) fn fork_generation() -> u64 {
    // Relaxed: see `count_fork`.
    FORKS.load(Ordering::Relaxed)
}
