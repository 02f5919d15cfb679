"""Fields of the message header that the engine leaves to you.

{% if view.header_fields.is_empty() -%}
This protocol has none.
{%- else -%}
They are zero unless the sender sets them: on a claim, or on a message to be sent.
{%- endif %}
"""

from __future__ import annotations

from typing import ClassVar, Final

from . import _layout
from ._engine import _view

HEADER_HAS_FIELDS: Final = {% if view.header_fields.is_empty() %}False{% else %}True{% endif %}


class HeaderFields(_view.PayloadView):
{%- if view.header_fields.is_empty() %}
    """The fields of a message's header that are the spec's own: none."""
{%- else %}
    """The fields of a message's header that are the spec's own, in place."""
{%- endif %}

    __slots__ = ()
    SIZE: ClassVar[int] = _layout.MESSAGE_HEADER_SIZE
{%- for field in view.header_fields %}
{%- for line in field.assignment %}
    {{ line }}
{%- endfor %}
{%- for line in field.doc %}
{% if !line.is_empty() %}    {{ line }}{% endif %}
{%- endfor %}
{%- endfor %}
