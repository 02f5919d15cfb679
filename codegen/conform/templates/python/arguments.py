"""The command line, and what `produce` and `consume` report."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from failure import Failure
from protocol import Options, WaitStrategy
from rng import Rng
from script import Script

if TYPE_CHECKING:
    from collections.abc import Mapping

USAGE = """\
usage: peer layout | golden | check-golden | recode
       peer produce|consume --name NAME [--capacity BYTES] [--count N] [--seed S]
            [--plan mixed|records|stream] [--size BYTES] [--slow-every K]
            [--wait adaptive|spin] [--ledger FILE] [--timeout-ms T] [--gap-us G]
       peer statistics --name NAME
       peer attempt attach|send|receive|receive-text|receive-typed|send-closed|receive-closed
            --name NAME|--name-hex HEX [--role producer|consumer|monitor]
            [--mode create_or_open|create_only|open_only] [--capacity N] [--any-schema]
            [--size BYTES] [--exhaust-descriptors]
       peer hostile --name NAME --mutations N [--seed S]"""

_DEFAULTS = {
    "--name": "",
    "--capacity": "65536",
    "--count": "1000",
    "--seed": "1",
    "--plan": "mixed",
    "--size": "64",
    "--slow-every": "0",
    "--wait": "adaptive",
    "--ledger": "",
    "--timeout-ms": "60000",
    "--gap-us": "0",
}
_PAUSE = 200e-6
_GAPS = 0x6761702D7573
"""Tells the random numbers of the gaps from those of the messages."""


class Words:
    """Options of a verb, each with its value or its default."""

    def __init__(
        self, words: list[str], defaults: Mapping[str, str], flags: tuple[str, ...] = ()
    ) -> None:
        """Reads options with a value, and flags without; Failure for anything else."""
        self._said = dict(defaults)
        self._flags = set()
        rest = iter(words)
        for option in rest:
            if option in flags:
                self._flags.add(option)
                continue
            if option not in self._said:
                message = f"unknown option {option}\n{USAGE}"
                raise Failure(message)
            value = next(rest, None)
            if value is None:
                message = f"{option} needs a value\n{USAGE}"
                raise Failure(message)
            self._said[option] = value

    def text(self, option: str) -> str:
        """What an option says."""
        return self._said[option]

    def choice(self, option: str, choices: tuple[str, ...]) -> str:
        """What an option says, which has to be one of these."""
        value = self._said[option]
        if value not in choices:
            message = f"{option} has to be one of {', '.join(choices)}\n{USAGE}"
            raise Failure(message)
        return value

    def number(self, option: str) -> int:
        """What an option says, as a number."""
        try:
            return int(self._said[option])
        except ValueError:
            message = f"{option} needs a number\n{USAGE}"
            raise Failure(message) from None

    def has(self, flag: str) -> bool:
        """Whether a flag was given."""
        return flag in self._flags

    def name(self) -> str:
        """The ring's name, which has to be given."""
        if not self._said["--name"]:
            message = f"--name is missing\n{USAGE}"
            raise Failure(message)
        return self._said["--name"]


class Arguments:
    """The options of `produce` and `consume`."""

    def __init__(self, words: list[str]) -> None:
        """Reads them; Failure if they cannot be understood."""
        said = Words(words, _DEFAULTS)
        self.name = said.name()
        self.capacity = said.number("--capacity")
        self.count = said.number("--count")
        self.slow_every = said.number("--slow-every")
        self.timeout_ms = said.number("--timeout-ms")
        self.timeout = self.timeout_ms / 1000
        self.spins = said.choice("--wait", ("adaptive", "spin")) == "spin"
        self.ledger = said.text("--ledger")
        plan = said.choice("--plan", ("mixed", "records", "stream"))
        seed = said.number("--seed")
        self.script = Script(seed, plan, said.number("--size"))
        self._gap_ns = said.number("--gap-us") * 1000
        self._gaps = Rng(seed ^ _GAPS, 0)

    def ring_options(self) -> Options:
        """The options of the ring that this run asks for."""
        return Options(
            capacity=self.capacity,
            wait_strategy=WaitStrategy.SPIN if self.spins else WaitStrategy.ADAPTIVE,
            send_timeout=self.timeout,
            diagnose_wakeups=True,
        )

    def slow_down(self, index: int) -> None:
        """Makes this side the slow one, every so many messages."""
        if self.slow_every and index % self.slow_every == self.slow_every - 1:
            time.sleep(_PAUSE)

    def leave_gap(self) -> None:
        """Spins for a random time, so that the other side falls asleep at any moment."""
        if self._gap_ns:
            end = time.monotonic_ns() + self._gaps.next() % (self._gap_ns + 1)
            while time.monotonic_ns() < end:
                pass


@dataclass
class Report:
    """What one side did."""

    role: str
    messages: int = 0
    bytes: int = 0
    seconds: float = 0.0
    sleeps: int | None = None
    missed_wakeups: int = 0
    errors: int = 0
