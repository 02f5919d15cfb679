"""What every send does beside writing: checks, waiting for room, errors, and what is open."""

from __future__ import annotations

import contextlib
import struct
from functools import partial
from typing import TYPE_CHECKING, Final

from .._layout import FLAG_URGENT, SEND_FAILURES_OFFSET, TYPE_DATA
from ._batch import BatchWriter
from ._claim import Claim
from ._errors import (
    Busy,
    Closed,
    PeerDied,
    PeerError,
    Removed,
    RingError,
    TooLarge,
)
from ._message import SharedMemoryMessage, as_bytes
from ._payload import Payload
from ._platform import now_ns
from ._record import U64, USER_FLAGS, WORD, largest_payload, type_word
from ._times import Deadline, Wait
from ._watch import Ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Union
    from weakref import ref

    from ._attachment import Attachment
    from ._options import Options
    from ._times import Patience
    from ._typing import BytesLike
    from ._wait import Link
    from ._writer import RingWriter, Tip

    Sendable = Union[BytesLike, SharedMemoryMessage, Payload]

_SEND_FAILURES: Final = SEND_FAILURES_OFFSET // WORD
_CHUNK: Final = 256
"""Messages of a batch that are looked at together."""

_ENDED: Final[dict[Ended, tuple[type[PeerError], str]]] = {
    Ended.CLOSED: (Closed, "the ring is full and its consumer closed"),
    Ended.DIED: (PeerDied, "the ring is full and its consumer died"),
    Ended.REMOVED: (Removed, "the ring is full and its file was removed"),
}


