"""The end of a `with` body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._log import logger

if TYPE_CHECKING:
    from collections.abc import Callable


def leave(body: BaseException | None, close: Callable[[], object]) -> None:
    """Closes at the end of a `with` body; what that raises never replaces the body's exception.

    Args:
        body: The exception that passes; None if the body has ended by itself.
        close: Closes.
    """
    try:
        close()
    except Exception as error:
        if body is None:
            raise
        logger.debug("closing after %r: %r", body, error)
