"""Tidying up: the last side out removes a ring that holds nothing any more, whichever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._attach import TRANSITION_PATIENCE
from ._errors import Corrupt
from ._roles import CLOSED, PRODUCER

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._attachment import Attachment
    from ._roles import Role


def is_last_out(attachment: Attachment, role: Role, is_drained: Callable[[], bool]) -> bool:
    """Whether a side that has said that it is closed is the last one out of a drained ring.

    Then it holds both roles' locks, and may remove the file under them.

    Waits up to 5 s for another side that says that it is closed, too. A producer gives its own
    lock back meanwhile: so two sides that close at once do not wait for each other.
    """

    def is_empty() -> bool:
        try:
            return is_drained()
        except Corrupt:
            return False

    def patience() -> float:
        is_closing = attachment.halves[role.peer.state] == CLOSED
        return TRANSITION_PATIENCE if is_closing and is_empty() else 0

    if not is_empty():
        return False
    if role is PRODUCER:
        attachment.unlock(PRODUCER)
    try:
        if not attachment.lock(role.peer, patience):
            return False
        # A new producer is not waited for.
        if role is PRODUCER and not attachment.lock(PRODUCER, lambda: 0):
            return False
    except OSError:
        # Locks cannot be had: then nobody knows who is the last.
        return False
    # Others may have come and gone before both locks were this side's.
    return is_empty()
