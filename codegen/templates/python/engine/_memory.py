"""Memory order, as far as Python code can and must care.

Header fields and publication words are items of a `memoryview.cast("N")` or `cast("I")`: CPython
loads and stores such an item as one aligned machine word. (`struct.pack_into` may store byte by
byte, and is never used for them.) The interpreter does not reorder its own operations, so that
what is left is the processor:

- x86 keeps stores in order and loads in order. Only a store followed by a load needs a fence, and
  any locked instruction is one: acquiring a lock.
- Other processors reorder freely. There the engine puts a full fence between payload and
  publication, and between looking at a record and reading it. It takes that from libatomic (Linux)
  or the system's own library; where there is none, attaching is refused. The kernel's `membarrier`
  does not do: for a process with a single thread it is no fence at all.
"""

from __future__ import annotations

import platform
import sys
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Final

from ._errors import Unsupported, WrongEndianness

if TYPE_CHECKING:
    from collections.abc import Callable

_MACHINE: Final = platform.machine().lower()

WEAK_ORDER: Final = _MACHINE not in {"x86_64", "amd64", "i386", "i686"}
"""True where publishing and observing a record need fences of their own."""

_SEQ_CST: Final = 5

UNMAPS: Final = sys._is_gil_enabled() if hasattr(sys, "_is_gil_enabled") else True
"""False where threads run without the interpreter lock: then memory is unmapped by its last
reference alone, and never while another thread may be looking at it.
"""


def _lock_fence() -> None:
    """A full fence on x86: taking a fresh lock is one locked instruction.

    Nobody else knows the lock, so that neither a thread nor a signal handler can be in the way.
    """
    Lock().acquire()


def _library_fence() -> Callable[[], object] | None:
    """The C library's fence: `atomic_thread_fence(memory_order_seq_cst)` or its like."""
    try:
        import ctypes  # noqa: PLC0415 - not every Python has it
    except ImportError:
        return None
    if sys.platform == "win32":
        flush: Callable[[], object] = ctypes.WinDLL("kernel32").FlushProcessWriteBuffers
        return flush
    if sys.platform == "darwin":
        barrier: Callable[[], object] = ctypes.CDLL(None).OSMemoryBarrier
        return barrier
    for library in ("libatomic.so.1", "libatomic.so"):
        try:
            fence = ctypes.CDLL(library).atomic_thread_fence
        except (OSError, AttributeError):
            continue
        return partial(fence, _SEQ_CST)
    return None


_FENCE: Final = _library_fence() if WEAK_ORDER else _lock_fence


def full_fence() -> None:
    """Orders every load and store before it with every one after it."""
    if _FENCE is not None:
        _FENCE()


def check_machine() -> None:
    """Refuses machines on which the engine's assumptions do not hold.

    Raises:
        WrongEndianness: The host is big-endian; rings are little-endian.
        Unsupported: A 32-bit or non-CPython interpreter, or a processor without a fence.
    """
    if sys.byteorder != "little":
        message = f"rings are little-endian, this host is {sys.byteorder}-endian"
        raise WrongEndianness(message, expected="little", found=sys.byteorder)
    if sys.maxsize < 1 << 32:
        message = "rings need a 64-bit Python: a 32-bit one stores 64-bit words in two halves"
        raise Unsupported(message)
    if sys.implementation.name != "cpython":
        message = (
            "rings need CPython, which stores items of a memoryview as whole words; "
            f"found {sys.implementation.name}"
        )
        raise Unsupported(message, expected="cpython", found=sys.implementation.name)
    if _FENCE is None:
        message = f"no memory fence for {_MACHINE}: install libatomic (libatomic.so.1)"
        raise Unsupported(message, expected="libatomic.so.1", found=_MACHINE)
