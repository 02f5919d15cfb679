"""Attaching: coming by a ring, and taking a role in it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from . import _platform
from ._attachment import Attachment
from ._create import open_or_create
from ._errors import Removed, RoleTaken
from ._memory import check_machine
from ._roles import ATTACHED
from ._segment import Segment, Target, locate, lock_error, open_segment, system_error

if TYPE_CHECKING:
    from ._options import Options
    from ._roles import Role

_ROLE_PATIENCE: Final = 0.05
"""Seconds for which a taken role is tried again: its holder may be tidying up."""
TRANSITION_PATIENCE: Final = 5.0
"""Seconds for which it is tried again while its holder does not say that it is attached: it is
about to attach, or closing, and will be through soon unless it is paused.
"""
_ATTACH_PATIENCE: Final = 10.0
"""Seconds after which a ring that is removed again and again counts as a failure."""


def _open_lock_file(segment: Segment, *, writable: bool) -> int:
    """Opens the file once more, for locks; -1 if the name leads elsewhere by now."""
    try:
        fd = _platform.open_existing(segment.target.path, writable=writable)
    except FileNotFoundError:
        return -1
    if _platform.file_info(fd).identity != segment.identity:
        os.close(fd)
        return -1
    return fd


def _take_role(attachment: Attachment, role: Role) -> bool:
    """Takes a role; False if the name leads elsewhere by then."""

    def patience() -> float:
        if not attachment.has_its_name():
            return 0
        says_so = attachment.halves[role.state] == ATTACHED
        return _ROLE_PATIENCE if says_so else TRANSITION_PATIENCE

    taken = attachment.lock(role, patience)
    # Whoever tidies up holds both locks: with the lock taken, a name that leads here stays.
    if not attachment.has_its_name():
        return False
    if not taken:
        pid = attachment.halves[role.pid]
        is_there = _platform.process_exists(pid)
        raise RoleTaken.held(attachment.target.path, role.name, pid, is_there=is_there)
    return True


def attach(name: str, options: Options, role: Role | None) -> Attachment:
    """Creates or opens a ring as the options say, and takes a role in it if one is given.

    The other side does not know yet: see :meth:`Attachment.announce`.

    Raises:
        AttachError: The ring is not there, not what this program expects, or the role is taken.
        Unsupported: This machine or Python cannot do it.
        Io: A system call failed.
    """
    check_machine()
    target = locate(name, options)
    end = time.monotonic() + _ATTACH_PATIENCE
    while time.monotonic() < end:
        attachment = _bind(open_or_create(target, options), role, writable=True)
        if attachment is None:
            continue
        try:
            if role is None or _take_role(attachment, role):
                return attachment
        except OSError as error:
            attachment.close()
            raise lock_error(target, error) from error
        except BaseException:
            attachment.close()
            raise
        attachment.close()
    message = f"{target.path} is removed again and again while it is opened"
    raise Removed(message, expected=target.path)


def _bind(segment: Segment, role: Role | None, *, writable: bool) -> Attachment | None:
    """Puts mapping and lock file together; None if the ring was removed in between."""
    try:
        fd = _open_lock_file(segment, writable=writable)
    except OSError as error:
        segment.memory.close()
        raise system_error(segment.target, "open", error) from error
    if fd < 0:
        segment.memory.close()
        return None
    return Attachment(segment, fd, role)


def observe(name: str, options: Options) -> Attachment:
    """Opens an existing ring for reading only.

    Raises:
        AttachError: The ring is not there, or not what this program expects.
        Unsupported: This machine or Python cannot do it.
        Io: A system call failed.
    """
    check_machine()
    target: Target = locate(name, options)
    attachment = _bind(open_segment(target, options, writable=False), None, writable=False)
    if attachment is None:
        message = f"{target.path} was removed while it was opened"
        raise Removed(message, expected=target.path)
    return attachment
