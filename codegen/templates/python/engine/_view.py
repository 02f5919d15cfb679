"""In-place access to structs that lie in a buffer: nothing is copied but the values asked for.

A view is a class with one descriptor for each field; reading an attribute reads the buffer, and
assigning writes it. Views of received messages are read-only.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from ._errors import SizeMismatch
from ._payload import raw_bytes, tail_bytes, tail_text, text, text_bytes, unpack_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._typing import BytesLike

Value = TypeVar("Value")
Viewed = TypeVar("Viewed", bound="PayloadView")


def _cast(view: Any, code: str) -> memoryview:
    numbers: memoryview = view.cast(code)
    return numbers


class PayloadView:
    """Base of the views of the spec's structs.

    A view is valid as long as its buffer is: until a claim is committed, until a borrowed message
    is released.

    ::

        with producer.claim(TestData.SIZE, TestData.MESSAGE_TYPE) as room:
            TestData.View(room).value = 3.14
    """

    __slots__ = ("_buffer", "_start")

    SIZE: ClassVar[int] = 0

    def __init__(self, buffer: memoryview | bytearray | bytes, start: int = 0) -> None:
        """Looks at the struct that starts at byte `start` of a buffer.

        Raises:
            SizeMismatch: The buffer is too short, as the payload of an older version may be.
        """
        if start < 0 or len(buffer) - start < self.SIZE:
            message = (
                f"expected {self.SIZE} bytes ({type(self).__name__}), found {len(buffer) - start}"
            )
            raise SizeMismatch(message, expected=self.SIZE, found=len(buffer) - start)
        self._buffer = buffer
        self._start = start

    def __repr__(self) -> str:
        """Class and place."""
        return f"<{type(self).__name__} of {self.SIZE} bytes at {self._start}>"


class Field(Generic[Value]):
    """One field of a view; the base of all kinds."""

    __slots__ = ("_offset",)

    def __init__(self, offset: int) -> None:
        """The field starts at byte `offset` of its struct."""
        self._offset = offset

    def read(self, buffer: Any, at: int) -> Value:
        """The value at byte `at` of a buffer."""
        raise NotImplementedError

    def write(self, buffer: Any, at: int, value: Value) -> None:
        """Stores a value at byte `at` of a buffer."""
        raise NotImplementedError

    @overload
    def __get__(self, view: None, owner: type) -> Field[Value]: ...

    @overload
    def __get__(self, view: Any, owner: type) -> Value: ...

    def __get__(self, view: Any, owner: type) -> Field[Value] | Value:
        """Reads the field; of the class itself it gives the descriptor."""
        if view is None:
            return self
        return self.read(view._buffer, view._start + self._offset)

    def __set__(self, view: Any, value: Value) -> None:
        """Writes the field."""
        self.write(view._buffer, view._start + self._offset, value)


class _Number(Field[Value]):
    __slots__ = ("_struct",)

    def __init__(self, code: str, offset: int) -> None:
        """A number of a format code of the `struct` module."""
        super().__init__(offset)
        self._struct = Struct("<" + code)

    def read(self, buffer: Any, at: int) -> Value:
        """The value at byte `at` of a buffer."""
        value: Value = self._struct.unpack_from(buffer, at)[0]
        return value

    def write(self, buffer: Any, at: int, value: Value) -> None:
        """Stores a value; struct.error if it does not fit."""
        self._struct.pack_into(buffer, at, value)


class IntField(_Number[int]):
    """An integer."""

    __slots__ = ()


class FloatField(_Number[float]):
    """A floating-point number."""

    __slots__ = ()


class BoolField(_Number[bool]):
    """A truth value: a byte, of which every value but 0 is true."""

    __slots__ = ()


class EnumField(_Number[Value]):
    """An enum or a set of flags."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type[Value], code: str, offset: int) -> None:
        """A value of the enum class `kind` in a number of a format code."""
        super().__init__(code, offset)
        self._kind: Any = kind

    def read(self, buffer: Any, at: int) -> Value:
        """The value at byte `at` of a buffer."""
        value: Value = self._kind(self._struct.unpack_from(buffer, at)[0])
        return value


class _Sized(Field[Value]):
    __slots__ = ("_size",)

    def __init__(self, size: int, offset: int) -> None:
        """A field of `size` bytes."""
        super().__init__(offset)
        self._size = size


