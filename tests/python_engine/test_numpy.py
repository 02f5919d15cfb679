"""Structs and payloads as numpy arrays."""

from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

import numpy as np
from shared_memory_api import TestData, TypeMismatch, Unsupported
from shared_memory_api._engine import _payload

from support import RingTestCase


class NumpyTest(RingTestCase):
    def test_drained_messages_become_one_structured_array(self) -> None:
        producer, consumer = self.pair(65536)
        for number in range(10):
            producer.send_typed(TestData(number, number / 2, str(number), number))
        array = TestData.numpy_array(consumer.drain())
        self.assertEqual(array["id"].tolist(), list(range(10)))
        self.assertEqual(array["value"].tolist(), [number / 2 for number in range(10)])
        self.assertEqual(array["message"][3], b"3")

    def test_draining_into_an_array_loses_nothing_that_it_refuses(self) -> None:
        producer, consumer = self.pair(65536)
        data = [TestData(number, number / 2) for number in range(40)]
        producer.send_batch(data)
        producer.send(data[0].pack() + b"of a newer version", 1001)
        producer.send(b"other", 77)
        array = consumer.drain_array(TestData, 30)
        self.assertEqual(array["id"].tolist(), list(range(30)))
        array = consumer.drain_array(TestData)
        self.assertEqual(array["id"].tolist(), [*range(30, 40), 0])
        self.assertRaises(TypeMismatch, consumer.drain_array, TestData)
        self.assertEqual(consumer.receive(), b"other")
        self.assertEqual(len(consumer.drain_array(TestData)), 0)
        producer.send_typed(data[0])
        # No numpy: that is found before anything is taken.
        with mock.patch.object(_payload, "import_module", side_effect=ImportError):
            self.assertRaises(Unsupported, consumer.drain_array, TestData)
        self.assertEqual(consumer.receive_typed(TestData), data[0])

    def test_the_dtype_has_the_structs_layout(self) -> None:
        dtype = TestData.numpy_dtype()
        self.assertEqual(dtype.itemsize, TestData.SIZE)
        self.assertEqual(dtype.fields["value"][1], 8)
        made = np.zeros(1, dtype)
        made["id"], made["value"] = -5, 2.5
        self.assertEqual(TestData.unpack(made.tobytes()), TestData(-5, 2.5))

    def test_a_claim_is_filled_through_an_array(self) -> None:
        producer, consumer = self.pair()
        with producer.claim(TestData.SIZE, 1001) as view:
            array = np.frombuffer(view, TestData.numpy_dtype())
            array["id"], array["value"] = 7, 0.5
            del array
        self.assertEqual(consumer.receive_typed(TestData), TestData(7, 0.5))

    def test_an_array_in_the_ring_keeps_it_mapped(self) -> None:
        producer, consumer = self.pair()
        # Type checkers know of buffers since Python 3.12.
        numbers: Any = np.arange(5.0)
        producer.send(numbers)
        with consumer.borrow() as message:
            array = np.frombuffer(message.payload)
            self.assertFalse(array.flags.writeable)
        producer.dispose()
        with self.assertRaisesRegex(BufferError, "numpy array"):
            consumer.dispose()
        self.assertEqual(array.tolist(), [0, 1, 2, 3, 4])


if __name__ == "__main__":
    unittest.main()
