"""Errors: one class for each thing that can go wrong.

Full, empty and timeout are results, not errors: operations that may meet them return False or
None. All errors are a :class:`RingError` and say in their message what was expected and what was
found; `expected` and `found` hold the same as values.

::

    RingError
    ├── AttachError              the ring was not created or opened
    │   ├── InvalidName          forbidden character, empty, too long
    │   ├── InvalidCapacity      0, negative or beyond the largest
    │   ├── CapacityMismatch     the ring has another capacity
    │   ├── NotFound             no such ring
    │   ├── AlreadyExists        there is such a ring already
    │   ├── FolderMissing        the folder for rings does not exist
    │   ├── NotRegularFile       a directory, link or pipe has the ring's name
    │   ├── WrongOwner           the file belongs to another user
    │   ├── PermissionDenied     the system refuses access
    │   ├── TooShort             the file is shorter than its header says
    │   ├── BadMagic             not a ring of this protocol
    │   ├── WrongEndianness      made on a machine of the other byte order
    │   ├── VersionMismatch      another major version
    │   ├── HeaderSizeMismatch   another header size
    │   ├── LayoutMismatch       headers laid out differently
    │   ├── SchemaMismatch       other message types or structs, though the versions are equal
    │   ├── NoSpace              the file system, or a limit on memory, has no room
    │   └── RoleTaken            another live process has this role
    ├── PeerError                the other side will not come back by itself
    │   ├── Closed               it closed; told once
    │   ├── PeerDied             it ended without closing; told once
    │   └── Removed              the ring's file was removed; told for ever
    ├── MessageError             this message cannot be sent or read
    │   ├── TooLarge             larger than one record of this ring
    │   ├── MessageTooLarge      a message in pieces, larger than the receiver's limit
    │   ├── InvalidType          message type 0 or beyond 32 bits
    │   ├── InvalidUtf8          text that is not UTF-8
    │   ├── TypeMismatch         another message type than the struct's
    │   └── SizeMismatch         a size that no version of the struct has
    ├── UsageError               this object cannot do that now
    │   ├── Disposed             it was closed
    │   ├── Forked               it belongs to the parent process
    │   └── Busy                 a claim or borrowed message is open, or somebody waits already
    ├── Timeout                  no room within the time that a claim may wait
    ├── Corrupt                  the ring holds bytes that no correct peer writes
    ├── Io                       a system call failed
    └── Unsupported              this platform cannot do it
"""

from __future__ import annotations


class RingError(Exception):
    """Base of all errors of this package.

    Attributes:
        expected: What was expected, where that is a value; else None.
        found: What was found, where that is a value; else None.
    """

    def __init__(self, message: str, *, expected: object = None, found: object = None) -> None:
        super().__init__(message)
        self.expected = expected
        self.found = found


class AttachError(RingError):
    """The ring was not created or opened. Nothing was changed."""


class InvalidName(AttachError):
    """The name is not 1 to 200 of `A-Z a-z 0-9 . _ -`, or starts with a dot."""


class InvalidCapacity(AttachError):
    """The asked capacity (`found`) is 0, negative or above the largest (`expected`)."""


class CapacityMismatch(AttachError):
    """The ring exists and has another capacity (`found`) than the asked one (`expected`)."""


class NotFound(AttachError):
    """There is no ring of this name (`expected` is the path), and the mode makes none."""


class AlreadyExists(AttachError):
    """There is a ring of this name (`found` is the path), and the mode only creates."""

    @classmethod
    def at(cls, path: str) -> AlreadyExists:
        """The error for a ring that is at `path`."""
        return cls(f"a ring exists already at {path}", found=path)


class FolderMissing(AttachError):
    """The folder that rings live in (`expected`) does not exist."""


class NotRegularFile(AttachError):
    """Something else than a file (`found` says what) has the ring's name."""


class WrongOwner(AttachError):
    """The file belongs to user id `found`, not to `expected`. See `Options.any_owner`."""


class PermissionDenied(AttachError):
    """The system does not let this process open, make or remove the file (`expected`)."""


class TooShort(AttachError):
    """The file has `found` bytes; its header and data area need `expected`."""


class BadMagic(AttachError):
    """The file starts with another magic number: it is no ring of this protocol."""


class WrongEndianness(AttachError):
    """The ring was made on a machine of the other byte order."""


class VersionMismatch(AttachError):
    """The ring has another major version. Both are (major, minor) pairs."""


