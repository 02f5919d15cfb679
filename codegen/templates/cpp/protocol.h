// ---------------------------------------------------------------------------------------------
// Constants of the protocol
// ---------------------------------------------------------------------------------------------

/// Name of the protocol.
inline constexpr std::string_view kProtocolName = "{{ view.protocol.name }}";

/// Version of the protocol as the spec writes it.
inline constexpr std::string_view kProtocolVersion = "{{ view.protocol.version }}";

/// Major version in the ring header: another one is refused.
inline constexpr std::uint16_t kVersionMajor = {{ view.protocol.version_major }};

/// Minor version in the ring header: newer and older ones are accepted.
inline constexpr std::uint16_t kVersionMinor = {{ view.protocol.version_minor }};

/// First bytes of every ring.
inline constexpr std::uint32_t kMagic = {{ view.protocol.magic }};

/// Hash of the resolved layout of both headers, framing and flags: another one is refused.
inline constexpr std::uint64_t kLayoutHash = {{ view.protocol.layout_hash }};

/// Hash of message types and payload structs: another one is refused where the versions are equal,
/// unless Options::any_schema allows it.
inline constexpr std::uint64_t kSchemaHash = {{ view.protocol.schema_hash }};

/// A ring called `name` is the file with this prefix before its name.
inline constexpr std::string_view kFilePrefix = "{{ view.protocol.file_prefix }}";

/// Capacity of a new ring when none is asked for, in bytes.
inline constexpr std::uint64_t kDefaultCapacity = {{ view.protocol.default_capacity }};

/// The header at the start of every ring, as it lies in memory. The engine never forms a
/// reference to one: every field is read and written through an atomic at its offset.
{%- if !view.ring_header.doc.is_empty() %}
///
{%- for line in view.ring_header.doc %}
///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- endif %}
{%- if view.ring_header.is_wide %}
// clang-format off
{%- endif %}
struct {% if view.ring_header.force_align %}alignas({{ view.ring_header.align }}) {% endif %}RingHeader {
{%- for field in view.ring_header.fields %}
{%- if field.is_padding %}
    /// Explicit padding: zero.
{%- else %}
{%- for line in field.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- endif %}
    {{ field.ty }} {{ field.name }};
{%- endfor %}
};
{%- if view.ring_header.is_wide %}
// clang-format on
{%- endif %}

// clang-format off
static_assert(sizeof(RingHeader) == {{ view.ring_header.size }}, "RingHeader: size differs from the spec");
{%- for field in view.ring_header.fields %}{% if !field.is_padding %}
static_assert(offsetof(RingHeader, {{ field.name }}) == {{ field.offset }}, "RingHeader::{{ field.name }}");
{%- endif %}{% endfor %}
// clang-format on

/// Where the engine finds each role of the ring header, in bytes from its start.
namespace ring_header {

/// Size of the header: where the data area starts.
inline constexpr std::size_t kSize = {{ view.ring_header.size }};
{%- for role in view.protocol.ring_offsets %}
inline constexpr std::size_t {{ role.constant }} = {{ role.offset }};
{%- endfor %}

}  // namespace ring_header

/// What each message is about. Open: a value that is not listed is carried, not refused.
enum class MessageType : std::uint32_t {
{%- for value in view.message_types %}
{%- for line in value.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    {{ value.name }} = {{ value.literal }},
{%- if let Some(alias) = value.alias %}
    /// The same as {{ value.name }}, for code in which {{ value.name }} is a macro.
    {{ alias }} = {{ value.literal }},
{%- endif %}
{%- endfor %}
};

/// Flags of a message. Open: a bit that is not listed is carried, not refused.
enum class MessageFlags : {{ view.flags_type }} {
    /// No flag.
    NONE = 0,
{%- for value in view.flags %}
{%- for line in value.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    {{ value.name }} = {{ value.literal }},
{%- if let Some(alias) = value.alias %}
    /// The same as {{ value.name }}, for code in which {{ value.name }} is a macro.
    {{ alias }} = {{ value.literal }},
{%- endif %}
{%- endfor %}
};

template <>
inline constexpr bool detail::kIsFlags<MessageFlags> = true;

/// The header before every payload, as it lies in memory.
{%- if !view.message_header.doc.is_empty() %}
///
{%- for line in view.message_header.doc %}
///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- endif %}
{%- if view.message_header.is_wide %}
// clang-format off
{%- endif %}
struct {% if view.message_header.force_align %}alignas({{ view.message_header.align }}) {% endif %}MessageHeader {
{%- for field in view.message_header.fields %}
{%- if field.is_padding %}
    /// Explicit padding: zero.
{%- else %}
{%- for line in field.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- endif %}
    {{ field.ty }} {{ field.name }};
{%- endfor %}
};
{%- if view.message_header.is_wide %}
// clang-format on
{%- endif %}

// clang-format off
static_assert(sizeof(MessageHeader) == {{ view.message_header.size }}, "MessageHeader: size differs from the spec");
{%- for field in view.message_header.fields %}{% if !field.is_padding %}
static_assert(offsetof(MessageHeader, {{ field.name }}) == {{ field.offset }}, "MessageHeader::{{ field.name }}");
{%- endif %}{% endfor %}
// clang-format on

/// Where the engine finds each role of the message header, in bytes from its start.
namespace message_header {

/// Size of the header: where the payload starts.
inline constexpr std::size_t kSize = {{ view.message_header.size }};
{%- for role in view.protocol.message_offsets %}
inline constexpr std::size_t {{ role.constant }} = {{ role.offset }};
{%- endfor %}
{%- if view.protocol.has_timestamp %}
/// This protocol stamps each message with the time of its sending.
inline constexpr bool kHasTimestamp = true;
{%- else %}
/// This protocol stamps no time on its messages.
inline constexpr bool kHasTimestamp = false;
inline constexpr std::size_t kTimestampOffset = 0;
{%- endif %}

}  // namespace message_header

/// The message types and flags that the engine itself uses.
{%- for alias in view.protocol.type_ids %}
inline constexpr MessageType {{ alias.constant }} = {{ alias.value }};
{%- endfor %}
{%- for alias in view.protocol.flag_masks %}
inline constexpr MessageFlags {{ alias.constant }} = {{ alias.value }};
{%- endfor %}
