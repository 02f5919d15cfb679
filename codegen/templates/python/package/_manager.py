"""One side of a ring with what long-lived programs want around it."""

from __future__ import annotations

import os
import time
import weakref
from threading import Event, RLock, Thread, current_thread
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from ._consumer import SharedMemoryConsumer
from ._errors import Busy, Closed, PeerDied, RingError, UsageError
from ._layout import TYPE_DATA, TYPE_HEARTBEAT
from ._log import logger
from ._payload import Payload
from ._producer import SharedMemoryProducer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ._message import SharedMemoryMessage
    from ._options import Options
    from ._statistics import PeerState, Snapshot, Statistics
    from ._typing import BytesLike

Struct = TypeVar("Struct", bound=Payload)

_HEARTBEAT_MS: Final = 1000
_STALLED_AFTER: Final = 3
"""How many intervals late a heartbeat may be before its side counts as stalled."""
_BURST: Final = 64
"""Messages handed out before others get a chance to use the manager."""
_PAUSE: Final = 0.02
"""Seconds between two looks at a ring whose producer is gone or whose bytes are bad."""
_NUDGE: Final = 0.001


class _Core:
    """What a manager shares with its thread, which must not keep the manager itself alive."""

    def __init__(self, side: SharedMemoryProducer | SharedMemoryConsumer) -> None:
        self.side = side
        self.lock = RLock()
        self.stopping = Event()
        self.handlers: dict[int, Callable[[SharedMemoryMessage], object]] = {}
        self.any_handler: Callable[[SharedMemoryMessage], object] | None = None
        self.error_handler: Callable[[RingError], object] | None = None
        _cores.add(self)

    def dispatch(self, message: SharedMemoryMessage) -> None:
        """Calls the handler of the message's type, else the one for all, else nobody."""
        handler = self.handlers.get(message.message_type, self.any_handler)
        if handler is None:
            logger.debug("no handler for message type %d", message.message_type)
            return
        try:
            handler(message)
        except RingError as error:
            self.report(error)
        except Exception:  # noqa: BLE001 - it must not end the thread
            logger.exception("a handler of message type %d failed", message.message_type)

    def report(self, error: RingError) -> None:
        """Tells about an error."""
        if self.error_handler is None:
            logger.warning("%s", error)
            return
        try:
            self.error_handler(error)
        except Exception:  # noqa: BLE001 - as above
            logger.exception("the error handler failed")

    def run(self, interval: float) -> None:
        """The thread's whole life."""
        try:
            if isinstance(self.side, SharedMemoryProducer):
                self._produce(self.side, interval)
            else:
                self._consume(self.side, interval)
        except UsageError as error:
            # Closed or forked meanwhile.
            logger.debug("%s", error)

    def _produce(self, producer: SharedMemoryProducer, interval: float) -> None:
        producer.heartbeat()
        before = producer.statistics().messages_sent
        while not self.stopping.wait(interval):
            producer.heartbeat()
            # Sends that are under way, or a full ring, make the message needless.
            if producer.statistics().messages_sent == before and self.lock.acquire(blocking=False):
                try:
                    producer.try_send(b"", TYPE_HEARTBEAT)
                except UsageError:
                    raise
                except RingError as error:
                    logger.debug("no heartbeat message: %s", error)
                finally:
                    self.lock.release()
            before = producer.statistics().messages_sent

    def _consume(self, consumer: SharedMemoryConsumer, interval: float) -> None:
        next_beat = time.monotonic()
        told: type[RingError] | None = None
        while not self.stopping.is_set():
            now = time.monotonic()
            if now >= next_beat:
                next_beat = now + interval
                consumer.heartbeat()
            try:
                # Others may use the manager while this thread waits.
                if consumer.wait(max(1, int((next_beat - now) * 1000))):
                    self._hand_out(consumer)
                told = None
            except UsageError:
                raise
            except RingError as error:
                if type(error) is not told:
                    self.report(error)
                told = type(error) if isinstance(error, (Closed, PeerDied)) else None
                self.stopping.wait(_PAUSE)

    def _hand_out(self, consumer: SharedMemoryConsumer) -> None:
        with self.lock:
            for _ in range(_BURST):
                message = None if self.stopping.is_set() else consumer.try_receive_message()
                if message is None:
                    return
                self.dispatch(message)


