"""Waiting: how long, who ends it, and what happens when the kernel does not play along."""

from __future__ import annotations

import asyncio
import math
import struct
import threading
import unittest
import unittest.mock
from functools import partial
from typing import TYPE_CHECKING, Any

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
    TestData,
    WaitStrategy,
    _layout,
)
from shared_memory_api._engine import _platform
from shared_memory_api._engine._reader import RingReader

from support import PATIENCE, CountedSleeps, RingTestCase, is_asleep, until

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTS = 3000


class BoundTest(RingTestCase):
    def put_without_waking(self, consumer: SharedMemoryConsumer) -> None:
        """Writes a record into the mapping, as a peer does that then wakes nobody."""
        words, at = consumer._attachment.words, consumer._receiver.reader.index
        frame = _layout.MESSAGE_HEADER_SIZE + 8
        words[at + frame // 8] = 0
        words[at] = struct.unpack("<Q", struct.pack("<II", frame, 1))[0]

    def test_a_message_found_after_the_bound_is_returned_at_once(self) -> None:
        for diagnoses in (False, True):
            with self.subTest(diagnoses=diagnoses):
                self.check(Options(diagnose_wakeups=diagnoses))

    def check(self, options: Options) -> None:
        producer, consumer = self.pair(4096, options)
        bounds: list[int] = []

        def sleep(_point: object, _expected: int, bound: int) -> bool:
            if not bounds:
                self.put_without_waking(consumer)
            bounds.append(bound)
            return False

        with unittest.mock.patch.object(_platform.WakePoint, "wait", sleep):
            self.assertEqual(consumer.receive(), bytes(8))
        # Who looks for missed wake-ups sleeps on for a second at most, others do not.
        self.assertLessEqual(
            sum(bounds), 1_100_000_000 if options.diagnose_wakeups else 100_000_000
        )
        missed = consumer.snapshot().consumer.missed_wakeups
        self.assertEqual(missed, int(options.diagnose_wakeups))
        consumer.close()
        producer.close()

    def test_an_interrupt_that_ends_a_diagnosis_is_no_missed_wakeup(self) -> None:
        _, consumer = self.pair(4096, Options(diagnose_wakeups=True))
        bounds: list[int] = []

        def sleep(_point: object, _expected: int, bound: int) -> bool:
            if not bounds:
                self.put_without_waking(consumer)
            bounds.append(bound)
            if len(bounds) == 3:
                consumer._link._interrupted = True
            return False

        with unittest.mock.patch.object(_platform.WakePoint, "wait", sleep):
            self.assertEqual(consumer.receive(), bytes(8))
        self.assertEqual(len(bounds), 3)
        self.assertEqual(consumer.snapshot().consumer.missed_wakeups, 0)


class InterruptTest(RingTestCase):
    def test_an_interrupt_is_never_lost(self) -> None:
        _, consumer = self.pair(4096, Options(diagnose_wakeups=True))
        # Some threads sleep when it comes, some are about to, some have not begun.
        go, done = threading.Semaphore(0), threading.Semaphore(0)
        got: list[bytes | None] = []

        def receive() -> None:
            for _ in range(INTERRUPTS):
                go.acquire()
                got.append(consumer.receive())
                done.release()

        thread = threading.Thread(target=receive)
        thread.start()
        for number in range(INTERRUPTS):
            go.release()
            if number % 3 == 0:
                until(lambda: is_asleep(consumer), "the receiver sleeps")
            consumer.interrupt()
            self.assertTrue(done.acquire(timeout=PATIENCE), f"interrupt {number} was lost")
        thread.join()
        self.assertEqual(got, [None] * INTERRUPTS)
        self.assertEqual(consumer.snapshot().consumer.missed_wakeups, 0)

    def test_an_interrupt_that_nobody_waits_for_ends_the_next_wait(self) -> None:
        producer, consumer = self.pair(1024)
        consumer.interrupt()
        producer.send(b"1")
        # These have no need to wait.
        self.assertIsNotNone(consumer.receive())
        self.assertIsNone(consumer.try_receive())
        self.assertIsNone(consumer.receive())
        producer.interrupt()
        while producer.try_send(bytes(100)):
            pass
        self.assertFalse(producer.send(bytes(100)))
        consumer.drain()
        consumer.interrupt()
        self.assertEqual(list(consumer), [], "it ends an iteration")

    def test_an_interrupt_ends_an_asyncio_wait(self) -> None:
        _, consumer = self.pair()

        async def main() -> None:
            task = asyncio.create_task(consumer.receive_async())
            await asyncio.sleep(0.01)
            consumer.interrupt()
            self.assertIsNone(await asyncio.wait_for(task, PATIENCE))
            consumer.interrupt()
            self.assertEqual([message async for message in consumer], [])

        asyncio.run(main())

    def test_an_interrupt_from_within_the_waiting_thread_does_not_hang(self) -> None:
        _, consumer = self.pair()
        ready = consumer._receiver.reader.is_ready
        calls: list[int] = []

        def strike() -> bool:
            calls.append(1)
            if len(calls) == 100:
                # As a signal handler does, which runs in the thread that it interrupts.
                consumer._link._asleep = True
                consumer.interrupt()
            return ready()

        with unittest.mock.patch.object(RingReader, "is_ready", lambda _: strike()):
            self.assertIsNone(consumer.receive())


class MembarrierTest(RingTestCase):
    def test_a_refused_membarrier_falls_back_to_fences(self) -> None:
        for sleeper in ("consumer", "producer"):
            with self.subTest(sleeper=sleeper):
                producer, consumer = self.pair(1024, Options(diagnose_wakeups=True))
                side = consumer if sleeper == "consumer" else producer
                if not side._attachment.registered:
                    self.skipTest("this kernel has no membarrier")
                refuse = unittest.mock.patch.object(_platform, "membarrier", lambda: False)
                with refuse:
                    self.exchange(producer, consumer)
                attachment = side._attachment
                self.assertFalse(attachment.can_membarrier)
                self.assertTrue(attachment.registered, "as a waker it stays what it was")
                assert attachment.role is not None
                self.assertEqual(attachment.halves[attachment.role.control], 0)
                snapshot = consumer.snapshot()
                self.assertEqual(snapshot.consumer.missed_wakeups, 0)
                self.assertEqual(snapshot.producer.missed_wakeups, 0)
                consumer.close()
                producer.close()

    def test_every_sleep_soon_after_a_refusal_is_short(self) -> None:
        producer, consumer = self.pair()
        if not consumer._attachment.registered:
            self.skipTest("this kernel has no membarrier")
        refusals: list[int] = []
        early: list[int] = []

        def refuse() -> bool:
            refusals.append(_platform.now_ns())
            producer.send(b"no reason to sleep any more")
            return False

        def sleep(_: object, __: int, timeout_ns: int) -> bool:
            if _platform.now_ns() - refusals[-1] <= 1_000_000:
                early.append(timeout_ns)
            return False

        refusing = unittest.mock.patch.object(_platform, "membarrier", refuse)
        asleep = unittest.mock.patch.object(_platform.WakePoint, "wait", sleep)
        with refusing, asleep:
            while not early:  # until this thread is fast enough
                consumer._attachment.can_membarrier = True
                self.assertIsNotNone(consumer.receive())
                self.assertIsNone(consumer.receive(0.02))
        self.assertLessEqual(max(early), 1_000_000)

    def exchange(self, producer: SharedMemoryProducer, consumer: SharedMemoryConsumer) -> None:
        """A slow receiver and a fast sender, and the other way round."""

        def send() -> None:
            for number in range(3000):
                producer.send(b"%d" % number)
                if number % 100 == 0:
                    until(lambda: is_asleep(consumer), "the receiver sleeps")

        thread = threading.Thread(target=send)
        thread.start()
        received = [consumer.receive() for _ in range(3000)]
        thread.join()
        self.assertEqual(received, [b"%d" % number for number in range(3000)])
        while producer.try_send(bytes(100)):
            pass
        thread = threading.Thread(target=producer.send, args=(bytes(100),))
        thread.start()
        until(lambda: is_asleep(producer), "the sender sleeps")
        consumer.drain()
        thread.join()
        consumer.drain()


class TimesTest(RingTestCase):
    def calls(self, producer: SharedMemoryProducer, consumer: SharedMemoryConsumer) -> list[Any]:
        """Every call that takes a time, on an empty and a full ring."""

        def asynchronous(name: str, *arguments: object) -> Callable[[Any], object]:
            side: object = producer if name.startswith("send") else consumer
            function: Any = getattr(side, name)
            return lambda time: asyncio.run(function(*arguments, timeout=time))

        def manage(call: Callable[[SharedMemoryManager], object]) -> object:
            with SharedMemoryManager("other", is_producer=False, capacity=1024) as manager:
                return call(manager)

        return [
            consumer.receive,
            consumer.receive_message,
            consumer.receive_string,
            lambda time: consumer.receive_typed(TestData, time),
            consumer.borrow,
            consumer.wait,
            lambda time: consumer.receive_batch(5, time),
            consumer.wait_for_peer,
            consumer.peer_state,
            asynchronous("receive_async"),
            asynchronous("receive_message_async"),
            asynchronous("receive_string_async"),
            asynchronous("receive_typed_async", TestData),
            asynchronous("borrow_async"),
            asynchronous("wait_async"),
            asynchronous("wait_for_peer_async"),
            lambda time: producer.send(bytes(490), timeout=time),
            asynchronous("send_async", bytes(490)),
            producer.wait_for_peer,
            lambda time: manage(lambda manager: manager.start(time)),
            lambda time: manage(lambda manager: manager.poll(time)),
            lambda time: Options(send_timeout=time),
            lambda time: Options(spin=time),
        ]

    def test_extreme_times_are_refused(self) -> None:
        producer, consumer = self.two_rings()
        for number, call in enumerate(self.calls(producer, consumer)):
            for bad in (-1, -1e-9, -math.inf, math.nan, -(1 << 70)):
                with self.subTest(number=number, bad=bad), self.assertRaises(ValueError):
                    call(bad)
            wrong: Any
            for wrong in ("1", [], b"1"):
                with self.subTest(number=number, wrong=wrong), self.assertRaises(TypeError):
                    call(wrong)

    def two_rings(self) -> tuple[SharedMemoryProducer, SharedMemoryConsumer]:
        """A producer of a full ring, and a consumer of an empty one. Nobody else is there."""
        producer = SharedMemoryProducer("full", 1024)
        consumer = SharedMemoryConsumer("empty", 1024)
        self.addCleanup(consumer.close)
        self.addCleanup(producer.close)
        while producer.try_send(bytes(100)):
            pass
        return producer, consumer

    def test_a_changed_send_timeout_holds_for_later_sends(self) -> None:
        producer, consumer = self.pair(1024)
        while producer.try_send(bytes(40)):
            pass
        producer.set_send_timeout(0.005)
        self.assertFalse(producer.send(bytes(40)))
        self.assertRaises(ValueError, producer.set_send_timeout, -1)
        self.assertFalse(producer.send(bytes(40)))
        consumer.clear()

    def test_a_try_takes_what_is_there_or_returns_none(self) -> None:
        producer, consumer = self.pair()
        producer.send_string("one")
        producer.send_typed(TestData(7))
        self.assertEqual(consumer.try_receive_string(), "one")
        self.assertEqual(consumer.try_receive_typed(TestData), TestData(7))
        self.assertIsNone(consumer.try_receive_string())
        self.assertIsNone(consumer.try_receive_typed(TestData))

    def test_extreme_times_wait(self) -> None:
        producer, consumer = self.two_rings()
        for number, call in enumerate(self.calls(producer, consumer)):
            for time_or_none in (None, math.inf, 1e300, 1 << 70, (1 << 31) / 1000, 1 << 63):
                with self.subTest(number=number, time=time_or_none):
                    # The one that waits is ended by an interrupt, which comes before.
                    producer.interrupt()
                    consumer.interrupt()
                    if number == self.polling:
                        continue
                    call(time_or_none)

    polling = 20
    """The call that has a consumer of its own."""

    def test_a_heartbeat_without_bound_keeps_the_thread(self) -> None:
        for heartbeat in (None, math.inf, 1 << 40):
            with SharedMemoryManager("ring", is_producer=False, capacity=1024) as manager:
                got: list[SharedMemoryMessage] = []
                manager.on(5, got.append)
                manager.start(heartbeat)
                with SharedMemoryProducer("ring") as producer:
                    producer.send(b"1", 5)
                    until(got.__len__, "the thread receives")
                self.assertTrue(manager.is_running)
            with SharedMemoryManager("ring", is_producer=True, capacity=1024) as manager:
                manager.start(heartbeat)
                self.assertTrue(manager.is_running)
        with SharedMemoryManager("ring", is_producer=True, capacity=1024) as manager:
            self.assertRaises(ValueError, manager.start, 0)


class ThreadTest(RingTestCase):
    def test_a_second_thread_or_task_that_waits_is_refused(self) -> None:
        _, consumer = self.pair()
        thread = threading.Thread(target=consumer.receive)
        thread.start()
        until(lambda: is_asleep(consumer), "it waits")
        self.assertRaises(Busy, consumer.receive)
        self.assertRaises(Busy, consumer.wait_for_peer)
        self.assertIsNone(consumer.try_receive())
        consumer.interrupt()
        thread.join()

        async def main() -> None:
            first = asyncio.create_task(consumer.receive_async())
            await asyncio.sleep(0.01)
            with self.assertRaises(Busy):
                await consumer.receive_async()
            self.assertRaises(Busy, consumer.receive)
            self.assertFalse(first.done())
            first.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await first
            # A wait that nobody waits for is in nobody's way.
            self.assertIsNone(await consumer.receive_async(0.01))
            self.assertIsNone(consumer.receive(0.01))

        asyncio.run(main())

    def test_closing_in_another_thread_is_an_error_for_the_blocked_call(self) -> None:
        strategies = [Options(), Options(wait_strategy=WaitStrategy.SPIN), Options(spin=0)]
        for number in range(300):
            options = strategies[number % 3]
            producer, consumer = self.pair(1024, options)
            while producer.try_send(bytes(100)):
                pass
            with SharedMemoryConsumer("empty", 1024, options) as other:
                is_early = number % 2 == 0
                self.check(other, other.receive, is_early=is_early)
                self.check(producer, partial(producer.send, bytes(100)), is_early=is_early)
            consumer.close()

    def check(
        self,
        side: SharedMemoryProducer | SharedMemoryConsumer,
        wait: Callable[[], object],
        *,
        is_early: bool,
    ) -> None:
        errors: list[Exception] = []
        thread = threading.Thread(target=self.note, args=(wait, errors))
        thread.start()
        if not is_early:
            until(lambda: side._link._waiter, "it waits")
        side.close()
        thread.join()
        self.assertEqual([type(error) for error in errors], [Disposed])

    def note(self, call: Callable[[], object], errors: list[Exception]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is
            errors.append(error)

    def test_closing_in_another_thread_ends_an_iteration_with_an_error(self) -> None:
        with RingBuffer("ring", 4096) as ring, ring.producer():
            consumer = ring.consumer()
            thread = threading.Timer(0.02, consumer.close)
            thread.start()
            self.assertRaises(Disposed, list, consumer)
            thread.join()

    def test_an_idle_wait_costs_ten_looks_a_second(self) -> None:
        _, consumer = self.pair()
        with CountedSleeps(consumer) as sleeps:
            self.assertIsNone(consumer.receive(2))
        self.assertLess(sleeps.count, 40)
        with CountedSleeps(consumer) as sleeps:
            self.assertIsNone(asyncio.run(consumer.receive_async(2)))
        self.assertLess(sleeps.count, 40)

    def test_closed_is_told_to_the_thread_that_waits(self) -> None:
        producer, consumer = self.pair()
        timer = threading.Timer(0.05, producer.close)
        timer.start()
        self.assertRaises(Closed, consumer.receive)
        timer.join()


if __name__ == "__main__":
    unittest.main()
