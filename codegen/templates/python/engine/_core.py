"""A manager's thread, and what it does with messages and errors."""

from __future__ import annotations

import logging
import os
import time
import weakref
from threading import Event, RLock, Thread, current_thread
from typing import TYPE_CHECKING, Final

from ._errors import Closed, Corrupt, Removed, RingError, UsageError
from ._log import logger
from ._producer import SharedMemoryProducer
from ._threads import end_with_interpreter
from ._times import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._consumer import SharedMemoryConsumer
    from ._message import SharedMemoryMessage

BURST: Final = 64
"""Messages handed out before others get a chance to use the manager."""
_NUDGE: Final = 0.001
"""Seconds between two tries to end a wait that may not have begun at the first."""
_LAST_PATIENCE: Final = 5.0
"""Seconds that a handler which runs when the interpreter ends has left."""


class Core:
    """What a manager shares with its thread, which must not keep the manager itself alive."""

    def __init__(self, side: SharedMemoryProducer | SharedMemoryConsumer) -> None:
        """For managers."""
        self.side = side
        self.lock = RLock()
        self.stopping = Event()
        self.thread: Thread | None = None
        self.handlers: dict[int, Callable[[SharedMemoryMessage], object]] = {}
        self.any_handler: Callable[[SharedMemoryMessage], object] | None = None
        self.error_handler: Callable[[BaseException], object] | None = None
        _cores.add(self)
        end_with_interpreter(self)

    def dispatch(self, message: SharedMemoryMessage) -> None:
        """Calls the handler of the message's type, else the one for all, else nobody."""
        handler = self.handlers.get(message.message_type, self.any_handler)
        if handler is None:
            logger.debug("no handler for message type %d", message.message_type)
            return
        try:
            handler(message)
        except BaseException as error:
            # Not even SystemExit ends the thread; but one that polls is to hear of Ctrl-C.
            if not isinstance(error, Exception) and self.thread is not current_thread():
                raise
            self.report(error, f"a handler of message type {message.message_type:d} failed")

    def report(self, error: BaseException, what: str) -> None:
        """Tells about an error: the error handler, else the log."""
        if self.error_handler is None:
            level = logging.INFO if isinstance(error, Closed) else logging.ERROR
            is_own = isinstance(error, RingError)
            logger.log(level, "%s: %s", what, error, exc_info=None if is_own else error)
            return
        try:
            self.error_handler(error)
        except Exception:  # noqa: BLE001 - as above
            logger.exception("the error handler failed, which was told: %s: %r", what, error)

    # The thread

    def start(self, interval: float | None) -> None:
        """Starts the thread, which beats each so many seconds."""
        self.stopping.clear()
        name = f"ring {self.side.name}"
        self.thread = Thread(target=self._run, args=(interval,), name=name, daemon=True)
        self.thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread runs."""
        return self.thread is not None and self.thread.is_alive()

    def stop(self, patience: float | None = None) -> None:
        """Stops the thread and waits for its end; at most so many seconds if that is given.

        From within a handler it only says that the thread is to end.
        """
        thread = self.thread
        self.stopping.set()
        if thread is None or thread is current_thread() or self.side._is_forked:
            return
        end = None if patience is None else time.monotonic() + patience
        while thread.is_alive() and (end is None or time.monotonic() < end):
            # It may have been about to sleep: so interrupt it until it has gone.
            self.side.interrupt()
            thread.join(_NUDGE)
        self.side._link.forget_interrupt()
        self.thread = None

    def forsake(self) -> None:
        """Has the thread end soon, without waiting for that: its manager was forgotten."""
        self.stopping.set()
        self.side.interrupt()

    def end(self) -> None:
        """At the end of the interpreter: a handler that runs has some time left."""
        self.stop(_LAST_PATIENCE)

    def _run(self, interval: float | None) -> None:
        """The thread's whole life."""
        try:
            if isinstance(self.side, SharedMemoryProducer):
                self._produce(self.side, interval)
            else:
                self._consume(self.side, interval)
        except UsageError as error:
            # Closed or forked meanwhile.
            logger.debug("%s", error)

    def _produce(self, producer: SharedMemoryProducer, interval: float | None) -> None:
        producer.heartbeat()
        while not self.stopping.wait(interval):
            producer.heartbeat()

    def _consume(self, consumer: SharedMemoryConsumer, interval: float | None) -> None:
        consumer.heartbeat()
        pause = Deadline(interval)
        while not self.stopping.is_set():
            if pause.is_over:
                consumer.heartbeat()
                pause = Deadline(interval)
            try:
                # Others may use the manager while this thread waits.
                if consumer._receiver.is_there(pause):
                    self._hand_out(consumer)
            except UsageError:
                raise
            except (Removed, Corrupt) as error:
                # Nothing will ever come any more.
                self.report(error, "the manager's thread ends")
                return
            except RingError as error:
                self.report(error, "receiving")

    def _hand_out(self, consumer: SharedMemoryConsumer) -> None:
        with self.lock:
            for _ in range(BURST):
                message = None if self.stopping.is_set() else consumer.try_receive_message()
                if message is None:
                    return
                self.dispatch(message)


_cores: Final[weakref.WeakSet[Core]] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for core in list(_cores):
        # The thread that held it is not in this process.
        core.lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
