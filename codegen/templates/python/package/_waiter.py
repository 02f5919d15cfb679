"""Waiting for a ring without blocking asyncio's event loop.

The kernel's sleep blocks a thread, so it is slept in one that belongs to the ring. That thread only
waits: it never takes a message, so that cancelling loses none.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import TYPE_CHECKING, Final

from ._wait import LIVENESS_NS, MILLISECOND_NS, Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._wait import Ended, Link

_SLICE_MS: Final = LIVENESS_NS // MILLISECOND_NS
_NUDGE: Final = 0.0005


class Waiter:
    """The thread in which one side waits for the sake of asyncio."""

    __slots__ = ("_executor", "_future", "_link", "_stopping")

    def __init__(self, link: Link) -> None:
        """Prepares; the thread starts with the first wait."""
        self._link = link
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="ring-waiter")
        self._future: Future[Ended | None] | None = None
        self._stopping = False

    async def wait(self, ready: Callable[[], object], deadline: Deadline) -> Ended | None:
        """As :meth:`Link.wait`, without blocking the loop; but ends after 100 ms at the latest.

        Only one wait of a ring at a time: an earlier one is ended.
        """
        self.stop()
        self._future = self._executor.submit(self._run, ready, deadline.at_most(_SLICE_MS))
        try:
            return await asyncio.wrap_future(self._future)
        except asyncio.CancelledError:
            self._stopping = True
            self._link.end_sleep()
            raise

    def _run(self, ready: Callable[[], object], deadline: Deadline) -> Ended | None:
        return self._link.wait(lambda: self._stopping or ready(), deadline)

    def stop(self) -> None:
        """Ends a wait that nobody waits for any more, and returns when its thread is idle."""
        future, self._future = self._future, None
        if future is not None:
            self._stopping = True
            while not future.done():
                # It may have been about to sleep: so wake it until it is awake.
                self._link.end_sleep()
                wait_for([future], _NUDGE)
        self._stopping = False

    def close(self) -> None:
        """Stops, and gives the thread back."""
        self.stop()
        self._executor.shutdown(wait=False)
