"""Messages larger than a record."""

from __future__ import annotations

import os
import struct
import threading
import unittest
from typing import TYPE_CHECKING
from unittest import mock

from shared_memory_api import MessageTooLarge, Options, SharedMemoryProducer, _layout
from shared_memory_api._engine import _fragments

from support import RingTestCase

if TYPE_CHECKING:
    from collections.abc import Callable

FRAGMENT = _layout.FLAG_FRAGMENT
LAST = _layout.FLAG_LAST_FRAGMENT


def send_piece(
    producer: SharedMemoryProducer, index: int, count: int, *, last: bool, body: bytes = b"zz"
) -> None:
    """Sends what may or may not be a piece of something."""
    claim = producer.claim(8 + len(body), 5)
    claim._set_all_flags(FRAGMENT | (LAST if last else 0))
    with claim as view:
        view[:] = struct.pack("<II", index, count) + body


class NoMemory(bytearray):
    """What cannot grow."""

    def __iadd__(self, _: object) -> NoMemory:
        raise MemoryError


class WholeTest(RingTestCase):
    def test_messages_of_any_size_pass_a_small_ring(self) -> None:
        producer, consumer = self.pair()
        for size in (0, 10, 1016, 1017, 5000, 100_000):
            payload = os.urandom(size)
            arguments = (payload, 77, 2)
            thread = threading.Thread(target=producer.send_fragmented, args=arguments)
            thread.start()
            message = consumer.receive_message()
            thread.join()
            self.assertEqual(message.payload, payload)
            self.assertEqual((message.message_type, message.flags), (77, 2))

    def test_every_way_to_receive_puts_them_together_and_keeps_the_order(self) -> None:
        producer, consumer = self.pair(65536)
        payload = os.urandom(40_000)

        def borrowed() -> bytes:
            with consumer.borrow() as message:
                return bytes(message.payload)

        ways: list[Callable[[], bytes | None]] = [
            consumer.receive,
            lambda: consumer.receive_message().payload,
            lambda: consumer.drain(1)[0],
            lambda: consumer.receive_batch(1)[0].payload,
            borrowed,
        ]
        for receive in ways:
            producer.send(b"0")
            producer.send_fragmented(payload)
            producer.send(b"1")
            for expected in (b"0", payload, b"1"):
                self.assertEqual(receive(), expected)
        self.assertEqual(self.receive_errors(consumer), 0)

    def test_peek_leaves_a_whole_message(self) -> None:
        producer, consumer = self.pair(65536)
        payload = os.urandom(40_000)
        producer.send_fragmented(payload)
        for _ in range(2):
            peeked = consumer.peek()
            assert peeked is not None
            self.assertEqual(peeked.payload, payload)
        self.assertEqual(consumer.receive(), payload)

    def test_a_piece_takes_no_more_than_the_option_says(self) -> None:
        producer, consumer = self.pair(4096, Options(fragment_size=128))
        producer.send_fragmented(bytes(121))
        self.assertEqual(producer.statistics().messages_sent, 1)
        producer.send_fragmented(bytes(240))
        self.assertEqual(producer.statistics().messages_sent, 3)
        self.assertEqual(consumer.drain(), [bytes(121), bytes(240)])


class BrokenTest(RingTestCase):
    def test_a_message_beyond_the_limit_is_dropped_and_counted(self) -> None:
        producer, consumer = self.pair(65536, Options(max_message_size=1000))
        producer.send_fragmented(bytes(40_000))
        producer.send(b"next")
        with self.assertRaises(MessageTooLarge) as caught:
            consumer.receive()
        self.assertEqual(caught.exception.expected, 1000)
        self.assertEqual(consumer.receive(), b"next")
        self.assertEqual(self.receive_errors(consumer), 1)

    def test_a_message_without_memory_for_it_is_dropped_and_counted(self) -> None:
        producer, consumer = self.pair(65536)
        producer.send_fragmented(bytes(40_000), 5)
        producer.send(b"next")
        with mock.patch.object(_fragments, "bytearray", NoMemory, create=True):
            self.assertRaises(MemoryError, consumer.receive, 0)
        self.assertEqual(consumer.receive(0), b"next")
        self.assertEqual(consumer.snapshot().receive_errors, 1)

    def test_each_broken_message_counts_once(self) -> None:
        producer, consumer = self.pair(65536)
        errors = 0

        def passes(expected: bytes) -> None:
            nonlocal errors
            errors += 1
            self.assertEqual(consumer.receive(), expected)
            self.assertEqual(self.receive_errors(consumer), errors)

        send_piece(producer, 0, 3, last=False)
        producer.send(b"the sender died after the first piece")
        passes(b"the sender died after the first piece")
        send_piece(producer, 1, 3, last=False)
        send_piece(producer, 2, 3, last=True)
        producer.send(b"the receiver came in the middle")
        passes(b"the receiver came in the middle")
        send_piece(producer, 0, 2, last=False, body=b"a")
        send_piece(producer, 0, 2, last=False, body=b"b")
        send_piece(producer, 1, 2, last=True, body=b"c")
        passes(b"bc")

    def test_a_message_too_large_behind_others_is_told_by_the_next_call(self) -> None:
        producer, consumer = self.pair(4096, Options(max_message_size=100))

        def receive_batch() -> list[bytes]:
            return [message.payload for message in consumer.receive_batch(timeout=0)]

        for receive in (consumer.drain, receive_batch):
            producer.send(b"before")
            producer.send_fragmented(bytes(2100))
            producer.send(b"behind")
            self.assertEqual(receive(), [b"before"])
            with self.assertRaises(MessageTooLarge):
                receive()
            self.assertEqual(receive(), [b"behind"])
        self.assertEqual(self.receive_errors(consumer), 2)

    def test_only_broken_pieces_do_not_keep_a_receive_beyond_its_time(self) -> None:
        producer, consumer = self.pair(65536)
        stop = threading.Event()

        def send() -> None:
            while not stop.is_set():
                send_piece(producer, 7, 9, last=False)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            self.assertIsNone(consumer.receive(0.02))
        finally:
            stop.set()
            while thread.is_alive():
                consumer.drain()
                thread.join(0.001)


if __name__ == "__main__":
    unittest.main()
