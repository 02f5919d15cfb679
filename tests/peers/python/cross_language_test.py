"""One side of the cross-language test: ../README.md says what both sides do.

PYTHONPATH=generated/python python3 tests/peers/python/cross_language_test.py \
    --mode producer --name CrossLangTest
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass

from shared_memory_api import (
    Closed,
    MessageError,
    MessageType,
    Options,
    RingError,
    SharedMemoryConsumer,
    SharedMemoryMessage,
    SharedMemoryProducer,
    TestData,
)

DEFAULT_COUNT = 10
"""Rounds that a producer sends when none are asked for."""
FACTOR = 3.14159
"""What one round's `id` is multiplied with."""


class Failure(Exception):
    """The exchange went wrong."""


@dataclass
class Tally:
    """What was sent or received."""

    texts: int = 0
    test_data: int = 0
    heartbeats: int = 0
    bytes: int = 0


def parse() -> argparse.Namespace:
    """Reads the command line; exits with 2 if it cannot be understood."""
    parser = argparse.ArgumentParser(prog="cross_language_test")
    parser.add_argument("--mode", choices=("producer", "consumer"), required=True)
    parser.add_argument("--name", required=True, help="name of the ring")
    parser.add_argument("--count", type=int, help="rounds to send, or to expect")
    parser.add_argument("--size", type=int, default=0, help="least length of each text, bytes")
    parser.add_argument("--capacity", type=int, default=1024 * 1024, help="of the ring, bytes")
    parser.add_argument("--timeout-ms", type=int, default=30000, help="longest wait")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def ring_options(args: argparse.Namespace) -> Options:
    """The options of the ring that this run asks for."""
    timeout = args.timeout_ms / 1000
    return Options(capacity=args.capacity, send_timeout=timeout, diagnose_wakeups=True)


def say(args: argparse.Namespace, line: str) -> None:
    """Prints a line, if people read it."""
    if not args.json:
        print(line)


def produce(args: argparse.Namespace) -> Tally:
    """Sends rounds of a text, a TestData and a heartbeat, and closes."""
    tally = Tally()
    rounds = DEFAULT_COUNT if args.count is None else args.count
    with SharedMemoryProducer(args.name, options=ring_options(args)) as producer:
        for number in range(rounds):
            text = f"Hello from Python! #{number}".ljust(args.size, ".")
            require(sent=producer.send_string(text))
            say(args, f"sent text: {text}")
            tally.texts += 1

            message = f"TestData {number} from Python"
            data = TestData(number, number * FACTOR, message, time.time_ns())
            require(sent=producer.send_typed(data))
            say(args, f"sent TestData: id={data.id} value={data.value:g}")
            tally.test_data += 1

            require(sent=producer.send(b"", MessageType.HEARTBEAT))
            say(args, "sent heartbeat")
            tally.heartbeats += 1
            tally.bytes += len(text) + TestData.SIZE
    return tally


def require(*, sent: bool) -> None:
    """Raises Failure if there was no room in time."""
    if not sent:
        message = "timeout"
        raise Failure(message)


def check_text(text: str, number: int, size: int) -> None:
    """Raises Failure unless this is the text of a round."""
    start, mark, rest = text.partition(f"! #{number}")
    is_right = start.startswith("Hello from ") and mark and not rest.strip(".")
    if not is_right or len(text.encode()) < size:
        message = f"round {number}: unexpected text: {text}"
        raise Failure(message)


def check_test_data(data: TestData, number: int) -> None:
    """Raises Failure unless this is the TestData of a round."""
    is_right = (
        data.id == number
        and data.value == number * FACTOR
        and data.message.startswith(f"TestData {number} from ")
        and data.timestamp != 0
    )
    if not is_right:
        message = f"round {number}: unexpected {data}"
        raise Failure(message)


def take(args: argparse.Namespace, message: SharedMemoryMessage, tally: Tally) -> None:
    """Checks one message and counts it; what it has to be follows from what came before."""
    number = tally.heartbeats
    is_text = tally.texts == number
    is_test_data = not is_text and tally.test_data == number
    expected = MessageType.DATA if is_text else MessageType.HEARTBEAT
    if not is_test_data and message.message_type != expected:
        text = f"round {number}: unexpected message type {message.message_type}"
        raise Failure(text)
    if is_text:
        check_text(message.text(), number, args.size)
        say(args, f"received text: {message.text()}")
        tally.texts += 1
    elif is_test_data:
        data = message.decode(TestData)
        check_test_data(data, number)
        say(args, f"received TestData: id={data.id} value={data.value:g}")
        tally.test_data += 1
    else:
        say(args, "received heartbeat")
        tally.heartbeats += 1
    tally.bytes += len(message.payload)


def consume(args: argparse.Namespace) -> Tally:
    """Receives and checks rounds until the producer has closed."""
    tally = Tally()
    with SharedMemoryConsumer(args.name, options=ring_options(args)) as consumer:
        while True:
            try:
                message = consumer.receive_message(args.timeout_ms / 1000)
            except Closed:
                break
            if message is None:
                text = "timeout"
                raise Failure(text)
            take(args, message, tally)
    if tally.heartbeats == 0 or tally.texts != tally.heartbeats:
        text = f"the producer closed in the middle of round {tally.heartbeats}"
        raise Failure(text)
    if args.count is not None and args.count != tally.texts:
        text = f"expected {args.count} rounds, got {tally.texts}"
        raise Failure(text)
    return tally


def main() -> int:
    """Takes the asked side; the exit code is the verdict."""
    args = parse()
    try:
        tally = produce(args) if args.mode == "producer" else consume(args)
    except (Failure, MessageError, RingError) as failure:
        if args.json:
            print_json({"ok": False, "mode": args.mode, "error": str(failure)})
        print(f"{args.mode}: {failure}", file=sys.stderr)
        return 1
    if args.json:
        print_json({"ok": True, "mode": args.mode, **asdict(tally)})
    else:
        print(
            f"{args.mode}: {tally.texts} texts, {tally.test_data} TestData, "
            f"{tally.heartbeats} heartbeats",
        )
    return 0


def print_json(verdict: dict[str, object]) -> None:
    """Prints a verdict for machines."""
    print(json.dumps(verdict, separators=(",", ":")))


if __name__ == "__main__":
    sys.exit(main())
