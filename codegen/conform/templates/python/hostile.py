"""A fuzzer of one process: overwrites random words of a live ring and calls everything there is.

The library's own errors are what it is about; anything else ends the program with a trace.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from typing import TYPE_CHECKING

import samples
from arguments import Words
from failure import Failure
from protocol import (
    Corrupt,
    Disposed,
    Mode,
    Monitor,
    Options,
    Removed,
    RingError,
    SharedMemoryConsumer,
    SharedMemoryProducer,
    Timeout,
    layout,
    remove_ring,
    ring_path,
)
from rng import Rng

if TYPE_CHECKING:
    from collections.abc import Callable

_CAPACITY = 4096
_MUTATIONS_OF_A_RING = 64
_DEAD_ENDS_OF_A_RING = 16
"""Errors that come again and again, after which a ring is given up."""
_REATTACH_EVERY = 8
_BRIEF = 50e-6
"""How long a call waits that waits."""
_LARGE = 5000
_U32 = 0xFFFFFFFF
_U64 = 0xFFFFFFFFFFFFFFFF

_OFFSETS = [offset for offset, _ in layout.RING_HEADER_FIELDS.values()]
_STATES = (layout.PRODUCER_STATE_OFFSET, layout.CONSUMER_STATE_OFFSET)
_ATTACHED = (1).to_bytes(4, "little")
_CLOSED = (2).to_bytes(4, "little")
"""What the state of a side says that is there, and of one that has closed."""


def run(words: list[str]) -> dict[str, object]:
    """Does what the command line says; the numbers of mutations, calls and errors."""
    said = Words(words, {"--name": "", "--mutations": "", "--seed": "1"})
    fuzzer = _Fuzzer(said.name(), Rng(said.number("--seed"), 0))
    mutations = said.number("--mutations")
    _march(said.name())
    while fuzzer.mutations < mutations:
        fuzzer.use_up_a_ring(min(_MUTATIONS_OF_A_RING, mutations - fuzzer.mutations))
    return {
        "ok": True,
        "mutations": fuzzer.mutations,
        "calls": fuzzer.calls,
        "errors": fuzzer.errors,
    }


def _march(name: str) -> None:
    """Ends laps with padding of every size: a ring that nobody overwrites, read to its last byte."""
    remove_ring(name)
    options = Options(capacity=_CAPACITY, mode=Mode.CREATE_ONLY)
    with (
        SharedMemoryProducer(name, options=options) as producer,
        SharedMemoryConsumer(name, options=Options(mode=Mode.OPEN_ONLY)) as consumer,
    ):
        for size in range(65):
            for _ in range(_CAPACITY // layout.MESSAGE_HEADER_SIZE):
                sent = producer.try_send(bytes(size)) and producer.try_send(bytes(size))
                if not sent or consumer.skip_to_latest() != 1 or not consumer.skip():
                    msg = f"of two messages of {size} bytes not one is skipped"
                    raise Failure(msg)
    remove_ring(name)


class _Fuzzer:
    """Counts what it does to one ring after the other."""

    def __init__(self, name: str, rng: Rng) -> None:
        self.mutations = 0
        self.calls = 0
        self.errors = 0
        self._name = name
        self._rng = rng
        self._rings = 0
        self._dead_ends = 0

    def use_up_a_ring(self, mutations: int) -> None:
        """Makes a ring, spoils it so many times at most, and removes it."""
        self._rings += 1
        self._dead_ends = 0
        self._attached(Mode.CREATE_ONLY, mutations)
        if self._rings % _REATTACH_EVERY == 0 and os.path.exists(ring_path(self._name)):
            with contextlib.suppress(RingError):
                self._attached(Mode.OPEN_ONLY, 1)
        remove_ring(self._name)

    def _attached(self, mode: Mode, mutations: int) -> None:
        """Spoils a ring while all of its sides are there."""
        first = Options(capacity=_CAPACITY, mode=mode, send_timeout=_BRIEF)
        then = Options(mode=Mode.OPEN_ONLY)
        with contextlib.ExitStack() as stack:
            producer = stack.enter_context(SharedMemoryProducer(self._name, options=first))
            consumer = stack.enter_context(SharedMemoryConsumer(self._name, options=then))
            monitor = stack.enter_context(Monitor(self._name))
            words = stack.enter_context(_Mapping(ring_path(self._name)))
            calls = _Calls(self._rng, producer, consumer, monitor).all()
            for _ in range(mutations):
                undo = self._mutate(words)
                self._call(calls[self._rng.next() % len(calls)])
                if self._rng.next() % 2:
                    # Else most rings would be of no use after the first few.
                    undo()
                if self._dead_ends >= _DEAD_ENDS_OF_A_RING:
                    break
            # Who closes waits up to 5 s for another side that seems to be closing, too.
            for offset in _STATES:
                if words[offset : offset + 4] == _CLOSED:
                    words[offset : offset + 4] = _ATTACHED

    def _call(self, call: Callable[[], object]) -> None:
        self.calls += 1
        try:
            call()
        except Timeout:
            pass  # a result, like an empty ring
        except RingError as error:
            self.errors += 1
            self._dead_ends += isinstance(error, (Corrupt, Removed, Disposed))

    def _mutate(self, memory: memoryview) -> Callable[[], None]:
        """Overwrites one aligned word; what it returns writes the old one back."""
        self.mutations += 1
        draw = self._rng.next()
        size = 4 if draw & 1 else 8
        words = memory.cast("I" if size == 4 else "Q")  # noqa: PLR2004 - bytes of a half word
        index = self._place(memory, draw >> 1) // size
        old: int = words[index]
        words[index] = self._value(words, index) & (_U32 if size == 4 else _U64)  # noqa: PLR2004
        words.release()

        def undo() -> None:
            memory[index * size : (index + 1) * size] = old.to_bytes(size, "little")

        return undo

    def _place(self, memory: memoryview, draw: int) -> int:
        """Where to write: a byte offset in the file."""
        kind, draw = draw % 8, draw // 8
        if kind < 4:  # noqa: PLR2004 - half of the time where the sides keep their state
            return _OFFSETS[draw % len(_OFFSETS)]
        if kind < 7:  # noqa: PLR2004 - anywhere in the data
            return layout.RING_HEADER_SIZE + draw % _CAPACITY
        at = layout.READ_POSITION_OFFSET
        position = int.from_bytes(memory[at : at + 8], "little")
        place = (position + draw % layout.MESSAGE_HEADER_SIZE) % _CAPACITY
        return layout.RING_HEADER_SIZE + place

    def _value(self, words: memoryview, index: int) -> int:
        draw = self._rng.next()
        kind, draw = draw % 8, draw // 8
        near = _CAPACITY - 64 + draw % 128
        flipped = words[index] ^ 1 << draw % (8 * words.itemsize)
        other = words[draw % len(words)]
        return int((0, 1, _U64, draw % 256, near, flipped, other, self._rng.next())[kind])


class _Mapping:
    """A second mapping of the file, behind the library's back."""

    def __init__(self, path: str) -> None:
        fd = os.open(path, os.O_RDWR)
        try:
            self._map = mmap.mmap(fd, 0)
        finally:
            os.close(fd)
        self._view = memoryview(self._map)

    def __enter__(self) -> memoryview:
        return self._view

    def __exit__(self, *_: object) -> None:
        self._view.release()
        self._map.close()


