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

    def __repr__(self) -> str:
        """The names of the bits that are set, and the value."""
        value = int(self)
        known = {name: int(flag) for name, flag in type(self).__members__.items() if flag}
        names = [name for name, bits in known.items() if value & bits == bits]
        unknown = value
        for name in names:
            unknown &= ~known[name]
        if unknown or not names:
            names.append(hex(unknown))
        return f"<{type(self).__name__}.{'|'.join(names)}: {value}>"
