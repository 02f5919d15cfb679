"""Making a ring: nobody sees a half-made one, and what stands in the way is named."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
import time
import unittest
import unittest.mock
from typing import TYPE_CHECKING

from shared_memory_api import (
    AlreadyExists,
    Mode,
    NoSpace,
    Options,
    PermissionDenied,
    RingBuffer,
    RoleTaken,
    SharedMemoryConsumer,
    SharedMemoryProducer,
    Unsupported,
    _layout,
)
from shared_memory_api._engine import _platform
from shared_memory_api._engine._files import MAKING

from support import RingTestCase, in_fork, run_python, until

if TYPE_CHECKING:
    from typing import Any


def fails(name: str, number: int) -> Any:
    """A system call that fails."""
    error = OSError(number, os.strerror(number))
    return unittest.mock.patch.object(_platform, name, side_effect=error)


class LeftoverTest(RingTestCase):
    def leave(self, name: str) -> str:
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(bytes(100))
        return name

    def test_leftovers_of_a_dead_creator_are_removed_at_once(self) -> None:
        def die_while_making() -> None:
            def stop(_fd: int, _begin: int, _size: int) -> None:
                os.kill(os.getpid(), signal.SIGKILL)

            with unittest.mock.patch.object(_platform, "allocate", stop):
                SharedMemoryProducer("ring", 4096)

        pid = in_fork(die_while_making)
        os.waitpid(pid, 0)
        self.assertEqual(len(os.listdir(self.folder)), 1)
        # Neither its age nor its process id matters: the id is one of another container, say.
        self.leave(f".BitRPC_ring.{os.getpid()}.00c0ffee.tmp")
        kept = {self.leave(".BitRPC_other.1.00c0ffee.tmp"), self.leave(".BitRPC_ring.1.x.tmp")}
        with SharedMemoryProducer("ring", 4096):
            self.assertEqual(set(os.listdir(self.folder)), kept | {"BitRPC_ring"})

    def test_a_creator_that_lives_is_left_alone(self) -> None:
        name = self.leave(".BitRPC_ring.1.00c0ffee.tmp")
        fd = os.open(os.path.join(self.folder, name), os.O_RDWR)
        self.assertTrue(_platform.try_lock(fd, MAKING))
        with SharedMemoryProducer("ring", 4096):
            self.assertIn(name, os.listdir(self.folder))
        os.close(fd)
        with SharedMemoryProducer("ring", 4096):
            self.assertNotIn(name, os.listdir(self.folder))

    def test_a_swept_temporary_file_makes_the_creator_start_over(self) -> None:
        publish, swept = _platform.publish, [0]

        def sweep(temporary: str, path: str) -> None:
            swept[0] += 1
            if swept[0] < 4:
                os.unlink(temporary)
            publish(temporary, path)

        for links_only in (False, True):
            swept[0] = 0
            knows = unittest.mock.patch(
                "shared_memory_api._engine._posix.rename_new", lambda *_: False
            )
            with unittest.mock.patch.object(_platform, "publish", sweep):
                if links_only:
                    knows.start()
                with SharedMemoryProducer("ring", 4096) as producer:
                    self.assertTrue(producer.send(b"1"))
                    self.assertEqual(os.listdir(self.folder), ["BitRPC_ring"])
                    with SharedMemoryConsumer("ring") as consumer:
                        self.assertEqual(consumer.drain(), [b"1"])
                if links_only:
                    knows.stop()
            self.assertEqual(swept[0], 4)

    def test_one_of_many_creators_makes_the_ring(self) -> None:
        rings: list[RingBuffer] = []
        threads = [
            threading.Thread(target=lambda: rings.append(RingBuffer("ring", 4096)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len({ring.snapshot().created_unix_ns for ring in rings}), 1)
        self.assertEqual(os.listdir(self.folder), ["BitRPC_ring"])
        for ring in rings:
            ring.close()
        with self.assertRaises(AlreadyExists):
            RingBuffer("ring", options=Options(mode=Mode.CREATE_ONLY))


class FileSystemTest(RingTestCase):
    def test_a_file_system_that_can_neither_rename_nor_link_is_named(self) -> None:
        no_rename = unittest.mock.patch(
            "shared_memory_api._engine._posix.rename_new", lambda *_: False
        )
        for number in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            refuse = OSError(number, os.strerror(number))
            with no_rename, unittest.mock.patch("os.link", side_effect=refuse):
                with self.assertRaisesRegex(Unsupported, "RENAME_NOREPLACE nor hard links") as at:
                    SharedMemoryProducer("ring", 4096)
                self.assertIn(self.folder, str(at.exception))
        self.assertEqual(os.listdir(self.folder), [])

    def test_either_of_them_is_enough(self) -> None:
        refuse = OSError(errno.EPERM, "Operation not permitted")
        with unittest.mock.patch("os.link", side_effect=refuse):
            SharedMemoryProducer("ring", 4096).close()
        with unittest.mock.patch("shared_memory_api._engine._posix.rename_new", lambda *_: False):
            SharedMemoryProducer("ring", 4096).close()
        refuse = PermissionError(errno.EACCES, "Permission denied")
        with unittest.mock.patch.object(_platform, "publish", side_effect=refuse):
            self.assertRaises(PermissionDenied, SharedMemoryProducer, "ring", 4096)

    def test_a_file_system_without_locks_or_mappings_is_named(self) -> None:
        with fails("try_lock", errno.ENOLCK), self.assertRaisesRegex(Unsupported, "locks"):
            SharedMemoryProducer("ring", 4096)
        refuse = OSError(errno.ENODEV, "No such device")
        with unittest.mock.patch("mmap.mmap", side_effect=refuse):
            self.assertRaisesRegex(Unsupported, "map files", SharedMemoryProducer, "ring", 4096)
        self.assertEqual(os.listdir(self.folder), [])

    def test_no_room_is_an_error_that_names_the_bytes(self) -> None:
        needed = _layout.RING_HEADER_SIZE + 4096
        for number in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM):
            with fails("allocate", number), self.assertRaises(NoSpace) as caught:
                SharedMemoryProducer("ring", 4096)
            self.assertEqual(caught.exception.needed, needed)
            self.assertIn(f"{needed} bytes needed", str(caught.exception))
            self.assertIn(f"{caught.exception.free} free", str(caught.exception))
        with fails("create_new", errno.ENOSPC), self.assertRaisesRegex(NoSpace, "another file"):
            SharedMemoryProducer("ring", 4096)
        self.assertEqual(os.listdir(self.folder), [])

    def test_bytes_are_reserved_in_pieces(self) -> None:
        pieces: list[tuple[int, int]] = []
        allocate = _platform.allocate

        def note(fd: int, begin: int, size: int) -> None:
            pieces.append((begin, size))
            allocate(fd, begin, size)

        capacity = 1 << 22
        with unittest.mock.patch.object(_platform, "allocate", note):
            SharedMemoryProducer("ring", capacity).close()
        self.assertLessEqual(max(size for _, size in pieces), 1 << 20)
        self.assertEqual(sum(size for _, size in pieces), capacity + _layout.RING_HEADER_SIZE)
        self.assertEqual(sorted(pieces), pieces)

    def test_a_timers_signals_do_not_starve_the_creator(self) -> None:
        code = """
