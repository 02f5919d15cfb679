"""The file behind a ring: its name, its creation, and the checks before it is used."""

from __future__ import annotations

import errno
import mmap
import os
import struct
import time
from typing import Final, NamedTuple

from .._layout import (
    CAPACITY_OFFSET,
    CREATED_UNIX_NS_OFFSET,
    FILE_PREFIX,
    HEADER_SIZE_OFFSET,
    LAYOUT_HASH,
    LAYOUT_HASH_OFFSET,
    MAGIC,
    MAGIC_OFFSET,
    RING_HEADER_SIZE,
    SCHEMA_HASH,
    SCHEMA_HASH_OFFSET,
    VERSION_MAJOR,
    VERSION_MAJOR_OFFSET,
    VERSION_MINOR,
    VERSION_MINOR_OFFSET,
)
from . import _platform
from ._errors import (
    AlreadyExists,
    BadMagic,
    CapacityMismatch,
    FolderMissing,
    HeaderSizeMismatch,
    InvalidCapacity,
    InvalidName,
    Io,
    LayoutMismatch,
    NotFound,
    NotRegularFile,
    PermissionDenied,
    RingError,
    SchemaMismatch,
    TooShort,
    Unsupported,
    VersionMismatch,
    WrongEndianness,
    WrongOwner,
)
from ._options import Options
from ._record import MAX_CAPACITY, MIN_CAPACITY, check_capacity

