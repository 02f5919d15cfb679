"""The receiving side: every message is compared with what the script says it has to be."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from failure import Failure
from protocol import Closed, Payload, PeerDied, SharedMemoryConsumer
from script import Planned, recoded

if TYPE_CHECKING:
    from arguments import Arguments, Report

_DRAINED = 16
"""Most messages of one drain or batch."""
_U32 = 0xFFFFFFFF


def run(arguments: Arguments, report: Report) -> None:
    """Receives and verifies what the script says."""
    with SharedMemoryConsumer(arguments.name, options=arguments.ring_options()) as consumer:
        run = _Run(arguments, consumer, report)
        if arguments.script.plan == "records":
            run.records()
        elif arguments.script.plan == "mixed":
            run.mixed()
        else:
            run.stream()
        snapshot = consumer.snapshot()
        report.missed_wakeups = snapshot.consumer.missed_wakeups
        report.errors = snapshot.receive_errors
        if report.errors and arguments.script.plan != "records":
            message = f"{report.errors} receive errors were counted"
            raise Failure(message)


def _sleeps() -> int | None:
    """How often this thread gave up its processor by itself; None where nobody counts it."""
    try:
        with open("/proc/thread-self/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return None
    return int(lines["voluntary_ctxt_switches"])


class _Run:
    """One run of the receiving side."""

    def __init__(
        self, arguments: Arguments, consumer: SharedMemoryConsumer, report: Report
    ) -> None:
        self.arguments = arguments
        self.consumer = consumer
        self.report = report
        self.next = 0
        """Number of the message that has to come next."""
        self.started = 0.0
        self._slept = 0
        self._planned = (-1, Planned(0, 0, b""))

    def mixed(self) -> None:
        """Receives in every way there is, in turn."""
        ways = (
            self._batch,
            self._copied,
            self._peeked,
            self._borrowed,
            self._typed,
            self._drained,
        )
        while self.next < self.arguments.count:
            ways[self.next % len(ways)]()
        self._arrived()
        self._closed()

    def stream(self) -> None:
        """Receives payloads of one size."""
        largest = self.consumer.largest_payload
        timeout = self.arguments.timeout
        while self.next < self.arguments.count:
            payload = self.consumer.receive(timeout)
            if payload is None:
                raise self._late()
            self._compare(payload, self.arguments.script.message(self.next, largest).payload)
            self._count(payload)
        self._arrived()
        self._closed()

    def records(self) -> None:
        """One record a message; the ledger tells what an earlier run of this side received."""
        fd = -1
        if self.arguments.ledger:
            fd = os.open(self.arguments.ledger, os.O_RDWR | os.O_CREAT, 0o600)
        known = int.from_bytes(os.pread(fd, 8, 0), "little") if fd >= 0 else 0
        if known == self.arguments.count:
            # An earlier run had received all, and was killed before it ended.
            self.next = known
        while self.next < self.arguments.count:
            try:
                message = self.consumer.borrow(self.arguments.timeout)
            except (PeerDied, Closed):
                # The next producer goes on where this one ended, or has nothing left to send.
                continue
            if message is None:
                raise self._late()
            with message:
                if not self.started:
                    self.next = message.message_id
                    if fd >= 0:
                        self._check_resume(known)
                if message.message_id != self.next & _U32:
                    text = f"message {self.next}: its id is {message.message_id}"
                    raise Failure(text)
                self._check(message.message_type, message.flags, bytes(message.payload))
                if fd >= 0:
                    os.pwrite(fd, self.next.to_bytes(8, "little"), 0)
        self._arrived()

    def _check_resume(self, known: int) -> None:
        """A restarted consumer begins right after what it had released."""
        if self.next > known:
            message = f"lost: message {known} never came, {self.next} did"
            raise Failure(message)
        if self.next + 1 < known:
            message = f"repeated: message {self.next} was released before {known}"
            raise Failure(message)

    def _batch(self) -> None:
        messages = self.consumer.receive_batch(_DRAINED, self.arguments.timeout)
        if not messages:
            raise self._late()
        for message in messages:
            self._check(message.message_type, message.flags, message.payload)

    def _copied(self) -> None:
        message = self.consumer.receive_message(self.arguments.timeout)
        if message is None:
            raise self._late()
        self._check(message.message_type, message.flags, message.payload)

    def _peeked(self) -> None:
        if not self.consumer.wait(self.arguments.timeout):
            raise self._late()
        message = self.consumer.peek()
        payload = self.consumer.receive()
        if message is None or message.payload != payload:
            text = f"message {self.next}: peek showed another payload"
            raise Failure(text)
        self._check(message.message_type, message.flags, payload)

    def _borrowed(self) -> None:
        message = self.consumer.borrow(self.arguments.timeout)
        if message is None:
            raise self._late()
        with message:
            self._check(message.message_type, message.flags, bytes(message.payload))

    def _typed(self) -> None:
        """As the text or struct that the message is; type and flags are looked at before."""
        if not self.consumer.wait(self.arguments.timeout):
            raise self._late()
        message = self.consumer.peek()
        wanted = self._wanted()
        if message is not None and wanted.text is not None:
            payload = self.consumer.receive_string().encode()
        elif message is not None and wanted.sample is not None:
            payload = Payload.pack(self.consumer.receive_typed(wanted.sample.kind))
        else:
            self._copied()
            return
        self._check(message.message_type, message.flags, payload)

    def _drained(self) -> None:
        """Payloads only: types and flags are checked by the other ways."""
        payloads = self.consumer.drain(_DRAINED)
        for payload in payloads:
            wanted = self._wanted()
            self._check(wanted.message_type, wanted.flags, payload)
        if not payloads:
            self._borrowed()

    def _arrived(self) -> None:
        """After the last message: how long all took, and how often this thread slept for it."""
        if self.started:
            self.report.seconds = time.perf_counter() - self.started
            slept = _sleeps()
            self.report.sleeps = None if slept is None else slept - self._slept

    def _closed(self) -> None:
        """After the last message the producer closes: anything else is an error."""
        try:
            message = self.consumer.receive_message(self.arguments.timeout)
        except Closed:
            return
        text = "the producer did not close"
        if message is not None:
            text = f"message {message.message_id} after the last"
        raise Failure(text)

    def _wanted(self) -> Planned:
        """The next message as it has to be."""
        index, wanted = self._planned
        if index != self.next:
            wanted = self.arguments.script.message(self.next, self.consumer.largest_payload)
            self._planned = (self.next, wanted)
        return wanted

    def _check(self, message_type: int, flags: int, payload: bytes) -> None:
        wanted = self._wanted()
        for what, found, expected in (
            ("type", message_type, wanted.message_type),
            ("flags", flags, wanted.flags),
            ("length", len(payload), len(wanted.payload)),
        ):
            if found != expected:
                message = f"message {self.next}: {what} {found}, expected {expected}"
                raise Failure(message)
        self._compare(payload, wanted.payload)
        if wanted.sample is not None and recoded(wanted.sample, payload) != payload:
            message = f"message {self.next}: decoding {wanted.sample.name} changes it"
            raise Failure(message)
        if wanted.text is not None and payload.decode() != wanted.text:
            message = f"message {self.next}: another text"
            raise Failure(message)
        self._count(payload)

    def _compare(self, payload: bytes, expected: bytes) -> None:
        if payload != expected:
            message = f"message {self.next}: another payload"
            raise Failure(message)

    def _count(self, payload: bytes) -> None:
        if not self.started:
            self.started = time.perf_counter()
            self._slept = _sleeps() or 0
        index = self.next
        self.next += 1
        self.report.messages += 1
        self.report.bytes += len(payload)
        self.arguments.slow_down(index)

    def _late(self) -> Failure:
        return Failure(f"message {self.next}: nothing came within {self.arguments.timeout_ms} ms")
