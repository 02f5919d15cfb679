"""Looking at a ring without a role in it."""

from __future__ import annotations

from ._attach import attach, observe
from ._consumer import SharedMemoryConsumer
from ._endpoint import Endpoint
from ._options import Mode, Options, with_capacity
from ._producer import SharedMemoryProducer


class Monitor(Endpoint):
    """A third process that only looks: it maps the ring read-only and disturbs nobody.

    Any number may exist. Threads: any.

    ::

        with Monitor("prices") as monitor:
            print(monitor.statistics())

    Raises:
        AttachError: The ring is not there, or not what this program expects.
        Unsupported: This machine or Python cannot do it.
        Io: A system call failed.
    """

    __slots__ = ()

    def __init__(self, name: str, options: Options | None = None) -> None:
        """Opens an existing ring for reading; `Options.mode` does not matter."""
        super().__init__(observe(name, options or Options()))

    @property
    def is_removed(self) -> bool:
        """Whether the ring's file was removed: nobody can join this ring any more."""
        self._attachment.check_usable()
        return not self._attachment.has_its_name()


class RingBuffer(Endpoint):
    """A ring without a role in it: made or opened, looked at, and given its two sides.

    Threads: any.

    ::

        with RingBuffer("prices", 1 << 20) as ring:
            with ring.producer() as producer, ring.consumer() as consumer:
                producer.send(b"to myself")
                print(consumer.receive())

    Raises:
        AttachError: The ring cannot be made or opened.
        Unsupported: This machine or Python cannot do it.
        Io: A system call failed.
    """

    __slots__ = ("_options",)

    def __init__(
        self, name: str, capacity: int | None = None, options: Options | None = None
    ) -> None:
        """Makes the ring `name` if it is not there, and maps it.

        Args:
            name: 1 to 200 of `A-Z a-z 0-9 . _ -`, not starting with a dot.
            capacity: Bytes in the data area, rounded up to a power of two; None leaves it to
                `options`.
            options: Everything else; also for the sides that it gives away.
        """
        self._options = with_capacity(options, capacity)
        super().__init__(attach(name, self._options, None))

    def _side_options(self) -> Options:
        self._attachment.check_usable()
        from dataclasses import replace  # noqa: PLC0415 - only here

        return replace(self._options, mode=Mode.OPEN_ONLY, capacity=self.capacity)

    def producer(self) -> SharedMemoryProducer:
        """Takes the sending role.

        Raises:
            NotFound: The ring was removed meanwhile.
            RingError: As for :class:`SharedMemoryProducer`.
        """
        return SharedMemoryProducer(self.name, options=self._side_options())

    def consumer(self) -> SharedMemoryConsumer:
        """Takes the receiving role.

        Raises:
            NotFound: The ring was removed meanwhile.
            RingError: As for :class:`SharedMemoryConsumer`.
        """
        return SharedMemoryConsumer(self.name, options=self._side_options())

    @property
    def is_removed(self) -> bool:
        """Whether the ring's file was removed: nobody can join this ring any more."""
        self._attachment.check_usable()
        return not self._attachment.has_its_name()
