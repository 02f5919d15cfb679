"""What goes wrong is said: exceptions stay what they are, and nothing is dropped without a word."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import sys
import unittest
from pickle import PickleBuffer
from typing import TYPE_CHECKING

from shared_memory_api import (
    Busy,
    Closed,
    Disposed,
    Options,
    RingBuffer,
    SharedMemoryConsumer,
    SharedMemoryManager,
    SharedMemoryMessage,
    SharedMemoryProducer,
    SizeMismatch,
    TestData,
    Timeout,
    TypeMismatch,
    create_consumer,
)

from support import PATIENCE, RingTestCase, run_python, until

if TYPE_CHECKING:
    from collections.abc import Callable


YES, NO = True, False


class Mine(Exception):
    """The caller's own."""


class WithTest(RingTestCase):
    """An exception that passes a `with` is never replaced by one of closing."""

    def raises_mine(self, body: Callable[[list[object]], object]) -> None:
        """Runs a body that keeps things, and raises."""
        kept: list[object] = []
        with self.assertRaises(Mine):
            body(kept)
        for thing in kept:
            if isinstance(thing, (memoryview, PickleBuffer)):
                thing.release()

    def test_a_slice_of_a_claim_that_is_kept(self) -> None:
        def body(kept: list[object]) -> None:
            with SharedMemoryProducer("ring", 4096) as producer, producer.claim(16) as view:
                kept.append(view[2:4])
                raise Mine

        self.raises_mine(body)

    def test_an_array_on_a_claim_that_is_kept(self) -> None:
        def body(kept: list[object]) -> None:
            with SharedMemoryProducer("ring", 4096) as producer:
                try:
                    with producer.claim(16) as view:
                        kept.append(PickleBuffer(view))
                        raise Mine
                finally:
                    # It does not stay in the way.
                    self.assertTrue(producer.send(b"1"))

        self.raises_mine(body)

    def test_an_array_on_a_borrowed_message_that_is_kept(self) -> None:
        def body(kept: list[object]) -> None:
            with RingBuffer("ring", 4096) as ring, ring.producer() as producer:
                producer.send(b"1234")
                with ring.consumer() as consumer, consumer.borrow() as message:
                    kept.append(PickleBuffer(message.payload))
                    raise Mine

        self.raises_mine(body)

    def test_a_ring_that_the_body_closed(self) -> None:
        def body(_: list[object]) -> None:
            with RingBuffer("ring", 4096) as ring, ring.producer() as producer:
                producer.send(b"1234")
                with ring.consumer() as consumer, consumer.borrow(), producer.claim(4):
                    consumer.close()
                    producer.close()
                    raise Mine

        self.raises_mine(body)

    def test_a_batch_and_a_manager(self) -> None:
        def body(_: list[object]) -> None:
            with SharedMemoryManager("ring", is_producer=True, capacity=4096) as manager:
                producer = manager._core.side
                assert isinstance(producer, SharedMemoryProducer)
                with producer.batch() as batch:
                    batch.push(b"1")
                    producer.close()
                    raise Mine

        self.raises_mine(body)

    def test_an_array_that_is_kept_keeps_a_claim_from_being_published(self) -> None:
        producer, consumer = self.pair()
        with self.assertRaises(BufferError), producer.claim(4) as view:
            kept = PickleBuffer(view)
        self.assertFalse(consumer.has_message())
        self.assertTrue(producer.send(b"1"))
        kept.release()
        claim = producer.claim(4)
        kept = PickleBuffer(claim.payload)
        self.assertRaises(BufferError, claim.commit)
        kept.release()
        claim.commit()
        self.assertEqual(consumer.drain()[0], b"1")

    def test_without_an_exception_closing_tells_what_is_wrong(self) -> None:
        producer = SharedMemoryProducer("ring", 4096)
        with self.assertRaises(BufferError), producer, producer.claim(16) as view:
            kept = view[2:4]
        kept.release()


