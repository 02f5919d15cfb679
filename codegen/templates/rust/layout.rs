{% for line in view.doc %}///{% if !line.is_empty() %} {{ line }}{% endif %}
{% endfor -%}
///
/// One ring is one file that a producer and a consumer map. This module says what its bytes are, the
/// [`bitrpc_shm`] runtime moves them, and this type hands the runtime every number of the spec.
/// Each offset is asserted at compile time.
///
/// A record is the message header and the payload, padded to 8 bytes:
///
/// ```text
{% for line in view.message_header.diagram %}/// {{ line }}
{% endfor -%}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {}

impl bitrpc_shm::Layout for Protocol {
    const NAME: &'static str = "{{ view.protocol.name }}";
    const FILE_PREFIX: &'static str = "{{ view.protocol.file_prefix }}";
    const DEFAULT_CAPACITY: u64 = {{ view.protocol.default_capacity }};
    const MAGIC: u32 = {{ view.protocol.magic }};
    const VERSION_MAJOR: u16 = {{ view.protocol.version_major }};
    const VERSION_MINOR: u16 = {{ view.protocol.version_minor }};
    const LAYOUT_HASH: u64 = {{ view.protocol.layout_hash }};
    const SCHEMA_HASH: u64 = {{ view.protocol.schema_hash }};
    const RING_HEADER: bitrpc_shm::RingHeaderLayout = bitrpc_shm::RingHeaderLayout {
        size: {{ view.ring_header.size }},
{%- for role in view.protocol.ring_roles %}
        {{ role.role }}: {{ role.literal }},
{%- endfor %}
    };
    const MESSAGE_HEADER: bitrpc_shm::MessageHeaderLayout = bitrpc_shm::MessageHeaderLayout {
        size: {{ view.message_header.size }},
{%- for role in view.protocol.message_roles %}
        {{ role.role }}: {{ role.literal }},
{%- endfor %}
        flags_size: {{ view.protocol.flags_size }},
    };
    const FLAGS: bitrpc_shm::FlagMasks = bitrpc_shm::FlagMasks {
{%- for flag in view.protocol.flag_masks %}
        {{ flag.role }}: {{ flag.literal }},
{%- endfor %}
    };
    const TYPES: bitrpc_shm::TypeIds = bitrpc_shm::TypeIds {
{%- for ty in view.protocol.type_ids %}
        {{ ty.role }}: {{ ty.literal }},
{%- endfor %}
    };
}

/// The sending side of a ring.
pub type Producer = bitrpc_shm::Producer<Protocol>;
/// The receiving side of a ring.
pub type Consumer = bitrpc_shm::Consumer<Protocol>;
/// A producer or a consumer with handlers, heartbeats and peer state.
pub type Manager = bitrpc_shm::Manager<Protocol>;
/// A ring without a role in it.
pub type RingBuffer = bitrpc_shm::RingBuffer<Protocol>;
/// A read-only look at a ring's statistics, for a third process.
pub type Monitor = bitrpc_shm::Monitor<Protocol>;
/// A received message; it borrows the ring until it is dropped.
pub type Message<'a> = bitrpc_shm::Message<'a, Protocol>;