class TextField(_Sized[str]):
    """UTF-8 text, zero padded."""

    __slots__ = ()

    def read(self, buffer: Any, at: int) -> str:
        """The text; bytes that are not UTF-8 become surrogates."""
        return text(bytes(buffer[at : at + self._size]))

    def write(self, buffer: Any, at: int, value: str) -> None:
        """Stores a text; ValueError if it is too long."""
        buffer[at : at + self._size] = text_bytes(value, self._size).ljust(self._size, b"\0")


class BytesField(_Sized[bytes]):
    """Raw bytes, copied when read."""

    __slots__ = ()

    def read(self, buffer: Any, at: int) -> bytes:
        """The bytes."""
        return bytes(buffer[at : at + self._size])

    def write(self, buffer: Any, at: int, value: bytes) -> None:
        """Stores bytes; ValueError if they are not as many."""
        buffer[at : at + self._size] = raw_bytes(value, self._size)


class StructField(_Sized[Viewed]):
    """A struct within the struct, seen by a view of its own."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type[Viewed], size: int, offset: int) -> None:
        """A struct of `size` bytes, seen by the view class `kind`."""
        super().__init__(size, offset)
        self._kind = kind

    def read(self, buffer: Any, at: int) -> Viewed:
        """A view of the struct."""
        return self._kind(buffer, at)

    def write(self, buffer: Any, at: int, value: Viewed) -> None:
        """Copies the bytes of what another view sees."""
        source = memoryview(value._buffer)[value._start : value._start + self._size]
        buffer[at : at + self._size] = bytes(source)


class NumbersField(_Sized[memoryview]):
    """An array of numbers, as a memoryview of them: it reads and writes in place."""

    __slots__ = ("_code",)

    def __init__(self, code: str, size: int, offset: int) -> None:
        """An array of `size` bytes of numbers of a format code."""
        super().__init__(size, offset)
        self._code = code

    def read(self, buffer: Any, at: int) -> memoryview:
        """The numbers, in place. Release the view before its buffer goes."""
        return _cast(memoryview(buffer)[at : at + self._size], self._code)

    def write(self, buffer: Any, at: int, value: Sequence[Any]) -> None:
        """Stores as many numbers; ValueError if they are not."""
        raw = Struct(f"<{len(value)}{self._code}").pack(*value)
        buffer[at : at + self._size] = raw_bytes(raw, self._size)


class EnumsField(_Sized["tuple[Value, ...]"], Generic[Value]):
    """An array of enums, copied when read."""

    __slots__ = ("_code", "_kind")

    def __init__(self, kind: type[Value], code: str, size: int, offset: int) -> None:
        """An array of `size` bytes of values of the enum class `kind`."""
        super().__init__(size, offset)
        self._code = code
        self._kind: Any = kind

    def read(self, buffer: Any, at: int) -> tuple[Value, ...]:
        """The values."""
        raw = bytes(buffer[at : at + self._size])
        return tuple(map(self._kind, unpack_numbers(raw, self._code)))

    def write(self, buffer: Any, at: int, value: Sequence[Any]) -> None:
        """Stores as many values; ValueError if they are not."""
        raw = Struct(f"<{len(value)}{self._code}").pack(*value)
        buffer[at : at + self._size] = raw_bytes(raw, self._size)


class Views(Generic[Viewed]):
    """Structs that lie one after the other, each seen by a view when asked for."""

    __slots__ = ("_buffer", "_kind", "_size", "_start")

    def __init__(self, kind: type[Viewed], buffer: Any, start: int, size: int) -> None:
        """The structs in `size` bytes from byte `start` on.

        Raises:
            SizeMismatch: The bytes are not a whole number of structs.
        """
        if size % kind.SIZE:
            message = (
                f"expected a whole number of elements of {kind.SIZE} bytes, found {size} bytes"
            )
            raise SizeMismatch(message, expected=kind.SIZE, found=size)
        self._kind = kind
        self._buffer = buffer
        self._start = start
        self._size = size

    def __len__(self) -> int:
        """How many there are."""
        return self._size // self._kind.SIZE

    def __getitem__(self, index: int) -> Viewed:
        """A view of one of them."""
        count = len(self)
        if not -count <= index < count:
            message = f"element {index} of {count}"
            raise IndexError(message)
        return self._kind(self._buffer, self._start + index % count * self._kind.SIZE)

    def __iter__(self) -> Iterator[Viewed]:
        """A view of each."""
        return map(self.__getitem__, range(len(self)))


class StructsField(_Sized[Views[Viewed]]):
    """An array of structs."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type[Viewed], size: int, offset: int) -> None:
        """An array of `size` bytes of structs that the view class `kind` sees."""
        super().__init__(size, offset)
        self._kind = kind

    def read(self, buffer: Any, at: int) -> Views[Viewed]:
        """Views of the structs."""
        return Views(self._kind, buffer, at, self._size)

    def write(self, buffer: Any, at: int, value: Views[Viewed]) -> None:
        """Copies the bytes of what other views see; ValueError if they are not as many."""
        source = memoryview(value._buffer)[value._start : value._start + value._size]
        buffer[at : at + self._size] = raw_bytes(source, self._size)