class HeaderSizeMismatch(AttachError):
    """The ring's header has another size, in bytes."""


class LayoutMismatch(AttachError):
    """The ring's headers, framing or flags are laid out differently: the hashes differ."""


class SchemaMismatch(AttachError):
    """Message types or structs differ, though the versions are equal. See `Options.any_schema`."""


class NoSpace(AttachError):
    """The file system, or a limit on the memory that it may take, has no room for the ring.

    Attributes:
        needed: Bytes that the ring needs (also `expected`).
        free: Bytes that are free (also `found`).
    """

    def __init__(self, message: str, *, expected: int = 0, found: int = 0) -> None:
        super().__init__(message, expected=expected, found=found)

    @property
    def needed(self) -> object:
        """Bytes that the ring needs."""
        return self.expected

    @property
    def free(self) -> object:
        """Bytes that are free."""
        return self.found


class RoleTaken(AttachError):
    """Another live process, or another object of this one, has the role.

    Attributes:
        role: "producer" or "consumer".
        pid: Process id of the holder, as the ring's header says (also `found`). A process that has
            ended may have left the role to a child that it forked.
    """

    role: str = ""
    pid: int = 0

    @classmethod
    def held(cls, path: str, role: str, pid: int, *, is_there: bool) -> RoleTaken:
        """The error for a role that process `pid` holds, which the system knows or not."""
        message = f"{path}: the {role} role is taken by process {pid}"
        if not is_there:
            message += ", which has ended; a child that it forked may hold the role"
        error = cls(message, found=pid)
        error.role = role
        error.pid = pid
        return error


class PeerError(RingError):
    """The other side is gone, and everything that it sent was received."""


class Closed(PeerError):
    """The other side closed.

    Told once; the next call waits for its successor.
    """


class PeerDied(PeerError):
    """The other side ended without closing.

    Told once for each death; the next call waits for its successor.
    """


class Removed(PeerError):
    """The ring's file was removed: nobody can join this ring any more. Told for ever."""


class MessageError(RingError):
    """A message cannot be sent, or not be read as what was asked for."""


class TooLarge(MessageError):
    """The payload has `found` bytes, one record carries `expected`. See `send_fragmented`."""


class MessageTooLarge(MessageError):
    """A message in pieces has at least `found` bytes, the limit is `expected`; it is dropped."""


class InvalidType(MessageError):
    """Message types are 1 to 2^32 - 1; 0 marks padding."""


class InvalidUtf8(MessageError):
    """The text is not UTF-8. `found` holds its bytes."""


class TypeMismatch(MessageError):
    """The message has type `found`; the struct that was asked for travels as `expected`."""


class SizeMismatch(MessageError):
    """The payload has `found` bytes, which no version of the struct (`expected`) has."""


class UsageError(RingError):
    """The object cannot do that in its present state."""


class Disposed(UsageError):
    """The object was closed."""


class Forked(UsageError):
    """The process was forked from the one that attached. Attach anew in the child."""


class Busy(UsageError):
    """A claim or borrowed message of this object is open, or another thread or task waits."""


class Timeout(RingError):
    """There was no room within the time that a claim may wait (`Options.send_timeout`)."""


class Corrupt(RingError):
    """The ring holds bytes that no correct peer writes. It is not advanced.

    Attributes:
        position: Where: a position in the stream, or an offset in the ring header.
        value: The value found there (also `found`).
        why: What is wrong with it.
    """

    position: int = 0
    value: int = 0
    why: str = ""

    @classmethod
    def at(cls, position: int, value: int, why: str) -> Corrupt:
        """The error for a bad value at a position."""
        error = cls(f"corrupt ring at {position}: found {value:#x}: {why}", found=value)
        error.position = position
        error.value = value
        error.why = why
        return error


class Io(RingError):
    """A system call failed for a reason that has no class of its own.

    Attributes:
        operation: What was tried, as in "open".
        path: On which file.
        errno: The system's error number.
    """

    operation: str = ""
    path: str = ""
    errno: int = 0

    @classmethod
    def of(cls, operation: str, path: str, error: OSError) -> Io:
        """The error for a failed operation on a file."""
        made = cls(f"{operation} {path}: {error.strerror} (errno {error.errno})", found=error.errno)
        made.operation = operation
        made.path = path
        made.errno = error.errno or 0
        return made


class Unsupported(RingError):
    """This machine, operating system or Python cannot do it."""
