"""The stream with the calls for many messages: `send_batch` and `drain`.

The content is the same as that of `parts.send` and `parts.receive`, and touched in the same way.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING

from parts import index_of, unexpected

if TYPE_CHECKING:
    from arguments import Arguments
    from ring import RingReceiver, RingSender

BATCH = 256
"""Messages that are sent together: as many as the engine packs by one call."""


def send(sender: RingSender, arguments: Arguments) -> None:
    """Sends the stream."""
    rest = bytes([7]) * (arguments.size - 8)
    end = arguments.warm_up + arguments.count
    for first in range(0, end, BATCH):
        indices = range(first, min(first + BATCH, end))
        messages = [index.to_bytes(8, "little") + rest for index in indices]
        if sender.send_batch(messages) != len(messages):
            raise ValueError("not all of a batch was sent")


def receive(receiver: RingReceiver, arguments: Arguments) -> float:
    """Receives the stream; nanoseconds for each message."""
    receive_some(receiver, 0, arguments.warm_up)
    start = monotonic_ns()
    receive_some(receiver, arguments.warm_up, arguments.count)
    return (monotonic_ns() - start) / arguments.count


def receive_some(receiver: RingReceiver, first: int, count: int) -> None:
    """Receives and checks some messages of the stream."""
    index, end = first, first + count
    while index < end:
        messages = receiver.drain(end - index)
        if not messages:
            receiver.wait()
        for due, message in enumerate(messages, index):
            if index_of(message) != (due,):
                raise unexpected(due)
        index += len(messages)
