{% for line in view.banner %}// {{ line }}
{% endfor %}
use bitrpc_shm::zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

#[cfg(target_endian = "big")]
compile_error!("the segment is little-endian; this target is big-endian");

{% include "protocol.rs" %}
{% include "constants.rs" %}

{% include "headers.rs" %}
{%- include "enums.rs" %}
{%- include "structs.rs" %}

{% include "any_message.rs" %}
