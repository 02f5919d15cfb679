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

    Texts that come from elsewhere may hold bytes that are not UTF-8. In fields they become
    surrogates, so that nothing is lost: `text.encode(errors="surrogateescape")` gives the bytes,
    and so does sending the struct on.

    A field that is called like a method is the field. The method is reached through this class:
    `Payload.pack(value)`, and `super(TestData, TestData).unpack(payload)`.

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
        return self._packed_size()

    def pack(self) -> bytes:
        """The payload's bytes.

        Raises:
            struct.error: A number does not fit its field.
            ValueError: A text or array does not fit its field.
        """
        return self._pack()

    def pack_into(self, buffer: memoryview | bytearray, offset: int = 0) -> None:
        """Writes the payload's bytes into a buffer, a claim's say.

        Raises:
            struct.error: A number does not fit its field, or the buffer is too short.
            ValueError: A text or array does not fit its field, or a tail the buffer.
        """
        self._pack_into(buffer, offset)

    @classmethod
    def unpack(cls: type[Struct], payload: BytesLike, *, exact: bool = False) -> Struct:
        """The struct in a payload, also in one of another version.

        What an older version lacks is zero, a tail empty; what a newer one has beyond the struct is
        ignored, or refused with `exact`.

        Raises:
            SizeMismatch: No version of the struct has this size.
        """
        return cls._unpack(payload, exact=exact)

    # What the engine goes by: a field of the spec may have any name that starts with a letter, and
    # hides the member above of that name.

    def _packed_size(self) -> int:
        return self.SIZE

    def _pack(self) -> bytes:
        return self._STRUCT.pack(*self._values())

    def _pack_into(self, buffer: memoryview | bytearray, offset: int) -> None:
        self._STRUCT.pack_into(buffer, offset, *self._values())

    @classmethod
    def _unpack(cls: type[Struct], payload: BytesLike, *, exact: bool = False) -> Struct:
        if len(payload) != cls.SIZE:
            payload = cls._fit(payload, exact=exact)
        return cls._make(cls._STRUCT.unpack(payload))

    @classmethod
    def _fit(cls, payload: BytesLike, *, exact: bool) -> BytesLike:
        """The fixed part that a payload of another version has, with zeros for what it lacks."""
        size = len(payload)
        error = cls._size_error(size, exact=exact)
        if error is not None:
            raise error
        if size > cls.SIZE:
            return memoryview(payload)[: cls.SIZE]
        return bytes(payload).ljust(cls.SIZE, b"\0")

    @classmethod
    def _size_error(cls, size: int, *, exact: bool) -> SizeMismatch | None:
        """What is wrong with a payload of so many bytes; None if a version of the struct has it."""
        if size == cls.SIZE or size in cls.OLDER_SIZES or (size > cls.SIZE and not exact):
            return None
        sizes = ", ".join(map(str, (*cls.OLDER_SIZES, cls.SIZE)))
        more = "" if exact else " or more"
        message = f"expected a payload of {sizes}{more} bytes, found {size}: no {cls.__name__}"
        return SizeMismatch(message, expected=cls.SIZE, found=size)

    @classmethod
    def numpy_dtype(cls) -> Any:
        """The numpy dtype of the fixed part: `numpy.frombuffer(payload, TestData.numpy_dtype())`.

        Raises:
            Unsupported: There is no numpy.
        """
        return cls._numpy_dtype()

    @classmethod
    def _numpy_dtype(cls) -> Any:
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
        """A structured numpy array with a row for each payload, also of another version.

        Copies once. :meth:`SharedMemoryConsumer.drain_array` receives into one, and takes no message
        that this would refuse.

        Raises:
            SizeMismatch: A payload has a size that no version of the struct has.
            Unsupported: There is no numpy, or the struct has a variable tail.

        ::

            prices = Price.numpy_array(consumer.drain(kind=Price))["price"].mean()
        """
        return cls._numpy_array(payloads)

    @classmethod
    def _numpy_array(cls, payloads: Iterable[bytes]) -> Any:
        dtype = cls._numpy_dtype()
        rows = [row if len(row) == cls.SIZE else cls._fit(row, exact=False) for row in payloads]
        return import_module("numpy").frombuffer(bytearray().join(rows), dtype)

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


def asdict(value: Payload) -> dict[str, Any]:
    """The fields of a struct by their names, for `json.dumps` and its like.

    Nested structs become dictionaries, arrays lists; enums stay what they are, which is numbers to
    `json`, and bytes stay bytes.

    ::

        asdict(TestData(id=1))  # {"id": 1, "value": 0.0, ...}
    """
    return {name: _plain(getattr(value, name)) for name in value._FIELDS}


def _plain(value: Any) -> Any:
    if isinstance(value, Payload):
        return asdict(value)
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


class PayloadWithTail(Payload):
    """A struct whose last field fills the rest of the payload."""

    __slots__ = ()

    def _packed_size(self) -> int:
        return self.SIZE + len(self._values()[-1])

    def _pack(self) -> bytes:
        *fixed, tail = self._values()
        return self._STRUCT.pack(*fixed) + bytes(tail)

    def _pack_into(self, buffer: memoryview | bytearray, offset: int) -> None:
        *fixed, tail = self._values()
        self._STRUCT.pack_into(buffer, offset, *fixed)
        start = offset + self.SIZE
        buffer[start : start + len(tail)] = tail

    @classmethod
    def _unpack(cls: type[Struct], payload: BytesLike, *, exact: bool = False) -> Struct:
        if len(payload) < cls.SIZE:
            payload = cls._fit(payload, exact=exact)
        fixed = cls._STRUCT.unpack_from(payload)
        return cls._make((*fixed, memoryview(payload)[cls.SIZE :]))

    @classmethod
    def _size_error(cls, size: int, *, exact: bool) -> SizeMismatch | None:
        """What is wrong with a payload of so many bytes; None if a version of the struct has it."""
        del exact
        return super()._size_error(size, exact=False)

    @classmethod
    def _numpy_array(cls, payloads: Iterable[bytes]) -> Any:
        # Rows of an array are all as long.
        del payloads
        message = f"{cls.__name__} has a variable tail, which fits no row of an array"
        raise Unsupported(message)


def _numpy_format(form: Any) -> Any:
    """A dtype's format: structs stand for their own dtypes, also in (struct, count) pairs."""
    if isinstance(form, tuple):
        return (_numpy_format(form[0]), form[1])
    if isinstance(form, type) and issubclass(form, Payload):
        return form._numpy_dtype()
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
    """The text in a zero-padded field; bytes that are not UTF-8 become surrogates."""
    return raw.partition(b"\0")[0].decode(errors="surrogateescape")


def tail_text(raw: BytesLike) -> str:
    """The text in a variable tail; bytes that are not UTF-8 become surrogates."""
    return str(raw, "utf-8", "surrogateescape")


def tail_bytes(value: str) -> bytes:
    """A text for a variable tail, as `tail_text` reads it.

    Raises:
        ValueError: It has a surrogate that stands for no byte.
    """
    return value.encode(errors="surrogateescape")


def text_bytes(value: str, size: int) -> bytes:
    """A text for a field of `size` bytes, which `struct` pads with zeros.

    Raises:
        ValueError: It is longer, or has a surrogate that stands for no byte.
    """
    raw = tail_bytes(value)
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
    return b"".join([value._pack() for value in values])


def unpack_all(kind: type[Struct], raw: BytesLike) -> tuple[Struct, ...]:
    """Structs that lie one after the other.

    Raises:
        SizeMismatch: The bytes are not a whole number of structs.
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
