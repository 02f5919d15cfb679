"""Linux: futexes, membarrier, open-file-description locks, `/dev/shm`."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import struct
import sys
from typing import TYPE_CHECKING, Final

from ._naps import nap_until_changed

if TYPE_CHECKING:
    import mmap

try:
    import ctypes
except ImportError:  # a Python built without it: bounded naps instead of futexes
    _LIBC = None
else:
    _LIBC = ctypes.CDLL(None, use_errno=True)

# The names are there since Python 3.9 where the C library has them.
OFD_SETLK: Final[int] = getattr(fcntl, "F_OFD_SETLK", 37)
OFD_GETLK: Final[int] = getattr(fcntl, "F_OFD_GETLK", 36)
# struct flock: type, whence, start, length, pid. The pid must be 0.
_FLOCK: Final = struct.Struct("hhqqi4x")

# System call numbers: (futex, membarrier, renameat2).
_NUMBERS: Final = {
    "x86_64": (202, 324, 316),
    "aarch64": (98, 283, 276),
    "riscv64": (98, 283, 276),
}.get(platform.machine())
_FUTEX_WAIT: Final = 0
_FUTEX_WAKE: Final = 1
_EVERYONE: Final = 0x7FFFFFFF
_REGISTER_GLOBAL_EXPEDITED: Final = 4
_GLOBAL_EXPEDITED: Final = 2
_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_SECOND_NS: Final = 1_000_000_000


def pack_lock(kind: int, offset: int) -> bytes:
    """The system's description of a lock on one byte."""
    return _FLOCK.pack(kind, os.SEEK_SET, offset, 1, 0)


def unpack_lock_type(answer: bytes) -> int:
    """The kind of lock that the system found in the way."""
    kind: int = _FLOCK.unpack(answer)[0]
    return kind


def default_folder() -> str:
    """Where rings live unless the caller or the environment says otherwise."""
    return "/dev/shm"  # noqa: S108 - the system's folder for shared memory


def allocate(fd: int, begin: int, size: int) -> None:
    """Reserves bytes of the file, so that no later store can meet a full file system."""
    if sys.platform == "linux":
        os.posix_fallocate(fd, begin, size)


def rename_new(old: str, new: str) -> bool:
    """Renames a file unless the new name is taken; False where the system does not know how.

    Raises:
        FileExistsError: The name is taken.
        FileNotFoundError: The file is gone.
    """
    if _LIBC is None or _NUMBERS is None:
        return False
    paths = os.fsencode(old), os.fsencode(new)
    result = _LIBC.syscall(_NUMBERS[2], _AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_NOREPLACE)
    if result == 0:
        return True
    # Sandboxes have many ways to say that they do not know it.
    number = ctypes.get_errno()
    if number in {errno.EEXIST, errno.ENOENT}:
        raise OSError(number, os.strerror(number), old, None, new)
    return False


def register_membarrier() -> bool:
    """Makes this process one that others' membarriers reach; False if the kernel cannot."""
    if _LIBC is None or _NUMBERS is None:
        return False
    return bool(_LIBC.syscall(_NUMBERS[1], _REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0)


def membarrier() -> bool:
    """A full fence on every processor that runs a registered process; False if it is refused."""
    if _LIBC is None or _NUMBERS is None:
        return False
    return bool(_LIBC.syscall(_NUMBERS[1], _GLOBAL_EXPEDITED, 0, 0) == 0)


class WakePoint:
    """Where one side of a ring sleeps: a futex on a word of the header.

    Sleeping gives up the interpreter lock. Without `ctypes`, or on a processor whose system call
    numbers are not known here, it naps instead.
    """

    __slots__ = ("_address", "_index", "_words")

    def __init__(self, memory: mmap.mmap, words: memoryview, offset: int, event: str) -> None:
        """Prepares sleeping on the 32-bit word at `offset`; `words` is the mapping as such."""
        del event  # only Windows has an object of this name
        self._words = words
        self._index = offset // words.itemsize
        self._address = 0
        if _LIBC is not None and _NUMBERS is not None:
            self._address = ctypes.addressof(ctypes.c_char.from_buffer(memory, offset))

    def wait(self, expected: int, timeout_ns: int) -> bool:
        """Sleeps while the word is `expected`; False if only the time ended it."""
        if not self._address or _LIBC is None or _NUMBERS is None:
            return nap_until_changed(self._words, self._index, expected, timeout_ns)
        bound = struct.pack("qq", timeout_ns // _SECOND_NS, timeout_ns % _SECOND_NS)
        result = _LIBC.syscall(
            _NUMBERS[0],
            ctypes.c_void_p(self._address),
            _FUTEX_WAIT,
            ctypes.c_uint32(expected),
            bound,
            None,
            0,
        )
        return bool(result == 0 or ctypes.get_errno() != errno.ETIMEDOUT)

    def wake(self) -> None:
        """Wakes everyone who sleeps on the word."""
        if self._address and _LIBC is not None and _NUMBERS is not None:
            address = ctypes.c_void_p(self._address)
            _LIBC.syscall(_NUMBERS[0], address, _FUTEX_WAKE, _EVERYONE, None, None, 0)

    def close(self) -> None:
        """Forgets the word: waking it has no effect any more."""
        self._address = 0
