"""The layout as ctypes, which follows the machine's C compiler, sees it.

Fields of structs are declared without padding, so that their places are ctypes' own decision; those
of headers have their stated places filled up.
"""

from __future__ import annotations

import ctypes
from typing import Any

import protocol
{%- for item in view.structs %}


class {{ item.name }}(ctypes.Structure):
    """{{ item.raw_name }}, without its tail."""
{%- if item.needs_filling %}

    _fields_ = (
{%- for column in item.filled %}
        ("{{ column.name }}", {{ column.ctype }}),
{%- endfor %}
    )
{%- else %}

    _fields_ = (
{%- for column in item.columns %}
        ("{{ column.raw_name }}", {{ column.ctype }}),
{%- endfor %}
    )
{%- endif %}
{%- endfor %}