class CancelTest(RingTestCase):
    def test_a_cancelled_task_is_cancelled_though_its_ring_was_closed(self) -> None:
        async def main() -> None:
            with SharedMemoryConsumer("ring", 4096) as consumer:
                task = asyncio.create_task(consumer.receive_async())
                await asyncio.sleep(0.01)
                task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            with SharedMemoryProducer("ring", 1024) as producer:
                while producer.try_send(bytes(100)):
                    pass
                sending = asyncio.create_task(producer.send_async(bytes(100)))
                await asyncio.sleep(0.01)
                sending.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await sending

        asyncio.run(main())

    def test_a_task_that_was_not_cancelled_hears_of_the_closing(self) -> None:
        async def main() -> None:
            with SharedMemoryConsumer("ring", 4096) as consumer:
                task = asyncio.create_task(consumer.receive_typed_async(TestData))
                await asyncio.sleep(0.01)
            with self.assertRaises(Disposed):
                await asyncio.wait_for(task, PATIENCE)

        asyncio.run(main())


class TimeTest(RingTestCase):
    def test_send_async_returns_what_send_returns_and_keeps_the_timeout(self) -> None:
        producer, consumer = self.pair(1024, Options(send_timeout=0.05))

        async def main() -> None:
            self.assertEqual(await producer.send_async(b"1"), YES)
            self.assertEqual(await producer.send_string_async("2"), YES)
            self.assertEqual(await producer.send_typed_async(TestData()), YES)
            while producer.try_send(bytes(100)):
                pass
            failed = producer.snapshot().send_failures
            self.assertEqual(await producer.send_async(bytes(100)), NO)
            self.assertEqual(await producer.send_async(bytes(100), timeout=0), NO)
            # Each call is counted once, however often it looked.
            self.assertEqual(producer.snapshot().send_failures, failed + 2)
            sending = asyncio.create_task(producer.send_async(bytes(100), timeout=PATIENCE))
            await asyncio.sleep(0.3)
            consumer.drain()
            self.assertEqual(await sending, YES)
            self.assertEqual(producer.snapshot().send_failures, failed + 2)

        asyncio.run(main())

    def test_a_send_that_is_out_of_time_says_timeout_and_counts_once(self) -> None:
        producer, consumer = self.pair(1024, Options(send_timeout=0.25))
        while producer.try_send(bytes(100)):
            pass
        calls: list[Callable[[], object]] = [
            lambda: producer.send(bytes(100)),
            lambda: producer.send(bytes(100), timeout=0.01),
            lambda: producer.send_string("x" * 100),
            lambda: producer.send_typed(TestData()),
            lambda: producer.send_message(SharedMemoryMessage(5, bytes(100))),
            lambda: producer.try_send(bytes(100)),
            lambda: producer.send_batch([bytes(100)] * 3),
            lambda: producer.send_fragmented(bytes(5000)),
        ]
        for number, call in enumerate(calls):
            failed = producer.snapshot().send_failures
            self.assertFalse(call(), number)
            self.assertEqual(producer.snapshot().send_failures, failed + 1, number)
        failed = producer.snapshot().send_failures
        self.assertRaises(Timeout, producer.claim, 100)
        self.assertEqual(producer.snapshot().send_failures, failed + 1)
        consumer.close()
        self.assertRaises(Closed, producer.send, bytes(100))
        self.assertEqual(producer.snapshot().send_failures, failed + 2)

    def test_the_whole_send_fragmented_keeps_one_deadline(self) -> None:
        producer, consumer = self.pair(1024, Options(send_timeout=0.4))
        with SlowReader(consumer):
            # A piece is taken each 0.1 s: each would be in time by itself.
            self.assertFalse(producer.send_fragmented(bytes(20_000)))
        self.assertEqual(producer.snapshot().send_failures, 1)


class SlowReader:
    """Takes a record now and then, in a thread."""

    def __init__(self, consumer: SharedMemoryConsumer) -> None:
        import threading  # noqa: PLC0415 - only here

        self._consumer = consumer
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        reader = self._consumer._receiver.reader
        while not self._stop.wait(0.1):
            shape = reader.look()
            if shape is not None:
                reader.take(shape)
                reader.release()

    def __enter__(self) -> SlowReader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


