{% for line in view.doc %}{{ line }}
{% endfor %}
from __future__ import annotations

{% for line in view.imports_of_messages %}{{ line }}{% if !loop.last %}
{% endif %}{% endfor %}{%- for constant in view.constants %}{% if loop.first %}
{% endif %}
{{ constant.name }}: _t.Final{{ constant.hint }} = {{ constant.literal }}
{%- for line in constant.doc %}
{{ line }}
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
{%- if item.is_aliased %}


{{ item.reference }} = {{ item.name }}
{%- endif %}
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
{%- for field in item.fields %}{% if field.hides %}
    # Hides what the base class has of this name.
    {{ field.name }}: _t.Any
{%- endif %}{% endfor %}
    MESSAGE_TYPE: _t.ClassVar[int | None] = {{ item.message_type }}
    SIZE: _t.ClassVar[int] = {{ item.size }}
    ALIGN: _t.ClassVar[int] = {{ item.align }}
    OLDER_SIZES: _t.ClassVar[tuple[int, ...]] = {{ item.older_sizes }}
    _STRUCT: _t.ClassVar[_struct.Struct] = _struct.Struct(
        "{{ item.format }}",
    )
{%- if item.columns.is_empty() %}
    _DTYPE: _t.ClassVar[_abc.Mapping[str, tuple[_t.Any, int]]] = {}
{%- else %}
    _DTYPE: _t.ClassVar[_abc.Mapping[str, tuple[_t.Any, int]]] = {
{%- for column in item.columns %}
        "{{ column.name }}": ({{ column.format }}, {{ column.offset }}),
{%- endfor %}
    }{{ item.skips.columns }}
{%- endif %}
{%- if !item.fields.is_empty() %}

    def __init__(
        self,
{%- for field in item.fields %}
        {{ field.name }}: {{ field.parameter_hint }} = {{ field.default }},
{%- endfor %}
    ) -> None:{{ item.skips.init }}
        """Every field; what is left out is zero."""
{%- for field in item.fields %}
{%- for line in field.assignment %}
        {{ line }}
{%- endfor %}
{%- endfor %}

    def _values(self) -> list[_t.Any]:
        return [
{%- for field in item.fields %}
            {{ field.value }},
{%- endfor %}
        ]{{ item.skips.values }}

    @classmethod
    def _make(cls, v: tuple[_t.Any, ...]) -> {{ item.reference }}:{{ item.skips.make }}
        return cls(
{%- for field in item.fields %}
            {{ field.make }},
{%- endfor %}
        ){{ item.skips.made }}
{%- endif %}

    class View(_view.PayloadView):
        """In-place access to a :class:`{{ item.name }}` in a buffer."""

        __slots__ = ()
        SIZE: _t.ClassVar[int] = {{ item.size }}
{%- for field in item.fields %}
        {{ field.name }} = {{ field.descriptor }}
{%- endfor %}
{%- if item.is_aliased %}


{{ item.reference }} = {{ item.name }}
{%- endif %}
{%- endfor %}
