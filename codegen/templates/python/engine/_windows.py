"""Windows: `LockFileEx`, named auto-reset events, `MoveFileEx`. Not run in our tests."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
import sys
import time
from typing import TYPE_CHECKING, Final

from ._files import FileInfo

if TYPE_CHECKING:
    import mmap

assert sys.platform == "win32"  # noqa: S101 - tells type checkers what the rest is for

import msvcrt  # noqa: E402 - only Windows has it
from ctypes import wintypes  # noqa: E402

_KERNEL: Final = ctypes.WinDLL("kernel32", use_last_error=True)
_KERNEL.CreateFileW.restype = wintypes.HANDLE
_KERNEL.CreateEventW.restype = wintypes.HANDLE
_KERNEL.OpenProcess.restype = wintypes.HANDLE

_QUERY_LIMITED_INFORMATION: Final = 0x1000
_INVALID_PARAMETER: Final = 87
_GENERIC_READ: Final = 0x80000000
_GENERIC_WRITE: Final = 0x40000000
_SHARE_ALL: Final = 7
_CREATE_NEW: Final = 1
_OPEN_EXISTING: Final = 3
_OPEN_REPARSE_POINT: Final = 0x00200000
_LOCK_EXCLUSIVE: Final = 2
_LOCK_FAIL_IMMEDIATELY: Final = 1
_ERROR_LOCK_VIOLATION: Final = 33
_ERROR_ALREADY_EXISTS: Final = 183
_WAIT_TIMEOUT: Final = 258
_LOCK: Final = "the lock of a role"
_MILLISECOND_NS: Final = 1_000_000
_LONGEST_WAIT_MS: Final = 0xFFFFFFFE


class _Overlapped(ctypes.Structure):
    """OVERLAPPED: where LockFileEx finds the offset."""

    _fields_ = (
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", wintypes.DWORD),
        ("offset_high", wintypes.DWORD),
        ("event", wintypes.HANDLE),
    )


def _failure(path: str) -> OSError:
    """The error of the last call; its errno is what the caller tells errors apart by."""
    return ctypes.WinError(ctypes.get_last_error(), path)


def _open(path: str, access: int, disposition: int) -> int:
    handle = _KERNEL.CreateFileW(
        path, access, _SHARE_ALL, None, disposition, _OPEN_REPARSE_POINT, None
    )
    if handle is None or handle == wintypes.HANDLE(-1).value:
        raise _failure(path)
    return msvcrt.open_osfhandle(handle, os.O_NOINHERIT | os.O_BINARY)


def open_existing(path: str, *, writable: bool) -> int:
    """Opens a file; a symbolic link is opened itself, and refused by its kind."""
    return _open(path, _GENERIC_READ | (_GENERIC_WRITE if writable else 0), _OPEN_EXISTING)


def create_new(path: str, permissions: int) -> int:
    """Makes a file that must not exist. The folder's access list decides who may open it."""
    del permissions
    return _open(path, _GENERIC_READ | _GENERIC_WRITE, _CREATE_NEW)


def publish(temporary: str, path: str) -> None:
    """Gives a finished file its name, unless that name is taken (FileExistsError)."""
    if not _KERNEL.MoveFileExW(temporary, path, 0):
        code = ctypes.get_last_error()
        if code == _ERROR_ALREADY_EXISTS:
            raise FileExistsError(errno.EEXIST, "the file exists", path)
        raise _failure(path)


def remove(path: str) -> None:
    """Removes a name; whoever has the file open keeps it."""
    os.unlink(path)


def _info(status: os.stat_result) -> FileInfo:
    kind = ""
    if stat.S_ISLNK(status.st_mode):
        kind = "a symbolic link"
    elif not stat.S_ISREG(status.st_mode):
        kind = "a directory"
    return FileInfo(kind, (status.st_dev, status.st_ino), status.st_nlink, None, status.st_size)


def file_info(fd: int) -> FileInfo:
    """What is behind an open file."""
    return _info(os.fstat(fd))


def path_info(path: str) -> FileInfo:
    """What a name leads to; links are not followed."""
    return _info(os.lstat(path))


