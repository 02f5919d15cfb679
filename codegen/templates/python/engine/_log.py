"""Logging: through the standard `logging` module, once for each event and not for each call.

What the program hears of in no other way (a handler that failed, why a factory returned None) is a
warning or an error. Python prints those to stderr until the program sets up logging. To see less::

    logging.getLogger("shared_memory_api").setLevel(logging.CRITICAL)
"""

from __future__ import annotations

import logging
from typing import Final

logger: Final = logging.getLogger(__name__.partition("._engine")[0])
