// ---------------------------------------------------------------------------------------------
// Messages
// ---------------------------------------------------------------------------------------------

/// The constants, enums and structs of the spec, with the names that they have there. Those names
/// that nothing of this header has stand beside the rest of it, too: see its end.
namespace messages {
{%- if view.has_flag_sets %}

using {{ view.root }}::operator|;
using {{ view.root }}::operator&;
using {{ view.root }}::operator~;
using {{ view.root }}::has;
{%- endif %}
{%- for constant in view.constants %}
{% for line in constant.doc %}
///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- if constant.is_wide %}
// clang-format off
{%- endif %}
inline constexpr {{ constant.ty }} {{ constant.name }} = {{ constant.literal }};
{%- if constant.is_wide %}
// clang-format on
{%- endif %}
{%- endfor %}
{%- for item in view.enums %}
{% for line in item.doc %}
///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- if item.is_flags %}
/// Open: a bit that is not listed is carried, not refused.
{%- else %}
/// Open: a value that is not listed is carried, not refused.
{%- endif %}
enum class {{ item.name }} : {{ item.ty }} {
{%- for value in item.values %}
{%- for line in value.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    {{ value.name }} = {{ value.literal }},
{%- endfor %}
};
{%- if item.is_flags %}

// clang-format off
/// The names of the flags that are set.
[[nodiscard]] inline std::string to_string({{ item.name }} flags) {
    return detail::print_flags<{{ item.name }}>(flags, "0", {
{%- for value in item.values %}
        {"{{ value.name }}", {{ item.name }}::{{ value.name }}},
{%- endfor %}
    });
}
// clang-format on
{%- else %}

// clang-format off
/// The name of a value; its number if it has none.
[[nodiscard]] inline std::string to_string({{ item.name }} value) {
    return detail::print_name<{{ item.name }}>(value, {
{%- for value in item.values %}
        {"{{ value.name }}", {{ item.name }}::{{ value.name }}},
{%- endfor %}
    });
}
// clang-format on
{%- endif %}
{%- endfor %}
{%- for item in view.structs %}
{% include "record.h" %}
{%- endfor %}

}  // namespace messages

{% include "wire.h" %}

// clang-format off
/// The name of a message type, or of the struct that travels under it; its number if it has none.
[[nodiscard]] inline std::string to_string(MessageType type) {
    return detail::print_name<MessageType>(type, {
{%- for value in view.message_types %}
        {"{{ value.name }}", MessageType::{{ value.name }}},
{%- endfor %}
{%- for item in view.structs %}{% if item.id.is_some() %}
        {"{{ item.name }}", messages::{{ item.name }}::kMessageType},
{%- endif %}{% endfor %}
    });
}

/// The names of the flags that are set.
[[nodiscard]] inline std::string to_string(MessageFlags flags) {
    return detail::print_flags<MessageFlags>(flags, "NONE", {
{%- for value in view.flags %}
        {"{{ value.name }}", MessageFlags::{{ value.name }}},
{%- endfor %}
    });
}
// clang-format on

/// Any message of this protocol, decoded; UnknownMessage for every other one. A struct of more than
/// 16 KiB is held by a std::unique_ptr. The functions below have the type as a parameter: so
/// compilers make the variant, which may be too large for them, only where it is used.
// clang-format off
using AnyMessage = std::variant<UnknownMessage{% for item in view.structs %}{% if item.id.is_some() %}, detail::Held<messages::{{ item.name }}>{% endif %}{% endfor %}>;
// clang-format on

namespace detail {

// clang-format off
template <class Any, class Message>
[[nodiscard]] Any decode_any(const Message& message, [[maybe_unused]] bool exact) {
    switch (static_cast<std::uint32_t>(message.message_type())) {
{%- for item in view.structs %}{% if item.id.is_some() %}
        case static_cast<std::uint32_t>(messages::{{ item.name }}::kMessageType):
            return detail::decode_as<Any, messages::{{ item.name }}>(message, exact);
{%- endif %}{% endfor %}
        default:
            return detail::unknown_message(message, Errc::kTypeMismatch);
    }
}

template <class Message, class Visitor>
Visited<Visitor> visit_any(const Message& message, Visitor& visitor, [[maybe_unused]] bool exact) {
    switch (static_cast<std::uint32_t>(message.message_type())) {
{%- for item in view.structs %}{% if item.id.is_some() %}
        case static_cast<std::uint32_t>(messages::{{ item.name }}::kMessageType):
            return detail::visit_as<messages::{{ item.name }}>(message, visitor, exact);
{%- endif %}{% endfor %}
        default:
            return visitor(detail::unknown_message(message, Errc::kTypeMismatch));
    }
}
// clang-format on

}  // namespace detail

/// Decodes a message into the struct that its type stands for.
///
/// `message` is a received one (ReceivedMessage, MessageView or SharedMemoryMessage). The result
/// holds copies: it outlives the message. A type that is not in the spec, or a payload whose size
/// does not fit its type, gives an UnknownMessage that says which; of a payload that a newer
/// version made longer, the part that is known is read.
///
///     std::visit(my_visitor, decode(message));
///
/// Compilers take long over a std::variant of many types, and clang takes 256 at most: with more
/// than some fifty messages, visit_message() is the better way.
template <class Message, class Any = AnyMessage>
[[nodiscard]] Any decode(const Message& message) {
    return detail::decode_any<Any>(message, false);
}

/// The same, but a payload that is longer than its struct gives an UnknownMessage.
template <class Message, class Any = AnyMessage>
[[nodiscard]] Any decode_exact(const Message& message) {
    return detail::decode_any<Any>(message, true);
}

/// Decodes a message into the struct that its type stands for, and returns what `visitor` makes of
/// it. The visitor is called with a const reference to the struct, or to an UnknownMessage where
/// decode() gives one, which lives as long as the call. Whatever it is called with, it returns the
/// same type.
///
///     visit_message(message, my_visitor);
template <class Message, class Visitor>
auto visit_message(const Message& message, Visitor&& visitor) -> detail::Visited<Visitor> {
    return detail::visit_any(message, visitor, false);
}

/// The same, but a payload that is longer than its struct gives an UnknownMessage.
template <class Message, class Visitor>
auto visit_message_exact(const Message& message, Visitor&& visitor) -> detail::Visited<Visitor> {
    return detail::visit_any(message, visitor, true);
}
