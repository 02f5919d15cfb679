"""One record: its publication word, the checks on it, and the rest of its header.

Everything here follows from the numbers in `_layout`. Shapes of words are turned into factors and
indices once, when the module is imported, so that the hot paths only add and multiply.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from .._layout import (
    CAPACITY_OFFSET,
    FLAG_FRAGMENT,
    FLAG_LAST_FRAGMENT,
    FLAGS_OFFSET,
    FLAGS_SIZE,
    FRAME_LENGTH_OFFSET,
    HAS_TIMESTAMP,
    MESSAGE_HEADER_SIZE,
    MESSAGE_ID_OFFSET,
    MESSAGE_TYPE_OFFSET,
    RING_HEADER_SIZE,
    TIMESTAMP_OFFSET,
)
from ._errors import Corrupt, InvalidType
from ._platform import now_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._typing import BytesLike

    # Words, payload size and type of a message.
    Shape = tuple[int, int, int]

WORD: Final = 8
"""Bytes of a word. Positions, strides and the header's size are multiples of it."""
WORD_SHIFT: Final = 3
"""Binary logarithm of `WORD`: shifting is faster than dividing."""
WORD_MASK: Final = WORD - 1
HALF: Final = 4
"""Bytes of half a word: of the ids, types, states and sequences."""
U32: Final = 0xFFFFFFFF
U64: Final = 0xFFFFFFFFFFFFFFFF

MIN_CAPACITY: Final = 1 << 10
MAX_CAPACITY: Final = 1 << 40
MAX_FRAME: Final = 1 << 31
"""No record is longer, so that its length fits the header with room to spare."""

DATA_INDEX: Final = RING_HEADER_SIZE // WORD
"""Index of the data area's first word in the mapping."""
ROUND_UP: Final = MESSAGE_HEADER_SIZE + WORD - 1
"""Added to a payload's size before dividing by `WORD`: the record's length in words."""

LENGTH_SHIFT: Final = 8 * FRAME_LENGTH_OFFSET
TYPE_SHIFT: Final = 8 * MESSAGE_TYPE_OFFSET

ID_INDEX: Final = MESSAGE_ID_OFFSET // WORD
"""Word of a record that holds its id."""
ID_SHIFT: Final = 8 * (MESSAGE_ID_OFFSET % WORD)
ID_ONE: Final = 1 << ID_SHIFT
FLAGS_SHIFT: Final = 8 * (FLAGS_OFFSET % WORD)
FLAGS_MASK: Final = (1 << 8 * FLAGS_SIZE) - 1
FRAGMENT_BITS: Final = FLAG_FRAGMENT | FLAG_LAST_FRAGMENT
USER_FLAGS: Final = FLAGS_MASK & ~FRAGMENT_BITS
"""Flags that callers may set: the fragment bits are the engine's."""

ALIKE: Final = 16
"""Messages of one size after each other that are worth being handled together."""

IN_TURN: Final = U32 << ID_SHIFT | FRAGMENT_BITS << FLAGS_SHIFT
"""Bits of the word with the id that say: this message is due, and is no piece of a larger one."""
COMPACT_HEADER: Final = FLAGS_OFFSET // WORD == ID_INDEX
"""The id and the flags are in the same word."""
SIMPLE_HEADER: Final = MESSAGE_HEADER_SIZE == WORD + WORD
"""The header is its publication word and one more, with id and flags: written by one store."""

_FLAGS: Final = Struct({1: "<B", 2: "<H", 4: "<I"}[FLAGS_SIZE])
_BLANK: Final = bytes(MESSAGE_HEADER_SIZE - WORD)
_NO_MESSAGE: Final = (MAX_CAPACITY, 0, 0)


def as_words(view: Any) -> memoryview:
    """A view of bytes as one of words.

    The items are of type `size_t`, which CPython converts faster than the equal "Q".
    """
    words: memoryview = view.cast("N")
    return words


def word_cell(view: Any, offset: int) -> memoryview:
    """The word at byte `offset` of a view as `cell[()]`: faster than an item of many."""
    cell: memoryview = view[offset : offset + WORD].cast("N", shape=())
    return cell


def half_cell(view: Any, offset: int) -> memoryview:
    """The half word at byte `offset` of a view as `cell[()]`."""
    cell: memoryview = view[offset : offset + HALF].cast("I", shape=())
    return cell


def check_layout() -> None:
    """Checks what the engine takes for granted of `_layout`.

    Raises:
        ImportError: Somebody edited that module; generate it anew.
    """
    sound = (
        RING_HEADER_SIZE % WORD == 0
        and MESSAGE_HEADER_SIZE % WORD == 0
        and {FRAME_LENGTH_OFFSET, MESSAGE_TYPE_OFFSET} == {0, HALF}
        and MESSAGE_ID_OFFSET % HALF == 0
        and FLAGS_OFFSET % FLAGS_SIZE == 0
        and min(MESSAGE_ID_OFFSET, FLAGS_OFFSET) >= WORD
        and max(MESSAGE_ID_OFFSET, FLAGS_OFFSET) < MESSAGE_HEADER_SIZE
        and (not HAS_TIMESTAMP or WORD <= TIMESTAMP_OFFSET <= MESSAGE_HEADER_SIZE - WORD)
    )
    if not sound:
        message = "the generated module _layout contradicts itself: generate the package anew"
        raise ImportError(message)


