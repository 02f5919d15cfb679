"""What the tests of the Python engine share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
from typing import TYPE_CHECKING, Any

from shared_memory_api import (
    Options,
    RingBuffer,
    SharedMemoryConsumer,
    SharedMemoryProducer,
)
from shared_memory_api._engine import _roles
from shared_memory_api._engine._wait import Link

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which something counts as hung."""


def until(condition: Callable[[], object], what: str) -> None:
    """Waits until something has happened."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            message = f"still waiting: {what}"
            raise AssertionError(message)
        time.sleep(0.001)


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in an interpreter of its own, which has to end."""
    words = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)


def in_fork(child: Callable[[], object]) -> int:
    """Forks a child that runs `child` and exits with 0 if that raised nothing."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            child()
            code = 0
        finally:
            os._exit(code)
    return pid


def exit_code(pid: int) -> int:
    """Waits for a child and says how it ended."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class RingTestCase(unittest.TestCase):
    """A test with a folder for rings of its own."""

    folder: str
    sides: tuple[SharedMemoryProducer, SharedMemoryConsumer]
    """The last pair that was made."""

    def setUp(self) -> None:
        """Makes the folder and points everyone at it."""
        before = os.environ.get("BITRPC_SHM_DIR")
        self.folder = tempfile.mkdtemp(prefix="engine", dir=before)
        os.environ["BITRPC_SHM_DIR"] = self.folder
        self.addCleanup(self._restore, before)

    def _restore(self, before: str | None) -> None:
        shutil.rmtree(self.folder)
        if before is None:
            del os.environ["BITRPC_SHM_DIR"]
        else:
            os.environ["BITRPC_SHM_DIR"] = before

    def pair(
        self, capacity: int = 4096, options: Options | None = None
    ) -> tuple[SharedMemoryProducer, SharedMemoryConsumer]:
        """Both sides of a new ring, closed at the end."""
        ring = RingBuffer("ring", capacity, options)
        producer, consumer = ring.producer(), ring.consumer()
        ring.dispose()
        self.addCleanup(consumer.dispose)
        self.addCleanup(producer.dispose)
        self.sides = producer, consumer
        return producer, consumer

    def receive_errors(self, consumer: SharedMemoryConsumer) -> int:
        """Errors that the receiving side counted."""
        return consumer.snapshot().receive_errors


def is_asleep(side: SharedMemoryProducer | SharedMemoryConsumer) -> bool:
    """Whether a thread of this side has announced that it sleeps."""
    attachment = side._attachment
    assert attachment.role is not None
    control: int = attachment.halves[attachment.role.control]
    return control & _roles.WAITING != 0


def die(side: SharedMemoryProducer | SharedMemoryConsumer) -> None:
    """Leaves a ring as a killed process does: without a word."""
    os.close(side._attachment.lock_fd)
    side._attachment.lock_fd = -1


class CountedSleeps:
    """Counts the sleeps of a side."""

    def __init__(self, side: SharedMemoryProducer | SharedMemoryConsumer) -> None:
        self.count = 0
        counter, sleep, counted = self, Link._sleep, side._link

        def count(link: Link, *arguments: Any) -> None:
            counter.count += link is counted
            sleep(link, *arguments)

        self._patch = unittest.mock.patch.object(Link, "_sleep", count)

    def __enter__(self) -> CountedSleeps:
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()
