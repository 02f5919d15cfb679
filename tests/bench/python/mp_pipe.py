"""`multiprocessing.Pipe`: both sides are made here, the second one by forking."""

from __future__ import annotations

import os
from multiprocessing import get_context
from typing import TYPE_CHECKING

import parts
from arguments import WrongUsage

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from arguments import Arguments


class PipeSender:
    """The sending end."""

    def __init__(self, connection: Connection) -> None:
        """Sends through this end of the pipe."""
        self.send = connection.send_bytes


class PipeReceiver:
    """The receiving end."""

    def __init__(self, connection: Connection) -> None:
        """Receives from this end of the pipe."""
        self.receive = connection.recv_bytes


def both(arguments: Arguments) -> float:
    """Runs both parts; nanoseconds for each message or round."""
    if arguments.part not in ("stream", "round-trip"):
        raise WrongUsage(f"unknown part {arguments.part} for mp-pipe")
    context = get_context("fork")
    there, here = context.Pipe(duplex=arguments.part == "round-trip")
    # One way, the first end is the one that reads.
    other = context.Process(target=run_other, args=(here, arguments))
    other.start()
    os.sched_setaffinity(0, [arguments.cpus[0]])
    if arguments.part == "stream":
        ns = parts.receive(PipeReceiver(there), arguments)
    else:
        ns = parts.ask(PipeSender(there), PipeReceiver(there), arguments)
    other.join()
    return ns


def run_other(connection: Connection, arguments: Arguments) -> None:
    """The forked side: sends the stream, or answers."""
    os.sched_setaffinity(0, [arguments.cpus[1]])
    if arguments.part == "stream":
        parts.send(PipeSender(connection), arguments)
    else:
        parts.answer(PipeSender(connection), PipeReceiver(connection), arguments)