class _Calls:
    """Everything that can be called, with random arguments and bounded time."""

    def __init__(
        self,
        rng: Rng,
        producer: SharedMemoryProducer,
        consumer: SharedMemoryConsumer,
        monitor: Monitor,
    ) -> None:
        self._rng = rng
        self._producer = producer
        self._consumer = consumer
        self._monitor = monitor

    def all(self) -> list[Callable[[], object]]:
        """The calls; the frequent ones come more than once."""
        producer, consumer, monitor = self._producer, self._consumer, self._monitor
        sends: list[Callable[[], object]] = [
            lambda: producer.try_send(bytes(self._below(300))),
            lambda: producer.send(bytes(self._below(300)), 1 + self._below(2000), self._below(256)),
            self._claim,
            lambda: producer.send_batch([bytes(self._below(100))] * self._below(40)),
            lambda: producer.try_send_batch([bytes(size) for size in range(self._below(40))]),
            lambda: producer.send_fragmented(bytes(self._below(_LARGE))),
        ]
        receives: list[Callable[[], object]] = [
            lambda: consumer.receive(self._brief()),
            lambda: consumer.receive_message(self._brief()),
            lambda: consumer.receive_string(self._brief()),
            self._borrow,
            consumer.peek,
            consumer.skip,
            consumer.skip_to_latest,
            consumer.clear,
            consumer.has_message,
            lambda: consumer.drain(self._below(50)),
            consumer.drain,
            lambda: consumer.receive_batch(self._below(50), self._brief()),
        ]
        if samples.ALL:
            receives.append(lambda: consumer.receive_typed(self._kind(), self._brief()))
        looks: list[Callable[[], object]] = [
            producer.statistics,
            consumer.snapshot,
            monitor.statistics,
            monitor.snapshot,
            producer.peer_state,
            consumer.peer_state,
            producer.free_bytes,
            lambda: producer.wait_for_peer(self._brief()),
            lambda: consumer.wait_for_peer(self._brief()),
            producer.heartbeat,
            consumer.heartbeat,
        ]
        return sends * 2 + receives * 2 + looks

    def _below(self, bound: int) -> int:
        return self._rng.next() % bound

    def _brief(self) -> float:
        """No time, or a short one."""
        return self._below(2) * _BRIEF

    def _kind(self) -> type:
        """A struct of the spec."""
        kind: type = samples.ALL[self._below(len(samples.ALL))].kind
        return kind

    def _claim(self) -> None:
        claim = self._producer.try_claim(self._below(300))
        if claim is None:
            return
        with contextlib.suppress(BufferError):
            if self._below(2):
                claim.commit()
            else:
                claim.abandon()

    def _borrow(self) -> None:
        message = self._consumer.borrow(self._brief())
        if message is not None:
            with message:
                bytes(message.payload)
