"""Temporary files of processes that died while they made a ring."""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import Final

from . import _platform
from ._log import logger

_AGE: Final = 10.0
"""Seconds that such a file is left alone: a process id means nothing in another container."""


def temporary_name(file_name: str, nonce: int) -> str:
    """What a ring's file is called while it is made."""
    return f".{file_name}.{os.getpid()}.{nonce & 0xFFFFFFFF:08x}.tmp"


def remove_leftovers(folder: str, file_name: str) -> None:
    """Removes what dead processes left of this ring; whatever cannot be removed stays."""
    pattern = re.compile(rf"\.{re.escape(file_name)}\.([0-9]{{1,10}})\.[0-9A-Fa-f]{{8}}\.tmp")
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            match = pattern.fullmatch(name)
            if match and not _platform.process_exists(int(match.group(1))):
                _remove_if_old(os.path.join(folder, name))


def _remove_if_old(path: str) -> None:
    with contextlib.suppress(OSError):
        if time.time() - os.lstat(path).st_mtime > _AGE:
            _platform.remove(path)
            logger.info("removed %s, which a dead process left", path)
