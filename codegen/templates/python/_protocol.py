"""What a message of this protocol is: its type, its flags, and the struct that its type names."""

from __future__ import annotations

from typing import TYPE_CHECKING, {% if !view.any_messages.is_empty() %}Any, {% endif %}Final, Union

{% if !view.any_messages.is_empty() %}from . import messages
{% endif %}from ._engine import _enums
from ._engine._message import ReceivedMessage, SharedMemoryMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._engine._payload import Payload


class MessageType(_enums.OpenIntEnum):
    """What a message is; values that this spec does not name are carried as they are."""
{% for value in view.message_types %}
    {{ value.name }} = {{ value.literal }}
{%- for line in value.doc %}
{% if !line.is_empty() %}    {{ line }}{% endif %}
{%- endfor %}
{%- endfor %}


class MessageFlags(_enums.OpenIntFlag):
    """Bits that qualify a message; they may be combined with `|`."""

    NONE = 0
    """No flag."""
{%- for value in view.flags %}
    {{ value.name }} = {{ value.literal }}
{%- for line in value.doc %}
{% if !line.is_empty() %}    {{ line }}{% endif %}
{%- endfor %}
{%- endfor %}


AnyMessage = Union[
{%- for name in view.any_messages %}
    messages.{{ name }},
{%- endfor %}
    SharedMemoryMessage,
    ReceivedMessage,
]
"""What :func:`decode` gives: a struct of this spec, or the message itself."""
{% if view.any_messages.is_empty() %}
STRUCTS: Final[Mapping[int, type[Payload]]] = {}
{%- else %}
STRUCTS: Final[Mapping[int, type[Payload]]] = {
{%- for item in view.structs %}{% if item.is_message %}
    {{ item.message_type }}: messages.{{ item.name }},
{%- endif %}{% endfor %}
}
{%- endif %}
"""The structs of this spec by their message types."""


def decode(message: SharedMemoryMessage | ReceivedMessage, *, exact: bool = False) -> AnyMessage:
    """Reads a message as the struct that its type names; any other message comes back as it is.

    A longer payload is that of a newer version, of which the known part is read; with `exact` it is
    refused.

    Raises:
        SizeMismatch: The payload has a size that no version of the struct has.

    ::

        for message in consumer:
            print(decode(message))
    """
{%- if view.any_messages.is_empty() %}
    del exact
    return message
{%- else %}
    kind: Any = STRUCTS.get(message.message_type)
    if kind is None:
        return message
    value: AnyMessage = kind._unpack(message.payload, exact=exact)
    return value
{%- endif %}