class Sender:
    """Sends for a producer."""

    __slots__ = ("_attachment", "_largest", "_link", "open", "options", "writer")

    def __init__(
        self, attachment: Attachment, writer: RingWriter, link: Link, options: Options
    ) -> None:
        """Sends through the writer."""
        self._attachment = attachment
        self._link = link
        self._largest = largest_payload(attachment.capacity)
        self.open: ref[Claim] | ref[BatchWriter] | None = None
        """The claim or the batch that is under way."""
        self.writer = writer
        self.options = options

    def send(
        self,
        payload: BytesLike,
        message_type: int,
        flags: int,
        wait: Patience | Wait,
        fields: BytesLike | None = None,
    ) -> bool:
        """Sends a message; False when there was no room within the time."""
        mark = self.writer.tip
        try:
            if self.open is not None:
                self._leave()
            flags = int(flags) & USER_FLAGS
            if not self._add(as_bytes(payload), message_type, flags, wait, fields):
                return False
            self.writer.publish()
        except BaseException as error:
            self.recover(error, mark)
            raise
        return True

    def _add(
        self,
        payload: BytesLike,
        message_type: int,
        flags: int,
        wait: Patience | Wait,
        fields: BytesLike | None = None,
    ) -> bool:
        """Adds a message to what is staged; an urgent one publishes itself and those before."""
        word = type_word(message_type)
        usual = payload.__class__ is bytes and not flags and fields is None
        if usual and self.writer.put(payload, word):  # type: ignore[arg-type]
            return True
        if not self._make_room(len(payload), wait):
            return False
        self.writer.fill(payload, word, flags, fields)
        if flags & FLAG_URGENT:
            self.writer.publish()
        return True

    def recover(self, error: BaseException, mark: Tip) -> None:
        """After an exception, which may have come between any two steps: back to where it began.

        Raises:
            Disposed, Forked: A clearer error than what a ring gives that was closed meanwhile.
        """
        if self._attachment.is_open:
            self.writer.recover(mark)
        elif isinstance(error, (ValueError, OSError)):
            self._attachment.check_usable()

    # Checks

    def check(self) -> None:
        """Refuses to send now.

        Raises:
            Disposed, Forked: This object cannot send any more.
            Removed: Nobody can open the file any more.
        """
        self._attachment.check_usable()
        if self._link.watch.look_at_name(now_ns()):
            self.writer.look_closer()
            message = f"{self._attachment.target.path}: the ring's file was removed"
            raise Removed(message)

    def check_open(self) -> None:
        """Refuses to go on with a claim after closing, and in a forked child."""
        self._attachment.check_usable()

    def _leave(self) -> None:
        """Before anything else is sent: publishes the batch that is open.

        Raises:
            UsageError, Removed: See `check`.
            Busy: It is a claim.
        """
        item = None if self.open is None else self.open()
        if isinstance(item, Claim) and item.is_open:
            self._attachment.check_usable()
            message = f"{self._attachment.target.path}: a claim is still open"
            raise Busy(message, found=item)
        if isinstance(item, BatchWriter):
            self.check()
            self.writer.publish()
        else:
            # Something interrupted its end.
            self.writer.discard()
        self.open = None

    # Room

    def _make_room(self, size: int, wait: Patience | Wait) -> bool:
        """Has room for a payload at the writer's tip, waiting for it; False when the time is over.

        What is staged is published first unless the time is 0: the consumer could not make room for
        it otherwise.

        Raises:
            UsageError: This object cannot send now.
            TooLarge: Nobody can send this.
            PeerError: There is no room, and the consumer is gone.
        """
        self.check()
        if size > self._largest:
            message = (
                f"a payload of {size} bytes exceeds the largest of this ring, {self._largest}; "
                "send_fragmented() sends it in pieces"
            )
            raise TooLarge(message, expected=self._largest, found=size)
        if self.writer.reserve(size):
            return True
        if wait is Wait.LOOK:
            return False
        if wait == 0 and self.writer.is_staging:
            # Publishing might help in a while; this call does not wait.
            self._count_failure()
            return False
        self.writer.publish()
        if wait is Wait.AS_OPTIONS:
            wait = self.options.send_timeout
        if wait == 0:
            ended = self._link.watch.look(now_ns())
        else:
            ended = self._wait(size, Deadline.of(wait))
        return self.settle(ended, size)

    def _wait(self, size: int, deadline: Deadline) -> Ended | None:
        """Waits until there is room; returns why not."""
        has_room = partial(self.writer.may_have_room, size)
        while True:
            ended = self._link.wait(has_room, deadline)
            if ended is not None or self.writer.reserve(size):
                return ended
            if deadline.is_over:
                return Ended.TIMED_OUT

    async def wait_async(self, size: int, deadline: Deadline) -> bool:
        """Waits for room while other tasks run; False when the time is over.

        Raises:
            PeerError: There is none, and the consumer is gone.
            UsageError: This side was closed, or forked.
        """
        ended = await self._link.wait_async(partial(self.writer.may_have_room, size), deadline)
        self._attachment.check_usable()
        return ended is None or self.settle(ended, size)

    def settle(self, ended: Ended | None, size: int) -> bool:
        """What it means that a wait for room has ended: whether there is some after all.

        Raises:
            PeerError: There is none, and the consumer is gone.
        """
        if self.writer.reserve(size):
            return True
        self._count_failure()
        if ended is None or ended is Ended.TIMED_OUT:
            return False
        self._link.watch.told(ended)
        self.writer.look_closer()
        error, words = _ENDED[ended]
        message = f"{self._attachment.target.path}: {words}"
        raise error(message)

    def _count_failure(self) -> None:
        words = self._attachment.words
        words[_SEND_FAILURES] = (words[_SEND_FAILURES] + 1) & U64

    # Many at once

    def send_many(
        self, messages: Iterable[Sendable], message_type: int, flags: int, wait: Patience | Wait
    ) -> int:
        """Sends messages, with as few publications as there is room for; returns how many."""
        items = messages if isinstance(messages, (list, tuple)) else list(messages)
        writer = self.writer
        mark = writer.tip
        try:
            if self.open is not None:
                self._leave()
            self.check()
            type_word(message_type)
            mark = writer.tip
            flags = int(flags) & USER_FLAGS
            for first in range(0, len(items), _CHUNK):
                if not self._add_all(items[first : first + _CHUNK], message_type, flags, wait):
                    break
            writer.publish()
        except RingError as error:
            sent = (writer.tip[2] - mark[2]) & U64
            if not sent or not self._attachment.is_open:
                raise
            if isinstance(error, PeerError):
                # The count is what is told now; how the consumer ended is for the next call.
                self._link.watch.untold()
            writer.publish()
        except BaseException as error:
            self.recover(error, writer.tip)
            if self._attachment.is_open:
                writer.publish()
            raise
        return (writer.tip[2] - mark[2]) & U64

    def _add_all(
        self, items: Sequence[Sendable], message_type: int, flags: int, wait: Patience | Wait
    ) -> bool:
        """Adds some messages; False when one of them found no room within the time."""
        writer, word = self.writer, type_word(message_type)
        alike = not flags and _are_alike(items)
        at = 0
        while at < len(items):
            try:
                run = writer.put_alike(items[at:], word) if alike else 0
            except struct.error:
                # As long, but no bytes.
                alike, run = False, 0
            item = items[at]
            if not run and item.__class__ is bytes and not flags:
                run = int(writer.put(item, word))
            if not run:
                payload, own, own_flags, fields = outgoing(item, message_type, flags)
                if not self._add(payload, own, own_flags, wait, fields):
                    return False
                run = 1
            at += run
        return True

    def push(
        self,
        batch: ref[BatchWriter],
        payload: BytesLike,
        message_type: int,
        flags: int,
        wait: Patience | Wait,
    ) -> bool:
        """Adds a message to a batch, which is the one that is open then."""
        mark = self.writer.tip
        try:
            if self.open is not batch:
                self._leave()
                self.open = batch
            return self._add(as_bytes(payload), message_type, int(flags) & USER_FLAGS, wait)
        except BaseException as error:
            self.recover(error, mark)
            raise

    def commit_batch(self, batch: ref[BatchWriter]) -> None:
        """Publishes what was added to a batch."""
        mark = self.writer.tip
        try:
            if self.open is batch:
                self._leave()
            else:
                self.check()
        except BaseException as error:
            self.recover(error, mark)
            raise

    # Claims

    def claim(self, size: int, message_type: int, wait: Patience | Wait) -> Claim | None:
        """Room to be filled in place; None when there was none within the time."""
        if size < 0:
            message = f"a claim of {size} bytes"
            raise ValueError(message)
        mark = self.writer.tip
        try:
            self._leave()
            word = type_word(message_type)
            if not self._make_room(size, wait):
                return None
            claim = Claim(self, self._attachment.view, self.writer.tip[0], size, word)
            self.open = claim._token
        except BaseException as error:
            self.recover(error, mark)
            raise
        return claim

    def commit_claim(self, size: int, word: int, flags: int, fields: BytesLike | None) -> None:
        """Publishes a record that was filled in place."""
        mark = self.writer.tip
        try:
            self.writer.seal(size, word, flags, fields)
            self.writer.publish()
        except BaseException as error:
            self.recover(error, mark)
            raise

    def end(self, item: ref[Claim] | ref[BatchWriter]) -> None:
        """Ends a claim or a batch, if it is the one that is open: drops what is not published."""
        if self.open is not item:
            return
        if self._attachment.is_open:
            self.writer.discard()
        self.open = None

    def retire(self) -> None:
        """Drops what was claimed, or staged, for a producer that closes."""
        claim = None if self.open is None else self.open()
        if isinstance(claim, Claim):
            # Who keeps an array on it is told when the memory cannot be unmapped.
            with contextlib.suppress(BufferError):
                claim.abandon()
        self.open = None
        self.writer.discard()
        self.writer.look_closer()


def _are_alike(items: Sequence[Sendable]) -> bool:
    """Whether all have one length, as bytes may."""
    try:
        return len(set(map(len, items))) == 1  # type: ignore[arg-type]
    except TypeError:
        return False


def outgoing(
    item: Sendable, message_type: int, flags: int
) -> tuple[BytesLike, int, int, BytesLike | None]:
    """Payload, type, flags and header fields of something to be sent."""
    if isinstance(item, Payload):
        return item._pack(), item.MESSAGE_TYPE or TYPE_DATA, flags, None
    if isinstance(item, SharedMemoryMessage):
        own_flags = int(item.flags) & USER_FLAGS
        return item.payload, item.message_type, own_flags, item._header_fields
    return as_bytes(item), message_type, flags, None
