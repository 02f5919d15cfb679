"""What a caller does wrong, and what a ring or a message holds that it should not."""

from __future__ import annotations

import array
import contextlib
import errno
import gc
import os
import pickle
import resource
import struct
import unittest
from typing import TYPE_CHECKING

from shared_memory_api import (
    AlreadyExists,
    BadMagic,
    Busy,
    CapacityMismatch,
    Corrupt,
    Disposed,
    FolderMissing,
    HeaderSizeMismatch,
    InvalidCapacity,
    InvalidName,
    InvalidType,
    InvalidUtf8,
    Io,
    LayoutMismatch,
    Mode,
    Monitor,
    NoSpace,
    NotFound,
    NotRegularFile,
    Options,
    RingBuffer,
    RoleTaken,
    SchemaMismatch,
    SharedMemoryConsumer,
    SharedMemoryMessage,
    SharedMemoryProducer,
    SizeMismatch,
    TestData,
    TooLarge,
    TooShort,
    TypeMismatch,
    VersionMismatch,
    WrongEndianness,
    _layout,
    create_producer,
    last_error,
    remove_ring,
    ring_path,
)

from support import RingTestCase

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def poke(name: str, offset: int, value: bytes) -> None:
    """Writes into a ring's file behind everyone's back."""
    with open(ring_path(name), "r+b") as file:
        file.seek(offset)
        file.write(value)


class AttachTest(RingTestCase):
    def test_a_bad_name_is_refused_before_any_file_is_touched(self) -> None:
        names: list[Any] = ["", "../x", "a/b", "a\0b", ".a", "é", "x" * 201, "..", 5, None]
        for name in names:
            with self.subTest(name=name):
                with self.assertRaises(InvalidName):
                    SharedMemoryProducer(name)
                self.assertIsNone(create_producer(name))
                self.assertIsInstance(last_error(), InvalidName)
                with self.assertRaises(InvalidName):
                    remove_ring(name)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_bad_capacity_is_refused(self) -> None:
        capacities: list[Any] = [0, -1, 2**63, 2**40 + 1, 1.5, "x", True]
        for capacity in capacities:
            with self.subTest(capacity=capacity):
                with self.assertRaises(InvalidCapacity) as caught:
                    SharedMemoryProducer("ring", capacity)
                self.assertEqual(caught.exception.found, capacity)

    def test_capacities_round_up_and_have_to_agree(self) -> None:
        with SharedMemoryProducer("ring", 1000) as producer:
            self.assertEqual(producer.capacity, 1024)
            SharedMemoryConsumer("ring").close()
            with self.assertRaises(CapacityMismatch) as caught:
                SharedMemoryConsumer("ring", 1025)
        self.assertEqual((caught.exception.expected, caught.exception.found), (2048, 1024))

    def test_modes_say_what_may_be_there(self) -> None:
        create, attach = Options(mode=Mode.CREATE_ONLY), Options(mode=Mode.OPEN_ONLY)
        with self.assertRaises(NotFound):
            SharedMemoryProducer("ring", options=attach)
        with self.assertRaises(NotFound):
            Monitor("ring")
        with SharedMemoryProducer("ring", options=create):
            with self.assertRaises(AlreadyExists):
                SharedMemoryProducer("ring", options=create)
            SharedMemoryConsumer("ring", options=attach).close()

    def test_no_folder_has_an_error_of_its_own(self) -> None:
        for mode in Mode:
            with self.assertRaises(FolderMissing):
                SharedMemoryProducer("ring", options=Options(mode=mode, directory="/no/folder"))

    def test_what_is_no_file_is_refused(self) -> None:
        os.mkdir(ring_path("directory"))
        os.mkfifo(ring_path("fifo"))
        os.symlink("/etc/passwd", ring_path("link"))
        os.symlink("nowhere", ring_path("dangling"))
        for name in ("directory", "fifo", "link", "dangling"):
            for mode in Mode:
                with self.subTest(name=name, mode=mode), self.assertRaises(NotRegularFile):
                    SharedMemoryConsumer(name, options=Options(mode=mode))

    def test_each_wrong_identity_has_an_error_of_its_own(self) -> None:
        swapped = struct.pack(">I", _layout.MAGIC)
        cases: list[tuple[int, bytes, type[Exception]]] = [
            (_layout.MAGIC_OFFSET, b"none", BadMagic),
            (_layout.MAGIC_OFFSET, swapped, WrongEndianness),
            (_layout.VERSION_MAJOR_OFFSET, b"\x09\x00", VersionMismatch),
            (_layout.HEADER_SIZE_OFFSET, b"\x00\x20\x00\x00", HeaderSizeMismatch),
            (_layout.LAYOUT_HASH_OFFSET, bytes(8), LayoutMismatch),
            (_layout.SCHEMA_HASH_OFFSET, bytes(8), SchemaMismatch),
            (_layout.CAPACITY_OFFSET, struct.pack("<Q", 3000), Corrupt),
            (_layout.CAPACITY_OFFSET, struct.pack("<Q", 1 << 40), TooShort),
        ]
        for offset, value, error in cases:
            with self.subTest(error=error.__name__):
                RingBuffer("ring", 4096).close()
                poke("ring", offset, value)
                with self.assertRaises(error):
                    SharedMemoryConsumer("ring")
                remove_ring("ring")

    def test_a_file_cut_short_is_refused(self) -> None:
        RingBuffer("ring", 4096).close()
        for size in (8191, 4096, 100, 0):
            os.truncate(ring_path("ring"), size)
            with self.assertRaises(TooShort) as caught:
                SharedMemoryConsumer("ring")
            self.assertEqual(caught.exception.found, size)

    def test_no_space_is_said_before_anything_is_there(self) -> None:
        with self.assertRaises(NoSpace) as caught:
            SharedMemoryProducer("ring", 1 << 40)
        self.assertEqual(caught.exception.needed, (1 << 40) + _layout.RING_HEADER_SIZE)
        self.assertEqual(os.listdir(self.folder), [])

    def test_no_descriptors_leave_nothing_behind(self) -> None:
        _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        taken: list[int] = []
        try:
            with self.assertRaises(OSError):
                while True:
                    taken.append(os.dup(0))
            for spare in range(2):
                with self.subTest(spare=spare):
                    with self.assertRaises(Io) as caught:
                        SharedMemoryProducer("ring", 4096)
                    self.assertEqual(caught.exception.errno, errno.EMFILE)
                    remove_ring("ring")
                os.close(taken.pop())
        finally:
            for fd in taken:
                os.close(fd)
        self.assertEqual(os.listdir(self.folder), [])

    def test_errors_can_be_sent_to_another_process(self) -> None:
        for error in (
            RoleTaken.held("path", "producer", 3, is_there=True),
            Corrupt.at(1, 2, "why"),
            Io.of("open", "path", OSError(5, "io")),
            TooLarge("size", expected=1, found=2),
        ):
            copy = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(copy), str(copy)), (type(error), str(error)))
            self.assertEqual(vars(copy), vars(error))


