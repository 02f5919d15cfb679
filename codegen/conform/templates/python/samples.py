"""Test values of every struct of the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from protocol import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from rng import Rng


class Sample(NamedTuple):
    """One struct of the spec."""

    name: str
    kind: Any
    size: int
    draw: Callable[[Rng, int], Any]
    """Draws a value whose tail fills at most what so many bytes of payload leave."""
{%- for item in view.enums %}


def {{ item.sampler }}(rng: Rng) -> messages.{{ item.name }}:
    """Draws a value, also one without a name."""
{%- if item.is_flags %}
    return messages.{{ item.name }}(rng.next() % 2**{{ item.bits }})
{%- else %}
    values = [
{%- for value in item.values %}
        messages.{{ item.name }}.{{ value }},
{%- endfor %}
    ]
    draw = rng.next()
    if draw >> 61 == 7:  # noqa: PLR2004 - one draw of eight
        # A value that the spec does not name is legal.
        return messages.{{ item.name }}(rng.{{ item.truncate }}(draw, {{ item.bits }}))
    return values[draw % len(values)]
{%- endif %}
{%- endfor %}
{%- for item in view.structs %}


def {{ item.sampler }}(rng: Rng, most: int = 0) -> messages.{{ item.name }}:
    """Draws a value; a tail leaves the whole payload at most so long."""
{%- if item.has_tail %}
    room = max(0, most - {{ item.size }})
{%- endif %}
{%- if item.fields.is_empty() %}
    return messages.{{ item.name }}()
{%- else %}
    return messages.{{ item.name }}(
{%- for field in item.fields %}
        {{ field.name }}={{ field.sample }},
{%- endfor %}
    )
{%- endif %}
{%- endfor %}


ALL = [
{%- for item in view.structs %}
    Sample("{{ item.raw_name }}", messages.{{ item.name }}, {{ item.size }}, {{ item.sampler }}),
{%- endfor %}
]
"""All structs, in the order of the spec."""

MESSAGES = [sample for sample in ALL if sample.kind.MESSAGE_TYPE is not None]
"""The structs that are messages, in the order of the spec."""
