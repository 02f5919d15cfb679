"""Forks, and the processes that multiprocessing starts."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import unittest
from typing import TYPE_CHECKING, Any

from shared_memory_api import (
    Closed,
    Forked,
    PeerDied,
    PeerError,
    PeerState,
    RoleTaken,
    SharedMemoryConsumer,
    SharedMemoryProducer,
)

from support import PATIENCE, RingTestCase, exit_code, in_fork, until

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 500


def send_numbers(name: str, count: int) -> None:
    with SharedMemoryProducer(name, 4096) as producer:
        for number in range(count):
            producer.send(b"%d" % number)


def take_and_leave(name: str, seed: int, rounds: int) -> None:
    """Takes either role again and again, and sends or receives a little."""
    rng = random.Random(seed)
    for _ in range(rounds):
        side: SharedMemoryProducer | SharedMemoryConsumer
        try:
            if rng.random() < 0.5:
                side = SharedMemoryProducer(name, 1024)
            else:
                side = SharedMemoryConsumer(name, 1024)
        except RoleTaken:
            continue
        with side:
            if isinstance(side, SharedMemoryProducer):
                side.try_send(b"x")
                continue
            with contextlib.suppress(PeerError):
                side.drain()


class ForkTest(RingTestCase):
    def test_a_forked_childs_copies_are_refused(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"before")
        message = consumer.borrow()

        def child() -> None:
            calls: list[Callable[[], object]] = [
                lambda: producer.send(b"x"),
                lambda: producer.claim(3),
                lambda: producer.send_batch([b""]),
                lambda: producer.batch().push(b"x"),
                producer.statistics,
                producer.heartbeat,
                consumer.receive,
                consumer.drain,
            ]
            for call in calls:
                self.assertRaises(Forked, call)
            producer.dispose()
            consumer.dispose()

        self.assertEqual(exit_code(in_fork(child)), 0)
        message.release()
        producer.send(b"after")
        self.assertEqual(consumer.drain(), [b"after"])

    def test_a_living_child_does_not_keep_its_parents_role(self) -> None:
        producer, consumer = self.pair()
        read_end, write_end = os.pipe()
        child = in_fork(lambda: os.read(read_end, 1))
        producer.dispose()
        with SharedMemoryProducer("ring") as successor:
            successor.send(b"1")
            self.assertEqual(consumer.receive(), b"1")
        os.write(write_end, b"!")
        self.assertEqual(exit_code(child), 0)
        os.close(read_end)
        os.close(write_end)

    def test_a_dead_parents_role_is_free_though_its_child_lives(self) -> None:
        read_end, write_end = os.pipe()

        def parent() -> None:
            producer = SharedMemoryProducer("ring", 4096)
            producer.send(b"1")
            if os.fork() == 0:
                os.close(write_end)
                os.read(read_end, 1)
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)

        self.assertEqual(exit_code(in_fork(parent)), -signal.SIGKILL)
        with SharedMemoryConsumer("ring", 4096) as consumer:
            self.assertEqual(consumer.receive(), b"1")
            self.assertRaises(PeerDied, consumer.receive)
            SharedMemoryProducer("ring").dispose()
            self.assertRaises(Closed, consumer.receive)
        os.close(write_end)
        os.close(read_end)

    def test_a_child_may_attach_for_itself(self) -> None:
        _, consumer = self.pair()
        consumer.dispose()

        def child() -> None:
            with SharedMemoryConsumer("ring") as own:
                self.assertIsNone(own.receive(0.001))

        self.assertEqual(exit_code(in_fork(child)), 0)


class ProcessTest(RingTestCase):
    def start(self, method: str, target: Callable[..., object], *arguments: object) -> Any:
        context: Any = multiprocessing.get_context(method)
        process = context.Process(target=target, args=arguments)
        process.start()
        return process

    def join(self, process: Any) -> None:
        process.join(PATIENCE)
        self.assertEqual(process.exitcode, 0)

    def test_every_start_method_carries_messages(self) -> None:
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method), SharedMemoryConsumer(method, 4096) as consumer:
                process = self.start(method, send_numbers, method, COUNT)
                received = [message.payload for message in consumer]
                self.assertEqual(received, [b"%d" % number for number in range(COUNT)])
                self.join(process)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_paused_producer_keeps_its_role(self) -> None:
        process = self.start("fork", send_numbers, "ring", 1 << 40)
        with SharedMemoryConsumer("ring", 4096) as consumer:
            consumer.receive()
            os.kill(process.pid, signal.SIGSTOP)
            with self.assertRaises(RoleTaken) as caught:
                SharedMemoryProducer("ring")
            self.assertEqual(caught.exception.pid, process.pid)
            while consumer.drain():
                pass
            until(lambda: consumer.peer_state(0.02) is PeerState.STALLED, "its heartbeat is old")
            self.assertIs(consumer.peer_state(), PeerState.ALIVE)
            os.kill(process.pid, signal.SIGCONT)
            self.assertIsNotNone(consumer.receive(10))
            process.kill()
            process.join(PATIENCE)
            with self.assertRaises(PeerDied):
                while True:
                    consumer.receive()

    def test_tidying_up_and_attaching_do_not_race(self) -> None:
        processes = [self.start("fork", take_and_leave, "ring", seed, 150) for seed in range(4)]
        for process in processes:
            self.join(process)
        self.assertNotIn(".tmp", "".join(os.listdir(self.folder)))


if __name__ == "__main__":
    unittest.main()
