"""The command line."""

from __future__ import annotations

USAGE = """\
usage: bench send|receive|ask|answer|wake|sleep --transport ring --size BYTES
             --warm-up N --count N --wait polling|blocking
       bench send|receive --transport batches ...
       bench stream|round-trip --transport mp-pipe ... --cpus A,B"""


class WrongUsage(Exception):
    """The caller's mistake: exit code 2."""


class Arguments:
    """What to do."""

    def __init__(self, words: list[str]) -> None:
        """Reads a part and options with a value each."""
        if len(words) % 2 != 1:
            raise WrongUsage("no part is given, or an option has no value")
        self.part = words[0]
        options = dict(zip(words[1::2], words[2::2]))
        self.transport = options.pop("--transport", "")
        self.polling = options.pop("--wait", "blocking") == "polling"
        try:
            self.size = int(options.pop("--size", "64"))
            self.warm_up = int(options.pop("--warm-up", "0"))
            self.count = int(options.pop("--count", "1"))
            self.cpus = [int(cpu) for cpu in options.pop("--cpus", "0,1").split(",")]
        except ValueError as error:
            raise WrongUsage(str(error)) from error
        if options:
            raise WrongUsage(f"unknown option {next(iter(options))}")
