"""Taking a role: the lock that stands for it, and what a side writes about itself.

The file is opened twice: once to be mapped (Python's `mmap` keeps a descriptor of its own), and
once for the lock. A lock belongs to the open file that took it, so that a forked child gives the
parent's role free by closing one descriptor, whoever still looks at the mapping.
"""

from __future__ import annotations

import contextlib
import os
import time
import weakref
from typing import TYPE_CHECKING, Final

from . import _platform
from ._errors import Disposed, Forked, Removed, RoleTaken
from ._files import LOCK_BASE
from ._layout import (
    CONSUMER_CONTROL_OFFSET,
    CONSUMER_EPOCH_OFFSET,
    CONSUMER_HEARTBEAT_NS_OFFSET,
    CONSUMER_MISSED_WAKEUPS_OFFSET,
    CONSUMER_PID_OFFSET,
    CONSUMER_STATE_OFFSET,
    DATA_SEQUENCE_OFFSET,
    PRODUCER_CONTROL_OFFSET,
    PRODUCER_EPOCH_OFFSET,
    PRODUCER_HEARTBEAT_NS_OFFSET,
    PRODUCER_MISSED_WAKEUPS_OFFSET,
    PRODUCER_PID_OFFSET,
    PRODUCER_STATE_OFFSET,
    SPACE_SEQUENCE_OFFSET,
)
from ._memory import WEAK_ORDER, check_machine, full_fence
from ._record import HALF, U32, WORD, as_words, half_cell, word_cell
from ._segment import Segment, Target, locate, open_or_create, open_segment, system_error

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable

    from ._options import Options

NEVER: Final = 0
"""State of a side: nobody ever had the role."""
ATTACHED: Final = 1
"""State of a side: attached, or ended without saying so."""
CLOSED: Final = 2
"""State of a side: closed in good order."""

WAITING: Final = 1
"""Control word: its owner is about to sleep, or sleeps."""
CAN_MEMBARRIER: Final = 2
"""Control word: its owner issues a membarrier before it sleeps."""

_ROLE_PATIENCE: Final = 0.05
"""Seconds for which a taken role is tried again: its holder may be removing a drained ring."""
_TRANSITION_PATIENCE: Final = 5.0
"""Seconds for which it is tried again while its holder does not say that it is attached: it is
about to attach, or closing, and will be through soon unless it is paused.
"""
_ATTACH_PATIENCE: Final = 10.0
_NAP: Final = 0.001


class Role:
    """One side of a ring: where its fields are, as indices of words or halves."""

    __slots__ = (
        "control",
        "control_offset",
        "epoch",
        "event",
        "heartbeat",
        "lock",
        "missed_wakeups",
        "name",
        "pid",
        "sequence",
        "sequence_offset",
        "state",
    )

    def __init__(
        self,
        name: str,
        event: str,
        lock: int,
        *,
        pid: int,
        state: int,
        epoch: int,
        heartbeat: int,
        missed_wakeups: int,
        control: int,
        sequence: int,
    ) -> None:
        """Takes byte offsets from the header's start."""
        self.name = name
        self.event = event
        self.lock = lock
        self.pid = pid // HALF
        self.state = state // HALF
        self.epoch = epoch // HALF
        self.heartbeat = heartbeat // WORD
        self.missed_wakeups = missed_wakeups // WORD
        self.control = control // HALF
        self.sequence = sequence // HALF
        self.control_offset = control
        self.sequence_offset = sequence

    @property
    def peer(self) -> Role:
        """The other side."""
        return CONSUMER if self is PRODUCER else PRODUCER


PRODUCER: Final = Role(
    "producer",
    "data",
    LOCK_BASE,
    pid=PRODUCER_PID_OFFSET,
    state=PRODUCER_STATE_OFFSET,
    epoch=PRODUCER_EPOCH_OFFSET,
    heartbeat=PRODUCER_HEARTBEAT_NS_OFFSET,
    missed_wakeups=PRODUCER_MISSED_WAKEUPS_OFFSET,
    control=PRODUCER_CONTROL_OFFSET,
    sequence=DATA_SEQUENCE_OFFSET,
)
"""The sending side; its sequence is the one that consumers sleep on."""

