"""What the generated structs are made of: from values to the bytes of a C struct and back.

A payload is a plain C struct, the *fixed part*, and behind it an optional *variable tail* that
fills the rest of the payload.
"""

from __future__ import annotations

import struct
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ._errors import InvalidUtf8, SizeMismatch, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ._typing import BytesLike

Struct = TypeVar("Struct", bound="Payload")
Number = TypeVar("Number")


class Payload:
    """Base of the spec's structs.

    Attributes:
        MESSAGE_TYPE: The message type that the struct travels under; None if it has none.
        SIZE: Bytes of the fixed part, padding included.
        ALIGN: Its alignment in bytes.
        OLDER_SIZES: Payload sizes of older versions, which are accepted; what they lack is zero.
    """

    __slots__ = ()
    MESSAGE_TYPE: ClassVar[int | None] = None
    SIZE: ClassVar[int] = 0
    ALIGN: ClassVar[int] = 1
    OLDER_SIZES: ClassVar[tuple[int, ...]] = ()
    _FIELDS: ClassVar[tuple[str, ...]] = ()
    _STRUCT: ClassVar[struct.Struct]
    _DTYPE: ClassVar[Mapping[str, tuple[Any, int]]] = {}

    def __init_subclass__(cls) -> None:
        """Checks at import that the struct's format is as large as the spec says."""
        cls._FIELDS = tuple(cls.__slots__)
        # What pattern matching goes by; spelled so because Python's own type is stricter.
        type.__setattr__(cls, "__match_args__", cls._FIELDS)
        if "_STRUCT" in vars(cls) and cls._STRUCT.size != cls.SIZE:
            message = f"{cls.__name__} has {cls._STRUCT.size} bytes, the spec says {cls.SIZE}"
            raise ImportError(message)

    def _values(self) -> list[Any]:
        """What the struct's format packs, in order; with a tail, its bytes come last."""
        return []

    @classmethod
    def _make(cls: type[Struct], v: tuple[Any, ...]) -> Struct:
        """The struct of what its format unpacks; with a tail, its bytes come last."""
        return cls(*v)

    @property
    def packed_size(self) -> int:
        """Bytes that :meth:`pack` gives."""
        return self.SIZE

    def pack(self) -> bytes:
        """The payload's bytes.

        Raises:
            struct.error: A number does not fit its field.
            ValueError: A text or array does not fit its field.
        """
        return self._STRUCT.pack(*self._values())

    def pack_into(self, buffer: memoryview | bytearray, offset: int = 0) -> None:
        """Writes the payload's bytes into a buffer, a claim's say.

        Raises:
            struct.error: A number does not fit its field, or the buffer is too short.
            ValueError: A text or array does not fit its field.
        """
        self._STRUCT.pack_into(buffer, offset, *self._values())

    @classmethod
    def unpack(cls: type[Struct], payload: BytesLike) -> Struct:
        """The struct in a payload, also in one of an older version.

        Raises:
            SizeMismatch: No version of the struct has this size.
            InvalidUtf8: A text is not UTF-8.
        """
        if len(payload) != cls.SIZE:
            payload = cls._grow(payload)
        return cls._make(cls._STRUCT.unpack(payload))

    @classmethod
    def _grow(cls, payload: BytesLike) -> bytes:
        """The payload of an older version with zeros for what it lacks."""
        size = len(payload)
        if size not in cls.OLDER_SIZES:
            sizes = ", ".join(map(str, (*cls.OLDER_SIZES, cls.SIZE)))
            message = f"expected a payload of {sizes} bytes ({cls.__name__}), found {size}"
            raise SizeMismatch(message, expected=cls.SIZE, found=size)
        return bytes(payload).ljust(cls.SIZE, b"\0")

    @classmethod
    def numpy_dtype(cls) -> Any:
        """The numpy dtype of the fixed part: `numpy.frombuffer(payload, TestData.numpy_dtype())`.

        Raises:
            Unsupported: There is no numpy.
        """
        try:
            numpy = import_module("numpy")
        except ImportError as error:
            message = "numpy is not installed"
            raise Unsupported(message) from error
        names, formats, offsets = [], [], []
        for name, (form, offset) in cls._DTYPE.items():
            names.append(name)
            formats.append(_numpy_format(form))
            offsets.append(offset)
        return numpy.dtype(
            dict(names=names, formats=formats, offsets=offsets, itemsize=cls.SIZE)  # noqa: C408
        )

    @classmethod
    def numpy_array(cls, payloads: Iterable[bytes]) -> Any:
        """A structured numpy array with a row for each payload, of a drained batch say.

        Copies once. Variable tails are not possible.

        Raises:
            SizeMismatch: A payload has another size than the struct.
            Unsupported: There is no numpy.

        ::

            prices = Price.numpy_array(consumer.drain())["price"].mean()
        """
        rows = list(payloads)
        for row in rows:
            if len(row) != cls.SIZE:
                message = (
                    f"expected payloads of {cls.SIZE} bytes ({cls.__name__}), found {len(row)}"
                )
                raise SizeMismatch(message, expected=cls.SIZE, found=len(row))
        dtype = cls.numpy_dtype()
        return import_module("numpy").frombuffer(b"".join(rows), dtype)

    def __eq__(self, other: object) -> bool:
        """Same class and equal fields."""
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._FIELDS)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """As one would make it."""
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._FIELDS)
        return f"{type(self).__name__}({fields})"


