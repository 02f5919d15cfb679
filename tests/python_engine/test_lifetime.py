"""Views into the ring: none outlives its message, its claim or its ring."""

from __future__ import annotations

import gc
import unittest
from typing import TYPE_CHECKING

from shared_memory_api import (
    Closed,
    Disposed,
    PeerDied,
    RingBuffer,
    SharedMemoryConsumer,
    SharedMemoryProducer,
)
from shared_memory_api._engine._platform import now_ns

from support import RingTestCase, die

if TYPE_CHECKING:
    from shared_memory_api._engine._watch import Ended


class LifetimeTest(RingTestCase):
    def test_a_claims_view_ends_with_it(self) -> None:
        producer, consumer = self.pair()
        with producer.claim(4) as view:
            view[:] = b"1234"
        with self.assertRaises(ValueError):
            view[0] = 0
        with self.assertRaises(ValueError):
            bytes(view)
        self.assertEqual(consumer.receive(), b"1234")

    def test_a_borrowed_payload_is_read_only_and_ends_with_its_release(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"1234")
        with consumer.borrow() as message:
            payload = message.payload
            self.assertTrue(payload.readonly)
            self.assertEqual(payload, b"1234")
        self.assertRaises(ValueError, bytes, payload)
        with self.assertRaises(Disposed):
            _ = message.flags

    def test_a_payload_in_use_keeps_its_message_borrowed(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"1234")
        message = consumer.borrow()
        with memoryview(message.payload) as other:
            self.assertEqual(other, b"1234")
        export = memoryview(message.payload)
        del export
        message.release()
        self.assertIsNone(consumer.try_receive())

    def test_a_kept_slice_shows_when_the_ring_closes_and_stays_readable(self) -> None:
        ring = RingBuffer("ring", 4096)
        producer, consumer = ring.producer(), ring.consumer()
        ring.dispose()
        with producer.claim(8) as view:
            view[:] = b"12345678"
            kept = view[2:4]
        with self.assertRaisesRegex(BufferError, "still in use"):
            producer.dispose()
        self.assertFalse(producer.is_open)
        self.assertEqual(bytes(kept), b"34")
        self.assertEqual(consumer.receive(), b"12345678")
        self.assertRaises(Closed, consumer.receive)
        consumer.dispose()
        kept.release()

    def test_dispose_ends_open_claims_and_gives_borrowed_messages_back(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"12345")
        message, claim = consumer.borrow(), producer.claim(10)
        payload = message.payload
        producer.dispose()
        consumer.dispose()
        self.assertRaises(Disposed, claim.commit)
        self.assertRaises(ValueError, bytes, payload)
        with SharedMemoryConsumer("ring") as successor:
            self.assertEqual(successor.drain(), [b"12345"])

    def test_a_forgotten_claim_gives_its_room_back(self) -> None:
        producer, consumer = self.pair()
        claim = producer.claim(10)
        del claim
        producer.send(b"1")
        message = consumer.borrow()
        del message
        producer.send(b"2")
        self.assertEqual(consumer.drain(), [b"2"])

    def test_a_forgotten_side_closes_with_a_warning(self) -> None:
        producer = SharedMemoryProducer("ring", 1024)
        producer.send(b"1")
        with self.assertWarns(ResourceWarning):
            del producer
            gc.collect()
        with SharedMemoryConsumer("ring") as consumer:
            self.assertEqual(consumer.receive(), b"1")
            self.assertRaises(Closed, consumer.receive)

    def test_copies_outlive_the_ring(self) -> None:
        producer, consumer = self.pair()
        producer.send_batch([b"1", b"2", b"3"])
        copied, message = consumer.receive(), consumer.receive_message()
        drained = consumer.drain()
        producer.dispose()
        consumer.dispose()
        self.assertEqual((copied, message.payload, drained), (b"1", b"2", [b"3"]))


class DeathTest(RingTestCase):
    def test_a_death_is_told_although_a_last_message_came_with_it(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"last")
        die(producer)
        # As if the message had come between the looks at the ring and at the lock.
        self.assertTrue(consumer._receiver.settle(self.noticed(consumer)))
        self.assertEqual(consumer.receive(0), b"last")
        with self.assertRaises(PeerDied):
            consumer.receive()
        self.assertIsNone(consumer.receive(0), "told once")

    def test_a_batch_that_a_death_cut_short_leaves_the_death_to_the_next_call(self) -> None:
        producer, consumer = self.pair(4096)
        die(consumer)
        sent = producer.send_batch([bytes(100)] * 100)
        self.assertIn(sent, range(1, 100))
        with self.assertRaises(PeerDied):
            producer.send(bytes(100))

    def noticed(self, consumer: SharedMemoryConsumer) -> Ended:
        """What a check of the producer's life finds."""
        watch = consumer._link.watch
        watch._checked_ns = 0
        ended = watch.look(now_ns())
        assert ended is not None
        return ended


if __name__ == "__main__":
    unittest.main()