_cores: Final[weakref.WeakSet[_Core]] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for core in list(_cores):
        # The thread that held it is not in this process.
        core.lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


class SharedMemoryManager:
    """One side of a ring with handlers, heartbeats and the other side's state.

    A consumer's manager receives and calls the handler of each message's type, either in a thread
    of its own (:meth:`start`) or by hand (:meth:`poll`). A producer's manager sends from any
    thread. Both store heartbeats while the thread runs; a producer that sent nothing else in an
    interval also sends an empty heartbeat message, if there is room.

    Threads: every method from any thread. Handlers run one at a time; an exception of theirs is
    logged. Usable as a context manager, which disposes of it at the end.

    ::

        with SharedMemoryManager("prices", is_producer=False) as manager:
            manager.on(MessageType.DATA, lambda message: print(message.payload))
            manager.on(TestData, lambda data: print(data.value))
            manager.start()
            ...

    Raises:
        RingError: As for :class:`SharedMemoryProducer` and :class:`SharedMemoryConsumer`.
    """

    __slots__ = ("__weakref__", "_core", "_interval_ms", "_thread")

    def __init__(
        self,
        name: str,
        is_producer: bool,  # noqa: FBT001 - the same order of arguments in every language
        capacity: int | None = None,
        options: Options | None = None,
    ) -> None:
        """Attaches as one side of the ring `name`."""
        self._thread: Thread | None = None
        self._interval_ms = _HEARTBEAT_MS
        kind = SharedMemoryProducer if is_producer else SharedMemoryConsumer
        self._core = _Core(kind(name, capacity, options))

    @property
    def is_producer(self) -> bool:
        """True for the sending side."""
        return isinstance(self._core.side, SharedMemoryProducer)

    @property
    def is_running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @overload
    def on(self, kind: int, handler: Callable[[SharedMemoryMessage], object]) -> None: ...

    @overload
    def on(self, kind: type[Struct], handler: Callable[[Struct], object]) -> None: ...

    def on(self, kind: int | type[Payload], handler: Callable[[Any], object]) -> None:
        """Calls `handler` for messages of one type, or for one of the spec's structs.

        The handler of a struct gets the struct. A later handler of the same type replaces it.

        Raises:
            ValueError: The struct has no message type of its own.
        """
        if isinstance(kind, int):
            with self._core.lock:
                self._core.handlers[kind] = handler
            return
        if kind.MESSAGE_TYPE is None:
            message = f"{kind.__name__} has no message type of its own"
            raise ValueError(message)
        with self._core.lock:
            self._core.handlers[kind.MESSAGE_TYPE] = lambda m: handler(m.typed(kind))

    def on_any(self, handler: Callable[[SharedMemoryMessage], object]) -> None:
        """Calls `handler` for messages whose type has no handler of its own."""
        with self._core.lock:
            self._core.any_handler = handler

    def on_error(self, handler: Callable[[RingError], object]) -> None:
        """Calls `handler` when receiving in the thread fails: the producer closed or died, say.

        Without one, errors are logged. The thread goes on and waits for the next producer.
        """
        with self._core.lock:
            self._core.error_handler = handler

    def start(self, heartbeat_ms: int = _HEARTBEAT_MS) -> None:
        """Starts the thread; `heartbeat_ms` is the time between two signs of life.

        Raises:
            Busy: It runs already.
            UsageError: The manager was disposed of, or forked.
        """
        core = self._core
        with core.lock:
            core.side.heartbeat()
            if self.is_running:
                message = f"{core.side.path}: the manager's thread runs already"
                raise Busy(message)
            self._interval_ms = max(1, heartbeat_ms)
            core.stopping.clear()
            name = f"ring {core.side.name}"
            interval = self._interval_ms / 1000
            self._thread = Thread(target=core.run, args=(interval,), name=name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stops the thread and waits for its end: for a handler that runs, not for messages.

        The side stays attached; :meth:`start` may be called again.
        """
        core, thread = self._core, self._thread
        core.stopping.set()
        if thread is None or thread is current_thread() or core.side.is_forked:
            return
        while thread.is_alive():
            # It may have been about to sleep: so interrupt it until it has gone.
            core.side.interrupt()
            thread.join(_NUDGE)
        core.side._link.forget_interrupt()
        self._thread = None

    def poll(self, timeout_ms: int = 0) -> int:
        """Hands out the messages that are there, waiting for the first one. Returns how many.

        For those who do not want a thread. Stores a heartbeat as well.

        Raises:
            Busy: The thread runs: it receives.
            UsageError: This is a producer's manager.
            RingError: As for :meth:`SharedMemoryConsumer.receive`.
        """
        consumer = self._core.side
        if not isinstance(consumer, SharedMemoryConsumer):
            message = f"{consumer.path}: a producer's manager cannot receive"
            raise UsageError(message)
        if self.is_running:
            message = f"{consumer.path}: the manager's thread receives"
            raise Busy(message)
        with self._core.lock:
            consumer.heartbeat()
            messages = consumer.receive_batch(_BURST, timeout_ms)
            for received in messages:
                self._core.dispatch(received)
        return len(messages)

    def _producer(self) -> SharedMemoryProducer:
        producer = self._core.side
        if not isinstance(producer, SharedMemoryProducer):
            message = f"{producer.path}: a consumer's manager cannot send"
            raise UsageError(message)
        return producer

    def send(self, payload: BytesLike, message_type: int = TYPE_DATA, flags: int = 0) -> bool:
        """As :meth:`SharedMemoryProducer.send`, from any thread.

        Raises:
            UsageError: This is a consumer's manager.
            RingError: As there.
        """
        with self._core.lock:
            return self._producer().send(payload, message_type, flags)

    def send_string(self, text: str, flags: int = 0) -> bool:
        """As :meth:`SharedMemoryProducer.send_string`, from any thread.

        Raises:
            UsageError: This is a consumer's manager.
            RingError: As there.
        """
        with self._core.lock:
            return self._producer().send_string(text, flags)

    def send_typed(self, value: Payload, flags: int = 0) -> bool:
        """As :meth:`SharedMemoryProducer.send_typed`, from any thread.

        Raises:
            UsageError: This is a consumer's manager.
            RingError: As there.
        """
        with self._core.lock:
            return self._producer().send_typed(value, flags)

    def send_message(self, message: SharedMemoryMessage) -> bool:
        """As :meth:`SharedMemoryProducer.send_message`, from any thread.

        Raises:
            UsageError: This is a consumer's manager.
            RingError: As there.
        """
        with self._core.lock:
            return self._producer().send_message(message)

    def peer_state(self) -> PeerState:
        """The other side's life; stalled when its heartbeat is older than three intervals.

        Raises:
            Disposed: After dispose().
        """
        return self._core.side.peer_state(self._interval_ms * _STALLED_AFTER)

    def statistics(self) -> Statistics:
        """The counters of both sides; those of the moment of closing after dispose()."""
        return self._core.side.statistics()

    def snapshot(self) -> Snapshot:
        """All that the ring's header says; what it said at closing after dispose()."""
        return self._core.side.snapshot()

    def dispose(self) -> None:
        """Stops the thread and closes this side. Again: no effect.

        Raises:
            BufferError: As for the side's own dispose().
        """
        self.stop()
        core = self._core
        while not core.lock.acquire(timeout=_NUDGE):
            # Somebody waits for room.
            core.side.interrupt()
        try:
            core.side.dispose()
        finally:
            core.lock.release()

    def __enter__(self) -> SharedMemoryManager:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disposes."""
        self.dispose()

    def __del__(self) -> None:
        """Stops the thread of a manager that was forgotten; its side closes by itself."""
        if getattr(self, "_core", None) is not None:
            self.stop()

    def __repr__(self) -> str:
        """Role, file and whether the thread runs."""
        role = "producer" if self.is_producer else "consumer"
        running = "running" if self.is_running else "not running"
        return f"<SharedMemoryManager {role} {self._core.side.path} {running}>"
