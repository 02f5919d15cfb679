"""One side of a ring with what long-lived programs want around it."""

from __future__ import annotations

from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from .._layout import TYPE_DATA
from ._closing import leave
from ._consumer import SharedMemoryConsumer
from ._core import BURST, Core
from ._errors import Busy, RingError, UsageError
from ._payload import Payload
from ._producer import SharedMemoryProducer
from ._times import SECOND_NS, nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ._message import SharedMemoryMessage
    from ._options import Options
    from ._statistics import PeerState, Snapshot, Statistics
    from ._typing import BytesLike

Struct = TypeVar("Struct", bound=Payload)

_HEARTBEAT: Final = 1.0
"""Seconds between two signs of life."""
_STALLED_AFTER: Final = 3
"""How many intervals late a heartbeat may be before its side counts as stalled."""
_NUDGE: Final = 0.001


class SharedMemoryManager:
    """One side of a ring with handlers, heartbeats and the other side's state.

    A consumer's manager receives and calls the handler of each message's type, either in a thread
    of its own (:meth:`start`) or by hand (:meth:`poll`). A producer's manager sends from any
    thread. Both store heartbeats while the thread runs; no message is sent for them.

    Threads: every method from any thread, and from within handlers. Handlers run one at a time,
    and get each message once: a process that is killed loses the one that its handler is busy with.
    An exception of theirs, SystemExit included, is told to the handler of :meth:`on_error`, else
    logged as an error, which Python prints to stderr unless logging is set up; the thread goes on
    with the next message. The thread is a daemon: it ends with the interpreter, which gives a
    handler that runs 5 s. Usable as a context manager, which closes it at the end.

    ::

        with SharedMemoryManager("prices", is_producer=False) as manager:
            manager.on(MessageType.DATA, lambda message: print(message.payload))
            manager.on(TestData, lambda data: print(data.value))
            manager.start()
            ...

    Raises:
        RingError: As for :class:`SharedMemoryProducer` and :class:`SharedMemoryConsumer`.
    """

    __slots__ = ("__weakref__", "_core", "_interval")

    def __init__(
        self,
        name: str,
        is_producer: bool,  # noqa: FBT001 - the same order of arguments in every language
        capacity: int | None = None,
        options: Options | None = None,
    ) -> None:
        """Attaches as one side of the ring `name`."""
        self._interval: float | None = _HEARTBEAT
        kind = SharedMemoryProducer if is_producer else SharedMemoryConsumer
        self._core = Core(kind(name, capacity, options))

    @property
    def is_producer(self) -> bool:
        """True for the sending side."""
        return isinstance(self._core.side, SharedMemoryProducer)

    @property
    def is_running(self) -> bool:
        """Whether the thread runs. It ends by itself when the ring's file was removed."""
        return self._core.is_running

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
            self._core.handlers[kind.MESSAGE_TYPE] = lambda m: handler(m.decode(kind))

    def on_any(self, handler: Callable[[SharedMemoryMessage], object]) -> None:
        """Calls `handler` for messages whose type has no handler of its own."""
        with self._core.lock:
            self._core.any_handler = handler

    def on_error(self, handler: Callable[[BaseException], object]) -> None:
        """Calls `handler` when receiving in the thread fails, or a handler does.

        Each time that a producer closes or dies is told once, and the thread waits for the next
        one. A removed file, and a ring whose bytes nobody writes, end the thread. Without a handler
        of errors they are logged.
        """
        with self._core.lock:
            self._core.error_handler = handler

    def start(self, heartbeat: float | None = _HEARTBEAT) -> None:
        """Starts the thread; `heartbeat` is the time between two signs of life, in seconds.

        None gives only one, at the start.

        Raises:
            Busy: It runs already.
            UsageError: The manager was closed, or forked.
            ValueError: The time is 0, negative, or not a number.
        """
        interval = _interval(heartbeat)
        core = self._core
        with core.lock:
            core.side.heartbeat()
            if core.is_running:
                message = f"{core.side.path}: the manager's thread runs already"
                raise Busy(message)
            self._interval = interval
            core.start(interval)

    def stop(self) -> None:
        """Stops the thread and waits for its end: for a handler that runs, not for messages.

        Within a handler it returns at once, and the thread ends after that handler. The side stays
        attached; :meth:`start` may be called again.
        """
        self._core.stop()

    def poll(self, timeout: float | None = 0) -> int:
        """Hands out the messages that are there, waiting for the first one. Returns how many.

        For those who do not want a thread. Stores a heartbeat as well. An exception of a handler is
        told as in the thread, but one that is no `Exception`, KeyboardInterrupt say, comes out.

        Raises:
            Busy: The thread runs: it receives.
            UsageError: This is a producer's manager.
            RingError: As for :meth:`SharedMemoryConsumer.receive`, and only if nothing was handed
                out before.
        """
        core, consumer = self._core, self._core.side
        if not isinstance(consumer, SharedMemoryConsumer):
            message = f"{consumer.path}: a producer's manager cannot receive"
            raise UsageError(message)
        if core.is_running:
            message = f"{consumer.path}: the manager's thread receives"
            raise Busy(message)
        with core.lock:
            consumer.heartbeat()
            received: SharedMemoryMessage | None = consumer.receive_message(timeout)
            count = 0
            while received is not None:
                core.dispatch(received)
                count += 1
                received = _next(consumer) if count < BURST else None
        return count

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
            Disposed: After close().
        """
        interval = self._interval
        return self._core.side.peer_state(interval and interval * _STALLED_AFTER)

    def wait_for_peer(self, timeout: float | None = None) -> bool:
        """As :meth:`SharedMemoryProducer.wait_for_peer`; a consumer's thread must not run.

        Raises:
            Busy: The thread runs: it waits itself.
            RingError: As there.
        """
        return self._core.side.wait_for_peer(timeout)

    def statistics(self) -> Statistics:
        """The counters of both sides; those of the moment of closing after close()."""
        return self._core.side.statistics()

    def snapshot(self) -> Snapshot:
        """All that the ring's header says; what it said at closing after close()."""
        return self._core.side.snapshot()

    def close(self) -> None:
        """Stops the thread and closes this side. Again: no effect.

        Raises:
            BufferError: As for the side's own close().
        """
        self.stop()
        core = self._core
        while not core.lock.acquire(timeout=_NUDGE):
            # Somebody waits for room.
            core.side.interrupt()
        try:
            core.side.close()
        finally:
            core.lock.release()

    def dispose(self) -> None:
        """The same as close()."""
        self.close()

    def __enter__(self) -> SharedMemoryManager:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes; what that raises never replaces an exception of the body."""
        leave(error, self.close)

    def __del__(self) -> None:
        """Ends the thread of a manager that was forgotten; its side closes by itself."""
        if getattr(self, "_core", None) is not None:
            self._core.forsake()

    def __repr__(self) -> str:
        """Role, file and whether the thread runs."""
        role = "producer" if self.is_producer else "consumer"
        running = "running" if self.is_running else "not running"
        return f"<SharedMemoryManager {role} {self._core.side.path} {running}>"


def _interval(heartbeat: float | None) -> float | None:
    """A heartbeat's interval as the standard library takes it.

    Raises:
        ValueError: It is 0, negative, or not a number.
    """
    nanos = nanoseconds(heartbeat)
    if nanos == 0:
        message = f"a heartbeat each {heartbeat!r} s: expected more than 0, or None for never"
        raise ValueError(message)
    return None if nanos is None else min(nanos / SECOND_NS, TIMEOUT_MAX)


def _next(consumer: SharedMemoryConsumer) -> SharedMemoryMessage | None:
    """The next message that is there; what is wrong is for the next call to tell."""
    try:
        # A handler may have closed it.
        if not consumer.is_open or not consumer.has_message():
            return None
    except RingError as error:
        consumer._receiver.withhold(error)
        return None
    return consumer.try_receive_message()
