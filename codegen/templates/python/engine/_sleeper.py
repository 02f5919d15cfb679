"""Waiting without blocking asyncio's event loop.

The kernel's sleep blocks a thread, so it is slept in one that belongs to the side: one thread for
each side that ever waited so, which starts with the first wait and sleeps between them. It costs
what a blocking wait costs: ten short looks a second at whether the other side lives. It only waits,
and never takes a message, so that cancelling a task loses none.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final

from ._errors import Busy
from ._threads import end_with_interpreter

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Optional

    from ._wait import Link
    from ._watch import Ended

    Result = Future[Optional[Ended]]
    Work = tuple[Callable[[], Optional[Ended]], Result]

_NUDGE: Final = 0.0005
"""Seconds between two tries to wake a thread that may not have slept yet at the first."""


class Sleeper:
    """The thread in which one side waits for the sake of asyncio."""

    __slots__ = ("__weakref__", "_abandoned", "_link", "_result", "_thread", "_work")

    def __init__(self, link: Link) -> None:
        """Prepares; the thread starts with the first wait."""
        self._link = link
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._thread: Thread | None = None
        # The wait that is under way, and whether its task was cancelled.
        self._result: Result | None = None
        self._abandoned = False

    async def run(self, wait: Callable[[Callable[[], bool]], Ended | None]) -> Ended | None:
        """Calls `wait` in the thread, and returns what it returns.

        It is given a function that says whether it is to return, because nobody wants to know any
        more.

        Raises:
            Busy: Another task waits already.
        """
        self.give_way()
        if self._thread is None:
            self._start()
        result: Result = Future()
        self._result = result
        try:
            self._work.put((lambda: wait(lambda: self._abandoned), result))
            ended = await asyncio.wrap_future(result)
        except asyncio.CancelledError:
            self._abandoned = not result.done()
            self._link.end_sleep()
            raise
        finally:
            if not self._abandoned:
                self._result = None
        return ended

    def _start(self) -> None:
        self._thread = Thread(target=_run, args=(self._work,), name="ring waiter", daemon=True)
        self._thread.start()
        end_with_interpreter(self)

    def give_way(self) -> None:
        """Ends a wait whose task was cancelled, and returns when its thread is idle.

        Raises:
            Busy: There is one whose task still waits for it.
        """
        result = self._result
        if result is None:
            return
        if not self._abandoned:
            message = "another task waits already"
            raise Busy(message)
        while not result.done():
            # It may have been about to sleep: so wake it until it is awake.
            self._link.end_sleep()
            wait_for([result], _NUDGE)
        self._abandoned = False
        self._result = None

    def close(self) -> None:
        """Gives the thread back; the link is closed already, which has ended its wait."""
        self._work.put(None)

    def end(self) -> None:
        """At the end of the interpreter: ends the wait and the thread."""
        self._link.close()
        if self._thread is not None:
            self._thread.join(1)


def _run(work: SimpleQueue[Work | None]) -> None:
    """The thread's whole life."""
    while True:
        task = work.get()
        if task is None:
            return
        wait, result = task
        if not result.set_running_or_notify_cancel():
            continue
        try:
            result.set_result(wait())
        except BaseException as error:  # noqa: BLE001 - it is the task that hears of it
            result.set_exception(error)
        # Nothing is kept alive while the thread waits for more.
        del task, wait, result
