"""Logging: through the standard `logging` module, silent until the program sets it up.

::

    logging.getLogger("shared_memory_api").addHandler(logging.StreamHandler())
"""

from __future__ import annotations

import logging
from typing import Final

logger: Final = logging.getLogger(__name__.rpartition(".")[0] or __name__)
logger.addHandler(logging.NullHandler())
