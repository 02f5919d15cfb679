"""Receiving many messages at once: their room is given back together."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from ._errors import RingError
from ._message import SharedMemoryMessage
from ._record import SIMPLE_HEADER, U64, WORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Union

    from ._errors import MessageError
    from ._reader import RingReader
    from ._receiver import Receiver
    from ._record import Shape
    from ._times import Patience

    # What is wrong with a message of a type and size; None if nothing is.
    Judge = Callable[[int, int], Union[MessageError, None]]

_CHUNK: Final = 256
"""Messages that are looked at together."""


def drain(
    receiver: Receiver, most: int, timeout: Patience, judge: Judge | None, *, whole: bool
) -> list[Any]:
    """Receives messages, or their payloads if not `whole`; waits for the first one only.

    At most a lap of them. They are released at the end, and when they fill a quarter of the ring.

    Raises:
        RingError: As for one message, and only if there was none before.
        MessageError: What `judge` says of the first one.
    """
    taken: list[Any] = []
    try:
        receiver.check()
        try:
            _take_many(receiver, taken, most, timeout, judge, whole=whole)
        except RingError as error:
            if not taken:
                raise
            receiver.withhold(error)
        if taken:
            receiver.reader.release()
    except BaseException as error:
        receiver.recover(error)
        raise
    return taken


def _take_many(
    receiver: Receiver,
    taken: list[Any],
    most: int,
    timeout: Patience,
    judge: Judge | None,
    *,
    whole: bool,
) -> None:
    reader = receiver.reader
    begin = released = reader.position
    while len(taken) < most and (reader.position - begin) & U64 < reader.capacity:
        left = min(most - len(taken), _CHUNK)
        if not _take_alike(receiver, taken, left, judge, whole=whole):
            shape = receiver.find() if taken else receiver.wait(timeout)
            if shape is None or not _suits(shape, judge, is_first=not taken):
                return
            taken.append(receiver.copy(shape) if whole else receiver.payload(shape))
            receiver.take(shape)
            if judge is None and not whole and receiver.is_plain:
                _take_plain(reader, taken, left - 1)
        if (reader.position - released) & U64 >= reader.capacity // 4:
            released = reader.position
            reader.release()


def _take_plain(reader: RingReader, taken: list[Any], most: int) -> None:
    """Takes messages that need no closer look, and that stay within some part of the ring."""
    end = reader.index + (reader.capacity // 4) // WORD
    for _ in range(most):
        payload = reader.take_next() if reader.index < end else None
        if payload is None:
            return
        taken.append(payload)


def _suits(shape: Shape, judge: Judge | None, *, is_first: bool) -> bool:
    """Whether nothing is wrong with a message; the first one has to be right."""
    error = None if judge is None else judge(shape[2], shape[1])
    if error is not None and is_first:
        raise error
    return error is None


def _take_alike(
    receiver: Receiver, taken: list[Any], most: int, judge: Judge | None, *, whole: bool
) -> bool:
    """Takes many messages that are like the next one; False if there are not many."""
    reader = receiver.reader
    shape = reader.look() if receiver.is_plain and (SIMPLE_HEADER or not whole) else None
    if shape is None or (judge is not None and judge(shape[2], shape[1]) is not None):
        return False
    first = reader.message_id()
    payloads = reader.take_alike(shape, most)
    if whole:
        ids = range(first, first + len(payloads))
        taken.extend(map(SharedMemoryMessage, repeat(shape[2]), payloads, repeat(0), ids))
    else:
        taken.extend(payloads)
    return len(payloads) > 0
