"""What the checks at attach need to know of a file."""

from __future__ import annotations

from typing import NamedTuple

LOCK_BASE = 1 << 62
"""Offset of the byte whose lock is the producer's role; the consumer's is the next one.

Far beyond any data, so that locks which block access block nothing.
"""
MAKING = LOCK_BASE + 2
"""Offset of the byte that is locked while a ring is made."""


class FileInfo(NamedTuple):
    """What the system says of a file."""

    kind: str
    """Empty for a regular file, else what it is, as in "a directory"."""
    identity: tuple[int, int]
    """Device and file number: equal exactly for the same file."""
    links: int
    """Names that lead to the file; 0 once it was removed."""
    owner: int | None
    """User id, where the system has one."""
    size: int
    """Bytes."""
