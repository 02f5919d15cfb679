"""Open enums: a value that the spec does not name is carried, not refused."""

from __future__ import annotations

import enum
import sys

if sys.version_info >= (3, 11):

    class _KeepingFlag(enum.IntFlag, boundary=enum.KEEP):
        """Keeps bits without a name."""

else:
    # IntFlag kept them always, before it could be told to.
    _KeepingFlag = enum.IntFlag


class OpenIntEnum(enum.IntEnum):
    """An enum that takes every integer; those without a name are called `UNKNOWN_<value>`.

    Members without a name are made anew each time, so that values from outside cannot fill the
    memory: compare with `==`, not with `is`.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenIntEnum | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}".replace("-", "MINUS_")
        member._value_ = value
        return member

    def __str__(self) -> str:
        """The name."""
        return self.name

    def __format__(self, spec: str) -> str:
        """The name; with a format, the number."""
        return format(int(self), spec) if spec else str(self)


class OpenIntFlag(_KeepingFlag):
    """A set of flags that keeps bits without a name.

    Combinations are made anew each time, so that values from outside cannot fill the memory:
    compare with `==`, not with `is`.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenIntFlag | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        object.__setattr__(member, "_name_", None)
        member._value_ = value
        return member

    def __str__(self) -> str:
        """The names of the bits that are set, with `|` between them; unknown bits as a number."""
        value = unknown = int(self)
        names = []
        for name, flag in type(self).__members__.items():
            bits = int(flag)
            # A member without bits names the empty set alone.
            if value & bits == bits and (bits or not value):
                names.append(name)
                unknown &= ~bits
        if unknown or not names:
            names.append(hex(unknown))
        return "|".join(names)

    def __format__(self, spec: str) -> str:
        """The names; with a format, the number."""
        return format(int(self), spec) if spec else str(self)

    def __repr__(self) -> str:
        """The names of the bits that are set, and the value."""
        return f"<{type(self).__name__}.{self}: {int(self)}>"
