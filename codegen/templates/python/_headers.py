"""Fields of the message header that the engine leaves to you.

{% if view.header_fields.is_empty() -%}
This protocol has none.
{%- else -%}
They are zero unless the sender sets them: on a claim, or on a message to be sent.
{%- endif %}
"""

from __future__ import annotations

from typing import Final
{% if view.header_fields.is_empty() %}
HEADER_HAS_FIELDS: Final = False


class HeaderFieldGetters:
    """Accessors on messages: none."""

    __slots__ = ()


class HeaderFieldSetters:
    """Setters on claims and on messages to be sent: none."""

    __slots__ = ()
{%- else %}
from . import _view

HEADER_HAS_FIELDS: Final = True
{% for field in view.header_fields %}
{{ field.constant }}: Final = {{ field.descriptor }}
{%- endfor %}


class HeaderFieldGetters:
    """Accessors on messages."""

    __slots__ = ()
{% for field in view.header_fields %}
{%- for line in field.assignment %}
    {{ line }}
{%- endfor %}
{%- for line in field.doc %}
{% if !line.is_empty() %}    {{ line }}{% endif %}
{%- endfor %}
{%- endfor %}


class HeaderFieldSetters:
    """Setters on claims and on messages to be sent."""

    __slots__ = ()
{%- for field in view.header_fields %}

    def {{ field.setter }}(self, value: {{ field.hint }}) -> None:{{ field.skip }}
        """Sets the header field `{{ field.name }}`."""
        {{ field.constant }}.__set__(self, value)
{%- endfor %}
{%- endif %}
