//! Windows: `LockFileEx`, named auto-reset events, `QueryPerformanceCounter`. Not run here.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use windows_sys::Win32::Foundation::{CloseHandle, ERROR_LOCK_VIOLATION, HANDLE, WAIT_TIMEOUT};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_FLAG_OPEN_REPARSE_POINT, GetDiskFreeSpaceExW,
    GetFileInformationByHandle, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
    MoveFileExW, UnlockFileEx,
};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};
use windows_sys::Win32::System::Performance::{QueryPerformanceCounter, QueryPerformanceFrequency};
use windows_sys::Win32::System::Threading::{CreateEventW, SetEvent, WaitForSingleObject};

use super::{FileInfo, FileKind};

/// Where rings live unless the caller or the environment says otherwise; made if missing.
pub(crate) fn default_directory() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("LOCALAPPDATA")?).join("BitRPC");
    // A failure shows as the missing folder that it is, at the caller.
    let _ = std::fs::create_dir_all(&folder);
    Some(folder)
}

/// Opens an existing file; a symbolic link or junction is opened itself, and refused by its kind.
pub(crate) fn open_existing(path: &Path, write: bool) -> io::Result<File> {
    OpenOptions::new().read(true).write(write).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(path)
}

/// Creates a file that must not exist. The folder's access list decides who may open it.
pub(crate) fn create_new(path: &Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// Gives a temporary file its name, unless the name is taken.
pub(crate) fn publish(temporary: &Path, name: &Path) -> io::Result<()> {
    let (from, to) = (wide(temporary), wide(name));
    // SAFETY: both are NUL-terminated UTF-16 strings that outlive the call. No flag: an existing
    // file is not replaced (MoveFileExW).
    match unsafe { MoveFileExW(from.as_ptr(), to.as_ptr(), 0) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

/// Reserves the file's bytes: NTFS allocates when the length is set.
pub(crate) fn allocate(file: &File, len: u64) -> io::Result<()> {
    file.set_len(len)
}

/// What is behind an open file.
pub(crate) fn file_info(file: &File) -> io::Result<FileInfo> {
    let metadata = file.metadata()?;
    let mut raw = core::mem::MaybeUninit::<BY_HANDLE_FILE_INFORMATION>::zeroed();
    // SAFETY: the handle is open for as long as `file` is borrowed, and `raw` is writable.
    let result =
        unsafe { GetFileInformationByHandle(file.as_raw_handle() as HANDLE, raw.as_mut_ptr()) };
    if result == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the structure holds integers only and was zeroed, then filled.
    let raw = unsafe { raw.assume_init() };
    let file_type = metadata.file_type();
    let kind = if file_type.is_symlink() {
        FileKind::Other("a symbolic link")
    } else if file_type.is_dir() {
        FileKind::Other("a directory")
    } else {
        FileKind::Regular
    };
    let index = u64::from(raw.nFileIndexHigh) << 32 | u64::from(raw.nFileIndexLow);
    Ok(FileInfo {
        identity: (u64::from(raw.dwVolumeSerialNumber), index),
        links: u64::from(raw.nNumberOfLinks),
        kind,
        owner: None,
        len: metadata.file_size(),
    })
}

/// What a name leads to; a symbolic link is not followed.
pub(crate) fn path_info(path: &Path) -> io::Result<FileInfo> {
    file_info(&open_existing(path, false)?)
}

/// Windows files have access lists instead of a user id.
pub(crate) fn user_id() -> Option<u32> {
    None
}

/// Not asked here: in doubt a process exists.
pub(crate) fn process_exists(_id: u32) -> bool {
    true
}

/// Bytes that this user may still write to the folder's volume.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let folder = wide(folder);
    let mut free = 0u64;
    let none = core::ptr::null_mut();
    // SAFETY: `folder` is a NUL-terminated UTF-16 string, `free` is writable, the other two
    // outputs may be null (GetDiskFreeSpaceExW).
    let result = unsafe { GetDiskFreeSpaceExW(folder.as_ptr(), &mut free, none, none) };
    (result != 0).then_some(free)
}

fn overlapped(byte: u64) -> OVERLAPPED {
    OVERLAPPED {
        Internal: 0,
        InternalHigh: 0,
        Anonymous: OVERLAPPED_0 {
            Anonymous: OVERLAPPED_0_0 { Offset: byte as u32, OffsetHigh: (byte >> 32) as u32 },
        },
        hEvent: core::ptr::null_mut(),
    }
}

fn lock(file: &File, byte: u64, flags: u32) -> io::Result<bool> {
    let mut at = overlapped(byte);
    let flags = flags | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open for as long as `file` is borrowed and was not opened for
    // overlapped operation, so the call is finished when it returns and `at` outlives it.
    let result = unsafe { LockFileEx(file.as_raw_handle() as HANDLE, flags, 0, 1, 0, &mut at) };
    if result != 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(code) if code as u32 == ERROR_LOCK_VIOLATION => Ok(false),
        _ => Err(error),
    }
}

/// Takes the lock on one byte for this handle; `false` if another handle holds it.
pub(crate) fn try_lock(file: &File, byte: u64) -> io::Result<bool> {
    lock(file, byte, LOCKFILE_EXCLUSIVE_LOCK)
}

/// Gives the lock on one byte back.
pub(crate) fn unlock(file: &File, byte: u64) -> io::Result<()> {
    let mut at = overlapped(byte);
    // SAFETY: as in `lock`.
    match unsafe { UnlockFileEx(file.as_raw_handle() as HANDLE, 0, 1, 0, &mut at) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether another handle holds the lock on one byte.
///
/// Windows has no query, so the lock is taken shared for a moment. A side that claims its role in
/// this moment tries again, as every claim does for 50 milliseconds.
pub(crate) fn is_locked(file: &File, byte: u64) -> io::Result<bool> {
    if !lock(file, byte, 0)? {
        return Ok(true);
    }
    unlock(file, byte)?;
    Ok(false)
}

/// Nanoseconds of the host's monotonic clock.
pub(crate) fn now_ns() -> u64 {
    static FREQUENCY: OnceLock<u64> = OnceLock::new();
    let frequency = *FREQUENCY.get_or_init(|| {
        let mut value = 0i64;
        // SAFETY: `value` is writable; the call cannot fail on supported systems.
        unsafe { QueryPerformanceFrequency(&mut value) };
        (value as u64).max(1)
    });
    let mut ticks = 0i64;
    // SAFETY: as above.
    unsafe { QueryPerformanceCounter(&mut ticks) };
    (u128::from(ticks as u64) * 1_000_000_000 / u128::from(frequency)) as u64
}

/// Windows does not fork.
pub(crate) fn watch_forks() {}

/// Windows does not fork.
#[inline(always)]
pub(crate) fn fork_generation() -> u64 {
    0
}

/// There is no barrier across processes: wakers fence.
pub(crate) fn register_membarrier() -> bool {
    false
}

/// There is none to issue.
pub(crate) fn membarrier() -> bool {
    false
}

/// Two named auto-reset events: one that data arrived, one that space was freed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Events {
    data: HANDLE,
    space: HANDLE,
    space_field: usize,
}

// SAFETY: handles of events may be used from any thread.
unsafe impl Send for Events {}
// SAFETY: as above; SetEvent and WaitForSingleObject are thread-safe.
unsafe impl Sync for Events {}

impl Events {
    /// Creates or opens `Local\<name>.<created_unix_ns, 16 hex digits>.data` and `.space`.
    ///
    /// `name` is the file's name, prefix included; `space` is the header offset of the word that
    /// the space event belongs to.
    pub(crate) fn open(name: &str, created_unix_ns: u64, space: usize) -> io::Result<Self> {
        let open = |what: &str| {
            let name = format!("Local\\{name}.{created_unix_ns:016x}.{what}");
            let name = wide(Path::new(&name));
            // SAFETY: the name is a NUL-terminated UTF-16 string; default security is asked for
            // with a null pointer. Not manual-reset, not signalled.
            let handle = unsafe { CreateEventW(core::ptr::null(), 0, 0, name.as_ptr()) };
            if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(handle) }
        };
        let data = open("data")?;
        match open("space") {
            Ok(event) => Ok(Self { data, space: event, space_field: space }),
            Err(error) => {
                // SAFETY: the handle was just created and is closed once.
                unsafe { CloseHandle(data) };
                Err(error)
            }
        }
    }

    /// Releases both handles.
    pub(crate) fn close(self) {
        // SAFETY: both handles come from `open`, and the one owner closes them once.
        unsafe {
            CloseHandle(self.data);
            CloseHandle(self.space);
        }
    }

    fn event(self, field: usize) -> HANDLE {
        if field == self.space_field { self.space } else { self.data }
    }

    /// Sleeps while `word` is `expected`, at most `bound`; `false` if the bound ended it.
    ///
    /// May end early: a signal that nobody waited for stays.
    pub(crate) fn wait(
        self,
        word: &AtomicU32,
        field: usize,
        expected: u32,
        bound: Duration,
    ) -> bool {
        // Acquire: pairs with the waker's store of the sequence. A waker that stores it after
        // this load signals the event afterwards, and the signal is kept.
        if word.load(Ordering::Acquire) != expected {
            return true;
        }
        let bound = u32::try_from(bound.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX - 1);
        // SAFETY: the handle is open until `close`.
        unsafe { WaitForSingleObject(self.event(field), bound) != WAIT_TIMEOUT }
    }

    /// Wakes the one who sleeps on `word`.
    pub(crate) fn wake(self, _word: &AtomicU32, field: usize) {
        // SAFETY: the handle is open until `close`.
        unsafe { SetEvent(self.event(field)) };
    }
}