class UseTest(RingTestCase):
    def test_an_open_claim_or_borrowed_message_comes_first(self) -> None:
        producer, consumer = self.pair()
        claim = producer.claim(8)
        sends: list[Callable[[], object]] = [
            lambda: producer.send(b"x"),
            lambda: producer.claim(4),
            lambda: producer.send_batch([b"x"]),
            lambda: producer.send_string("x"),
            lambda: producer.send_fragmented(bytes(9000)),
        ]
        for send in sends:
            self.assertRaises(Busy, send)
        claim.abandon()
        producer.send(b"1")
        message = consumer.borrow()
        receives: list[Callable[[], object]] = [
            consumer.receive,
            consumer.receive_string,
            consumer.borrow,
            consumer.peek,
            consumer.drain,
            consumer.receive_batch,
            consumer.skip,
        ]
        for receive in receives:
            self.assertRaises(Busy, receive)
        message.release()
        self.assertRaises(Disposed, claim.commit)

    def test_a_batch_that_is_dropped_does_not_end_an_open_claim(self) -> None:
        producer, consumer = self.pair()
        with producer.claim(4) as view:
            producer.batch().discard()
            with self.assertRaises(Busy):
                producer.send(b"over it")
            view[:] = b"held"
        self.assertEqual(consumer.drain(), [b"held"])

    def test_a_claim_that_is_forgotten_goes_at_once_though_a_send_was_refused(self) -> None:
        producer, consumer = self.pair()
        gc.disable()
        self.addCleanup(gc.enable)
        claim = producer.claim(4)
        # Not assertRaises, which breaks cycles itself.
        with contextlib.suppress(Busy):
            producer.send(b"refused")
        del claim
        producer.send(b"sent")
        self.assertEqual(consumer.drain(), [b"sent"])

    def test_nothing_works_after_dispose_but_the_statistics(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"1")
        producer.dispose()
        producer.dispose()
        self.assertEqual(producer.statistics().messages_sent, 1)
        calls: list[Callable[[], object]] = [
            lambda: producer.send(b"x"),
            lambda: producer.claim(4),
            lambda: producer.send_batch([b"x"]),
            lambda: producer.send_typed(TestData()),
            producer.heartbeat,
            producer.peer_state,
        ]
        consumer.dispose()
        calls += [consumer.receive, consumer.drain, consumer.peek, lambda: next(iter(consumer))]
        for call in calls:
            self.assertRaises(Disposed, call)

    def test_what_cannot_be_sent_is_refused(self) -> None:
        producer, consumer = self.pair()
        largest = producer.largest_payload
        self.assertTrue(producer.send(bytes(largest)))
        self.assertEqual(consumer.receive(), bytes(largest))
        self.assertRaises(TooLarge, producer.send, bytes(largest + 1))
        self.assertRaises(TooLarge, producer.claim, largest + 1)
        for kind in (0, -1, 2**32):
            self.assertRaises(InvalidType, producer.send, b"x", kind)
            self.assertRaises(InvalidType, producer.claim, 1, kind)
            self.assertRaises(InvalidType, producer.send_batch, [b"x"], kind)
            self.assertRaises(InvalidType, producer.send_message, SharedMemoryMessage(kind))
        payloads: list[Any] = ["text", 5, None, [1]]
        for payload in payloads:
            self.assertRaises(TypeError, producer.send, payload)
        self.assertRaises(InvalidUtf8, producer.send_string, "\ud800")
        self.assertRaises(struct.error, producer.send_typed, TestData(id=2**31))
        self.assertRaises(ValueError, producer.send_typed, TestData(message="é" * 33))
        self.assertIsNone(consumer.try_receive())

    def test_a_batch_raises_only_if_nothing_was_sent(self) -> None:
        producer, consumer = self.pair()
        large = bytes(producer.largest_payload + 1)
        self.assertRaises(TooLarge, producer.send_batch, [large])
        self.assertEqual(producer.send_batch([b"ok", large]), 1)
        self.assertEqual(consumer.drain(), [b"ok"])

    def test_the_first_message_of_all_needs_a_type_too(self) -> None:
        producer, consumer = self.pair()
        with self.assertRaises(InvalidType):
            producer.send(b"padding?", 0)
        self.assertIsNone(consumer.try_receive())

    def test_a_batch_stays_as_it_is_when_a_message_is_refused(self) -> None:
        producer, consumer = self.pair()
        with producer.batch() as batch:
            batch.push(b"1")
            with self.assertRaises(TypeError):
                batch.push(memoryview(b"not contiguous")[::2])
        with self.assertRaises(TypeError):
            producer.send(memoryview(b"not contiguous")[::2])
        self.assertEqual(consumer.drain(), [b"1"])

    def test_anything_that_gives_bytes_away_is_a_payload(self) -> None:
        producer, consumer = self.pair()
        numbers = array.array("d", [1, 2, 3])
        for payload in (numbers, bytearray(b"abc"), memoryview(b"abc")[1:]):
            producer.send(payload)
            producer.send_batch([payload])
            self.assertEqual(consumer.drain(), [bytes(payload)] * 2)

    def test_a_refused_message_stays_until_it_is_skipped(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"\xff\xfe")
        for _ in range(2):
            self.assertRaises(InvalidUtf8, consumer.receive_string)
        self.assertTrue(consumer.skip())
        self.assertFalse(consumer.skip())
        producer.send(b"123", 77)
        self.assertRaises(TypeMismatch, consumer.receive_typed, TestData)
        self.assertEqual(consumer.receive(), b"123")
        for size in (0, 8, 17, 24, 87):
            producer.send(bytes(size))
            self.assertRaises(SizeMismatch, consumer.receive_typed, TestData)
            consumer.skip()
        self.assertEqual(self.receive_errors(consumer), 0)