class DrainTest(RingTestCase):
    def test_draining_one_kind_takes_no_other(self) -> None:
        producer, consumer = self.pair(1 << 16)
        one = TestData(1, 2.5)
        for _ in range(3):
            producer.send_typed(one)
        producer.send(b"other", 77)
        producer.send_batch([one] * 40)
        producer.send(b"last", 78)
        self.assertEqual(consumer.drain(kind=TestData), [one.pack()] * 3)
        for _ in range(2):
            self.assertRaises(TypeMismatch, consumer.drain, kind=TestData)
        self.assertEqual(consumer.drain(kind=77), [b"other"])
        self.assertEqual(consumer.drain(5, kind=TestData), [one.pack()] * 5)
        self.assertEqual(consumer.drain(kind=1001), [one.pack()] * 35)
        self.assertRaises(TypeMismatch, consumer.drain, kind=1001)
        self.assertTrue(consumer.skip())
        self.assertEqual(consumer.drain(kind=TestData), [])

    def test_draining_one_kind_takes_only_what_fits_it(self) -> None:
        producer, consumer = self.pair()
        producer.send_typed(TestData(1))
        producer.send(struct.pack("<ixxxxd", 2, 3.5))
        producer.send(TestData(3).pack() + b"newer", 1001)
        producer.send(b"too short", 1001)
        self.assertEqual(len(consumer.drain(kind=TestData)), 3)
        self.assertRaises(SizeMismatch, consumer.drain, kind=TestData)
        self.assertEqual(consumer.receive(), b"too short")

    def test_messages_in_pieces_are_judged_as_a_whole(self) -> None:
        producer, consumer = self.pair(1 << 16)
        producer.send_fragmented(bytes(30_000), 5)
        producer.send_fragmented(bytes(30_000), 6)
        self.assertEqual(consumer.drain(kind=5), [bytes(30_000)])
        self.assertRaises(TypeMismatch, consumer.drain, kind=5)
        self.assertEqual(consumer.drain(kind=6), [bytes(30_000)])


FAILING = """
import sys, time
from shared_memory_api import SharedMemoryManager, SharedMemoryProducer
manager = SharedMemoryManager("ring", is_producer=False, capacity=4096)
got = []
def handle(message):
    if message.payload == b"exit":
        sys.exit(5)
    if message.payload == b"fail":
        raise ZeroDivisionError("mine")
    got.append(message.payload)
manager.on_any(handle)
manager.start()
with SharedMemoryProducer("ring") as producer:
    for payload in (b"fail", b"exit", b"last"):
        producer.send(payload)
    while not got:
        time.sleep(0.001)
assert manager.is_running
manager.close()
print("done")
"""


