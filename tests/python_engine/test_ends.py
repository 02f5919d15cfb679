"""Beginnings and ends: who is told of them, how often, and who tidies up."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import unittest
import unittest.mock
from typing import TYPE_CHECKING, Any

from shared_memory_api import (
    Closed,
    Monitor,
    Options,
    PeerDied,
    Removed,
    RingBuffer,
    SharedMemoryConsumer,
    SharedMemoryProducer,
    _layout,
    remove_ring,
    ring_path,
)

from support import RingTestCase, die, is_asleep, until

if TYPE_CHECKING:
    from collections.abc import Callable

FULL_WAIT = 0.02
"""Seconds that a test waits for what does not come."""


class ClosedTest(RingTestCase):
    def test_closed_is_told_once_and_then_the_consumer_waits_for_the_next_producer(self) -> None:
        producer, consumer = self.pair()
        producer.close()
        with self.assertRaises(Closed):
            consumer.receive(60)
        for _ in range(3):
            self.assertIsNone(consumer.try_receive())
        self.assertIsNone(consumer.receive(FULL_WAIT))
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(consumer.receive()))
        thread.start()
        until(lambda: is_asleep(consumer), "it waits for the next producer")
        with SharedMemoryProducer("ring") as successor:
            successor.send(b"next")
            thread.join()
        self.assertEqual(got, [b"next"])
        with self.assertRaises(Closed):
            consumer.receive(60)
        self.assertIsNone(consumer.receive(0))

    def test_closed_is_told_once_to_a_producer_that_finds_no_room(self) -> None:
        producer, consumer = self.pair(1024, Options(send_timeout=FULL_WAIT))
        while producer.try_send(bytes(100)):
            pass
        consumer.close()
        with self.assertRaises(Closed):
            producer.send(bytes(100))
        for _ in range(3):
            self.assertFalse(producer.try_send(bytes(100)))
        self.assertFalse(producer.send(bytes(100)))
        successor = SharedMemoryConsumer("ring")
        successor.drain()
        self.assertTrue(producer.send(bytes(100)))
        successor.close()
        with self.assertRaises(Closed):
            while producer.try_send(bytes(100)):
                pass
        self.assertFalse(producer.try_send(bytes(100)))

    def test_a_producer_with_room_is_told_nothing(self) -> None:
        producer, consumer = self.pair()
        consumer.close()
        self.assertTrue(producer.send(b"1"))
        with SharedMemoryConsumer("ring") as successor:
            self.assertEqual(successor.receive(), b"1")

    def test_each_way_to_receive_tells_it_once(self) -> None:
        ways: list[Callable[[SharedMemoryConsumer], object]] = [
            lambda consumer: consumer.receive(60),
            lambda consumer: consumer.try_receive_message(),
            lambda consumer: consumer.receive_string(60),
            lambda consumer: consumer.borrow(60),
            lambda consumer: consumer.wait(60),
            lambda consumer: consumer.peek(),
            lambda consumer: consumer.skip(),
            lambda consumer: consumer.drain(),
            lambda consumer: consumer.receive_batch(timeout=60),
        ]
        for number, way in enumerate(ways):
            with self.subTest(number=number), SharedMemoryConsumer("ring", 4096) as consumer:
                SharedMemoryProducer("ring").close()
                with self.assertRaises(Closed):
                    way(consumer)
                self.assertIsNone(consumer.receive(0))

    def test_a_count_of_messages_leaves_the_end_to_the_next_call(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"1")
        producer.close()
        self.assertEqual(consumer.drain(), [b"1"])
        self.assertRaises(Closed, consumer.drain)
        self.assertEqual(consumer.drain(), [])

    def test_a_batch_that_a_close_cut_short_leaves_it_to_the_next_call(self) -> None:
        producer, consumer = self.pair(4096)
        consumer.close()
        self.assertIn(producer.send_batch([bytes(100)] * 100), range(1, 100))
        self.assertRaises(Closed, producer.send, bytes(100))
        self.assertFalse(producer.try_send(bytes(100)))


class StartTest(RingTestCase):
    def test_a_side_that_starts_after_a_closed_pair_waits(self) -> None:
        for first in ("producer", "consumer"):
            with self.subTest(first=first), RingBuffer("ring", 1024) as ring:
                producer, consumer = ring.producer(), ring.consumer()
                with Monitor("ring"):
                    # As if the file had been left: by a process that was killed in between, say.
                    os.link(ring_path("ring"), ring_path("kept"))
                    sides = [producer, consumer]
                    for side in sides if first == "producer" else sides[::-1]:
                        side.close()
                    os.rename(ring_path("kept"), ring_path("ring"))
                self.check_that_both_wait()
                remove_ring("ring")

    def check_that_both_wait(self) -> None:
        with SharedMemoryConsumer("ring") as consumer:
            self.assertIsNone(consumer.receive(0))
            self.assertIsNone(consumer.receive(FULL_WAIT))
        with SharedMemoryProducer("ring", options=Options(send_timeout=FULL_WAIT)) as producer:
            while producer.try_send(bytes(100)):
                pass
            self.assertFalse(producer.send(bytes(100)))

    def test_what_was_left_is_read_and_then_closed_is_told(self) -> None:
        producer = SharedMemoryProducer("ring", 4096)
        producer.send_batch([b"1", b"2"])
        producer.close()
        with SharedMemoryConsumer("ring") as consumer:
            self.assertEqual(consumer.receive(), b"1")
            self.assertEqual(consumer.receive(), b"2")
            self.assertRaises(Closed, consumer.receive)
            self.assertIsNone(consumer.receive(FULL_WAIT))

    def test_what_a_dead_one_left_is_read_and_then_its_death_is_told(self) -> None:
        producer = SharedMemoryProducer("ring", 4096)
        producer.send(b"1")
        die(producer)
        with SharedMemoryConsumer("ring") as consumer:
            self.assertEqual(consumer.receive(), b"1")
            self.assertRaises(PeerDied, consumer.receive, 60)
            self.assertIsNone(consumer.receive(FULL_WAIT))

    def test_a_death_before_is_not_told_to_who_found_nothing(self) -> None:
        die(SharedMemoryProducer("ring", 1024))
        with SharedMemoryConsumer("ring") as consumer:
            self.assertIsNone(consumer.receive(0.25))
        dead = SharedMemoryConsumer("ring", 1024)
        die(dead)
        with SharedMemoryProducer("ring", options=Options(send_timeout=0.25)) as producer:
            while producer.try_send(bytes(100)):
                pass
            self.assertFalse(producer.send(bytes(100)))


class TidyTest(RingTestCase):
    def is_there(self) -> bool:
        return os.path.exists(ring_path("ring"))

    def test_the_last_one_out_removes_the_file_whichever_it_is(self) -> None:
        for first in ("producer", "consumer"):
            with self.subTest(first=first):
                producer, consumer = self.pair()
                producer.send(b"1")
                self.assertEqual(consumer.receive(), b"1")
                sides = [producer, consumer]
                one, other = sides if first == "producer" else sides[::-1]
                one.close()
                self.assertTrue(self.is_there())
                other.close()
                self.assertFalse(self.is_there())

    def test_a_ring_that_is_not_drained_stays(self) -> None:
        for first in ("producer", "consumer"):
            with self.subTest(first=first):
                producer, consumer = self.pair()
                producer.send(b"1")
                sides = [producer, consumer]
                for side in sides if first == "producer" else sides[::-1]:
                    side.close()
                self.assertTrue(self.is_there())
                with SharedMemoryConsumer("ring") as successor:
                    self.assertEqual(successor.receive(), b"1")
                self.assertFalse(self.is_there())

    def test_a_close_waits_for_no_peer_that_says_neither_closed_nor_attached(self) -> None:
        start = time.monotonic()
        for round_number in range(20):
            producer, consumer = self.pair()
            sides = [producer, consumer]
            offsets = [_layout.CONSUMER_STATE_OFFSET, _layout.PRODUCER_STATE_OFFSET]
            with open(ring_path("ring"), "r+b", buffering=0) as file:
                file.seek(offsets[round_number % 2])
                file.write((7 * (round_number % 3)).to_bytes(4, "little"))
            sides[round_number % 2].close()
            sides[1 - round_number % 2].close()
        self.assertLess(time.monotonic() - start, 60)

    def test_a_side_that_was_alone_leaves_nothing(self) -> None:
        SharedMemoryProducer("ring", 4096).close()
        self.assertFalse(self.is_there())
        SharedMemoryConsumer("ring", 4096).close()
        self.assertFalse(self.is_there())

    def test_two_that_close_at_once_leave_nothing(self) -> None:
        for round_number in range(300):
            producer, consumer = self.pair(1024)
            barrier = threading.Barrier(2)

            def close(side: SharedMemoryProducer, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                side.close()

            start = time.monotonic()
            thread = threading.Thread(target=close, args=(producer,))
            thread.start()
            barrier.wait()
            consumer.close()
            thread.join()
            self.assertFalse(self.is_there(), f"round {round_number}")
            self.assertLess(time.monotonic() - start, 60)

    def test_another_file_of_the_name_is_left_alone(self) -> None:
        producer, consumer = self.pair()
        remove_ring("ring")
        other = SharedMemoryProducer("ring", 8192)
        producer.close()
        consumer.close()
        self.assertTrue(self.is_there())
        other.close()

    def test_a_file_that_may_not_be_removed_is_told_of_and_the_next_start_works(self) -> None:
        producer, consumer = self.pair()
        producer.close()
        with self.assertLogs("shared_memory_api", "WARNING") as logged, refusing_to_remove():
            consumer.close()
        self.assertIn("stays", logged.output[0])
        with SharedMemoryConsumer("ring") as successor:
            self.assertIsNone(successor.receive(0))


def refusing_to_remove() -> Any:
    """A folder in which only owners may remove files."""
    refuse = PermissionError(1, "Operation not permitted")
    return unittest.mock.patch("shared_memory_api._engine._platform.remove", side_effect=refuse)


class RemovedTest(RingTestCase):
    def test_a_removed_file_is_noticed_by_a_producer_whose_consumer_waits(self) -> None:
        producer, consumer = self.pair()
        got: list[bytes | None] = []

        def receive() -> None:
            with contextlib.suppress(Removed):
                while True:
                    got.append(consumer.receive(60))

        thread = threading.Thread(target=receive)
        thread.start()
        until(lambda: is_asleep(consumer), "the consumer waits")
        producer.send(b"before")
        until(lambda: is_asleep(consumer), "the consumer waits")
        self.let_the_last_look_grow_old(producer)
        remove_ring("ring")
        # The last send had to wake the consumer: so this one looks, and writes nothing.
        self.assertRaises(Removed, producer.send, b"lost")
        thread.join()
        self.assertEqual(got, [b"before"])
        self.assertEqual(producer.statistics().messages_sent, 1)

    def let_the_last_look_grow_old(self, side: SharedMemoryProducer) -> None:
        side._link.watch._named_ns -= 200_000_000

    def test_a_removed_file_is_noticed_by_a_producer_with_room(self) -> None:
        producer = SharedMemoryProducer("ring", 1 << 20)
        for _ in range(5):
            producer.send(b"12345678")
        self.let_the_last_look_grow_old(producer)
        remove_ring("ring")
        sent = 0
        with self.assertRaises(Removed):
            while producer.send(b"12345678"):
                sent += 1
        self.assertLessEqual(sent, 1000)
        self.assertRaises(Removed, producer.try_send, b"")
        self.assertRaises(Removed, producer.claim, 1)
        self.assertRaises(Removed, producer.send_batch, [b""])
        producer.close()

    def test_a_consumer_that_looks_away_does_not_hide_it(self) -> None:
        # It is registered, and neither sleeps nor reads: nothing wakes the producer's suspicion.
        producer, consumer = self.pair(1 << 20)
        self.assertFalse(consumer.has_message())
        for size in (8, 64, 5000, 100_000):
            self.let_the_last_look_grow_old(producer)
            with self.subTest(size=size):
                remove_ring("ring")
                sent = 0
                with self.assertRaises(Removed):
                    while producer.send(bytes(size)):
                        sent += size
                self.assertLessEqual(sent, (1 << 17) + size)
            consumer.close()
            producer.close()
            producer, consumer = self.pair(1 << 20)
        self.assertTrue(producer.send(b"1"))

    def test_a_batch_that_is_not_published_yet_stays_unpublished(self) -> None:
        producer, consumer = self.pair()
        batch = producer.batch()
        batch.push(b"1")
        self.let_the_last_look_grow_old(producer)
        remove_ring("ring")
        self.assertRaises(Removed, batch.commit)
        self.assertRaises(Removed, producer.send, b"2")
        self.assertFalse(consumer.has_message())

    def test_what_is_there_is_received_first(self) -> None:
        producer, consumer = self.pair(1024)
        producer.send(b"1")
        self.assertTrue(remove_ring("ring"))
        self.assertFalse(remove_ring("ring"))
        self.assertEqual(consumer.receive(), b"1")
        self.assertRaises(Removed, consumer.receive, 60)
        with self.assertRaises(Removed):
            while True:
                producer.try_send(bytes(100))

    def test_removed_is_told_before_closed_and_for_ever(self) -> None:
        producer, consumer = self.pair(1024)
        remove_ring("ring")
        producer.close()
        for _ in range(3):
            self.assertRaises(Removed, consumer.receive, 60)
            self.assertRaises(Removed, consumer.try_receive)
            self.assertRaises(Removed, consumer.wait_for_peer, 60)
        other, consumer = self.pair(1024)
        while other.try_send(bytes(100)):
            pass
        remove_ring("ring")
        consumer.close()
        for _ in range(3):
            self.assertRaises(Removed, other.send, bytes(100))

    def test_a_second_name_of_a_creator_that_died_does_not_hide_it(self) -> None:
        _, consumer = self.pair(1024)
        # A creator that was killed between linking and unlinking leaves its temporary name.
        os.link(ring_path("ring"), os.path.join(self.folder, ".BitRPC_ring.1.00000001.tmp"))
        self.assertIsNone(consumer.receive(0.15))
        os.unlink(ring_path("ring"))
        self.assertRaises(Removed, consumer.receive, 60)


class WaitForPeerTest(RingTestCase):
    def test_wait_for_peer_is_true_once_a_live_peer_is_attached(self) -> None:
        with SharedMemoryConsumer("ring", 4096) as consumer:
            self.assertFalse(consumer.wait_for_peer(0))
            self.assertFalse(consumer.wait_for_peer(FULL_WAIT))
            met: list[bool] = []
            thread = threading.Thread(target=lambda: met.append(consumer.wait_for_peer()))
            thread.start()
            until(lambda: is_asleep(consumer), "it waits")
            with SharedMemoryProducer("ring") as producer:
                thread.join()
                self.assertEqual(met, [True])
                self.assertTrue(producer.wait_for_peer(0))
                self.assertTrue(consumer.wait_for_peer(0))
            self.assertFalse(consumer.wait_for_peer(0))
            self.assertRaises(Closed, consumer.receive, 60)
            die(SharedMemoryProducer("ring"))
            self.assertFalse(consumer.wait_for_peer(FULL_WAIT))
            self.assertRaises(PeerDied, consumer.receive, 60)

    def test_wait_for_peer_is_false_when_it_is_interrupted(self) -> None:
        with SharedMemoryConsumer("ring", 4096) as consumer:
            consumer.interrupt()
            self.assertFalse(consumer.wait_for_peer())


if __name__ == "__main__":
    unittest.main()
