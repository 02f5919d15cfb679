"""The conformance peer: sends or receives every kind of message of the spec and verifies them.

Two peers of any two languages on one ring prove that both agree on every byte.
"""

from __future__ import annotations

import ctypes
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import attempt
import consume
import facts
import hostile
import produce
import samples
from arguments import USAGE, Arguments, Report, Words
from failure import Failure
from protocol import Monitor, PeerState, RingError, layout
from script import encoded, recoded

if TYPE_CHECKING:
    from collections.abc import Callable

_GOLDEN = 4
"""Golden samples of a struct."""
_STATES = {
    PeerState.NEVER: "never",
    PeerState.ALIVE: "attached",
    PeerState.STALLED: "attached",
    PeerState.CLOSED: "closed",
    PeerState.DIED: "attached",
}
"""What the ring's header says of a side in each state."""


def main(words: list[str]) -> int:
    """Does what the command line says; the exit code is the verdict."""
    verb, rest = (words[0] if words else ""), words[1:]
    plain = {"golden": _golden, "check-golden": _check_golden, "recode": _recode}
    try:
        if verb in plain:
            plain[verb]()
        elif verb == "layout":
            _print_json(_layout())
        elif verb == "produce":
            _run(produce.run, Report("producer"), rest)
        elif verb == "consume":
            _run(consume.run, Report("consumer"), rest)
        elif verb == "statistics":
            _print_json(_statistics(Words(rest, {"--name": ""}).name()))
        elif verb == "attempt":
            verdict = attempt.run(rest)
            _print_json(verdict)
            return 0 if verdict["ok"] else 1
        elif verb == "hostile":
            _print_json(hostile.run(rest))
        else:
            raise Failure(USAGE)  # noqa: TRY301 - one place where failures end
    except (Failure, RingError, ValueError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _run(run: Callable[[Arguments, Report], None], report: Report, words: list[str]) -> None:
    try:
        run(Arguments(words), report)
    except (Failure, RingError, ValueError) as failure:
        text = f"{type(failure).__name__}: {failure}"
        _print_json({"ok": False, "error": text.replace("\n", " ")})
        raise
    _print_json({"ok": True, **asdict(report)})


def _statistics(name: str) -> dict[str, object]:
    """What a third process sees of a ring."""
    with Monitor(name) as monitor:
        seen = monitor.snapshot()
    return {
        "ok": True,
        **asdict(seen.statistics),
        "avg_message_size": round(seen.statistics.avg_message_size, 6),
        "send_failures": seen.send_failures,
        "receive_errors": seen.receive_errors,
        "producer_missed_wakeups": seen.producer.missed_wakeups,
        "consumer_missed_wakeups": seen.consumer.missed_wakeups,
        "used": seen.used_bytes,
        "capacity": seen.capacity,
        "producer_state": _STATES[seen.producer.state],
        "consumer_state": _STATES[seen.consumer.state],
    }


def _print_json(verdict: dict[str, object]) -> None:
    print(json.dumps(verdict, separators=(",", ":")))


def _facts(name: str, kind: type[ctypes.Structure]) -> dict[str, object]:
    """What ctypes knows of a struct, padding left out."""
    names = [field[0] for field in kind._fields_ if not field[0].startswith("_")]
    places = [(name, getattr(kind, name)) for name in names]
    return {
        "name": name,
        "size": ctypes.sizeof(kind),
        "align": ctypes.alignment(kind),
        "fields": [
            {"name": name, "offset": place.offset, "size": place.size} for name, place in places
        ],
    }


def _layout() -> dict[str, object]:
    return {
        "language": "python",
        "layout_hash": f"{layout.LAYOUT_HASH:#018x}",
        "schema_hash": f"{layout.SCHEMA_HASH:#018x}",
        "ring_header": _facts(*facts.RING_HEADER),
        "message_header": _facts(*facts.MESSAGE_HEADER),
        "structs": [_facts(name, kind) for name, kind in facts.STRUCTS],
    }


def _golden() -> None:
    for sample in samples.ALL:
        for k in range(_GOLDEN):
            print(sample.name, k, encoded(sample, k).hex())


def _recode() -> None:
    """Reads payloads, of whatever version, and writes them as this version has them."""
    by_name = {sample.name: sample for sample in samples.ALL}
    for line in sys.stdin:
        name, text = line.rstrip("\n").split(" ")
        sample = by_name.get(name)
        if sample is None:
            message = f"no struct {name} in this spec"
            raise Failure(message)
        try:
            result = recoded(sample, bytes.fromhex(text)).hex()
        except RingError:
            result = "refused"
        print(name, result)


def _check_golden() -> None:
    by_name = {sample.name: sample for sample in samples.ALL}
    checked = 0
    for line in sys.stdin:
        name, k, text = line.rstrip("\n").split(" ")
        sample = by_name.get(name)
        if sample is None:
            message = f"no struct {name} in this spec"
            raise Failure(message)
        payload = bytes.fromhex(text)
        if payload != encoded(sample, int(k)):
            message = f"{name} {k}: another encoding than this language's"
            raise Failure(message)
        if recoded(sample, payload) != payload:
            message = f"{name} {k}: decoding and encoding changes the bytes"
            raise Failure(message)
        checked += 1
    print(f"{checked} checked")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
