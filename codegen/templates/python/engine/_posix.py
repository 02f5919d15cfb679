"""Files, locks and clocks as Linux and macOS share them."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from functools import partial
from typing import Final

from ._files import FileInfo

assert sys.platform != "win32"  # noqa: S101 - tells type checkers what the rest is for

import fcntl  # noqa: E402 - Windows does not have it

if sys.platform == "darwin":
    from ._macos import OFD_GETLK, OFD_SETLK, pack_lock, rename_new, unpack_lock_type
else:
    from ._linux import OFD_GETLK, OFD_SETLK, pack_lock, rename_new, unpack_lock_type

_KINDS = {
    stat.S_IFREG: "",
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}


def open_existing(path: str, *, writable: bool) -> int:
    """Opens a file without following a link or waiting for a pipe's other end."""
    access = os.O_RDWR if writable else os.O_RDONLY
    return os.open(path, access | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)


def create_new(path: str, permissions: int) -> int:
    """Makes a file that must not exist, with exactly these permissions (no umask)."""
    access = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, access, 0o600)
    try:
        os.fchmod(fd, permissions)
    except BaseException:
        os.close(fd)
        os.unlink(path)
        raise
    return fd


def publish(temporary: str, path: str) -> None:
    """Gives a finished file its name, unless that name is taken (FileExistsError)."""
    if rename_new(temporary, path):
        return
    os.link(temporary, path)
    os.unlink(temporary)


def remove(path: str) -> None:
    """Removes a name; whoever has the file open keeps it."""
    os.unlink(path)


def _info(status: os.stat_result) -> FileInfo:
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "a device")
    identity = (status.st_dev, status.st_ino)
    return FileInfo(kind, identity, status.st_nlink, status.st_uid, status.st_size)


def file_info(fd: int) -> FileInfo:
    """What is behind an open file."""
    return _info(os.fstat(fd))


def path_info(path: str) -> FileInfo:
    """What a name leads to; links are not followed."""
    return _info(os.lstat(path))


def process_exists(pid: int) -> bool:
    """Whether there is a process of this id; in doubt there is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def user_id() -> int | None:
    """The user that files of this process belong to."""
    return os.geteuid()


def free_bytes(folder: str) -> int:
    """Bytes that this user may still write to the folder's file system."""
    status = os.statvfs(folder)
    # A tmpfs without a limit says that it has no blocks at all.
    return status.f_bavail * status.f_frsize if status.f_blocks else sys.maxsize


def try_lock(fd: int, offset: int) -> bool:
    """Takes the lock on one byte for this open file; False if another one holds it."""
    try:
        fcntl.fcntl(fd, OFD_SETLK, pack_lock(fcntl.F_WRLCK, offset))
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise
    return True


def unlock(fd: int, offset: int) -> None:
    """Gives the lock on one byte back."""
    fcntl.fcntl(fd, OFD_SETLK, pack_lock(fcntl.F_UNLCK, offset))


def is_locked(fd: int, offset: int) -> bool:
    """Whether another open file holds the lock on one byte. In doubt it is.

    It asks for a read lock, which a write lock excludes, so that a file that was opened only for
    reading may ask.
    """
    try:
        answer = fcntl.fcntl(fd, OFD_GETLK, pack_lock(fcntl.F_RDLCK, offset))
    except OSError:
        return True
    return unpack_lock_type(answer) != fcntl.F_UNLCK


now_ns: Final = partial(time.clock_gettime_ns, time.CLOCK_MONOTONIC)
"""Nanoseconds of the host's monotonic clock."""