def largest_payload(capacity: int) -> int:
    """Most payload bytes of one record: it fits at any position of an empty ring."""
    return min(capacity // 2, MAX_FRAME) - MESSAGE_HEADER_SIZE


def publication_word(frame: int, message_type: int) -> int:
    """The first word of a record: storing it publishes the record."""
    return frame << LENGTH_SHIFT | message_type << TYPE_SHIFT


def frame_of(word: int) -> int:
    """`frame_length` of a publication word: bytes of header and payload."""
    return (word >> LENGTH_SHIFT) & U32


def type_of(word: int) -> int:
    """`message_type` of a publication word; 0 is padding."""
    return (word >> TYPE_SHIFT) & U32


@lru_cache(maxsize=256)
def type_word(message_type: int) -> int:
    """The publication word of an empty message of a type: a payload's size is added to it.

    Raises:
        InvalidType: Nobody can send it.
    """
    if not 0 < message_type <= U32:
        message = f"message type {message_type!r}: expected 1 to {U32} (0 marks padding)"
        raise InvalidType(message, found=message_type)
    return publication_word(MESSAGE_HEADER_SIZE, int(message_type))


@lru_cache(maxsize=1024)
def shape_of(word: int) -> Shape:
    """What a nonzero publication word says of its message, if it is one: see `check_word`.

    All else is longer than any lap.
    """
    frame, message_type = frame_of(word), type_of(word)
    if message_type == 0 or frame < MESSAGE_HEADER_SIZE:
        return _NO_MESSAGE
    return words_of(frame), frame - MESSAGE_HEADER_SIZE, message_type


@lru_cache(maxsize=1024)
def body_packer(size: int) -> Callable[[memoryview, int, int, bytes], None]:
    """Packs what lies behind the publication word of a record with a payload of `size` bytes.

    That is the header word with the id, the payload, zeros, and the next record's publication word
    as zeros, by one call with a view that starts behind the mapping's first word, the byte where
    the record starts, that header word and the payload.
    """
    return Struct(f"Q{size}s{-size % WORD + WORD}x").pack_into


@lru_cache(maxsize=128)
def payloads_struct(size: int, count: int) -> Struct:
    """The payloads of `count` records after each other, with `size` bytes each.

    Unpacking copies them all by one call. Packing zeroes the headers between them, too.
    """
    return Struct(f"{MESSAGE_HEADER_SIZE}x{size}s{-size % WORD}x" * count)


def words_of(frame: int) -> int:
    """Words from one record to the next."""
    return (frame + WORD - 1) // WORD


def check_word(word: int, position: int, capacity: int) -> int:
    """Checks a nonzero publication word as if an enemy had written it.

    Returns the record's words, up to the end of the lap at most. Padding reaches exactly there, and
    no producer needs more than half a lap of it, so that two padding records never follow each
    other.

    Raises:
        Corrupt: No producer writes such a word.
    """
    frame = frame_of(word)
    rest = capacity - position % capacity
    if type_of(word) == 0:
        if frame != rest or rest > capacity // 2:
            raise Corrupt.at(position, word, "padding does not end with the lap")
    elif frame < MESSAGE_HEADER_SIZE:
        raise Corrupt.at(position, word, "frame_length is below the header's size")
    elif words_of(frame) * WORD > rest:
        raise Corrupt.at(position, word, "frame_length reaches beyond the lap")
    return words_of(frame)


def check_capacity(capacity: int) -> None:
    """Checks the capacity that a ring's header states.

    Raises:
        Corrupt: It is not a power of two within the limits.
    """
    if not MIN_CAPACITY <= capacity <= MAX_CAPACITY or capacity & (capacity - 1):
        why = "capacity is not a power of two from 1 KiB to 1 TiB"
        raise Corrupt.at(CAPACITY_OFFSET, capacity, why)


def write_header(
    view: memoryview,
    words: memoryview,
    index: int,
    message_id: int,
    flags: int,
    *,
    fields: BytesLike | None,
) -> None:
    """Writes every word of a record's header but the first.

    `view` and `words` are the mapping in bytes and in words; the record starts at word `index`.
    `fields` is a header whose fields without a role are taken over; None zeroes them.
    """
    start = index * WORD
    rest = _BLANK if fields is None else memoryview(fields)[WORD:]
    view[start + WORD : start + MESSAGE_HEADER_SIZE] = rest
    at = index + ID_INDEX
    words[at] = words[at] & ~(U32 << ID_SHIFT) | message_id << ID_SHIFT
    _FLAGS.pack_into(view, start + FLAGS_OFFSET, flags)
    if HAS_TIMESTAMP:
        words[index + TIMESTAMP_OFFSET // WORD] = now_ns()


def id_of(words: memoryview, index: int) -> int:
    """`message_id` of the record at word `index`."""
    message_id: int = (words[index + ID_INDEX] >> ID_SHIFT) & U32
    return message_id


def flags_of(view: memoryview, start: int) -> int:
    """`flags` of the header that starts at byte `start`."""
    flags: int = _FLAGS.unpack_from(view, start + FLAGS_OFFSET)[0]
    return flags


def clear_fragment_bits(header: bytes) -> bytes:
    """A header as that of a message which was not sent in pieces."""
    clean = bytearray(header)
    _FLAGS.pack_into(clean, FLAGS_OFFSET, flags_of(memoryview(clean), 0) & ~FRAGMENT_BITS)
    return bytes(clean)
