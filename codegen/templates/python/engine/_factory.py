"""Factories for those who rather test for None than catch exceptions."""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Final

from ._consumer import SharedMemoryConsumer
from ._errors import RingError
from ._log import logger
from ._manager import SharedMemoryManager
from ._producer import SharedMemoryProducer

if TYPE_CHECKING:
    from ._options import Options


class _Last(local):
    """Each thread's last error."""

    error: RingError | None = None


_last: Final = _Last()


def last_error() -> RingError | None:
    """Why the last factory call of this thread returned None; untouched by calls that succeed."""
    return _last.error


def _remember(error: RingError) -> None:
    _last.error = error
    # A caller who expects None does not look for more: nothing else says why.
    logger.error("%s: %s", type(error).__name__, error)


def create_producer(
    name: str, capacity: int | None = None, options: Options | None = None
) -> SharedMemoryProducer | None:
    """Attaches as the producer of ring `name`, which is made if it is not there.

    Returns None if that fails: :func:`last_error` says why. The class itself raises instead.

    ::

        producer = create_producer("test_buffer", 1024 * 1024)
        if producer:
            producer.send_string("Hello from Python!")
            producer.close()
    """
    try:
        return SharedMemoryProducer(name, capacity, options)
    except RingError as error:
        _remember(error)
        return None


def create_consumer(
    name: str, capacity: int | None = None, options: Options | None = None
) -> SharedMemoryConsumer | None:
    """Attaches as the consumer of ring `name`, which is made if it is not there.

    Returns None if that fails: :func:`last_error` says why. The class itself raises instead.

    ::

        consumer = create_consumer("test_buffer", 1024 * 1024)
        if consumer:
            print(consumer.receive_string())
            consumer.close()
    """
    try:
        return SharedMemoryConsumer(name, capacity, options)
    except RingError as error:
        _remember(error)
        return None


def create_manager(
    name: str,
    is_producer: bool,  # noqa: FBT001 - the same order of arguments in every language
    capacity: int | None = None,
    options: Options | None = None,
) -> SharedMemoryManager | None:
    """Attaches as one side of ring `name` and puts a manager around it.

    Returns None if that fails: :func:`last_error` says why. The class itself raises instead.

    ::

        manager = create_manager("test_buffer", True, 1024 * 1024)
    """
    try:
        return SharedMemoryManager(name, is_producer, capacity, options)
    except RingError as error:
        _remember(error)
        return None
