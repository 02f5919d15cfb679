{% for line in view.doc %}{{ line }}
{% endfor %}
from __future__ import annotations

{% if view.any_struct %}from struct import Struct
from typing import TYPE_CHECKING, Any, ClassVar, Final, Union

from . import _enums, _payload, _view
{% else %}from typing import TYPE_CHECKING, Final, Union

from . import _enums, _payload
{% endif -%}
from ._message import ReceivedMessage, SharedMemoryMessage

if TYPE_CHECKING:
    from collections.abc import Mapping{% if view.any_sequence %}, Sequence{% endif %}
{%- for constant in view.constants %}
{% if loop.first %}
{% endif %}{{ constant.name }}: Final{{ constant.hint }} = {{ constant.literal }}
{%- for line in constant.doc %}
{{ line }}
{%- endfor %}
{%- endfor %}


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
{%- for item in view.enums %}


class {{ item.name }}(_enums.{{ item.base }}):
{%- for line in item.doc %}
{% if !line.is_empty() %}    {{ line }}{% endif %}
{%- endfor %}
{% for value in item.values %}
    {{ value.name }} = {{ value.literal }}
{%- for line in value.doc %}
{% if !line.is_empty() %}    {{ line }}{% endif %}
{%- endfor %}
{%- endfor %}
{%- endfor %}
{%- for item in view.structs %}


class {{ item.name }}(_payload.{{ item.base }}):
{%- for line in item.doc %}
{% if !line.is_empty() %}    {{ line }}{% endif %}
{%- endfor %}
{% if item.fields.is_empty() %}
    __slots__ = ()
{%- else %}
    __slots__ = [
{%- for field in item.fields %}
        "{{ field.name }}",
{%- endfor %}
    ]
{%- endif %}
    MESSAGE_TYPE: ClassVar[int | None] = {{ item.message_type }}
    SIZE: ClassVar[int] = {{ item.size }}
    ALIGN: ClassVar[int] = {{ item.align }}
    OLDER_SIZES: ClassVar[tuple[int, ...]] = {{ item.older_sizes }}
    _STRUCT: ClassVar[Struct] = Struct(
        "{{ item.format }}",
    )
{%- if item.columns.is_empty() %}
    _DTYPE: ClassVar[Mapping[str, tuple[Any, int]]] = {}
{%- else %}
    _DTYPE: ClassVar[Mapping[str, tuple[Any, int]]] = {
{%- for column in item.columns %}
        "{{ column.name }}": ({{ column.format }}, {{ column.offset }}),
{%- endfor %}
    }
{%- endif %}
{%- if !item.fields.is_empty() %}

    def __init__(
        self,
{%- for field in item.fields %}
        {{ field.name }}: {{ field.parameter_hint }} = {{ field.default }},
{%- endfor %}
    ) -> None:
        """Every field; what is left out is zero."""
{%- for field in item.fields %}
{%- for line in field.assignment %}
        {{ line }}
{%- endfor %}
{%- endfor %}

    def _values(self) -> list[Any]:
        return [
{%- for field in item.fields %}
            {{ field.value }},
{%- endfor %}
        ]

    @classmethod
    def _make(cls, v: tuple[Any, ...]) -> {{ item.name }}:
        return cls(
{%- for field in item.fields %}
            {{ field.make }},
{%- endfor %}
        )
{%- endif %}

    class View(_view.PayloadView):
        """In-place access to a :class:`{{ item.name }}` in a buffer."""

        __slots__ = ()
        SIZE: ClassVar[int] = {{ item.size }}
{%- for field in item.fields %}
        {{ field.name }} = {{ field.descriptor }}
{%- endfor %}
{%- endfor %}


AnyMessage = Union[
{%- for name in view.any_messages %}
    {{ name }},
{%- endfor %}
    SharedMemoryMessage,
    ReceivedMessage,
]
"""What :func:`decode` gives: a struct of this spec, or the message itself."""
{% if view.any_messages.is_empty() %}
STRUCTS: Final[Mapping[int, type[_payload.Payload]]] = {}
{%- else %}
STRUCTS: Final[Mapping[int, type[_payload.Payload]]] = {
{%- for item in view.structs %}{% if item.is_message %}
    {{ item.message_type }}: {{ item.name }},
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
    value: AnyMessage = kind.unpack(message.payload, exact=exact)
    return value
{%- endif %}
