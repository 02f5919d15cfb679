"""The numbers of the protocol `{{ view.protocol.name }}` {{ view.protocol.version }}: the engine has them from here alone.

Offsets are in bytes from the start of their header, and named by what the engine uses the field
for. The message header, in front of each payload::

{% for line in view.message_header.diagram %}{% if !line.is_empty() %}    {{ line }}{% endif %}
{% endfor -%}
"""

from __future__ import annotations

from typing import Final

PROTOCOL_NAME: Final = "{{ view.protocol.name }}"
FILE_PREFIX: Final = "{{ view.protocol.file_prefix }}"
DEFAULT_CAPACITY: Final = {{ view.protocol.default_capacity }}
MAGIC: Final = {{ view.protocol.magic }}
VERSION_MAJOR: Final = {{ view.protocol.version_major }}
VERSION_MINOR: Final = {{ view.protocol.version_minor }}
LAYOUT_HASH: Final = {{ view.protocol.layout_hash }}
SCHEMA_HASH: Final = {{ view.protocol.schema_hash }}

# The ring header: at the start of the file.
RING_HEADER_SIZE: Final = {{ view.ring_header.size }}
{%- for offset in view.protocol.ring_offsets %}
{{ offset.constant }}: Final = {{ offset.offset }}
{%- endfor %}

# The message header: in front of each payload.
MESSAGE_HEADER_SIZE: Final = {{ view.message_header.size }}
{%- for offset in view.protocol.message_offsets %}
{{ offset.constant }}: Final = {{ offset.offset }}
{%- endfor %}
HAS_TIMESTAMP: Final = {{ view.protocol.has_timestamp }}
TIMESTAMP_OFFSET: Final = {{ view.protocol.timestamp_offset }}
FLAGS_SIZE: Final = {{ view.protocol.flags_size }}

# Message types and flags that the engine itself uses.
{%- for ty in view.protocol.type_ids %}
{{ ty.constant }}: Final = {{ ty.literal }}
{%- endfor %}
{%- for flag in view.protocol.flag_masks %}
{{ flag.constant }}: Final = {{ flag.literal }}
{%- endfor %}

RING_HEADER_FIELDS: Final = {
{%- for field in view.ring_header.fields %}
    "{{ field.name }}": ({{ field.offset }}, {{ field.size }}),
{%- endfor %}
}
"""Offset and size of each field of the ring header, those without a role included."""

MESSAGE_HEADER_FIELDS: Final = {
{%- for field in view.message_header.fields %}
    "{{ field.name }}": ({{ field.offset }}, {{ field.size }}),
{%- endfor %}
}
"""Offset and size of each field of the message header, those without a role included."""
