"""A mapped ring: its memory, its locks, and what a side writes about itself.

The file is opened twice: once to be mapped (Python's `mmap` keeps a descriptor of its own), and
once for the locks. A lock belongs to the open file that took it, so that a forked child gives the
parent's role free by closing one descriptor, whoever still looks at the mapping.
"""

from __future__ import annotations

import contextlib
import os
import time
import weakref
from typing import TYPE_CHECKING, Final

from . import _platform
from ._errors import Disposed, Forked
from ._log import logger
from ._memory import UNMAPS, WEAK_ORDER, full_fence
from ._record import U32, WORD, as_words, half_cell, word_cell
from ._roles import ATTACHED, CAN_MEMBARRIER, CLOSED, CONSUMER, PRODUCER, Role

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable

    from ._segment import Segment

_NAP: Final = 0.001
"""Seconds between two tries to take a lock."""


class Attachment:
    """A mapped ring, with or without a role in it."""

    __slots__ = (
        "__weakref__",
        "_cells",
        "_most_links",
        "bodies",
        "can_membarrier",
        "capacity",
        "closing",
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
        self.closing = False
        # Whether others' membarriers reach this process, and whether it can issue its own.
        self.registered = False
        self.can_membarrier = False
        self.memory: mmap.mmap = segment.memory
        self.view = memoryview(segment.memory)
        self.readonly = self.view.toreadonly()
        self.words = as_words(self.view)
        self.halves = self.view.cast("I")
        # What is behind each word: a record's body, at the byte where the record starts.
        self.bodies = self.view[WORD:]
        self._cells: list[memoryview] = []
        self._most_links = _platform.file_info(lock_fd).links
        self.own_point: _platform.WakePoint | None = None
        self.peer_point: _platform.WakePoint | None = None
        if role is not None:
            self.registered = self.can_membarrier = _platform.register_membarrier()
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
        return self.lock_fd >= 0 and not self.closing

    @property
    def quiet(self) -> int:
        """This side's control word while it does not sleep."""
        return CAN_MEMBARRIER if self.can_membarrier else 0

    def stop_membarrier(self) -> None:
        """Says that this side issues no membarriers any more: the other one has to fence."""
        self.can_membarrier = False
        if self.role is not None:
            self.halves[self.role.control] = 0

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
        # Of two sides that close at once, one sees that the other has.
        full_fence()

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

    def is_attached(self, role: Role) -> bool:
        """Whether a live process has the role, and says so."""
        attached: bool = self.halves[role.state] == ATTACHED
        return attached and self.is_held(role)

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

    def unlock(self, role: Role) -> None:
        """Gives a role's lock back, if it is this side's."""
        # A child that is just being started may have the file open for a moment longer.
        with contextlib.suppress(OSError):
            _platform.unlock(self.lock_fd, role.lock)

    def is_removed(self) -> bool:
        """Whether the ring's name does not lead to the file any more.

        Its count of names tells, unless there ever were more: a creator that died while it gave the
        file its name may have left a second one. The name is not looked up otherwise, because a
        process may have moved to where that leads elsewhere.
        """
        links = _platform.file_info(self.lock_fd).links
        self._most_links = max(self._most_links, links)
        return links == 0 or (self._most_links > 1 and not self.has_its_name())

    def has_its_name(self) -> bool:
        """Whether the ring's name still leads to this very file."""
        try:
            mine = _platform.file_info(self.lock_fd)
            named = _platform.path_info(self.target.path)
        except OSError:
            return False
        return mine.links > 0 and mine.identity == named.identity == self.segment.identity

    def close(self, *, remove: bool = False) -> None:
        """Unmaps, removes the file if asked to, and closes, which gives the roles' locks back.

        Raises:
            BufferError: Somebody still uses a part of the mapping. It is closed all the same, and
                unmapped when that part goes.
        """
        if self.lock_fd < 0:
            return
        self.closing = True
        # Windows removes no file that is mapped.
        unmapped = self._unmap()
        if remove:
            self._remove()
        self._let_go()
        if not unmapped:
            message = (
                f"{self.target.path}: parts of the ring's memory are still in use (a slice of a "
                "claim or of a borrowed message, a numpy array); release them before closing. The "
                "ring is closed, and unmapped when they go."
            )
            raise BufferError(message)

    def leave_to_parent(self) -> None:
        """In a forked child: gives up the copy of the parent's lock without a word to anyone."""
        self.forked = True
        if self.lock_fd >= 0:
            self._unmap(is_alone=True)
            self._let_go()

    def _unmap(self, *, is_alone: bool = False) -> bool:
        """Unmaps; False if somebody still uses a part of the mapping.

        From here on every use of `words`, `halves`, `bodies` or a cell is a ValueError: that is how
        the hot paths notice without asking. Where threads run without the interpreter lock, another
        one may be within such a use, unless this one is alone: there the memory goes with the last
        reference to it.
        """
        for point in (self.own_point, self.peer_point):
            if point is not None:
                point.close()
        if not UNMAPS and not is_alone:
            return True
        views = (self.words, self.halves, self.bodies, self.readonly, self.view)
        for view in (*self._cells, *views):
            view.release()
        try:
            self.memory.close()
        except BufferError:
            return False
        return True

    def _remove(self) -> None:
        """Removes the file, of which this was the last side; the locks are this side's."""
        if not self.has_its_name():
            return
        try:
            _platform.remove(self.target.path)
        except FileNotFoundError:
            pass
        except OSError as error:
            # In a folder where only owners may remove files, say. Whoever comes next opens it.
            logger.warning("%s stays: %s", self.target.path, error.strerror)

    def _let_go(self) -> None:
        """Closes the file."""
        if self.role is not None and not self.forked:
            self.unlock(CONSUMER)
            self.unlock(PRODUCER)
        fd, self.lock_fd = self.lock_fd, -1
        os.close(fd)
        _attachments.discard(self)

    def check_usable(self) -> None:
        """Refuses to go on after closing, and in a forked child.

        Raises:
            Disposed: close() was called.
            Forked: This process was forked from the one that attached.
        """
        if self.forked:
            message = f"{self.target.path}: this process was forked; attach anew in the child"
            raise Forked(message)
        if not self.is_open:
            raise self.disposed()

    def disposed(self) -> Disposed:
        """The error for a ring that this object has closed."""
        return Disposed(f"{self.target.path}: close() was called")


_attachments: Final[weakref.WeakSet[Attachment]] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for attachment in list(_attachments):
        attachment.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
