"""This project's ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared_memory_api import (
    Options,
    SharedMemoryConsumer,
    SharedMemoryProducer,
    WaitStrategy,
)

if TYPE_CHECKING:
    from arguments import Arguments

CAPACITY = 1 << 20
"""Bytes in the data area, and as near as may be in every other transport."""


def options(arguments: Arguments) -> Options:
    """How both sides attach."""
    strategy = WaitStrategy.SPIN if arguments.polling else WaitStrategy.ADAPTIVE
    return Options(capacity=CAPACITY, wait_strategy=strategy)


class RingSender(SharedMemoryProducer):
    """The sending end."""

    __slots__ = ()

    def __init__(self, name: str, arguments: Arguments) -> None:
        """Makes or opens the ring."""
        super().__init__(name, options=options(arguments))


class RingReceiver(SharedMemoryConsumer):
    """The receiving end."""

    __slots__ = ()

    def __init__(self, name: str, arguments: Arguments) -> None:
        """Makes or opens the ring."""
        super().__init__(name, options=options(arguments))