CONSUMER: Final = Role(
    "consumer",
    "space",
    LOCK_BASE + 1,
    pid=CONSUMER_PID_OFFSET,
    state=CONSUMER_STATE_OFFSET,
    epoch=CONSUMER_EPOCH_OFFSET,
    heartbeat=CONSUMER_HEARTBEAT_NS_OFFSET,
    missed_wakeups=CONSUMER_MISSED_WAKEUPS_OFFSET,
    control=CONSUMER_CONTROL_OFFSET,
    sequence=SPACE_SEQUENCE_OFFSET,
)
"""The receiving side; its sequence is the one that producers sleep on."""


class Attachment:
    """A mapped ring, with or without a role in it."""

    __slots__ = (
        "__weakref__",
        "_cells",
        "bodies",
        "capacity",
        "forked",
        "halves",
        "lock_fd",
        "memory",
        "own_point",
        "peer_point",
        "readonly",
        "registered",
        "role",
        "segment",
        "target",
        "view",
        "words",
    )

    def __init__(self, segment: Segment, lock_fd: int, role: Role | None) -> None:
        """Takes over the mapping and the descriptor whose open file holds the role's lock."""
        self.segment = segment
        self.target = segment.target
        self.capacity = segment.capacity
        self.lock_fd = lock_fd
        self.role = role
        self.forked = False
        self.registered = False
        self.memory: mmap.mmap = segment.memory
        self.view = memoryview(segment.memory)
        self.readonly = self.view.toreadonly()
        self.words = as_words(self.view)
        self.halves = self.view.cast("I")
        # What is behind each word: a record's body, at the byte where the record starts.
        self.bodies = self.view[WORD:]
        self._cells: list[memoryview] = []
        self.own_point: _platform.WakePoint | None = None
        self.peer_point: _platform.WakePoint | None = None
        if role is not None:
            self.registered = _platform.register_membarrier()
            self.own_point = self._wake_point(role)
            self.peer_point = self._wake_point(role.peer)
        _attachments.add(self)

    def _wake_point(self, side: Role) -> _platform.WakePoint:
        event = f"{self.target.file_name}.{self.segment.created_unix_ns:016x}.{side.event}"
        return _platform.WakePoint(self.memory, self.halves, side.sequence_offset, event)

    def cells(self, *words: int, half: int) -> tuple[memoryview, ...]:
        """Fields of the header by their offsets, each as `cell[()]`: some words and a half word."""
        cells = [*(word_cell(self.view, offset) for offset in words), half_cell(self.view, half)]
        self._cells += cells
        return tuple(cells)

    @property
    def is_open(self) -> bool:
        """Whether the ring is still mapped."""
        return self.lock_fd >= 0

    @property
    def quiet(self) -> int:
        """This side's control word while it does not sleep."""
        return CAN_MEMBARRIER if self.registered else 0

    def announce(self, role: Role) -> None:
        """Tells the other side that this one is there."""
        halves = self.halves
        halves[role.epoch] = (halves[role.epoch] + 1) & U32
        halves[role.pid] = os.getpid() & U32
        self.beat(role)
        halves[role.control] = self.quiet
        if WEAK_ORDER:
            full_fence()
        halves[role.state] = ATTACHED
        self.ring_bell(role)

    def announce_closed(self, role: Role) -> None:
        """Tells the other side that this one has gone."""
        self.halves[role.control] = 0
        if WEAK_ORDER:
            full_fence()
        self.halves[role.state] = CLOSED
        self.ring_bell(role)

    def ring_bell(self, role: Role) -> None:
        """Moves this side's sequence and wakes the other side, whatever it says of itself."""
        halves = self.halves
        if WEAK_ORDER:
            full_fence()
        halves[role.sequence] = (halves[role.sequence] + 1) & U32
        if self.own_point is not None:
            self.own_point.wake()

    def beat(self, role: Role) -> None:
        """Stores the time as this side's heartbeat."""
        self.words[role.heartbeat] = _platform.now_ns()

    def is_held(self, role: Role) -> bool:
        """Whether a live process has the role: another open file holds its lock."""
        return _platform.is_locked(self.lock_fd, role.lock)

    def take_over(self, role: Role, is_closed: Callable[[], bool]) -> bool:
        """Takes the role of a side that has closed, as soon as it lets go of it: it says so before.

        Gives up when `is_closed` no longer holds.
        """
        return self.lock(role, lambda: _TRANSITION_PATIENCE if is_closed() else 0)

    def lock(self, role: Role, patience: Callable[[], float]) -> bool:
        """Takes a role's lock; while it is taken, tries again for as long as `patience` then says.

        Args:
            role: The role.
            patience: Called after each failed try; seconds since the first one.
        """
        start = time.monotonic()
        while not _platform.try_lock(self.lock_fd, role.lock):
            if time.monotonic() - start >= patience():
                return False
            time.sleep(_NAP)
        return True

    def is_removed(self) -> bool:
        """Whether no name leads to the file any more."""
        return _platform.file_info(self.lock_fd).links == 0

    def has_its_name(self) -> bool:
        """Whether the ring's name still leads to this very file."""
        try:
            mine = _platform.file_info(self.lock_fd)
            named = _platform.path_info(self.target.path)
        except OSError:
            return False
        return mine.links > 0 and mine.identity == named.identity == self.segment.identity

    def close(self, *, remove: bool = False) -> None:
        """Unmaps and closes, which gives the role's lock back; removes the file first if asked to.

        Raises:
            BufferError: Somebody still uses a part of the mapping. It is closed all the same, and
                unmapped when that part goes.
        """
        if not self.is_open:
            return
        if remove and self.has_its_name():
            # If it stays, the next consumer may try again.
            with contextlib.suppress(OSError):
                _platform.remove(self.target.path)
        if not self._let_go():
            message = (
                f"{self.target.path}: parts of the ring's memory are still in use (a slice of a "
                "claim or of a borrowed message, a numpy array); release them before closing. The "
                "ring is closed, and unmapped when they go."
            )
            raise BufferError(message)

    def leave_to_parent(self) -> None:
        """In a forked child: gives up the copy of the parent's lock without a word to anyone."""
        self.forked = True
        if self.is_open:
            self._let_go()

    def _let_go(self) -> bool:
        """Closes and unmaps; False if somebody still uses a part of the mapping.

        From here on every use of `words`, `halves`, `bodies` or a cell is a ValueError: that is how
        the hot paths notice without asking.
        """
        for point in (self.own_point, self.peer_point):
            if point is not None:
                point.close()
        if self.role is not None and not self.forked:
            # A child that is just being started may have the file open for a moment longer.
            with contextlib.suppress(OSError):
                _platform.unlock(self.lock_fd, self.role.lock)
        os.close(self.lock_fd)
        self.lock_fd = -1
        _attachments.discard(self)
        views = (self.words, self.halves, self.bodies, self.readonly, self.view)
        for view in (*self._cells, *views):
            view.release()
        try:
            self.memory.close()
        except BufferError:
            return False
        return True

    def check_usable(self) -> None:
        """Refuses to go on after closing, and in a forked child.

        Raises:
            Disposed: dispose() was called.
            Forked: This process was forked from the one that attached.
        """
        if self.forked:
            message = f"{self.target.path}: this process was forked; attach anew in the child"
            raise Forked(message)
        if not self.is_open:
            message = f"{self.target.path}: dispose() was called"
            raise Disposed(message)


_attachments: Final[weakref.WeakSet[Attachment]] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for attachment in list(_attachments):
        attachment.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


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
        return _ROLE_PATIENCE if says_so else _TRANSITION_PATIENCE

    taken = attachment.lock(role, patience)
    # Whoever tidies up holds both locks: with the lock taken, a name that leads here stays.
    if not attachment.has_its_name():
        return False
    if not taken:
        raise RoleTaken.held(attachment.target.path, role.name, attachment.halves[role.pid])
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
            raise system_error(target, "lock a role of", error) from error
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