_FOLDER_VARIABLE: Final = "BITRPC_SHM_DIR"
_LONGEST_NAME: Final = 200
_NAME_BYTES: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_NOT_A_FILE: Final = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EMLINK})
_NO_LOCKS: Final = frozenset(
    {errno.ENOLCK, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
)

_U16: Final = struct.Struct("<H")
_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")


class Target(NamedTuple):
    """A ring's name and where its file is."""

    name: str
    folder: str
    file_name: str
    path: str


class Segment(NamedTuple):
    """An open, checked and mapped ring."""

    target: Target
    memory: mmap.mmap
    capacity: int
    schema_hash: int
    created_unix_ns: int
    identity: tuple[int, int]
    """Of the file that is mapped."""


def locate(name: str, options: Options) -> Target:
    """Checks a name before any file is touched, and finds the folder.

    Raises:
        InvalidName: The name could lead out of the folder, or is no name at all.
    """
    why = ""
    if not isinstance(name, str):
        why = f"it is {type(name).__name__}, not str"
    elif not name:
        why = "it is empty"
    elif len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME:
        why = f"it is longer than {_LONGEST_NAME} bytes"
    elif name.startswith("."):
        why = "it starts with a dot"
    elif not _NAME_BYTES.issuperset(name):
        why = "it has a character that is not allowed"
    if why:
        message = (
            f"invalid ring name {name!r:.250}: {why}; "
            f"expected 1 to {_LONGEST_NAME} of A-Z a-z 0-9 . _ - without a dot in front"
        )
        raise InvalidName(message, found=name)
    folder = options.directory or os.environ.get(_FOLDER_VARIABLE) or _platform.default_folder()
    folder = os.fspath(folder)
    file_name = FILE_PREFIX + name
    return Target(name, folder, file_name, os.path.join(folder, file_name))


def round_capacity(asked: int) -> int:
    """The power of two that an asked capacity stands for.

    Raises:
        InvalidCapacity: It is 0, negative, no integer, or beyond the largest.
    """
    is_number = isinstance(asked, int) and not isinstance(asked, bool)
    if not is_number or not 0 < asked <= MAX_CAPACITY:
        message = (
            f"invalid capacity {asked!r}: expected {MIN_CAPACITY} to {MAX_CAPACITY} bytes "
            "(smaller ones are rounded up)"
        )
        raise InvalidCapacity(message, expected=MAX_CAPACITY, found=asked)
    return max(MIN_CAPACITY, 1 << (asked - 1).bit_length())


def system_error(target: Target, operation: str, error: OSError) -> RingError:
    """The error of this package that a system call's failure stands for."""
    path = target.path
    if isinstance(error, FileNotFoundError):
        if not os.path.isdir(target.folder):
            message = f"the folder for rings does not exist: {target.folder}"
            return FolderMissing(message, expected=target.folder)
        return NotFound(f"no ring at {path}", expected=path)
    if isinstance(error, FileExistsError):
        return AlreadyExists.at(path)
    kind = kind_at(path)
    if error.errno in _NOT_A_FILE or kind:
        kind = kind or "something else"
        return NotRegularFile(f"expected a regular file at {path}, found {kind}", found=kind)
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return PermissionDenied(f"permission denied: {operation} {path}", expected=path)
    return Io.of(operation, path, error)


def lock_error(target: Target, error: OSError) -> RingError:
    """The error for a lock that the system does not give at all."""
    if error.errno not in _NO_LOCKS:
        return system_error(target, "lock", error)
    message = (
        f"the file system of {target.folder} knows no locks of open files ({error.strerror}), "
        "which stand for the two roles of a ring"
    )
    return Unsupported(message, expected="open-file-description locks", found=error.errno)


def kind_at(path: str) -> str:
    """What has a name, if that is no file; empty if it is one, or nothing."""
    try:
        return _platform.path_info(path).kind
    except OSError:
        return ""


def _check_identity(header: bytes, target: Target) -> None:
    """Checks the identity at the start of a ring; everything in it counts as hostile."""
    path = target.path
    magic = _U32.unpack_from(header, MAGIC_OFFSET)[0]
    if magic != MAGIC:
        swapped = int.from_bytes(magic.to_bytes(4, "little"), "big")
        what = "a ring of the other byte order" if swapped == MAGIC else "no ring of this protocol"
        message = f"{path}: {what}: expected magic {MAGIC:#010x}, found {magic:#010x}"
        error = WrongEndianness if swapped == MAGIC else BadMagic
        raise error(message, expected=MAGIC, found=magic)
    major = _U16.unpack_from(header, VERSION_MAJOR_OFFSET)[0]
    minor = _U16.unpack_from(header, VERSION_MINOR_OFFSET)[0]
    if major != VERSION_MAJOR:
        message = f"{path}: expected version {VERSION_MAJOR}.{VERSION_MINOR}, found {major}.{minor}"
        versions = (VERSION_MAJOR, VERSION_MINOR)
        raise VersionMismatch(message, expected=versions, found=(major, minor))
    size = _U32.unpack_from(header, HEADER_SIZE_OFFSET)[0]
    if size != RING_HEADER_SIZE:
        message = f"{path}: expected a header of {RING_HEADER_SIZE} bytes, found {size}"
        raise HeaderSizeMismatch(message, expected=RING_HEADER_SIZE, found=size)
    layout = _U64.unpack_from(header, LAYOUT_HASH_OFFSET)[0]
    if layout != LAYOUT_HASH:
        message = f"{path}: expected layout hash {LAYOUT_HASH:#018x}, found {layout:#018x}"
        raise LayoutMismatch(message, expected=LAYOUT_HASH, found=layout)


def _check_schema(header: bytes, target: Target, options: Options) -> None:
    """Checks that equal versions mean the same by their messages."""
    schema = _U64.unpack_from(header, SCHEMA_HASH_OFFSET)[0]
    minor = _U16.unpack_from(header, VERSION_MINOR_OFFSET)[0]
    if schema == SCHEMA_HASH or minor != VERSION_MINOR or options.any_schema:
        return
    message = f"{target.path}: expected schema hash {SCHEMA_HASH:#018x}, found {schema:#018x}"
    raise SchemaMismatch(message, expected=SCHEMA_HASH, found=schema)


def _check_size(capacity: int, file_size: int, target: Target, options: Options) -> None:
    """Checks the header's capacity against the file's size and the asked capacity."""
    check_capacity(capacity)
    needed = RING_HEADER_SIZE + capacity
    if file_size < needed:
        message = f"{target.path}: expected {needed} bytes, found {file_size}"
        raise TooShort(message, expected=needed, found=file_size)
    if options.capacity is not None:
        asked = round_capacity(options.capacity)
        if asked != capacity:
            message = (
                f"{target.path}: asked for a capacity of {asked} bytes, the ring has {capacity}"
            )
            raise CapacityMismatch(message, expected=asked, found=capacity)


def _read_header(fd: int) -> bytes:
    """The first bytes of a file, up to the size of a ring header."""
    parts = []
    missing = RING_HEADER_SIZE
    os.lseek(fd, 0, os.SEEK_SET)
    while missing:
        part = os.read(fd, missing)
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def map_segment(fd: int, target: Target, header: bytes, *, writable: bool) -> Segment:
    """Maps a ring whose header was checked."""
    capacity = _U64.unpack_from(header, CAPACITY_OFFSET)[0]
    access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
    try:
        memory = mmap.mmap(fd, RING_HEADER_SIZE + capacity, access=access)
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
        message = f"the file system of {target.folder} cannot map files into shared memory"
        raise Unsupported(message, expected="shared mappings", found=error.errno) from error
    except ValueError as error:
        # Cut off since its size was checked.
        found = _platform.file_info(fd).size
        message = f"{target.path}: expected {RING_HEADER_SIZE + capacity} bytes, found {found}"
        raise TooShort(message, expected=RING_HEADER_SIZE + capacity, found=found) from error
    return Segment(
        target,
        memory,
        capacity,
        _U64.unpack_from(header, SCHEMA_HASH_OFFSET)[0],
        _U64.unpack_from(header, CREATED_UNIX_NS_OFFSET)[0],
        _platform.file_info(fd).identity,
    )


def _check_file(fd: int, target: Target, options: Options) -> bytes:
    """Checks everything that the file and its header say, and returns the header."""
    info = _platform.file_info(fd)
    if info.kind:
        message = f"expected a regular file at {target.path}, found {info.kind}"
        raise NotRegularFile(message, found=info.kind)
    user = _platform.user_id()
    if info.owner != user and not options.any_owner:
        message = f"{target.path} belongs to user {info.owner}, expected user {user}"
        raise WrongOwner(message, expected=user, found=info.owner)
    header = _read_header(fd)
    if len(header) < RING_HEADER_SIZE:
        message = f"{target.path}: expected {RING_HEADER_SIZE} bytes, found {len(header)}"
        raise TooShort(message, expected=RING_HEADER_SIZE, found=len(header))
    _check_identity(header, target)
    capacity = _U64.unpack_from(header, CAPACITY_OFFSET)[0]
    _check_size(capacity, info.size, target, options)
    _check_schema(header, target, options)
    return header


def open_segment(target: Target, options: Options, *, writable: bool) -> Segment:
    """Opens a ring, checks everything that must be so before it is used, and maps it.

    Raises:
        AttachError: The ring is not there, or not what this program expects.
        Io: A system call failed.
    """
    if options.capacity is not None:
        round_capacity(options.capacity)
    try:
        fd = _platform.open_existing(target.path, writable=writable)
        try:
            header = _check_file(fd, target, options)
            return map_segment(fd, target, header, writable=writable)
        finally:
            # The mapping has a descriptor of its own.
            os.close(fd)
    except OSError as error:
        raise system_error(target, "open", error) from error


def new_header(capacity: int) -> bytes:
    """The header of a new ring: its identity filled in, everything else zero."""
    header = bytearray(RING_HEADER_SIZE)
    _U32.pack_into(header, MAGIC_OFFSET, MAGIC)
    _U16.pack_into(header, VERSION_MAJOR_OFFSET, VERSION_MAJOR)
    _U16.pack_into(header, VERSION_MINOR_OFFSET, VERSION_MINOR)
    _U64.pack_into(header, LAYOUT_HASH_OFFSET, LAYOUT_HASH)
    _U64.pack_into(header, SCHEMA_HASH_OFFSET, SCHEMA_HASH)
    _U64.pack_into(header, CAPACITY_OFFSET, capacity)
    _U32.pack_into(header, HEADER_SIZE_OFFSET, RING_HEADER_SIZE)
    _U64.pack_into(header, CREATED_UNIX_NS_OFFSET, time.time_ns())
    return bytes(header)


def remove_ring(name: str, directory: str | os.PathLike[str] | None = None) -> bool:
    """Removes a ring's file at any time; False if there was none.

    Processes that have it open find out at their next liveness check (:class:`Removed`).

    Raises:
        InvalidName: The name is not one.
        NotRegularFile: Something else than a file has the ring's name.
        PermissionDenied: The system refuses.
        Io: Another failure of the system.

    ::

        remove_ring("prices")
    """
    target = locate(name, Options(directory=directory))
    kind = kind_at(target.path)
    if kind:
        message = f"expected a regular file at {target.path}, found {kind}"
        raise NotRegularFile(message, found=kind)
    try:
        _platform.remove(target.path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise system_error(target, "remove", error) from error
    return True


def ring_path(name: str, directory: str | os.PathLike[str] | None = None) -> str:
    """The file that a ring of this name has, or would have.

    Raises:
        InvalidName: The name is not one.
    """
    return locate(name, Options(directory=directory)).path
