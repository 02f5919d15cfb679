r"""Everything that differs between operating systems, behind one set of names.

================  ==================  =====================  ============================
\                  Linux               macOS (not run here)   Windows (not run here)
================  ==================  =====================  ============================
role lock         `F_OFD_SETLK`       `F_OFD_SETLK`          `LockFileEx`
sleep             shared futex        bounded naps           named auto-reset events
cheap waker       `membarrier`        no: full fence         no: full fence
folder            `/dev/shm`          `$TMPDIR`              `%LOCALAPPDATA%\BitRPC`
clock             `CLOCK_MONOTONIC`   `CLOCK_MONOTONIC`      `QueryPerformanceCounter`
================  ==================  =====================  ============================
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from ._windows import (
        WakePoint,
        allocate,
        create_new,
        default_folder,
        file_info,
        free_bytes,
        is_locked,
        membarrier,
        now_ns,
        open_existing,
        path_info,
        process_exists,
        publish,
        register_membarrier,
        remove,
        try_lock,
        unlock,
        user_id,
    )
else:
    from ._posix import (
        create_new,
        file_info,
        free_bytes,
        is_locked,
        now_ns,
        open_existing,
        path_info,
        process_exists,
        publish,
        remove,
        try_lock,
        unlock,
        user_id,
    )

    if sys.platform == "darwin":
        from ._macos import (
            WakePoint,
            allocate,
            default_folder,
            membarrier,
            register_membarrier,
        )
    else:
        from ._linux import (
            WakePoint,
            allocate,
            default_folder,
            membarrier,
            register_membarrier,
        )

__all__ = [
    "WakePoint",
    "allocate",
    "create_new",
    "default_folder",
    "file_info",
    "free_bytes",
    "is_locked",
    "membarrier",
    "now_ns",
    "open_existing",
    "path_info",
    "process_exists",
    "publish",
    "register_membarrier",
    "remove",
    "try_lock",
    "unlock",
    "user_id",
]
