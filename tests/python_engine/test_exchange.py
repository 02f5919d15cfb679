"""Both sides in one process, held against a model: every way to send and to receive."""

from __future__ import annotations

import os
import random
import struct
import threading
import time
import unittest
from array import array
from typing import Any, NamedTuple

from shared_memory_api import (
    Closed,
    MessageFlags,
    Options,
    PeerDied,
    PeerState,
    RingBuffer,
    SharedMemoryConsumer,
    SharedMemoryMessage,
    SharedMemoryProducer,
    SizeMismatch,
    TestData,
    Timeout,
    TypeMismatch,
    _layout,
    decode,
    ring_path,
)

from support import RingTestCase, die, is_asleep, until

STEPS = 400


class Sent(NamedTuple):
    """One message of the model."""

    payload: bytes
    message_type: int
    flags: int


class Model:
    """A queue beside the ring: what was sent has to come, in order, as it was."""

    def __init__(
        self,
        test: unittest.TestCase,
        producer: SharedMemoryProducer,
        consumer: SharedMemoryConsumer,
        rng: random.Random,
    ) -> None:
        self.test, self.producer, self.consumer, self.rng = test, producer, consumer, rng
        self.pending: list[Sent] = []
        self.received = 0

    def payload(self) -> bytes:
        largest = self.producer.largest_payload
        size = self.rng.choice([0, 1, 7, 8, 9, 40, 63, 64, 65, 200, largest // 2, largest])
        return self.rng.randbytes(min(largest, size))

    def outgoing(self) -> Sent:
        kind = self.rng.choice([1, 1, 1, 5, 1000, 2**32 - 1])
        return Sent(self.payload(), kind, self.rng.choice([0, 0, 1, 2, 0x80]))

    def send(self) -> None:
        message = self.outgoing()
        if self.producer.try_send(*message):
            self.pending.append(message)

    def send_alike(self) -> None:
        """As in a stream of messages of one size, with something else in between."""
        size = self.rng.choice([0, 1, 8, 30])
        for _ in range(self.rng.randrange(1, 100)):
            payload = self.rng.randbytes(size)
            if self.rng.random() < 0.05:
                no_bytes: Any = "x" * size
                with self.test.assertRaises(TypeError):
                    self.producer.try_send(no_bytes, 5)
            outgoing = memoryview(payload) if self.rng.random() < 0.1 else payload
            if not self.producer.try_send(outgoing, 5):
                break
            self.pending.append(Sent(payload, 5, 0))

    def send_message(self) -> None:
        message = self.outgoing()
        outgoing = SharedMemoryMessage(message.message_type, message.payload, message.flags)
        if self.producer.try_send_message(outgoing):
            self.pending.append(message)

    def claim(self) -> None:
        message = self.outgoing()
        claim = self.producer.try_claim(len(message.payload), message.message_type)
        if claim is None:
            return
        if self.rng.random() < 0.2:
            claim.abandon()
            return
        claim.set_flags(message.flags)
        with claim as view:
            view[:] = message.payload
        self.pending.append(message)

    def send_like_ones(self) -> None:
        items = [self.rng.randbytes(64) for _ in range(self.rng.randrange(1, 40))]
        count = self.producer.try_send_batch(items, 7)
        self.pending.extend(Sent(item, 7, 0) for item in items[:count])

    def send_batch(self) -> None:
        items = [self.payload() for _ in range(self.rng.randrange(1, 20))]
        count = self.producer.try_send_batch(items, 7)
        self.pending.extend(Sent(item, 7, 0) for item in items[:count])

    def push(self) -> None:
        with self.producer.batch() as batch:
            for _ in range(self.rng.randrange(1, 8)):
                message = self.outgoing()
                if not batch.try_push(*message):
                    break
                self.pending.append(message)

    def borrow(self) -> None:
        message = self.consumer.borrow(0)
        if message is None:
            self.test.assertEqual(self.pending, [])
            return
        with message:
            found = Sent(bytes(message.payload), message.message_type, message.flags)
            self.test.assertEqual(message.message_id, self.received)
        self.take(found)

    def peek_and_receive(self) -> None:
        peeked, message = self.consumer.peek(), self.consumer.try_receive_message()
        self.test.assertEqual(peeked, message)
        if message is None:
            self.test.assertEqual(self.pending, [])
            return
        self.take(Sent(message.payload, message.message_type, message.flags))

    def receive(self) -> None:
        payload = self.consumer.try_receive()
        if payload is None:
            self.test.assertEqual(self.pending, [])
            return
        self.take(self.pending[0]._replace(payload=payload))

    def receive_message(self) -> None:
        message = self.consumer.try_receive_message()
        if message is None:
            self.test.assertEqual(self.pending, [])
            return
        self.test.assertEqual(message.message_id, self.received)
        self.take(Sent(message.payload, message.message_type, message.flags))

    def refuse(self) -> None:
        """A receive that refuses the message leaves it, in a run of like ones, too."""
        if self.pending and len(self.pending[0].payload) != TestData.SIZE:
            with self.test.assertRaises((TypeMismatch, SizeMismatch)):
                self.consumer.receive_typed(TestData)

    def wait(self) -> None:
        self.test.assertEqual(self.consumer.wait(0), bool(self.pending))

    def receive_some(self) -> None:
        ways = [self.receive, self.receive_message]
        if self.rng.random() < 0.5:
            ways = [self.rng.choice(ways)]
        for _ in range(self.rng.randrange(1, 100)):
            self.rng.choice(ways)()
            if self.rng.random() < 0.02:
                between = [self.refuse, self.peek_and_receive, self.drain, self.borrow, self.wait]
                self.rng.choice(between)()
        statistics = self.consumer.statistics()
        self.test.assertEqual(statistics.messages_received, self.received)
        self.test.assertEqual(statistics.messages_sent, self.received + len(self.pending))

    def drain(self) -> None:
        most = self.rng.choice([1, 3, 1000])
        for payload in self.consumer.drain(most):
            self.take(self.pending[0]._replace(payload=payload))

    def receive_batch(self) -> None:
        for message in self.consumer.receive_batch(self.rng.choice([1, 5, 1000]), 0):
            self.test.assertEqual(message.message_id, self.received)
            self.take(Sent(message.payload, message.message_type, message.flags))

    def take(self, found: Sent) -> None:
        self.test.assertEqual(found, self.pending.pop(0))
        self.received += 1


class EveryWayTest(RingTestCase):
    def check(self, capacity: int, seed: int) -> None:
        producer, consumer = self.pair(capacity)
        model = Model(self, producer, consumer, random.Random(seed))
        ways = [
            *(model.send, model.send_message, model.claim, model.send_like_ones),
            *(model.send_alike, model.send_alike, model.receive_some),
            *(model.send_batch, model.push, model.borrow, model.peek_and_receive),
            *(model.receive, model.receive, model.drain, model.receive_batch),
        ]
        for _ in range(STEPS):
            model.rng.choice(ways)()
        while model.pending:
            model.receive()
        snapshot = consumer.snapshot()
        self.assertEqual(snapshot.receive_errors, 0)
        self.assertEqual(snapshot.used_bytes, 0)
        self.assertEqual(snapshot.statistics.messages_received, model.received)
        self.assertEqual(snapshot.statistics.bytes_received, snapshot.statistics.bytes_sent)
        producer.dispose()
        consumer.dispose()
        self.assertFalse(os.path.exists(ring_path("ring")))

    def test_all_that_was_sent_comes_in_order_whatever_the_ways(self) -> None:
        for capacity in (1024, 4096, 65536):
            for seed in range(12):
                with self.subTest(capacity=capacity, seed=seed):
                    self.check(capacity, seed)


class BatchTest(RingTestCase):
    def test_a_batch_is_invisible_until_it_is_published(self) -> None:
        producer, consumer = self.pair()
        with producer.batch() as batch:
            batch.push(b"1")
            batch.push(b"2")
            self.assertIsNone(consumer.try_receive())
            batch.push(b"now", flags=MessageFlags.URGENT)
            self.assertEqual(consumer.drain(), [b"1", b"2", b"now"])
            batch.push(b"3")
            self.assertIsNone(consumer.try_receive())
        self.assertEqual(consumer.receive(), b"3")

    def test_an_exception_drops_what_was_not_published(self) -> None:
        producer, consumer = self.pair()
        with self.assertRaises(ZeroDivisionError), producer.batch() as batch:
            batch.push(b"dropped")
            raise ZeroDivisionError
        with self.assertRaises(ZeroDivisionError), producer.claim(4) as view:
            view[:] = b"gone"
            raise ZeroDivisionError
        producer.send(b"after")
        self.assertEqual(consumer.drain(), [b"after"])
        self.assertEqual(self.receive_errors(consumer), 0)

    def test_an_uncommitted_batch_is_dropped(self) -> None:
        producer, consumer = self.pair()
        batch = producer.batch()
        batch.push(b"dropped")
        del batch
        producer.send(b"1")
        old, new = producer.batch(), producer.batch()
        old.push(b"published by the next send")
        producer.send(b"2")
        new.push(b"3")
        # It has nothing more to drop.
        del old
        new.commit()
        batch = producer.batch()
        batch.push(b"dropped")
        producer.close()
        self.assertEqual(consumer.drain(), [b"1", b"published by the next send", b"2", b"3"])
        self.assertEqual(consumer.statistics().messages_sent, 4)
        self.assertEqual(self.receive_errors(consumer), 0)

    def test_a_batch_takes_whatever_gives_bytes_though_all_are_as_long(self) -> None:
        producer, consumer = self.pair()
        items: list[Any] = [b"12", bytearray(b"34"), memoryview(b"56"), array("H", [0x3837])] * 10
        self.assertEqual(producer.send_batch(items), 40)
        self.assertEqual(consumer.drain(), [b"12", b"34", b"56", b"78"] * 10)
        no_bytes: Any = [b"12"] * 20 + ["34"]
        with self.assertRaises(TypeError):
            producer.send_batch(no_bytes)
        self.assertEqual(consumer.drain(), [b"12"] * 20, "what was before it was sent")

    def test_another_send_publishes_the_batch_that_is_open(self) -> None:
        producer, consumer = self.pair()
        first, second = producer.batch(), producer.batch()
        first.push(b"1")
        second.push(b"2")
        self.assertEqual(consumer.drain(), [b"1"])
        first.discard()
        producer.claim(1).abandon()
        self.assertEqual(consumer.drain(), [b"2"])

    def test_a_batch_returns_how_many_there_was_room_for(self) -> None:
        producer, consumer = self.pair(1024)
        count = producer.try_send_batch([bytes(100)] * 20)
        self.assertGreater(count, 0)
        self.assertLess(count, 20)
        self.assertEqual(consumer.drain(), [bytes(100)] * count)


class TimeTest(RingTestCase):
    def test_timeouts_are_results(self) -> None:
        producer, consumer = self.pair(1024, Options(send_timeout=0.02))
        self.assertIsNone(consumer.receive(0.02))
        self.assertIsNone(consumer.borrow(0))
        self.assertEqual(consumer.receive_batch(5, 0), [])
        sent = 0
        while producer.try_send(bytes(100)):
            sent += 1
        start = time.monotonic()
        self.assertFalse(producer.send(bytes(100)))
        self.assertGreaterEqual(time.monotonic() - start, 0.02)
        with self.assertRaises(Timeout):
            producer.claim(100)
        self.assertEqual(len(consumer.drain()), sent)

    def test_a_sleeping_receiver_is_woken(self) -> None:
        producer, consumer = self.pair()
        for number in range(200):
            got: list[bytes] = []
            thread = threading.Thread(target=lambda got=got: got.append(consumer.receive()))
            thread.start()
            until(lambda: is_asleep(consumer), "the receiver sleeps")
            producer.send(b"%d" % number)
            thread.join()
            self.assertEqual(got, [b"%d" % number])
        self.assertEqual(consumer.snapshot().consumer.missed_wakeups, 0)

    def test_a_sleeping_sender_is_woken(self) -> None:
        producer, consumer = self.pair(1024)
        while producer.try_send(bytes(100)):
            pass
        thread = threading.Thread(target=producer.send, args=(bytes(101),))
        thread.start()
        until(lambda: is_asleep(producer), "the sender sleeps")
        consumer.receive()
        consumer.receive()
        thread.join()
        self.assertEqual(consumer.drain()[-1], bytes(101))

    def test_interrupt_ends_a_wait_in_another_thread(self) -> None:
        _, consumer = self.pair()
        got: list[object] = []
        thread = threading.Thread(target=lambda: got.append(consumer.receive(60)))
        thread.start()
        until(lambda: is_asleep(consumer), "the receiver sleeps")
        consumer.interrupt()
        thread.join()
        self.assertEqual(got, [None])

    def test_two_threads_lose_nothing(self) -> None:
        producer, consumer = self.pair()
        count = 20_000

        def send() -> None:
            for number in range(count):
                producer.send(struct.pack("<I", number) + bytes(number % 100))
            producer.dispose()

        thread = threading.Thread(target=send)
        thread.start()
        expected = 0
        for message in consumer:
            self.assertEqual(struct.unpack_from("<I", message.payload)[0], expected)
            self.assertEqual(len(message.payload), 4 + expected % 100)
            expected += 1
        thread.join()
        self.assertEqual(expected, count)
        snapshot = consumer.snapshot()
        self.assertEqual(snapshot.consumer.missed_wakeups, 0)
        self.assertEqual(snapshot.producer.missed_wakeups, 0)


class WrapTest(RingTestCase):
    def set_words(self, ring: RingBuffer, value: int, *offsets: int) -> None:
        for offset in offsets:
            ring._attachment.words[offset // 8] = value

    def test_message_ids_wrap(self) -> None:
        with RingBuffer("wrap", 4096) as ring:
            self.set_words(ring, 2**32 - 3, _layout.MESSAGES_SENT_OFFSET)
            with ring.producer() as producer, ring.consumer() as consumer:
                for number in range(10):
                    producer.send(b"abc")
                    expected = (2**32 - 3 + number) % 2**32
                    self.assertEqual(consumer.receive_message().message_id, expected)
                self.assertEqual(self.receive_errors(consumer), 0)
                self.assertEqual(producer.statistics().messages_sent, 2**32 + 7)

    def test_message_ids_wrap_in_a_stream_of_like_ones(self) -> None:
        with RingBuffer("wrap", 4096) as ring:
            self.set_words(ring, 2**32 - 50, _layout.MESSAGES_SENT_OFFSET)
            with ring.producer() as producer, ring.consumer() as consumer:
                for number in range(100):
                    producer.send(b"%04d" % number)
                    producer.send(b"%04d" % number)
                    if number % 20 == 19:
                        received = [consumer.receive() for _ in range(40)]
                        first = number - 19
                        expected = [b"%04d" % (first + at // 2) for at in range(40)]
                        self.assertEqual(received, expected)
                self.assertEqual(self.receive_errors(consumer), 0)
                self.assertEqual(producer.statistics().messages_sent, 2**32 + 150)
                self.assertEqual(consumer.statistics().messages_received, 200)

    def test_positions_and_counters_wrap(self) -> None:
        with RingBuffer("wrap", 4096) as ring:
            positions = (_layout.WRITE_POSITION_OFFSET, _layout.READ_POSITION_OFFSET)
            self.set_words(ring, 2**64 - 4096, *positions)
            counters = (_layout.MESSAGES_SENT_OFFSET, _layout.MESSAGES_RECEIVED_OFFSET)
            self.set_words(ring, 2**64 - 50, *counters)
            with ring.producer() as producer, ring.consumer() as consumer:
                for size in range(300):
                    payload = os.urandom(size)
                    producer.send_batch([payload, payload])
                    self.assertEqual(consumer.drain(), [payload, payload])
                self.assertEqual(consumer.statistics().messages_received, 550)
                self.assertEqual(self.receive_errors(consumer), 0)

    def test_positions_wrap_within_a_batch(self) -> None:
        with RingBuffer("wrap", 4096) as ring:
            positions = (_layout.WRITE_POSITION_OFFSET, _layout.READ_POSITION_OFFSET)
            self.set_words(ring, 2**64 - 4096, *positions)
            with ring.producer() as producer, ring.consumer() as consumer:
                sent = [bytes(1000)] * 3
                producer.send_batch(sent)
                self.assertEqual(consumer.drain(), sent)
                sent = [bytes(1000), bytes(20), b"1", b"2"]
                producer.send_batch(sent)
                producer.send(b"3")
                self.assertEqual(consumer.drain(), [*sent, b"3"])


class TypedTest(RingTestCase):
    def test_a_view_reads_and_writes_fields_in_place(self) -> None:
        producer, consumer = self.pair()
        with producer.claim(TestData.SIZE, 1001) as room:
            view = TestData.View(room)
            view.id, view.value, view.message, view.timestamp = -5, 2.5, "héllo", 99
            with self.assertRaises(ValueError):
                view.message = "x" * 65
            del view
        self.assertEqual(consumer.receive_typed(TestData), TestData(-5, 2.5, "héllo", 99))

    def test_an_older_writers_payload_is_accepted(self) -> None:
        producer, consumer = self.pair()
        producer.send(struct.pack("<ixxxxd", 1, 3.5))
        self.assertEqual(consumer.receive_typed(TestData), TestData(1, 3.5))

    def test_decode_knows_the_specs_messages(self) -> None:
        data = TestData(7, 1.5, "seven", 8)
        self.assertEqual(decode(SharedMemoryMessage(1001, data.pack())), data)
        unknown = SharedMemoryMessage(123456, b"?")
        self.assertIs(decode(unknown), unknown)


class DeathTest(RingTestCase):
    def test_death_is_told_once_and_the_next_producer_goes_on(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"1")
        die(producer)
        self.assertEqual(consumer.receive(), b"1")
        with self.assertRaises(PeerDied):
            consumer.receive(10)
        self.assertIs(consumer.peer_state(), PeerState.DIED)
        self.assertIsNone(consumer.receive(0.001))
        with SharedMemoryProducer("ring") as successor:
            successor.send(b"2")
            self.assertEqual(consumer.receive_message().message_id, 1)
        with self.assertRaises(Closed):
            consumer.receive()
        self.assertEqual(self.receive_errors(consumer), 0)

    def test_what_was_published_and_not_counted_is_found(self) -> None:
        producer, consumer = self.pair()
        for number in range(5):
            producer.send(b"%d" % number)
        words = producer._attachment.words
        words[_layout.WRITE_POSITION_OFFSET // 8] = 2 * (_layout.MESSAGE_HEADER_SIZE + 8)
        words[_layout.MESSAGES_SENT_OFFSET // 8] = 2
        die(producer)
        with SharedMemoryProducer("ring") as successor:
            successor.send(b"5")
            self.assertEqual(consumer.drain(), [b"%d" % number for number in range(6)])
            self.assertEqual(successor.statistics().messages_sent, 6)
        self.assertEqual(self.receive_errors(consumer), 0)


class FullBatchTest(RingTestCase):
    def test_a_batch_without_room_for_more_stays_as_it_is(self) -> None:
        producer, consumer = self.pair(1024)
        with producer.batch() as batch:
            count = 0
            while batch.try_push(bytes(100)):
                count += 1
            self.assertGreater(count, 1)
            self.assertEqual(consumer.drain(), [], "nothing was published")
            batch.discard()
        self.assertEqual(consumer.drain(), [])
        self.assertEqual(producer.statistics().messages_sent, 0)
        self.assertEqual(producer.snapshot().send_failures, 1)


if __name__ == "__main__":
    unittest.main()