class HandlerTest(RingTestCase):
    def test_a_throwing_handler_is_seen(self) -> None:
        ended = run_python(FAILING)
        self.assertEqual((ended.returncode, ended.stdout), (0, "done\n"), ended.stderr)
        self.assertIn("ZeroDivisionError: mine", ended.stderr)
        self.assertIn("SystemExit", ended.stderr)

    def test_a_handler_of_errors_hears_of_all(self) -> None:
        with SharedMemoryManager("ring", is_producer=False, capacity=4096) as manager:
            errors: list[BaseException] = []
            got: list[bytes] = []

            def handle(message: SharedMemoryMessage) -> None:
                if message.payload == b"exit":
                    sys.exit(5)
                if message.payload == b"fail":
                    raise Mine
                got.append(message.payload)

            manager.on_any(handle)
            manager.on_error(errors.append)
            manager.start()
            with SharedMemoryProducer("ring") as producer:
                for payload in (b"exit", b"fail", b"last"):
                    producer.send(payload)
                until(lambda: got, "the last message")
            until(lambda: len(errors) == 3, "the producer has closed")
            self.assertEqual([type(error) for error in errors], [SystemExit, Mine, Closed])

    def test_who_polls_hears_of_what_is_no_error(self) -> None:
        with SharedMemoryManager("ring", is_producer=False, capacity=4096) as manager:
            got: list[bytes] = []

            def handle(message: SharedMemoryMessage) -> None:
                if message.payload == b"1":
                    raise KeyboardInterrupt
                got.append(message.payload)

            manager.on_any(handle)
            with SharedMemoryProducer("ring") as producer:
                producer.send_batch([b"1", b"2"])
                self.assertRaises(KeyboardInterrupt, manager.poll)
                # What it had not got to is still there.
                self.assertEqual(manager.poll(), 1)
                self.assertEqual(got, [b"2"])

    def test_stop_and_close_inside_a_handler_end_the_thread_after_it(self) -> None:
        for name in ("stop", "close"):
            with self.subTest(name=name):
                manager = SharedMemoryManager(name, is_producer=False, capacity=4096)
                self.check_that_it_ends(name, manager, getattr(manager, name))

    def check_that_it_ends(
        self, name: str, manager: SharedMemoryManager, end: Callable[[], None]
    ) -> None:
        got: list[bytes] = []

        def handle(message: SharedMemoryMessage) -> None:
            got.append(message.payload)
            end()

        manager.on_any(handle)
        manager.start()
        with SharedMemoryProducer(name) as producer:
            producer.send_batch([b"1", b"2"])
            until(lambda: not manager.is_running, "the thread ends")
        self.assertEqual(got, [b"1"])
        manager.close()


class LogTest(RingTestCase):
    def test_a_refusal_is_visible_where_nothing_else_tells_it(self) -> None:
        code = (
            "import logging\nfrom shared_memory_api import create_consumer\n"
            "assert create_consumer('../x') is None"
        )
        self.assertIn("InvalidName", run_python(code).stderr)
        with self.assertLogs("shared_memory_api", "ERROR"):
            self.assertIsNone(create_consumer("../x"))

    def test_what_happens_once_is_logged_once(self) -> None:
        with SharedMemoryConsumer("ring", 4096) as consumer:
            die_with_a_word = SharedMemoryProducer("ring")
            with self.assertLogs("shared_memory_api", "DEBUG") as logged:
                consumer._link._count_missed_wakeup()
                die_with_a_word.close()
                for _ in range(1000):
                    with contextlib.suppress(Closed):
                        consumer.try_receive()
                    consumer.drain()
            self.assertEqual(len(logged.output), 1, logged.output)

    def test_a_manager_logs_an_end_once(self) -> None:
        with SharedMemoryManager("ring", is_producer=False, capacity=4096) as manager:
            with self.assertLogs("shared_memory_api", "DEBUG") as logged:
                manager.start(0.001)
                SharedMemoryProducer("ring").close()
                until(lambda: logged.output, "the end is logged")
                before = manager.snapshot().consumer.heartbeat_ns
                until(
                    lambda: manager.snapshot().consumer.heartbeat_ns > before + 300_000_000,
                    "some time has passed",
                )
            self.assertEqual(len(logged.output), 1, logged.output)


class MisuseTest(RingTestCase):
    def test_ending_an_old_claim_does_not_end_the_new_one(self) -> None:
        producer, consumer = self.pair()
        old = producer.claim(4)
        old_token = old._token
        old.abandon()
        new = producer.claim(4)
        producer._sender.end(old_token)
        self.assertRaises(Busy, producer.send, b"over it")
        new.payload[:] = b"1234"
        new.commit()
        producer.send(b"2")
        first = consumer.borrow()
        first_token = first._token
        first.release()
        second = consumer.borrow()
        consumer._receiver.end_borrow(first_token)
        self.assertRaises(Busy, consumer.receive)
        self.assertEqual(second.payload, b"2")
        second.release()
        self.assertFalse(consumer.has_message())


if __name__ == "__main__":
    unittest.main()
