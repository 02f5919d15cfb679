"""What the sides of each measurement do, whatever carries the messages.

The content is touched as a user's would be: the sender makes the bytes of each message, index
first, and sends them; the receiver gets bytes of its own, and checks the index.
"""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct
from time import monotonic_ns
from time import sleep as nap
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from arguments import Arguments

index_of = Struct("<Q").unpack_from
"""The index in a message, as a tuple of one: checking it should cost little beside receiving it."""

GAP_NS = 200_000
"""Between two messages of `wake`: long enough for the other side to fall asleep."""


class Sender(Protocol):
    """The sending end."""

    send: Callable[[bytes], object]


class Receiver(Protocol):
    """The receiving end."""

    receive: Callable[[], bytes]


def send(sender: Sender, arguments: Arguments) -> None:
    """Sends the stream."""
    put = sender.send
    rest = bytes([7]) * (arguments.size - 8)
    for index in range(arguments.warm_up + arguments.count):
        put(index.to_bytes(8, "little") + rest)


def receive(receiver: Receiver, arguments: Arguments) -> float:
    """Receives the stream; nanoseconds for each message."""
    take = receiver.receive
    receive_some(take, 0, arguments.warm_up)
    start = monotonic_ns()
    receive_some(take, arguments.warm_up, arguments.count)
    return (monotonic_ns() - start) / arguments.count


def receive_some(take: Callable[[], bytes], first: int, count: int) -> None:
    """Receives and checks some messages of the stream."""
    for index in range(first, first + count):
        if index_of(take()) != (index,):
            raise unexpected(index)


def ask(sender: Sender, receiver: Receiver, arguments: Arguments) -> float:
    """Asks and waits for the answer; nanoseconds for each round."""
    put, take = sender.send, receiver.receive
    rest = bytes([7]) * (arguments.size - 8)
    start = 0
    for index in range(arguments.warm_up + arguments.count):
        if index == arguments.warm_up:
            start = monotonic_ns()
        put(index.to_bytes(8, "little") + rest)
        if index_of(take()) != (index,):
            raise unexpected(index)
    return (monotonic_ns() - start) / arguments.count


def answer(sender: Sender, receiver: Receiver, arguments: Arguments) -> None:
    """Answers each message with a copy of it."""
    put, take = sender.send, receiver.receive
    for _ in range(arguments.warm_up + arguments.count):
        put(take())


def wake(sender: Sender, arguments: Arguments) -> None:
    """Sends the time, now and then, from when the other side is ready to sleep."""
    while not ready_file().exists():
        nap(0.001)
    for _ in range(arguments.warm_up + arguments.count):
        start = monotonic_ns()
        while monotonic_ns() - start < GAP_NS:
            pass
        sender.send(monotonic_ns().to_bytes(8, "little"))


def sleep(receiver: Receiver, arguments: Arguments) -> float:
    """Receives times of sending; the median of how long ago that was, in nanoseconds."""
    delays = []
    ready_file().touch()
    for _ in range(arguments.warm_up + arguments.count):
        message = receiver.receive()
        delays.append(monotonic_ns() - int.from_bytes(message, "little"))
    delays = sorted(delays[arguments.warm_up :])
    return delays[len(delays) // 2]


def ready_file() -> Path:
    """Says that the sleeper is there: what is sent before that waits for it."""
    return Path(os.environ["BITRPC_SHM_DIR"]) / "ready"


def unexpected(index: int) -> ValueError:
    """What to raise when another message came than the one that is due."""
    return ValueError(f"another message came than that with index {index}")
