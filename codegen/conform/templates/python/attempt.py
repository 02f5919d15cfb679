"""One call that a test expects to fail, or not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import samples
from arguments import USAGE, Words
from failure import Failure
from protocol import (
    Mode,
    Monitor,
    Options,
    RingError,
    SharedMemoryConsumer,
    SharedMemoryProducer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_DEFAULTS = {
    "--name": "",
    "--name-hex": "",
    "--role": "producer",
    "--mode": "create_or_open",
    "--capacity": "",
    "--size": "8",
}
_FLAGS = ("--any-schema", "--exhaust-descriptors")
_TIMEOUT = 2.0


def run(words: list[str]) -> dict[str, object]:
    """Does what the command line says and tells what came of it."""
    action = _ACTIONS.get(words[0] if words else "")
    if action is None:
        raise Failure(USAGE)
    said = Words(words[1:], _DEFAULTS, _FLAGS)
    name = said.text("--name")
    if said.text("--name-hex") or not name:
        name = bytes.fromhex(said.text("--name-hex")).decode()
    modes = tuple(mode.value for mode in Mode)
    options = Options(
        capacity=said.number("--capacity") if said.text("--capacity") else None,
        mode=Mode(said.choice("--mode", modes)),
        any_schema=said.has("--any-schema"),
        diagnose_wakeups=True,
    )
    spare = _exhaust() if said.has("--exhaust-descriptors") else []
    try:
        return {"ok": True, **action(name, options, said)}
    except RingError as error:
        return {"ok": False, "kind": type(error).__name__, "error": str(error)}
    finally:
        for fd in spare:
            os.close(fd)


def _exhaust() -> list[int]:
    """Opens files until the system refuses."""
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return taken


def _attach(name: str, options: Options, said: Words) -> dict[str, object]:
    role = said.choice("--role", ("producer", "consumer", "monitor"))
    if role == "monitor":
        Monitor(name, options).dispose()
    elif role == "consumer":
        SharedMemoryConsumer(name, options=options).dispose()
    else:
        SharedMemoryProducer(name, options=options).dispose()
    return {}


def _send(name: str, options: Options, said: Words) -> dict[str, object]:
    with SharedMemoryProducer(name, options=options) as producer:
        sent = producer.try_send(bytes(said.number("--size")))
    return {} if sent else {"full": True}


def _send_closed(name: str, options: Options, said: Words) -> dict[str, object]:
    producer = SharedMemoryProducer(name, options=options)
    producer.dispose()
    return {} if producer.try_send(bytes(said.number("--size"))) else {"full": True}


def _receive(name: str, options: Options, said: Words) -> dict[str, object]:
    del said
    with SharedMemoryConsumer(name, options=options) as consumer:
        return _answer(consumer.receive(_TIMEOUT))


def _receive_text(name: str, options: Options, said: Words) -> dict[str, object]:
    del said
    with SharedMemoryConsumer(name, options=options) as consumer:
        return _answer(consumer.receive_string(_TIMEOUT))


def _receive_typed(name: str, options: Options, said: Words) -> dict[str, object]:
    del said
    if not samples.MESSAGES:
        message = "no struct of this spec is a message"
        raise Failure(message)
    with SharedMemoryConsumer(name, options=options) as consumer:
        return _answer(consumer.receive_typed(samples.MESSAGES[0].kind, _TIMEOUT))


def _receive_closed(name: str, options: Options, said: Words) -> dict[str, object]:
    del said
    consumer = SharedMemoryConsumer(name, options=options)
    consumer.dispose()
    return _answer(consumer.receive(_TIMEOUT))


def _answer(received: object) -> dict[str, object]:
    return {"empty": True} if received is None else {"messages": 1}


_ACTIONS: dict[str, Callable[[str, Options, Words], dict[str, object]]] = {
    "attach": _attach,
    "send": _send,
    "receive": _receive,
    "receive-text": _receive_text,
    "receive-typed": _receive_typed,
    "send-closed": _send_closed,
    "receive-closed": _receive_closed,
}