class TextTail(Field[str]):
    """The rest of the payload as text."""

    __slots__ = ()

    def read(self, buffer: Any, at: int) -> str:
        """The text; bytes that are not UTF-8 become surrogates."""
        return tail_text(buffer[at:])

    def write(self, buffer: Any, at: int, value: str) -> None:
        """Stores a text that fills the rest exactly; ValueError otherwise."""
        buffer[at:] = raw_bytes(tail_bytes(value), len(buffer) - at)


class BytesTail(Field["BytesLike"]):
    """The rest of the payload as it is, in place."""

    __slots__ = ()

    def read(self, buffer: Any, at: int) -> BytesLike:
        """The bytes, in place. Release the view before its buffer goes."""
        return memoryview(buffer)[at:]

    def write(self, buffer: Any, at: int, value: BytesLike) -> None:
        """Stores bytes that fill the rest exactly; ValueError otherwise."""
        buffer[at:] = raw_bytes(value, len(buffer) - at)


class NumbersTail(Field[memoryview]):
    """The rest of the payload as numbers, in place."""

    __slots__ = ("_code",)

    def __init__(self, code: str, offset: int) -> None:
        """Numbers of a format code."""
        super().__init__(offset)
        self._code = code

    def read(self, buffer: Any, at: int) -> memoryview:
        """The numbers, in place; SizeMismatch if the rest is no whole number of them."""
        size = Struct("<" + self._code).size
        rest = memoryview(buffer)[at:]
        if len(rest) % size:
            message = f"expected a whole number of {size} bytes, found {len(rest)} bytes"
            raise SizeMismatch(message, expected=size, found=len(rest))
        return _cast(rest, self._code)

    def write(self, buffer: Any, at: int, value: Sequence[Any]) -> None:
        """Stores numbers that fill the rest exactly; ValueError otherwise."""
        raw = Struct(f"<{len(value)}{self._code}").pack(*value)
        buffer[at:] = raw_bytes(raw, len(buffer) - at)


class EnumsTail(Field["tuple[Value, ...]"], Generic[Value]):
    """The rest of the payload as enums, copied when read."""

    __slots__ = ("_code", "_kind")

    def __init__(self, kind: type[Value], code: str, offset: int) -> None:
        """Values of the enum class `kind` in numbers of a format code."""
        super().__init__(offset)
        self._code = code
        self._kind: Any = kind

    def read(self, buffer: Any, at: int) -> tuple[Value, ...]:
        """The values; SizeMismatch if the rest is no whole number of them."""
        return tuple(map(self._kind, unpack_numbers(bytes(buffer[at:]), self._code)))

    def write(self, buffer: Any, at: int, value: Sequence[Any]) -> None:
        """Stores values that fill the rest exactly; ValueError otherwise."""
        raw = Struct(f"<{len(value)}{self._code}").pack(*value)
        buffer[at:] = raw_bytes(raw, len(buffer) - at)


class StructsTail(Field[Views[Viewed]]):
    """The rest of the payload as structs."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type[Viewed], offset: int) -> None:
        """Structs that the view class `kind` sees."""
        super().__init__(offset)
        self._kind = kind

    def read(self, buffer: Any, at: int) -> Views[Viewed]:
        """Views of the structs; SizeMismatch if the rest is no whole number of them."""
        return Views(self._kind, buffer, at, len(buffer) - at)

    def write(self, buffer: Any, at: int, value: Views[Viewed]) -> None:
        """Copies the bytes of what other views see; ValueError if they do not fill the rest."""
        source = memoryview(value._buffer)[value._start : value._start + value._size]
        buffer[at:] = raw_bytes(source, len(buffer) - at)
