"""Managers: handlers, heartbeats, the other side's state."""

from __future__ import annotations

import os
import threading
import time
import unittest

from shared_memory_api import (
    Busy,
    Closed,
    MessageType,
    PeerState,
    SharedMemoryManager,
    SharedMemoryMessage,
    SizeMismatch,
    TestData,
    UsageError,
    create_manager,
)

from support import CountedSleeps, RingTestCase, until

INTERVAL = 0.02


class ManagerTest(RingTestCase):
    def managers(self) -> tuple[SharedMemoryManager, SharedMemoryManager]:
        sender = create_manager("ring", is_producer=True, capacity=4096)
        receiver = create_manager("ring", is_producer=False, capacity=4096)
        assert sender is not None
        assert receiver is not None
        self.addCleanup(receiver.dispose)
        self.addCleanup(sender.dispose)
        return sender, receiver

    def test_messages_go_to_the_handler_of_their_type(self) -> None:
        sender, receiver = self.managers()
        data: list[bytes] = []
        structs: list[TestData] = []
        others: list[int] = []
        receiver.on(MessageType.DATA, lambda message: data.append(message.payload))
        receiver.on(TestData, structs.append)
        receiver.on_any(lambda message: others.append(message.message_type))
        sender.send(b"bytes")
        sender.send_string("text")
        sender.send_typed(TestData(5))
        sender.send(b"", 77)
        while receiver.poll():
            pass
        self.assertEqual(data, [b"bytes", b"text"])
        self.assertEqual(structs, [TestData(5)])
        self.assertEqual(others, [77])

    def test_a_failing_handler_stops_nothing(self) -> None:
        sender, receiver = self.managers()
        errors: list[BaseException] = []
        seen: list[SharedMemoryMessage] = []

        def fail(_: SharedMemoryMessage) -> None:
            raise ZeroDivisionError

        receiver.on(77, fail)
        receiver.on(TestData, lambda _: None)
        receiver.on_any(seen.append)
        receiver.on_error(errors.append)
        sender.send(b"", 77)
        sender.send(b"too short", 1001)
        sender.send(b"last", 78)
        receiver.start(INTERVAL)
        until(lambda: seen, "the last message")
        self.assertEqual([type(error) for error in errors], [ZeroDivisionError, SizeMismatch])

    def test_a_manager_sends_no_heartbeat_messages(self) -> None:
        sender, receiver = self.managers()
        messages: list[SharedMemoryMessage] = []
        receiver.on_any(messages.append)
        receiver.start(INTERVAL)
        sender.start(INTERVAL)
        first = sender.snapshot().producer.heartbeat_ns
        until(lambda: sender.snapshot().producer.heartbeat_ns > first, "a heartbeat")
        until(lambda: receiver.snapshot().consumer.heartbeat_ns > first, "a heartbeat")
        self.assertEqual(sender.statistics().messages_sent, 0)
        self.assertEqual(messages, [])

    def test_threads_beat(self) -> None:
        sender, receiver = self.managers()
        receiver.start(INTERVAL)
        sender.start(INTERVAL)
        # On a busy machine a thread may be late with its heartbeat now and then.
        until(lambda: receiver.peer_state() is PeerState.ALIVE, "a heartbeat in time")
        until(lambda: sender.peer_state() is PeerState.ALIVE, "a heartbeat in time")
        sender.stop()
        until(lambda: receiver.peer_state() is PeerState.STALLED, "the heartbeat is late")

    def test_a_receiver_outlives_its_senders(self) -> None:
        sender, receiver = self.managers()
        errors: list[type[BaseException]] = []
        data: list[bytes] = []
        receiver.on(MessageType.DATA, lambda message: data.append(message.payload))
        receiver.on_error(lambda error: errors.append(type(error)))
        receiver.start(INTERVAL)
        sender.send(b"1")
        sender.dispose()
        until(lambda: Closed in errors, "the first sender's end")
        with SharedMemoryManager("ring", is_producer=True) as successor:
            successor.send(b"2")
            until(lambda: data == [b"1", b"2"], "the second sender's message")

    def test_any_thread_may_send(self) -> None:
        sender, receiver = self.managers()
        received: list[bytes] = []
        receiver.on(MessageType.DATA, lambda message: received.append(message.payload))
        receiver.start(INTERVAL)

        def send(start: int) -> None:
            for number in range(start, start + 500):
                sender.send(b"%d" % number)

        threads = [threading.Thread(target=send, args=(500 * index,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: len(received) == 2000, "all messages")
        self.assertEqual(sorted(map(int, received)), list(range(2000)))

    def test_misuse_is_refused(self) -> None:
        sender, receiver = self.managers()
        self.assertRaises(UsageError, sender.poll)
        self.assertRaises(UsageError, receiver.send, b"x")
        receiver.start(INTERVAL)
        self.assertRaises(Busy, receiver.start)
        self.assertRaises(Busy, receiver.poll)
        receiver.stop()
        receiver.stop()
        sender.send(b"x")
        self.assertEqual(receiver.poll(10), 1)

    def test_an_idle_receiver_looks_ten_times_a_second(self) -> None:
        sender, receiver = self.managers()
        with CountedSleeps(receiver._core.side) as sleeps:
            receiver.start()
            sender.start()
            time.sleep(2)
        # Slowness only makes them fewer.
        self.assertLess(sleeps.count, 40)
        self.assertGreater(sleeps.count, 0)

    def test_dispose_leaves_no_thread(self) -> None:
        sender, receiver = self.managers()
        before = threading.active_count()
        receiver.start()
        sender.start()
        sender.dispose()
        receiver.dispose()
        self.assertEqual(threading.active_count(), before)
        self.assertEqual(os.listdir(self.folder), [])


if __name__ == "__main__":
    unittest.main()
