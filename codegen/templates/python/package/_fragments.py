"""Messages that are larger than a record: cut on one side, put together on the other.

Each piece starts with its index and the number of pieces, so that a receiver can tell the rest of a
message whose sender died from the start of the next one.
"""

from __future__ import annotations

from enum import Enum
from struct import Struct
from typing import Final

PREFIX: Final = Struct("<II")
"""In front of each piece: its index and the number of pieces."""

_SMALLEST: Final = 64
"""The smallest piece that is worth its header."""
_MOST_PIECES: Final = 0xFFFFFFFF


def piece_size(largest_payload: int, asked: int) -> int:
    """Bytes of a piece, its prefix included: two of them always fit the ring.

    So one can be written while the other is read. `asked` is the option; 0 asks for the most.
    """
    most = max(_SMALLEST, largest_payload // 2)
    return min(max(asked, _SMALLEST), most) if asked else most


def count_pieces(size: int, each: int) -> int:
    """How many pieces of `each` bytes carry `size` bytes.

    Raises:
        ValueError: More than can be counted.
    """
    count = -(-size // each)
    if count > _MOST_PIECES:
        message = f"{size} bytes take more than {_MOST_PIECES} pieces of {each} bytes"
        raise ValueError(message)
    return count


class Step(Enum):
    """What became of a piece."""

    MORE = 0
    """More are to come, or it belongs to a message that is being dropped."""
    COMPLETE = 1
    """The message is complete."""
    TOO_LARGE = 2
    """The message exceeds the limit and is being dropped."""


class Assembler:
    """Puts the pieces of one message together. Memory is taken as pieces come, never promised."""

    __slots__ = (
        "_buffer",
        "_count",
        "_dropping",
        "_gathering",
        "_header",
        "_limit",
        "_next",
        "_type",
        "size",
    )

    def __init__(self, limit: int) -> None:
        """An assembler for messages of at most `limit` bytes."""
        self._limit = limit
        self._buffer = bytearray()
        self._gathering = False
        self._dropping = False
        self._next = 0
        self._count = 0
        self._type = 0
        self._header = b""
        self.size = 0
        """Bytes so far of the message that is put together, or was the last too large."""

    @property
    def is_busy(self) -> bool:
        """Whether a record that is no piece would break a message off."""
        return self._gathering or self._dropping

    def interrupt(self) -> int:
        """A whole message came: drops what was gathered. Returns how many errors that is."""
        lost = int(self._gathering)
        self._gathering = self._dropping = False
        self._buffer = bytearray()
        return lost

    def add(
        self, message_type: int, header: memoryview, payload: memoryview, *, last: bool
    ) -> tuple[Step, int]:
        """Adds a piece. Also returns how many messages were found broken."""
        if len(payload) < PREFIX.size:
            return Step.MORE, self.interrupt() + 1
        index, count = PREFIX.unpack_from(payload)
        broken = 0
        if index == 0:
            broken = self.interrupt()
            self._gathering = True
            self._next, self._count, self._type, self.size = 0, count, message_type, 0
            self._header = bytes(header)
        expected = (self._next, self._count, self._type)
        follows = self._gathering and (index, count, message_type) == expected
        if not follows or last != (index + 1 == count):
            # The rest of a message is counted once, not once for each piece.
            broken += not self._dropping
            self._drop(last=last)
            return Step.MORE, broken
        self.size += len(payload) - PREFIX.size
        if self.size > self._limit:
            self._drop(last=last)
            return Step.TOO_LARGE, broken + 1
        self._buffer += payload[PREFIX.size :]
        self._next += 1
        if not last:
            return Step.MORE, broken
        self._gathering = False
        return Step.COMPLETE, broken

    def _drop(self, *, last: bool) -> None:
        self._gathering = False
        self._dropping = not last
        self._buffer = bytearray()

    def take(self) -> tuple[int, bytes, bytes]:
        """Type, header of the first piece, and payload of the message that was completed."""
        payload = bytes(self._buffer)
        self._buffer = bytearray()
        return self._type, self._header, payload
