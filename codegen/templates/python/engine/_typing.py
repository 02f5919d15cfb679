"""Names for type checkers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sized

    from _typeshed import ReadableBuffer

    class BytesLike(ReadableBuffer, Sized, Protocol):
        """Anything that gives its bytes away without a copy: bytes, memoryview, array, numpy."""
