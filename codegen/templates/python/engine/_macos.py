"""macOS: open-file-description locks, bounded naps instead of a futex. Not run in our tests."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import tempfile
from typing import TYPE_CHECKING, Final

from ._naps import nap_until_changed

if TYPE_CHECKING:
    import mmap

# From sys/fcntl.h; the fcntl module does not name them.
OFD_SETLK: Final = 90
OFD_GETLK: Final = 92
# struct flock: start, length, pid, type, whence.
_FLOCK: Final = struct.Struct("qqihh")
# struct fstore: flags, position mode, offset, length, bytes allocated.
_FSTORE: Final = struct.Struct("Iiqqq")
_F_PREALLOCATE: Final = 42
_F_ALLOCATEALL: Final = 4
_F_PEOFPOSMODE: Final = 3


def pack_lock(kind: int, offset: int) -> bytes:
    """The system's description of a lock on one byte."""
    return _FLOCK.pack(offset, 1, 0, kind, os.SEEK_SET)


def unpack_lock_type(answer: bytes) -> int:
    """The kind of lock that the system found in the way."""
    kind: int = _FLOCK.unpack(answer)[3]
    return kind


def default_folder() -> str:
    """Where rings live unless the caller or the environment says otherwise."""
    return os.environ.get("TMPDIR") or tempfile.gettempdir()


def allocate(fd: int, begin: int, size: int) -> None:
    """Reserves bytes at the file's end, so that no later store can meet a full file system."""
    if sys.platform == "darwin":
        store = _FSTORE.pack(_F_ALLOCATEALL, _F_PEOFPOSMODE, 0, size, 0)
        fcntl.fcntl(fd, _F_PREALLOCATE, store)
    os.ftruncate(fd, begin + size)


def rename_new(old: str, new: str) -> bool:
    """There is no such call in the standard library: links do."""
    del old, new
    return False


def register_membarrier() -> bool:
    """There is no membarrier: wakers fence."""
    return False


def membarrier() -> bool:
    """Never needed, because :func:`register_membarrier` says no."""
    return False


class WakePoint:
    """Where one side of a ring sleeps: it naps until the word changes."""

    __slots__ = ("_index", "_words")

    def __init__(self, memory: mmap.mmap, words: memoryview, offset: int, event: str) -> None:
        """Prepares sleeping on the 32-bit word at `offset`; `words` is the mapping as such."""
        del memory, event
        self._words = words
        self._index = offset // words.itemsize

    def wait(self, expected: int, timeout_ns: int) -> bool:
        """Sleeps while the word is `expected`; False if only the time ended it."""
        return nap_until_changed(self._words, self._index, expected, timeout_ns)

    def wake(self) -> None:
        """Nothing to do: the sleeper sees the word after its nap."""

    def close(self) -> None:
        """Nothing to do."""
