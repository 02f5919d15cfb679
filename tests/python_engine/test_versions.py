"""Programs of different versions on one ring, and values as texts and dictionaries."""

from __future__ import annotations

import json
import struct
import unittest
from typing import Any

from shared_memory_api import (
    MessageFlags,
    MessageType,
    Options,
    RingBuffer,
    SchemaMismatch,
    SharedMemoryConsumer,
    SharedMemoryMessage,
    SharedMemoryProducer,
    SizeMismatch,
    TestData,
    TypeMismatch,
    Unsupported,
    _layout,
    asdict,
    decode,
    ring_path,
)
from shared_memory_api._engine import _payload

from support import RingTestCase


class SchemaTest(RingTestCase):
    def poke(self, offset: int, value: bytes) -> None:
        with open(ring_path("ring"), "r+b") as file:
            file.seek(offset)
            file.write(value)

    def test_another_schema_of_the_same_version_is_refused(self) -> None:
        with RingBuffer("ring", 4096):
            self.poke(_layout.SCHEMA_HASH_OFFSET, struct.pack("<Q", 0x1122334455667788))
            with self.assertRaises(SchemaMismatch) as caught:
                SharedMemoryProducer("ring")
            self.assertEqual(caught.exception.found, 0x1122334455667788)
            self.assertEqual(caught.exception.expected, _layout.SCHEMA_HASH)
            self.assertIn("0x1122334455667788", str(caught.exception))
            with SharedMemoryProducer("ring", options=Options(any_schema=True)) as producer:
                self.assertFalse(producer.schema_matches)
            other_minor = struct.pack("<H", _layout.VERSION_MINOR + 1)
            with RingBuffer("ring", 4096):
                self.poke(_layout.SCHEMA_HASH_OFFSET, struct.pack("<Q", 1))
                self.poke(_layout.VERSION_MINOR_OFFSET, other_minor)
                with SharedMemoryConsumer("ring") as consumer:
                    self.assertFalse(consumer.schema_matches)


class NewerTest(RingTestCase):
    newer = TestData(7, 2.5, "seven", 8).pack() + b"what a later version has added"

    def test_an_older_reader_reads_the_known_part_of_a_newer_message(self) -> None:
        producer, consumer = self.pair()
        for message_type in (1001, 1):
            producer.send(self.newer, message_type)
            self.assertEqual(consumer.receive_typed(TestData), TestData(7, 2.5, "seven", 8))
        producer.send(self.newer, 1001)
        message = consumer.receive_message()
        self.assertEqual(message.decode(TestData), TestData(7, 2.5, "seven", 8))
        self.assertEqual(decode(message), TestData(7, 2.5, "seven", 8))
        with self.assertRaises(SizeMismatch):
            message.decode(TestData, exact=True)
        with self.assertRaises(SizeMismatch):
            decode(message, exact=True)
        producer.send(self.newer, 1001)
        with consumer.borrow() as borrowed:
            self.assertEqual(borrowed.decode(TestData).id, 7)
            self.assertEqual(TestData.View(borrowed.payload).value, 2.5)
            with self.assertRaises(SizeMismatch):
                borrowed.decode(TestData, exact=True)

    def test_exact_size_refuses_it_and_skip_drops_it(self) -> None:
        producer, consumer = self.pair(4096, Options(exact_size=True))
        producer.send(self.newer, 1001)
        producer.send_typed(TestData(9))
        for _ in range(2):
            self.assertRaises(SizeMismatch, consumer.receive_typed, TestData)
            self.assertRaises(SizeMismatch, consumer.drain, kind=TestData)
        self.assertTrue(consumer.skip())
        self.assertEqual(consumer.receive_typed(TestData), TestData(9))

    def test_a_message_that_does_not_fit_is_skipped_by_skip(self) -> None:
        producer, consumer = self.pair()
        # A loop over typed receives comes to its end, whatever is in between.
        sent: list[Any] = [
            TestData(1),
            b"too short",
            TestData(2),
            SharedMemoryMessage(77),
            TestData(3),
        ]
        producer.send_batch(sent)
        producer.close()
        received = []
        while consumer.has_message():
            try:
                received.append(consumer.receive_typed(TestData))
            except (SizeMismatch, TypeMismatch):  # noqa: PERF203 - as a user writes it
                consumer.skip()
        self.assertEqual(received, [TestData(1), TestData(2), TestData(3)])

    def test_a_tail_takes_all_that_follows(self) -> None:
        class Tailed(_payload.PayloadWithTail):
            """Eight bytes and a text."""

            __slots__ = ("number", "text")
            SIZE = 8
            _STRUCT = struct.Struct("<q")

            def __init__(self, number: int, text: str) -> None:
                self.number, self.text = number, text

            @classmethod
            def _make(cls, v: tuple[int, memoryview]) -> Tailed:
                return cls(v[0], _payload.tail_text(v[1]))

        payload = struct.pack("<q", 5) + "tail é".encode()
        self.assertEqual(Tailed.unpack(payload), Tailed(5, "tail é"))
        self.assertEqual(Tailed.unpack(payload, exact=True), Tailed(5, "tail é"))
        self.assertRaises(SizeMismatch, Tailed.unpack, b"1234567")
        self.assertRaises(Unsupported, Tailed.numpy_array, ())


class TextTest(RingTestCase):
    def test_a_byte_that_is_no_utf8_is_readable_and_survives(self) -> None:
        producer, consumer = self.pair()
        latin = "Müller".encode("latin-1")
        raw = bytearray(TestData(1).pack())
        at = raw.index(bytes(64), 16)
        raw[at : at + len(latin)] = latin
        producer.send(bytes(raw), 1001)
        with consumer.borrow() as message:
            self.assertEqual(TestData.View(message.payload).message, "M\udcfcller")
        producer.send(bytes(raw), 1001)
        data = consumer.receive_typed(TestData)
        self.assertEqual(data.message, "M\udcfcller")
        self.assertEqual(data.message.encode(errors="surrogateescape"), latin)
        producer.send_typed(data)
        self.assertEqual(consumer.receive(), bytes(raw))
        with self.assertRaises(ValueError):
            producer.send_typed(TestData(message="\ud800"))

    def test_enums_print_their_names(self) -> None:
        self.assertEqual(str(MessageType.DATA), "DATA")
        self.assertEqual(f"{MessageType(123456)}", "UNKNOWN_123456")
        self.assertEqual(f"{MessageType.DATA:03d}", "001")
        self.assertEqual(str(MessageFlags.URGENT | MessageFlags(0x80)), "URGENT|0x80")
        self.assertEqual(str(MessageFlags(0)), "NONE")
        self.assertEqual(json.dumps({"type": MessageType.DATA}), '{"type": 1}')

    def test_structs_become_dictionaries(self) -> None:
        data = TestData(7, 1.5, "seven", 8)
        expected = {"id": 7, "value": 1.5, "message": "seven", "timestamp": 8}
        self.assertEqual(asdict(data), expected)
        self.assertEqual(json.loads(json.dumps(asdict(data))), expected)
        self.assertEqual(repr(data), "TestData(id=7, value=1.5, message='seven', timestamp=8)")


if __name__ == "__main__":
    unittest.main()