class PayloadWithTail(Payload):
    """A struct whose last field fills the rest of the payload."""

    __slots__ = ()

    @property
    def packed_size(self) -> int:
        """Bytes that :meth:`pack` gives."""
        return self.SIZE + len(self._values()[-1])

    def pack(self) -> bytes:
        """The payload's bytes.

        Raises:
            struct.error: A number does not fit its field.
            ValueError: A text or array does not fit its field.
        """
        *fixed, tail = self._values()
        return self._STRUCT.pack(*fixed) + bytes(tail)

    def pack_into(self, buffer: memoryview | bytearray, offset: int = 0) -> None:
        """Writes the payload's bytes into a buffer, a claim's say.

        Raises:
            struct.error: A number does not fit its field, or the buffer is too short.
            ValueError: A text or array does not fit its field, or the tail the buffer.
        """
        *fixed, tail = self._values()
        self._STRUCT.pack_into(buffer, offset, *fixed)
        start = offset + self.SIZE
        buffer[start : start + len(tail)] = tail

    @classmethod
    def unpack(cls: type[Struct], payload: BytesLike) -> Struct:
        """The struct in a payload, also in one of an older version, whose tail is empty.

        Raises:
            SizeMismatch: No version of the struct has this size.
            InvalidUtf8: A text is not UTF-8.
        """
        if len(payload) < cls.SIZE:
            payload = cls._grow(payload)
        fixed = cls._STRUCT.unpack_from(payload)
        return cls._make((*fixed, memoryview(payload)[cls.SIZE :]))


def _numpy_format(form: Any) -> Any:
    """A dtype's format: structs stand for their own dtypes, also in (struct, count) pairs."""
    if isinstance(form, tuple):
        return (_numpy_format(form[0]), form[1])
    if isinstance(form, type) and issubclass(form, Payload):
        return form.numpy_dtype()
    return form


def text_of(payload: BytesLike) -> str:
    """A payload as text.

    Raises:
        InvalidUtf8: It is not UTF-8.
    """
    try:
        return str(payload, "utf-8")
    except UnicodeDecodeError as error:
        message = f"expected UTF-8, found another byte at {error.start} of {len(payload)}"
        raise InvalidUtf8(message, found=bytes(payload)) from None


def text(raw: bytes) -> str:
    """The text in a zero-padded field.

    Raises:
        InvalidUtf8: It is not UTF-8.
    """
    try:
        return raw.partition(b"\0")[0].decode()
    except UnicodeDecodeError as error:
        message = f"expected UTF-8, found another byte at {error.start} of a {len(raw)}-byte field"
        raise InvalidUtf8(message, found=raw) from None


def text_bytes(value: str, size: int) -> bytes:
    """A text for a field of `size` bytes, which `struct` pads with zeros.

    Raises:
        ValueError: It is longer.
    """
    raw = value.encode()
    if len(raw) > size:
        message = f"a text of {len(raw)} bytes in UTF-8 does not fit into {size}: {value!r:.80}"
        raise ValueError(message)
    return raw


def raw_bytes(value: BytesLike, size: int) -> bytes:
    """Bytes for a field of exactly `size` bytes.

    Raises:
        ValueError: They are not so many.
    """
    if len(value) != size:
        message = f"expected exactly {size} bytes, found {len(value)}"
        raise ValueError(message)
    return bytes(value)


def items(values: Sequence[Number], count: int) -> Sequence[Number]:
    """The elements of an array of exactly `count`.

    Raises:
        ValueError: They are not so many.
    """
    if len(values) != count:
        message = f"expected exactly {count} elements, found {len(values)}"
        raise ValueError(message)
    return values


def pack_all(values: Sequence[Payload]) -> bytes:
    """The bytes of structs, one after the other."""
    return b"".join([value.pack() for value in values])


def unpack_all(kind: type[Struct], raw: BytesLike) -> tuple[Struct, ...]:
    """Structs that lie one after the other.

    Raises:
        SizeMismatch: The bytes are not a whole number of structs.
        InvalidUtf8: A text is not UTF-8.
    """
    _check_whole(raw, kind.SIZE)
    return tuple(map(kind._make, kind._STRUCT.iter_unpack(raw)))


def pack_numbers(values: Sequence[Any], code: str) -> bytes:
    """The bytes of numbers of a format code, one after the other.

    Raises:
        struct.error: A number does not fit.
    """
    return struct.pack(f"<{len(values)}{code}", *values)


def unpack_numbers(raw: BytesLike, code: str) -> tuple[Any, ...]:
    """Numbers of a format code that lie one after the other.

    Raises:
        SizeMismatch: The bytes are not a whole number of them.
    """
    size = struct.calcsize("<" + code)
    _check_whole(raw, size)
    return struct.unpack(f"<{len(raw) // size}{code}", raw)


def _check_whole(raw: BytesLike, size: int) -> None:
    if len(raw) % size:
        message = f"expected a whole number of elements of {size} bytes, found {len(raw)} bytes"
        raise SizeMismatch(message, expected=size, found=len(raw))
