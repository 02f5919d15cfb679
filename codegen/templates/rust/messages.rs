{%- if !view.enums.is_empty() || !view.structs.is_empty() %}
use bitrpc_shm::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
{%- endif %}
{%- for constant in view.constants %}

{% for line in constant.doc %}///{% if !line.is_empty() %} {{ line }}{% endif %}
{% endfor -%}
pub const {{ constant.name }}: {{ constant.ty }} = {{ constant.literal }};
{%- endfor %}
{%- include "enums.rs" %}
{%- include "structs.rs" %}