def process_exists(pid: int) -> bool:
    """Whether there is a process of this id; in doubt there is."""
    process = _KERNEL.OpenProcess(_QUERY_LIMITED_INFORMATION, 0, wintypes.DWORD(pid))
    if not process:
        return ctypes.get_last_error() != _INVALID_PARAMETER
    _KERNEL.CloseHandle(wintypes.HANDLE(process))
    return True


def user_id() -> int | None:
    """Windows files have access lists instead of a user id."""
    return None


def free_bytes(folder: str) -> int:
    """Bytes that this user may still write to the folder's volume."""
    return shutil.disk_usage(folder).free


def default_folder() -> str:
    """Where rings live unless the caller or the environment says otherwise; made if missing."""
    folder = os.path.join(os.environ.get("LOCALAPPDATA", os.path.expanduser("~")), "BitRPC")
    os.makedirs(folder, exist_ok=True)
    return folder


def allocate(fd: int, begin: int, size: int) -> None:
    """Reserves bytes at the file's end: NTFS allocates when the length is set."""
    os.ftruncate(fd, begin + size)


def _lock(fd: int, offset: int, flags: int) -> bool:
    at = _Overlapped(offset=offset & 0xFFFFFFFF, offset_high=offset >> 32)
    handle = wintypes.HANDLE(msvcrt.get_osfhandle(fd))
    flags |= _LOCK_FAIL_IMMEDIATELY
    if _KERNEL.LockFileEx(handle, flags, 0, 1, 0, ctypes.byref(at)):
        return True
    if ctypes.get_last_error() == _ERROR_LOCK_VIOLATION:
        return False
    raise _failure(_LOCK)


def try_lock(fd: int, offset: int) -> bool:
    """Takes the lock on one byte for this open file; False if another one holds it."""
    return _lock(fd, offset, _LOCK_EXCLUSIVE)


def unlock(fd: int, offset: int) -> None:
    """Gives the lock on one byte back."""
    at = _Overlapped(offset=offset & 0xFFFFFFFF, offset_high=offset >> 32)
    handle = wintypes.HANDLE(msvcrt.get_osfhandle(fd))
    _KERNEL.UnlockFileEx(handle, 0, 1, 0, ctypes.byref(at))


def is_locked(fd: int, offset: int) -> bool:
    """Whether another open file holds the lock on one byte. In doubt it is.

    Windows has no query, so the lock is taken shared for a moment. A side that claims its role in
    this moment tries again, as every claim does for 50 milliseconds.
    """
    try:
        if not _lock(fd, offset, 0):
            return True
    except OSError:
        return True
    unlock(fd, offset)
    return False


def now_ns() -> int:
    """Nanoseconds of the host's monotonic clock (`QueryPerformanceCounter`)."""
    return time.perf_counter_ns()


def register_membarrier() -> bool:
    """There is no barrier across processes: wakers fence."""
    return False


def membarrier() -> bool:
    """Never needed, because :func:`register_membarrier` says no."""
    return False


class WakePoint:
    """Where one side of a ring sleeps: a named auto-reset event."""

    __slots__ = ("_event", "_index", "_words")

    def __init__(self, memory: mmap.mmap, words: memoryview, offset: int, event: str) -> None:
        r"""Makes or opens the event `Local\\<event>` that goes with the word at `offset`."""
        del memory
        self._words = words
        self._index = offset // words.itemsize
        self._event = _KERNEL.CreateEventW(None, 0, 0, f"Local\\{event}")
        if not self._event:
            raise _failure(event)

    def wait(self, expected: int, timeout_ns: int) -> bool:
        """Sleeps while the word is `expected`; False if only the time ended it."""
        if self._words[self._index] != expected:
            return True
        bound = min(-(-timeout_ns // _MILLISECOND_NS), _LONGEST_WAIT_MS)
        event = wintypes.HANDLE(self._event)
        return bool(_KERNEL.WaitForSingleObject(event, bound) != _WAIT_TIMEOUT)

    def wake(self) -> None:
        """Wakes the one who sleeps on the word, or who will next."""
        if self._event:
            _KERNEL.SetEvent(wintypes.HANDLE(self._event))

    def close(self) -> None:
        """Gives the event back."""
        if self._event:
            _KERNEL.CloseHandle(wintypes.HANDLE(self._event))
            self._event = None
