"""What a peer reports when it finds something wrong."""

from __future__ import annotations


class Failure(Exception):
    """Something is not as it has to be."""
