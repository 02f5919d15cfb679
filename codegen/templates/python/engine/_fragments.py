"""Messages that are larger than a record: cut on one side, put together on the other.

Each piece starts with its index and the number of pieces, so that a receiver can tell the rest of a
message whose sender died from the start of the next one.
"""

from __future__ import annotations

from enum import Enum
from struct import Struct
from typing import TYPE_CHECKING, Final

from ._record import clear_fragment_bits

if TYPE_CHECKING:
    from typing import Optional

    from ._record import Shape

    # Index, number of pieces and message type of the piece that has to come next; None if nothing
    # is to be gone on with.
    Due = Optional[tuple[int, int, int]]

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
    NO_MEMORY = 3
    """There is no memory for the message, which is being dropped."""


def follow(due: Due, message_type: int, piece: tuple[int, int, bool]) -> Due:
    """The piece that is due after another one; None if that one does not go on with `due`.

    A piece is its index, the number of pieces, and whether it is flagged as the last one. Index 0
    begins a message, whatever is due.
    """
    index, count, last = piece
    begins_or_goes_on = index == 0 or (index, count, message_type) == due
    if not begins_or_goes_on or last != (index + 1 == count):
        return None
    return index + 1, count, message_type


_NO_PIECE: Final = (-1, 0, 0)
"""What is due of a message that is being dropped: nothing goes on with it."""


class Assembler:
    """Puts the pieces of one message together. Memory is taken as pieces come, never promised."""

    __slots__ = ("_buffer", "_header", "_limit", "_type", "due", "size")

    def __init__(self, limit: int) -> None:
        """An assembler for messages of at most `limit` bytes."""
        self._limit = limit
        self._buffer = bytearray()
        self._type = 0
        self._header = b""
        self.due: Due = None
        """The piece that has to come next. None if there is no message that a record which is no
        piece would break off.
        """
        self.size = 0
        """Bytes so far of the message that is put together, or was the last too large."""

    def interrupt(self) -> int:
        """A whole message came: drops what was gathered. Returns how many errors that is."""
        lost = int(self.due is not None and self.due is not _NO_PIECE)
        self.forget(more=False)
        return lost

    def forget(self, *, more: bool) -> None:
        """Drops what was gathered, and what belongs to it if more is to come: that is no error."""
        self.due = _NO_PIECE if more else None
        self._buffer = bytearray()

    def add(
        self, message_type: int, header: bytes, payload: memoryview, *, last: bool
    ) -> tuple[Step, int]:
        """Adds a piece. Also returns how many messages were found broken."""
        if len(payload) < PREFIX.size:
            return Step.MORE, self.interrupt() + 1
        index, count = PREFIX.unpack_from(payload)
        broken = 0
        if index == 0:
            broken = self.interrupt()
            self._type, self.size = message_type, 0
            self._header = header
        due = follow(self.due, message_type, (index, count, last))
        if due is None:
            # The rest of a message is counted once, not once for each piece.
            broken += self.due is not _NO_PIECE
            self.forget(more=not last)
            return Step.MORE, broken
        self.due = due
        self.size += len(payload) - PREFIX.size
        if self.size > self._limit:
            self.forget(more=not last)
            return Step.TOO_LARGE, broken + 1
        try:
            self._buffer += payload[PREFIX.size :]
        except MemoryError:
            self.forget(more=not last)
            return Step.NO_MEMORY, broken + 1
        if not last:
            return Step.MORE, broken
        self.due = None
        return Step.COMPLETE, broken

    def take(self) -> Whole:
        """The message that was completed."""
        buffer, self._buffer = self._buffer, bytearray()
        return Whole(self._type, clear_fragment_bits(self._header), bytes(buffer))


class Whole:
    """A message that was put together."""

    __slots__ = ("header", "payload", "shape")

    def __init__(self, message_type: int, header: bytes, payload: bytes) -> None:
        """The header is that of its first piece, without the fragment bits."""
        self.shape: Shape = (0, len(payload), message_type)
        """As of a record, which it is not."""
        self.header = header
        self.payload = payload
