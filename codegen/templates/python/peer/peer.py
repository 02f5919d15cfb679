"""The conformance peer: sends or receives every kind of message of the spec and verifies them.

Two peers of any two languages on one ring prove that both agree on every byte.
"""

from __future__ import annotations

import ctypes
import json
import sys
from dataclasses import asdict

import consume
import facts
import produce
import samples
from arguments import USAGE, Arguments, Report
from failure import Failure
from protocol import RingError, layout
from script import encoded, recoded

_GOLDEN = 4
"""Golden samples of a struct."""


def main(words: list[str]) -> int:
    """Does what the command line says; the exit code is the verdict."""
    verb, rest = (words[0] if words else ""), words[1:]
    try:
        if verb == "layout":
            print(_layout())
        elif verb == "golden":
            _golden()
        elif verb == "check-golden":
            _check_golden()
        elif verb == "produce":
            _run(produce.run, Report("producer"), rest)
        elif verb == "consume":
            _run(consume.run, Report("consumer"), rest)
        else:
            raise Failure(USAGE)  # noqa: TRY301 - one place where failures end
    except (Failure, RingError, ValueError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _run(run, report: Report, words: list[str]) -> None:  # noqa: ANN001 - of either side
    try:
        run(Arguments(words), report)
    except (Failure, RingError, ValueError) as failure:
        text = f"{type(failure).__name__}: {failure}"
        print(json.dumps({"ok": False, "error": text.replace("\n", " ")}))
        raise
    print(json.dumps({"ok": True, **asdict(report)}))


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


def _layout() -> str:
    return json.dumps(
        {
            "language": "python",
            "layout_hash": f"{layout.LAYOUT_HASH:#018x}",
            "schema_hash": f"{layout.SCHEMA_HASH:#018x}",
            "ring_header": _facts(*facts.RING_HEADER),
            "message_header": _facts(*facts.MESSAGE_HEADER),
            "structs": [_facts(name, kind) for name, kind in facts.STRUCTS],
        },
    )


def _golden() -> None:
    for sample in samples.ALL:
        for k in range(_GOLDEN):
            print(sample.name, k, encoded(sample, k).hex())


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
