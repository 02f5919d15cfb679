"""The command line of `produce` and `consume`, and what they report."""

from __future__ import annotations

import time
from dataclasses import dataclass

from failure import Failure
from protocol import Options, WaitStrategy
from script import Script

USAGE = """\
usage: peer layout | golden | check-golden
       peer produce|consume --name NAME [--capacity BYTES] [--count N] [--seed S]
            [--plan mixed|records|stream] [--size BYTES] [--slow-every K]
            [--wait adaptive|spin] [--ledger FILE] [--timeout-ms T]"""

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
}
_PAUSE = 200e-6


class Arguments:
    """The options of `produce` and `consume`."""

    def __init__(self, words: list[str]) -> None:
        """Reads pairs of an option and its value; Failure if they are not."""
        said = dict(_DEFAULTS)
        if len(words) % 2:
            message = f"{words[-1]} needs a value\n{USAGE}"
            raise Failure(message)
        for option, value in zip(words[::2], words[1::2]):
            if option not in said:
                message = f"unknown option {option}\n{USAGE}"
                raise Failure(message)
            said[option] = value
        if not said["--name"] or said["--plan"] not in {"mixed", "records", "stream"}:
            message = f"--name is missing, or --plan is another one\n{USAGE}"
            raise Failure(message)
        try:
            numbers = {key: int(value) for key, value in said.items() if value.isdigit()}
            self.capacity = numbers["--capacity"]
            self.count = numbers["--count"]
            self.slow_every = numbers["--slow-every"]
            self.timeout_ms = numbers["--timeout-ms"]
            self.script = Script(numbers["--seed"], said["--plan"], numbers["--size"])
        except KeyError as error:
            message = f"{error.args[0]} needs a number\n{USAGE}"
            raise Failure(message) from None
        self.name = said["--name"]
        self.spins = said["--wait"] == "spin"
        self.ledger = said["--ledger"]

    def ring_options(self) -> Options:
        """The options of the ring that this run asks for."""
        return Options(
            capacity=self.capacity,
            wait_strategy=WaitStrategy.SPIN if self.spins else WaitStrategy.ADAPTIVE,
            send_timeout_ms=self.timeout_ms,
        )

    def slow_down(self, index: int) -> None:
        """Makes this side the slow one, every so many messages."""
        if self.slow_every and index % self.slow_every == self.slow_every - 1:
            time.sleep(_PAUSE)


@dataclass
class Report:
    """What one side did."""

    role: str
    messages: int = 0
    bytes: int = 0
    seconds: float = 0.0
    missed_wakeups: int = 0
    errors: int = 0