class HostileTest(RingTestCase):
    def test_a_record_that_nobody_writes_is_corrupt_and_counts_once(self) -> None:
        for word in (2**64 - 1, 4 | 1 << 32, 4097 | 1 << 32, 16):
            with self.subTest(word=hex(word)):
                producer, consumer = self.pair()
                poke("ring", _layout.RING_HEADER_SIZE, struct.pack("<Q", word))
                for _ in range(3):
                    with self.assertRaises(Corrupt) as caught:
                        consumer.receive(1)
                    self.assertEqual(caught.exception.value, word)
                self.assertEqual(self.receive_errors(consumer), 1)
                consumer.dispose()
                producer.dispose()
                remove_ring("ring")

    def test_impossible_positions_are_corrupt(self) -> None:
        cases = [(0, 8, True), (4, 0, False), (8192, 0, False), (0, 2**63, True)]
        for write, read, is_beyond in cases:
            with self.subTest(write=write, read=read, is_beyond=is_beyond):
                RingBuffer("ring", 4096).close()
                poke("ring", _layout.WRITE_POSITION_OFFSET, struct.pack("<Q", write))
                poke("ring", _layout.READ_POSITION_OFFSET, struct.pack("<Q", read))
                self.assertRaises(Corrupt, SharedMemoryConsumer, "ring")
                self.assertRaises(Corrupt, SharedMemoryProducer, "ring")
                remove_ring("ring")

    def test_a_full_lap_without_an_end_is_received_once(self) -> None:
        producer, consumer = self.pair(1024)
        record = struct.pack("<IIQ", 64, 1, 0) + bytes(48)
        poke("ring", _layout.RING_HEADER_SIZE, record * 16)
        self.assertEqual(len(consumer.drain()), 16)
        self.assertEqual(len(consumer.receive_batch()), 16)
        del producer


if __name__ == "__main__":
    unittest.main()