import signal
from shared_memory_api import SharedMemoryProducer
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
SharedMemoryProducer("ring", 1 << 26).close()
signal.setitimer(signal.ITIMER_REAL, 0)
"""
        ended = run_python(code)
        self.assertEqual(ended.returncode, 0, ended.stderr)


class RoleTest(RingTestCase):
    def test_role_taken_names_the_holder(self) -> None:
        with SharedMemoryProducer("ring", 4096):
            start = time.monotonic()
            with self.assertRaises(RoleTaken) as caught:
                SharedMemoryProducer("ring")
            self.assertGreaterEqual(time.monotonic() - start, 0.05)
            self.assertEqual(caught.exception.pid, os.getpid())
            self.assertEqual(caught.exception.role, "producer")
            self.assertIn(f"process {os.getpid()}", str(caught.exception))
            self.assertNotIn("has ended", str(caught.exception))
            SharedMemoryConsumer("ring").close()

    def test_role_taken_says_that_a_child_may_hold_it(self) -> None:
        # A child that was not forked by Python keeps the open file, and with it the role.
        code = """
import ctypes, os, sys
from shared_memory_api import SharedMemoryProducer
producer = SharedMemoryProducer("ring", 4096)
producer.send(b"1")
if ctypes.CDLL(None).fork() == 0:
    os.read(0, 1)
    os._exit(0)
print(os.getpid(), flush=True)
os._exit(0)
"""
        import sys  # noqa: PLC0415 - only here

        words = [sys.executable, "-c", code]
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None
            assert parent.stdin is not None
            pid = int(parent.stdout.readline())
            parent.wait()
            with self.assertRaises(RoleTaken) as caught:
                SharedMemoryProducer("ring")
            self.assertEqual(caught.exception.pid, pid)
            expected = f"process {pid}, which has ended; a child that it forked may hold the role"
            self.assertIn(expected, str(caught.exception))
            parent.stdin.close()
            until(self.is_free, "the child has ended")

    def is_free(self) -> bool:
        try:
            SharedMemoryProducer("ring").close()
        except RoleTaken:
            return False
        return True


if __name__ == "__main__":
    unittest.main()
