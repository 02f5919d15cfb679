"""Making a ring: nobody ever sees a half-made one, and what a dead creator left is removed."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import time
from typing import Final

from .._layout import DEFAULT_CAPACITY, RING_HEADER_SIZE
from . import _platform
from ._errors import AlreadyExists, NoSpace, NotFound, NotRegularFile, RingError, Unsupported
from ._files import MAKING
from ._log import logger
from ._options import Mode, Options
from ._segment import (
    Segment,
    Target,
    lock_error,
    map_segment,
    new_header,
    open_segment,
    round_capacity,
    system_error,
)

_PIECE: Final = 1 << 20
"""Most bytes that are reserved at once, so that a timer's signals can interrupt a piece, but not
starve the whole.
"""
_PATIENCE: Final = 10.0
"""Seconds after which a ring that is made and removed again and again counts as a failure."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.ENOMEM, getattr(errno, "EDQUOT", errno.ENOSPC)})
_UNKNOWN: Final = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})

_nonces: Final = itertools.count()


class _Swept(Exception):
    """Somebody removed the temporary file before it got its name."""


def open_or_create(target: Target, options: Options) -> Segment:
    """Comes by a ring as `options.mode` says; another process may do the same at the same time.

    Raises:
        AttachError: The ring is not there, or not what this program expects.
        Unsupported: The file system lacks something.
        Io: A system call failed.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        if options.mode is not Mode.CREATE_ONLY:
            try:
                return open_segment(target, options, writable=True)
            except NotFound:
                if options.mode is Mode.OPEN_ONLY:
                    raise
        try:
            return _create(target, options)
        except AlreadyExists:
            if options.mode is Mode.CREATE_ONLY or time.monotonic() > end:
                raise
        except _Swept:
            if time.monotonic() > end:
                message = f"{target.path}: others remove its temporary file again and again"
                raise NotFound(message, expected=target.path) from None


def _create(target: Target, options: Options) -> Segment:
    """Makes a ring under a temporary name, and gives it its own name when it is whole.

    Raises:
        AlreadyExists: There is one, or another process was faster.
        _Swept: The temporary file was removed meanwhile.
        RingError: As for `open_or_create`.
    """
    capacity = round_capacity(DEFAULT_CAPACITY if options.capacity is None else options.capacity)
    _refuse_existing(target)
    _remove_leftovers(target)
    temporary = os.path.join(target.folder, _temporary_name(target.file_name))
    try:
        fd = _platform.create_new(temporary, options.permissions)
    except OSError as error:
        raise _creation_error(target, error) from error
    try:
        segment = _make(fd, target, capacity)
        _publish(temporary, target, segment)
    except BaseException:
        _forget(temporary)
        raise
    finally:
        os.close(fd)
    logger.debug("created %s with %d bytes", target.path, capacity)
    return segment


def _refuse_existing(target: Target) -> None:
    """A shortcut: publishing would find out, too, after all the work."""
    try:
        kind = _platform.path_info(target.path).kind
    except OSError:
        return
    if kind:
        message = f"expected a regular file at {target.path}, found {kind}"
        raise NotRegularFile(message, found=kind)
    raise AlreadyExists.at(target.path)


def _make(fd: int, target: Target, capacity: int) -> Segment:
    """Reserves a new file's bytes, writes its header and maps it."""
    try:
        _platform.try_lock(fd, MAKING)
    except OSError as error:
        raise lock_error(target, error) from error
    size = RING_HEADER_SIZE + capacity
    header = new_header(capacity)
    try:
        if _platform.free_bytes(target.folder) < size:
            # Before hours are spent on it.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301
        for begin in range(0, size, _PIECE):
            _platform.allocate(fd, begin, min(_PIECE, size - begin))
        os.lseek(fd, 0, os.SEEK_SET)
        rest = memoryview(header)
        while rest:
            rest = rest[os.write(fd, rest) :]
        return map_segment(fd, target, header, writable=True)
    except OSError as error:
        raise _room_error(target, size, error) from error


def _publish(temporary: str, target: Target, segment: Segment) -> None:
    """Gives a finished file its name."""
    try:
        _platform.publish(temporary, target.path)
    except OSError as error:
        # Windows removes no file that is mapped.
        segment.memory.close()
        raise _naming_error(target, error) from error


def _naming_error(target: Target, error: OSError) -> Exception:
    """The error for a file that got no name."""
    if isinstance(error, FileExistsError):
        return AlreadyExists.at(target.path)
    if isinstance(error, FileNotFoundError):
        return _Swept()
    if error.errno not in _UNKNOWN:
        return system_error(target, "name", error)
    message = (
        f"the file system of {target.folder} knows neither renameat2 with RENAME_NOREPLACE nor "
        f"hard links ({error.strerror}); a ring needs one of them to get its name"
    )
    return Unsupported(message, expected="renameat2 or link", found=error.errno)


def _creation_error(target: Target, error: OSError) -> RingError:
    """The error for a file that could not be made at all."""
    if error.errno not in _NO_ROOM:
        return system_error(target, "create", error)
    message = (
        f"{target.path}: no space for the ring: the file system has no room for another file "
        f"({error.strerror})"
    )
    return NoSpace(message, expected=1, found=0)


def _room_error(target: Target, needed: int, error: OSError) -> RingError:
    """The error for a file that could not be given its bytes."""
    if error.errno not in _NO_ROOM:
        return system_error(target, "create", error)
    free = _platform.free_bytes(target.folder)
    message = f"{target.path}: no space for the ring: {needed} bytes needed, {free} free"
    if error.errno != errno.ENOSPC:
        message += f", a memory limit or a quota is lower ({error.strerror})"
    return NoSpace(message, expected=needed, found=free)


def _forget(path: str) -> None:
    """Removes a file that nobody else knows; if that fails there is nothing left to do."""
    with contextlib.suppress(OSError):
        _platform.remove(path)


def _temporary_name(file_name: str) -> str:
    """What a ring's file is called while it is made."""
    nonce = next(_nonces) * 0x9E3779B9 ^ time.monotonic_ns()
    return f".{file_name}.{os.getpid()}.{nonce & 0xFFFFFFFF:08x}.tmp"


def _remove_leftovers(target: Target) -> None:
    """Removes what dead creators left of this ring; whatever cannot be removed stays.

    Who makes a ring holds a lock meanwhile, which the system gives back however the process ends,
    in whatever container. One that is between making its file and locking it starts over.
    """
    name_of = re.escape(target.file_name)
    pattern = re.compile(rf"\.{name_of}\.[0-9]{{1,10}}\.[0-9A-Fa-f]{{8}}\.tmp")
    with contextlib.suppress(OSError):
        for name in os.listdir(target.folder):
            if pattern.fullmatch(name):
                _remove_if_dead(os.path.join(target.folder, name))


def _remove_if_dead(path: str) -> None:
    with contextlib.suppress(OSError):
        fd = _platform.open_existing(path, writable=True)
        try:
            is_alive = _platform.file_info(fd).kind or _platform.is_locked(fd, MAKING)
        finally:
            os.close(fd)
        if not is_alive:
            _platform.remove(path)
            logger.info("removed %s, which a dead process left", path)
