"""Exceptions out of signal handlers, which may come between any two steps of the engine."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
import unittest
from typing import TYPE_CHECKING, Any
from unittest import mock

from shared_memory_api import Options, SharedMemoryConsumer, SharedMemoryProducer
from shared_memory_api._engine import _sender
from shared_memory_api._engine._sender import Sender
from shared_memory_api._engine._wait import Link

from support import RingTestCase, is_asleep, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType

HITS = 1000
"""How often the calls on a ring are struck."""
HANG_SECONDS = 120.0
"""How long that takes at most."""
PERIOD = 0.0003


class Struck(Exception):
    """What the signal handler raises."""


class StruckAsIfBad(ValueError):
    """What a signal handler may raise as well: the engine raises such errors itself."""


class Sniper:
    """Raises an exception at a random moment of a call, at most once for each."""

    def __init__(self, kind: type[Exception]) -> None:
        self.kind = kind
        self.armed = False
        self.hits = 0

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.armed:
            self.armed = False
            raise self.kind

    def survives(self, call: Callable[[], object]) -> None:
        """Makes a call that may be struck."""
        try:
            self.armed = True
            call()
            self.armed = False
        except self.kind:
            self.hits += 1


class StruckTestCase(RingTestCase):
    def setUp(self) -> None:
        super().setUp()
        # What strikes a finalizer is printed and forgotten by the interpreter.
        hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
        self.addCleanup(setattr, sys, "unraisablehook", hook)


class SignalTest(StruckTestCase):
    def test_a_blocking_receive_is_interrupted(self) -> None:
        producer, consumer = self.pair(1024)
        old = signal.signal(signal.SIGALRM, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        self.assertRaises(KeyboardInterrupt, consumer.receive)
        while producer.try_send(bytes(50)):
            pass
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        self.assertRaises(KeyboardInterrupt, producer.send, bytes(50))
        self.assertEqual(set(consumer.drain()), {bytes(50)})
        producer.send(b"1")
        self.assertEqual(consumer.receive(), b"1")
        self.assertEqual(self.receive_errors(consumer), 0)

    def test_the_ring_stays_sound_wherever_it_strikes(self) -> None:
        self.check_under_fire(Struck)

    def test_the_ring_stays_sound_though_it_looks_like_an_error_of_the_call(self) -> None:
        self.check_under_fire(StruckAsIfBad)

    def check_under_fire(self, kind: type[Exception]) -> None:
        producer, consumer = self.pair(4096, Options(send_timeout=0.001))
        sniper, rng = Sniper(kind), random.Random(1)
        old = signal.signal(signal.SIGALRM, sniper.handle)
        try:
            signal.setitimer(signal.ITIMER_REAL, PERIOD, PERIOD)
            end = time.monotonic() + HANG_SECONDS
            while sniper.hits < HITS and time.monotonic() < end:
                sniper.survives(lambda: send_somehow(producer, rng))
                sniper.survives(lambda: receive_somehow(consumer, rng))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        self.assertGreaterEqual(sniper.hits, HITS)
        consumer.drain()
        self.assertTrue(producer.send(b"end"))
        while consumer.receive() != b"end":
            pass
        snapshot = consumer.snapshot()
        self.assertEqual(snapshot.used_bytes, 0)
        self.assertEqual(snapshot.receive_errors, 0)
        # What was received and not released yet comes, and counts, again.
        sent, received = snapshot.statistics.messages_sent, snapshot.statistics.messages_received
        self.assertGreaterEqual(received, sent)


class StruckCallTest(StruckTestCase):
    """Calls that are struck at a place of the test's choice."""

    def strike(self, owner: type | ModuleType, name: str, call: Callable[[], object]) -> None:
        """Makes a call that is struck as soon as it gets to a function."""
        with mock.patch.object(owner, name, side_effect=Struck), self.assertRaises(Struck):
            call()

    def test_the_consumer_is_woken_though_waking_it_was_struck(self) -> None:
        producer, consumer = self.pair()
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(consumer.receive()))
        thread.start()
        until(lambda: is_asleep(consumer), "the receiver sleeps")
        self.strike_waking(lambda: producer.send(b"1"))
        thread.join()
        self.assertEqual(got, [b"1"])
        self.assertEqual(consumer.snapshot().consumer.missed_wakeups, 0)

    def test_the_producer_is_woken_though_waking_it_was_struck(self) -> None:
        producer, consumer = self.pair(1024)
        while producer.try_send(bytes(200)):
            pass
        thread = threading.Thread(target=producer.send, args=(bytes(180),))
        thread.start()
        until(lambda: is_asleep(producer), "the sender sleeps")
        self.strike_waking(consumer.receive)
        thread.join()
        self.assertEqual(consumer.drain()[-1], bytes(180))
        self.assertEqual(consumer.snapshot().producer.missed_wakeups, 0)

    def strike_waking(self, call: Callable[[], object]) -> None:
        """Makes a call that is struck when it is about to wake the other side."""
        notify = Link.notify
        struck: list[int] = []

        def strike_once(link: Link, control: int) -> int:
            if struck:
                return notify(link, control)
            struck.append(control)
            raise Struck

        with mock.patch.object(Link, "notify", strike_once), self.assertRaises(Struck):
            call()

    def test_a_message_goes_under_its_own_type_though_the_first_try_was_struck(self) -> None:
        producer, consumer = self.pair()
        producer.send(b"1", 5)
        message_type = 1000
        self.strike(_sender, "type_word", lambda: producer.send(b"2", message_type))
        producer.send(b"3", message_type)
        producer.send(b"4", message_type)
        self.assertEqual([one.message_type for one in consumer.receive_batch()], [5, 1000, 1000])

    def test_a_claim_stays_within_the_room_though_a_call_beside_it_was_struck(self) -> None:
        producer, consumer = self.pair(1024)
        claim = producer.claim(8)
        self.strike(Sender, "check", producer.batch().commit)
        claim.commit()
        count = 1
        while count < 1024 and producer.try_send(bytes(8)):
            count += 1
        self.assertEqual(len(consumer.drain()), count)

    def test_nothing_is_written_over_wherever_a_claim_is_struck(self) -> None:
        producer, consumer = self.pair()
        sent = [b"%02d" % number for number in range(40)]
        step = 0
        struck = True
        while struck:
            step += 1
            for payload in sent:
                producer.send(payload)
            struck = strikes(step, lambda: producer.claim(2).abandon())
            producer.send(b"end")
            self.assertEqual(consumer.drain(), [*sent, b"end"])

    def test_a_send_is_whole_or_nothing_wherever_it_is_struck(self) -> None:
        producer, consumer = self.pair()
        before = [b"before"] * 40
        step, struck = 0, True
        while struck:
            step += 1
            for payload in before:
                producer.send(payload)
            struck = strikes(step, lambda: producer.send(b"struck"))
            producer.send(b"behind")
            found = consumer.drain()
            self.assertIn(found[40:], ([b"behind"], [b"struck", b"behind"]))
            self.assertEqual(found[:40], before)
            statistics = consumer.statistics()
            self.assertEqual(statistics.messages_sent, statistics.messages_received)
        self.assertEqual(self.receive_errors(consumer), 0)

    def test_a_batch_keeps_what_it_has_wherever_adding_to_it_is_struck(self) -> None:
        producer, consumer = self.pair()
        step, struck = 0, True
        while struck:
            step += 1
            with producer.batch() as batch:
                batch.push(b"1")
                struck = strikes(step, lambda: batch.push(b"2"))
            producer.send(b"3")
            self.assertIn(consumer.drain(), ([b"1", b"3"], [b"1", b"2", b"3"]))
        self.assertEqual(self.receive_errors(consumer), 0)

    def test_what_is_behind_a_message_comes_wherever_its_receive_is_struck(self) -> None:
        producer, consumer = self.pair()
        sent = [b"%02d" % number for number in range(60)]
        step, struck = 0, True
        while struck:
            step += 1
            producer.send_batch(sent)
            received = [consumer.receive() for _ in range(30)]
            struck = strikes(step, consumer.receive)
            self.assertEqual(received, sent[:30])
            self.assertIn(consumer.drain(), (sent[30:], sent[31:]))
        self.assertEqual(self.receive_errors(consumer), 0)


