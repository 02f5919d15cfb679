"""The layout as ctypes sees it, which follows the rules of the machine's C compiler.

Padding is declared as it is in the other languages, so that a wrong place of a field shows.
"""

from __future__ import annotations

import ctypes
{%- for item in view.facts %}


class {{ item.name }}(ctypes.Structure):
    """The fixed part of `{{ item.raw_name }}`."""

    _fields_ = [
{%- if item.is_aligned %}
        # Nothing else asks for the alignment.
        ("_alignment", ctypes.c_uint{{ item.align_bits }} * 0),
{%- endif %}
{%- for slot in item.slots %}
        ("{{ slot.name }}", {{ slot.ctype }}),
{%- endfor %}
    ]
{%- endfor %}


RING_HEADER = ("ring_header", {{ view.ring_header_facts }})
MESSAGE_HEADER = ("message_header", {{ view.message_header_facts }})
STRUCTS = [
{%- for item in view.facts %}{% if item.is_struct %}
    ("{{ item.raw_name }}", {{ item.name }}),
{%- endif %}{% endfor %}
]
