"""One side of a measurement: ../README.md says what both sides do."""

from __future__ import annotations

import json
import sys

import batches
import parts
from arguments import USAGE, Arguments, WrongUsage
from mp_pipe import both
from ring import RingReceiver, RingSender


def run(arguments: Arguments) -> float | None:
    """Runs the part; nanoseconds for each message, from the side that takes the time."""
    if arguments.transport == "mp-pipe":
        return both(arguments)
    if arguments.transport not in ("ring", "batches"):
        raise WrongUsage(f"unknown transport {arguments.transport}")
    stream = batches if arguments.transport == "batches" else parts
    if arguments.part == "send":
        with RingSender("there", arguments) as sender:
            return stream.send(sender, arguments)
    if arguments.part == "receive":
        with RingReceiver("there", arguments) as receiver:
            return stream.receive(receiver, arguments)
    if stream is batches:
        raise WrongUsage(f"unknown part {arguments.part} for batches")
    if arguments.part == "ask":
        with RingSender("there", arguments) as sender, RingReceiver("back", arguments) as receiver:
            return parts.ask(sender, receiver, arguments)
    if arguments.part == "answer":
        with RingReceiver("there", arguments) as receiver, RingSender("back", arguments) as sender:
            return parts.answer(sender, receiver, arguments)
    if arguments.part == "wake":
        with RingSender("there", arguments) as sender:
            return parts.wake(sender, arguments)
    if arguments.part == "sleep":
        with RingReceiver("there", arguments) as receiver:
            return parts.sleep(receiver, arguments)
    raise WrongUsage(f"unknown part {arguments.part}")


def main() -> int:
    """Returns the exit code."""
    try:
        ns = run(Arguments(sys.argv[1:]))
    except WrongUsage as wrong:
        print(wrong, USAGE, sep="\n", file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
        print(json.dumps({"ok": False, "error": str(error)}))
        return 1
    print(json.dumps({"ok": True} if ns is None else {"ok": True, "ns": ns}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