def strikes(step: int, call: Callable[[], object]) -> bool:
    """Makes a call that is struck before its so manieth instruction; whether it has so many."""
    left = step

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                raise Struck
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except Struck:
        return True
    finally:
        sys.settrace(before)
    return False


def send_somehow(producer: SharedMemoryProducer, rng: random.Random) -> None:
    """Sends, in any of the ways."""
    way = rng.randrange(5)
    if way == 0:
        producer.try_send(bytes(rng.randrange(200)))
    elif way == 4:
        for _ in range(100):
            producer.try_send(bytes(8))
    elif way == 1:
        producer.try_send_batch([bytes(rng.choice([8, 8, 30])) for _ in range(rng.randrange(9))])
    elif way == 2:
        with producer.claim(20) as view:
            view[:] = bytes(20)
    else:
        with producer.batch() as batch:
            batch.try_push(b"1")
            batch.try_push(bytes(100))


def receive_somehow(consumer: SharedMemoryConsumer, rng: random.Random) -> None:
    """Receives, in any of the ways."""
    way = rng.randrange(6)
    if way == 0:
        consumer.drain()
    elif way == 4:
        for _ in range(100):
            consumer.try_receive()
    elif way == 5:
        for _ in range(100):
            consumer.try_receive_message()
    elif way == 1:
        consumer.try_receive()
    elif way == 2:
        consumer.receive_batch(5, 0)
    else:
        message = consumer.borrow(0)
        if message is not None:
            with message:
                bytes(message.payload)


if __name__ == "__main__":
    unittest.main()
