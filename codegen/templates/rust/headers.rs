/// The header of a ring file, as it lies in memory.
///
{%- for line in view.ring_header.doc %}
///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[zerocopy(crate = "bitrpc_shm::zerocopy")]
#[repr(C{% if view.ring_header.force_align %}, align({{ view.ring_header.align }}){% endif %})]
pub struct RingHeader {
{%- for field in view.ring_header.fields %}
{%- if field.is_padding %}
    #[doc(hidden)]
{%- else %}
{%- for line in field.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- endif %}
    pub {{ field.name }}: {{ field.ty }},
{%- endfor %}
}

bitrpc_shm::assert_layout! {
    RingHeader: size {{ view.ring_header.size }}, align {{ view.ring_header.align }};
{%- for field in view.ring_header.fields %}{% if !field.is_padding %}
    {{ field.name }}: {{ field.offset }},
{%- endif %}{% endfor %}
}

/// The header in front of each payload, as it lies in memory.
///
{%- for line in view.message_header.doc %}
///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[zerocopy(crate = "bitrpc_shm::zerocopy")]
#[repr(C{% if view.message_header.force_align %}, align({{ view.message_header.align }}){% endif %})]
pub struct MessageHeader {
{%- for field in view.message_header.fields %}
{%- if field.is_padding %}
    #[doc(hidden)]
{%- else %}
{%- for line in field.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- endif %}
    pub {{ field.name }}: {{ field.ty }},
{%- endfor %}
}

bitrpc_shm::assert_layout! {
    MessageHeader: size {{ view.message_header.size }}, align {{ view.message_header.align }};
{%- for field in view.message_header.fields %}{% if !field.is_padding %}
    {{ field.name }}: {{ field.offset }},
{%- endif %}{% endfor %}
}
{%- if !view.message_header.extras.is_empty() %}

/// Message header fields that the engine leaves to you: zero unless the sender sets them.
pub mod header {
    use bitrpc_shm::HeaderField;
{% for extra in view.message_header.extras %}
{%- for line in extra.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    pub const {{ extra.name }}: HeaderField<{{ extra.ty }}> = HeaderField::new({{ extra.offset }});
{%- endfor %}
}
{%- endif %}
