"""The generated package under a name that does not depend on the spec."""

from {{ view.module }} import *  # noqa: F403
from {{ view.module }} import _layout as layout
from {{ view.module }} import messages

__all__ = ["layout", "messages"]
