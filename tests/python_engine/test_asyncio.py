"""Waiting without blocking asyncio's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import unittest
from typing import TYPE_CHECKING

from shared_memory_api import Closed, Disposed, PeerDied

from support import PATIENCE, RingTestCase, die, until

if TYPE_CHECKING:
    from collections.abc import Awaitable


async def soon(work: Awaitable[object]) -> object:
    """Waits for something that must not hang."""
    return await asyncio.wait_for(work, PATIENCE)


class AsyncTest(RingTestCase):
    def test_iteration_lets_other_tasks_run_and_ends_with_the_producer(self) -> None:
        producer, consumer = self.pair()
        received: list[bytes] = []
        ticks = 0

        async def receive() -> None:
            received.extend([message.payload async for message in consumer])

        async def main() -> None:
            nonlocal ticks
            task = asyncio.create_task(receive())
            # Nothing comes meanwhile: a loop that was blocked would not get through this.
            while ticks < 50:
                await asyncio.sleep(0.001)
                ticks += 1
            self.assertFalse(task.done())
            for number in range(50):
                producer.send(b"%d" % number)
                await asyncio.sleep(0)
            producer.dispose()
            await soon(task)

        asyncio.run(main())
        self.assertEqual(received, [b"%d" % number for number in range(50)])

    def test_a_stream_that_is_never_empty_lets_other_tasks_run(self) -> None:
        producer, consumer = self.pair(65536)
        turns = 0

        async def count_turns() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        async def main() -> None:
            counter = asyncio.create_task(count_turns())
            received = 0
            producer.send_batch([b"x"] * 1000)
            async for _ in consumer:
                received += 1
                if received == 1000:
                    break
            counter.cancel()

        asyncio.run(main())
        self.assertGreater(turns, 5)

    def test_cancelling_a_receive_loses_nothing(self) -> None:
        producer, consumer = self.pair()
        rng = random.Random(5)
        received: list[bytes | None] = []
        sent = 0

        async def main() -> None:
            nonlocal sent
            for _ in range(200):
                task = asyncio.create_task(consumer.receive_async())
                if rng.random() < 0.6:
                    producer.send(b"%d" % sent)
                    sent += 1
                await asyncio.sleep(rng.choice([0, 0, 0.0005, 0.002]))
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    received.append(await task)
                if rng.random() < 0.3 and (payload := consumer.receive(rng.choice([0, 0.001]))):
                    received.append(payload)
            while len(received) < sent:
                received.append(await consumer.receive_async(10))

        asyncio.run(main())
        self.assertEqual(received, [b"%d" % number for number in range(sent)])
        self.assertEqual(consumer.snapshot().consumer.missed_wakeups, 0)

    def test_another_task_may_receive_while_one_waits(self) -> None:
        producer, consumer = self.pair(65536)
        received: list[bytes | None] = []

        async def main() -> None:
            task = asyncio.create_task(consumer.receive_async())
            await asyncio.sleep(0)
            sleeper = consumer._link._sleeper
            assert sleeper is not None
            assert sleeper._result is not None
            # Its wait ends; before the task hears of it, a run of messages begins.
            consumer.interrupt()
            until(sleeper._result.done, "the wait is over")
            for number in range(60):
                producer.send(b"%02d" % number)
            received.extend(consumer.try_receive() for _ in range(40))
            received.append(await task)
            received.extend(consumer.drain())

        asyncio.run(main())
        self.assertEqual(received, [b"%02d" % number for number in range(60)])

    def test_timeouts_and_the_end_of_the_producer_are_told(self) -> None:
        producer, consumer = self.pair()

        async def main() -> None:
            start = time.monotonic()
            self.assertIsNone(await consumer.receive_async(0.15))
            self.assertGreaterEqual(time.monotonic() - start, 0.15)
            task = asyncio.create_task(consumer.receive_async())
            await asyncio.sleep(0)
            producer.dispose()
            with self.assertRaises(Closed):
                await soon(task)

        asyncio.run(main())

    def test_a_sender_waits_for_room_without_blocking(self) -> None:
        producer, consumer = self.pair(1024)

        async def main() -> None:
            while producer.try_send(bytes(100)):
                pass
            task = asyncio.create_task(producer.send_async(bytes(101)))
            for _ in range(20):
                await asyncio.sleep(0.001)
            self.assertFalse(task.done())
            consumer.drain()
            await soon(task)
            self.assertEqual(consumer.receive(), bytes(101))

        asyncio.run(main())

    def test_a_sender_is_told_of_the_death_of_the_consumer(self) -> None:
        producer, consumer = self.pair()
        while producer.try_send(bytes(100)):
            pass
        die(consumer)
        with self.assertRaises(PeerDied):
            asyncio.run(asyncio.wait_for(producer.send_async(bytes(100)), PATIENCE))

    def test_disposing_ends_a_waiting_task(self) -> None:
        _, consumer = self.pair()

        async def main() -> None:
            task = asyncio.create_task(consumer.receive_async())
            await asyncio.sleep(0.01)
            consumer.dispose()
            with self.assertRaises(Disposed):
                await soon(task)

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
