"""What is stale: starting with the newest, dropping what is there, and how much room there is."""

from __future__ import annotations

import asyncio
import random
import unittest
from collections import deque
from typing import TYPE_CHECKING, Any

from shared_memory_api import (
    Busy,
    Corrupt,
    Options,
    SharedMemoryConsumer,
    Start,
    TestData,
    _layout,
)

from support import PATIENCE, RingTestCase

if TYPE_CHECKING:
    from collections.abc import Awaitable

NEWEST = Options(start=Start.NEWEST)
OVERHEAD = _layout.MESSAGE_HEADER_SIZE


class NewestTest(RingTestCase):
    def test_start_newest_skips_what_was_there(self) -> None:
        producer, consumer = self.pair()
        consumer.close()
        producer.send_batch([b"old"] * 5)
        producer.send(b"last old")
        with SharedMemoryConsumer("ring", options=NEWEST) as late:
            self.assertFalse(late.has_message())
            self.assertEqual(late.statistics().messages_received, 6)
            producer.send(b"new")
            self.assertEqual(late.receive(), b"new")
            self.assertEqual(self.receive_errors(late), 0)
        producer.close()
        with SharedMemoryConsumer("ring", 4096, NEWEST) as late:
            # Nobody is told of what it did not want to know.
            self.assertIsNone(late.receive(0))

    def test_skip_to_latest_keeps_the_last_whole_message(self) -> None:
        producer, consumer = self.pair(1 << 16)
        self.assertEqual(consumer.skip_to_latest(), 0)
        producer.send(b"only")
        self.assertEqual(consumer.skip_to_latest(), 0)
        self.assertEqual(consumer.receive(), b"only")
        producer.send_batch([b"%02d" % number for number in range(40)])
        consumer.receive()
        self.assertEqual(consumer.skip_to_latest(), 38)
        self.assertEqual(consumer.skip_to_latest(), 0)
        self.assertEqual(consumer.receive(), b"39")
        large = bytes(range(200)) * 100
        producer.send(b"1")
        producer.send_fragmented(bytes(20_000))
        producer.send_fragmented(large)
        self.assertEqual(consumer.skip_to_latest(), 2)
        self.assertEqual(consumer.receive(), large)
        self.assertEqual(self.receive_errors(consumer), 0)
        statistics = consumer.statistics()
        self.assertEqual(statistics.messages_received, statistics.messages_sent)

    def test_pieces_whose_message_is_not_whole_stay(self) -> None:
        producer, consumer = self.pair(1 << 16)
        producer.send(b"1")
        producer.send(b"2")
        self.send_piece(consumer, 0)
        self.assertEqual(consumer.skip_to_latest(), 1)
        self.assertEqual(consumer.receive(), b"2")
        self.assertIsNone(consumer.try_receive())
        # Now its first piece is gathered; it is whole with the next, and the latest.
        self.send_piece(consumer, 1)
        self.assertEqual(consumer.skip_to_latest(), 0)
        self.assertEqual(consumer.receive(), b"01")
        self.send_piece(consumer, 0)
        self.assertEqual(consumer.clear(), 0)
        self.send_piece(consumer, 1)
        producer.send(b"3")
        # The rest of what was dropped is no error.
        self.assertEqual(consumer.receive(), b"3")
        self.assertEqual(self.receive_errors(consumer), 0)

    def send_piece(self, _: SharedMemoryConsumer, index: int) -> None:
        claim = self.sides[0].claim(9)
        last = _layout.FLAG_LAST_FRAGMENT if index else 0
        claim._set_all_flags(_layout.FLAG_FRAGMENT | last)
        with claim as room:
            room[:8] = index.to_bytes(4, "little") + (2).to_bytes(4, "little")
            room[8:] = b"%d" % index

    def test_clear_discards_all(self) -> None:
        producer, consumer = self.pair()
        for _ in range(3):
            producer.send_batch([b"%d" % number for number in range(50)])
            for number in range(20):
                self.assertEqual(consumer.receive(), b"%d" % number)
            self.assertEqual(consumer.clear(), 30)
            self.assertEqual(consumer.clear(), 0)
            self.assertIsNone(consumer.try_receive())
            producer.send(b"next")
            self.assertEqual(consumer.receive_message().payload, b"next")
        self.assertEqual(self.receive_errors(consumer), 0)
        self.assertEqual(consumer.snapshot().used_bytes, 0)

    def test_a_borrowed_message_is_not_dropped(self) -> None:
        producer, consumer = self.pair()
        producer.send_batch([b"1", b"2"])
        with consumer.borrow():
            self.assertRaises(Busy, consumer.clear)
            self.assertRaises(Busy, consumer.skip_to_latest)
            self.assertRaises(Busy, consumer.has_message)
        self.assertEqual(consumer.receive(), b"2")

    def test_what_nobody_writes_is_not_dropped(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"1")
        reader = consumer._receiver.reader
        reader.words[reader.index + (OVERHEAD + 8) // 8] = 2**64 - 1
        self.assertEqual(consumer.clear(), 1)
        self.assertRaises(Corrupt, consumer.receive)

    def test_dropping_agrees_with_receiving_whatever_is_there(self) -> None:
        for seed in range(30):
            rng = random.Random(seed)
            producer, consumer = self.pair(rng.choice([1024, 4096, 1 << 16]))
            there: deque[bytes] = deque()
            for _ in range(200):
                payload = rng.randbytes(rng.choice([1, 8, 60, 300]))
                room = producer.free_bytes()
                if rng.random() < 0.2 and len(payload) < 200:
                    payload *= 8
                    pieces = OVERHEAD + len(payload) + 8
                    if room < 8 * pieces:
                        continue
                    self.assertTrue(producer.send_fragmented(payload))
                elif not producer.try_send(payload):
                    continue
                there.append(payload)
                way = rng.randrange(12)
                if way == 0:
                    self.assertEqual(consumer.clear(), len(there))
                    there.clear()
                elif way == 1:
                    self.assertEqual(consumer.skip_to_latest(), len(there) - 1)
                    there = deque([there[-1]])
                elif way < 5:
                    self.assertTrue(consumer.has_message())
                    self.assertEqual(consumer.receive(0), there.popleft())
            self.assertEqual(consumer.drain(), list(there))
            self.assertEqual(self.receive_errors(consumer), 0)
            consumer.close()
            producer.close()


class RoomTest(RingTestCase):
    def test_what_is_free_can_be_sent_without_waiting(self) -> None:
        for seed in range(20):
            rng = random.Random(seed)
            producer, consumer = self.pair(1024)
            for _ in range(300):
                free = producer.free_bytes()
                most = min(free - OVERHEAD, producer.largest_payload)
                if most >= 0:
                    size = rng.choice([most, most, rng.randrange(most + 1)]) // 8 * 8
                    self.assertTrue(producer.try_send(bytes(size)), (free, size))
                if rng.random() < 0.6:
                    consumer.try_receive()
            self.assertEqual(producer.snapshot().send_failures, 0)
            consumer.close()
            producer.close()

    def test_a_message_is_there_until_it_is_taken(self) -> None:
        producer, consumer = self.pair()
        self.assertFalse(consumer.has_message())
        for number in range(60):
            producer.send(b"%02d" % number)
        for _ in range(60):
            self.assertTrue(consumer.has_message())
            consumer.receive()
        self.assertFalse(consumer.has_message())


async def soon(work: Awaitable[Any]) -> Any:
    """Waits for something that must not hang."""
    return await asyncio.wait_for(work, PATIENCE)


class AsyncTest(RingTestCase):
    def test_every_form_of_receiving_is_there_for_asyncio(self) -> None:
        producer, consumer = self.pair()

        async def main() -> None:
            later = asyncio.get_running_loop().call_later
            later(0.01, producer.send_string, "text")
            self.assertEqual(await soon(consumer.receive_string_async()), "text")
            later(0.01, producer.send_typed, TestData(5))
            self.assertEqual(await soon(consumer.receive_typed_async(TestData)), TestData(5))
            later(0.01, producer.send, b"77", 77)
            message = await soon(consumer.receive_message_async())
            self.assertEqual((message.message_type, message.payload), (77, b"77"))
            later(0.01, producer.send, b"lent")
            with await soon(consumer.borrow_async()) as lent:
                self.assertEqual(bytes(lent.payload), b"lent")
            later(0.01, producer.send, b"waited")
            self.assertTrue(await soon(consumer.wait_async()))
            self.assertEqual(consumer.receive(), b"waited")
            self.assertTrue(await soon(consumer.wait_for_peer_async()))
            self.assertIsNone(await consumer.receive_typed_async(TestData, 0.01))
            self.assertFalse(await consumer.wait_async(0))

        asyncio.run(main())

    def test_a_cancelled_wait_for_the_peer_is_in_nobodys_way(self) -> None:
        async def main() -> None:
            with SharedMemoryConsumer("alone", 1024) as consumer:
                task = asyncio.create_task(consumer.wait_for_peer_async())
                await asyncio.sleep(0.01)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                self.assertFalse(await consumer.wait_for_peer_async(0.01))
                self.assertIsNone(consumer.receive(0.01))

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
