"""What a consumer does in the thread that calls it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from ._message import ReceivedMessage, SharedMemoryMessage, struct_of
from ._payload import text_of
from ._receiver import Receiver
from ._record import SIMPLE_HEADER

if TYPE_CHECKING:
    from ._payload import Payload

Struct = TypeVar("Struct", bound="Payload")

_EVERYTHING: Final = 1 << 62


class Receiving(Receiver):
    """The calls of :class:`SharedMemoryConsumer` that other languages have, too."""

    __slots__ = ()

    @overload
    def receive(self, timeout: None = None) -> bytes: ...

    @overload
    def receive(self, timeout: float) -> bytes | None: ...

    def receive(self, timeout: float | None = None) -> bytes | None:
        """Receives a copy of the next payload, of whatever type; None when the time is over.

        The message is given back before this returns: a process that is killed then may lose this
        one message, and gets none twice.

        Raises:
            PeerError: All was received, and the producer closed or died, or the file was removed.
            Corrupt: The ring holds what no producer writes. It is not advanced.
            MessageTooLarge: A message in pieces exceeds `Options.max_message_size`; it is dropped.
            MemoryError: There is no memory for one; it is dropped.
            UsageError: The object was closed, or forked, or a message is borrowed.
        """
        try:
            # One turn at most: a run has the payload, and what the counters are behind it.
            for payload, received, count, position in self._run:
                self._received = received
                received_cell, bytes_cell, position_cell, control_cell = self._cells
                received_cell[()] = received
                bytes_cell[()] = count
                position_cell[()] = position
                control = control_cell[()]
                if control != self._quiet:
                    self._quiet = self._link.notify(control)
                return payload
            return self._receive_single(timeout)
        except BaseException as error:
            self._after_failure(error)
            raise

    def try_receive(self) -> bytes | None:
        """Receives a copy of the next payload if there is a message, else None. Never waits.

        "None" may stop being so at any moment; a message that is there stays.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self.receive(0)

    @overload
    def receive_message(self, timeout: None = None) -> SharedMemoryMessage: ...

    @overload
    def receive_message(self, timeout: float) -> SharedMemoryMessage | None: ...

    def receive_message(self, timeout: float | None = None) -> SharedMemoryMessage | None:
        """Receives a copy of the next message with its type and flags; None when the time is over.

        A kill loses and repeats what it does with :meth:`receive`.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            # The header has nothing else to tell than that it is the next of the run.
            turn = next(self._run, None) if SIMPLE_HEADER else None
            if turn is not None:
                message = SharedMemoryMessage(self._like[2], turn[0], 0, self._id_in_run())
                self._take_turn(turn)
                return message
            shape = self._look_short(timeout)
            if shape is not None:
                message = self._message_at(self._index, shape)
                self._take_short(shape, may_run=SIMPLE_HEADER)
                return message
            if not self._await(timeout):
                return None
            message = self._copy()
            self._finish()
        except BaseException as error:
            self._after_failure(error)
            raise
        return message

    def try_receive_message(self) -> SharedMemoryMessage | None:
        """Receives a copy of the next message if there is one, else None. Never waits.

        Raises:
            RingError: As for :meth:`receive`.
        """
        return self.receive_message(0)

    @overload
    def receive_string(self, timeout: None = None) -> str: ...

    @overload
    def receive_string(self, timeout: float) -> str | None: ...

    def receive_string(self, timeout: float | None = None) -> str | None:
        """Receives the next payload as text, of whatever type; None when the time is over.

        A kill loses and repeats what it does with :meth:`receive`.

        Raises:
            InvalidUtf8: It is not UTF-8; `found` has its bytes. The message stays in the ring:
                :meth:`skip` drops it, :meth:`receive` gives its bytes.
            RingError: As for :meth:`receive`.
        """
        return self._receive_as(_text_of, timeout)

    def try_receive_string(self) -> str | None:
        """Receives the next payload as text if there is a message, else None. Never waits.

        Raises:
            RingError: As for :meth:`receive_string`.
        """
        return self.receive_string(0)

    @overload
    def receive_typed(self, kind: type[Struct], timeout: None = None) -> Struct: ...

    @overload
    def receive_typed(self, kind: type[Struct], timeout: float) -> Struct | None: ...

    def receive_typed(self, kind: type[Struct], timeout: float | None = None) -> Struct | None:
        """Receives the next message as one of the spec's structs; None when the time is over.

        Takes messages of the struct's own type and plain data. A payload that is longer than the
        struct is that of a newer version, of which the known part is read, unless
        `Options.exact_size` refuses it. A message that does not fit stays in the ring, and is found
        again until :meth:`skip` drops it::

            try:
                data = consumer.receive_typed(TestData)
            except (TypeMismatch, SizeMismatch):
                consumer.skip()

        A kill loses and repeats what it does with :meth:`receive`.

        Raises:
            TypeMismatch: The message is of another type.
            SizeMismatch: The payload has a size that no version of the struct has.
            RingError: As for :meth:`receive`.
        """
        return self._receive_as(partial(struct_of, kind, exact=self._options.exact_size), timeout)

    def try_receive_typed(self, kind: type[Struct]) -> Struct | None:
        """Receives the next message as one of the spec's structs if there is one, else None.

        Never waits.

        Raises:
            RingError: As for :meth:`receive_typed`.
        """
        return self.receive_typed(kind, 0)

    @overload
    def borrow(self, timeout: None = None) -> ReceivedMessage: ...

    @overload
    def borrow(self, timeout: float) -> ReceivedMessage | None: ...

    def borrow(self, timeout: float | None = None) -> ReceivedMessage | None:
        """Receives the next message in place, without a copy; None when the time is over.

        Its room is given back when it is released; until then nothing else can be received. A
        process that is killed before loses nothing: the next consumer gets the message again.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            shape = self._look_short(timeout)
            if shape is not None:
                return self._lend_short(shape)
            return self._lend() if self._await(timeout) else None
        except BaseException as error:
            self._after_failure(error)
            raise

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for a message and leaves it in the ring; False when the time is over.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            if self._is_in_run():
                self._attachment.check_usable()
                return True
            return self._await(timeout)
        except BaseException as error:
            self._after_failure(error)
            raise

    def has_message(self) -> bool:
        """Whether a message is there, so that the next receive does not wait. Never waits.

        "No" may stop being so at any moment; a message that is there stays. It does not ask after
        the producer.

        Raises:
            Corrupt, MessageTooLarge, UsageError: As for :meth:`receive`.
        """
        try:
            if self._is_in_run():
                self._attachment.check_usable()
                return True
            self._check()
            return self._find()
        except BaseException as error:
            self._after_failure(error)
            raise

    def peek(self) -> SharedMemoryMessage | None:
        """Copies the next message and leaves it in the ring; None if there is none. Never waits.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            return self._copy() if self._poll() else None
        except BaseException as error:
            self._after_failure(error)
            raise

    def skip(self) -> bool:
        """Drops the next message, whatever it is; False if there is none. Never waits.

        For one that a typed receive refused: that would find it again and again.

        Raises:
            RingError: As for :meth:`receive`.
        """
        try:
            if not self._poll():
                return False
            self._finish()
        except BaseException as error:
            self._after_failure(error)
            raise
        return True

    def skip_to_latest(self) -> int:
        """Drops all messages that are there but the last whole one. Returns how many.

        What is dropped counts as received. A lap of messages at most. Never waits.

        Raises:
            UsageError: As for :meth:`receive`.
        """
        return self._discard(keep_latest=True)

    def clear(self) -> int:
        """Drops all messages that are there. Returns how many whole ones that are.

        What is dropped counts as received. A lap of messages at most. Never waits.

        Raises:
            UsageError: As for :meth:`receive`.
        """
        return self._discard(keep_latest=False)

    def drain_array(self, kind: type[Payload], max_messages: int = _EVERYTHING) -> Any:
        """Drains messages of one struct into a structured numpy array, a row for each.

        Takes what `drain(kind=...)` takes, and everything that could refuse them is asked before:
        no error loses any. A kill loses and repeats what it does with :meth:`drain`. Never waits;
        an array without rows says that nothing is there.

        Raises:
            Unsupported: There is no numpy, or the struct has a variable tail.
            RingError: As for :meth:`drain`.
        """
        kind._numpy_array(())
        return kind._numpy_array(self.drain(max_messages, kind=kind))


def _text_of(_message_type: int, payload: bytes) -> str:
    return text_of(payload)
