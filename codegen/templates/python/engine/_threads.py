"""Threads of the engine end with the interpreter, whether or not anybody closed what they serve.

They are daemons, for which the interpreter does not wait; but it does not end them either: since
Python 3.13 they stop for ever wherever they are, and who waits for one of them does so, too. So
they are ended in good order before that.
"""

from __future__ import annotations

import atexit
import weakref
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from typing import Protocol

    class Ends(Protocol):
        """Something with a thread."""

        def end(self) -> None:
            """Ends the thread."""


_alive: Final[weakref.WeakSet[Any]] = weakref.WeakSet()


def end_with_interpreter(owner: Ends) -> None:
    """Has `owner` end its thread when the interpreter ends, if both are still there."""
    _alive.add(owner)


def _end_all() -> None:
    for owner in list(_alive):
        owner.end()


atexit.register(_end_all)
