{#- Parameters are spelled in camelCase: no field of a spec can be, so that none hides another. -#}
{% for line in item.doc %}
///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- if item.tail.is_some() %}
///
/// This is the fixed part; {{ item.name }} adds the variable tail behind it.
{%- endif %}
///
{%- for line in item.diagram %}
///     {{ line }}
{%- endfor %}
{%- if item.is_wide %}
// clang-format off
{%- endif %}
struct {% if item.force_align %}alignas({{ item.align }}) {% endif %}{{ item.fixed }} {
{%- if item.tail.is_none() %}{% if let Some(id) = item.id %}
    /// The message type that the struct travels under.
    static constexpr auto kMessageType = static_cast<{{ view.root }}::MessageType>({{ id }});
{%- endif %}{% endif %}
    /// Size of the struct on the wire, in bytes.
    static constexpr std::size_t kWireSize = {{ item.size }};
{%- for field in item.fields %}
{%- if loop.first %}
{% endif %}
{%- if field.is_padding %}
    /// Explicit padding: zero.
{%- else %}
{%- for line in field.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- endif %}
    {{ field.ty }} {{ field.name }}{};
{%- endfor %}
{%- for field in item.fields %}{% if let Some(len) = field.text %}

    /// Stores a text; false, and no change, if it is longer than {{ len }} bytes or not UTF-8.
    [[nodiscard]] bool {{ field.setter }}(std::string_view newText) noexcept {
        return detail::store_text({{ field.name }}.data(), {{ field.name }}.size(), newText);
    }
    /// The text up to its first zero; none if it is not UTF-8. Lives as long as this struct.
    [[nodiscard]] std::optional<std::string_view> {{ field.getter }}() const noexcept {
        return detail::load_text({{ field.name }}.data(), {{ field.name }}.size());
    }
{%- endif %}{% endfor %}
};
{%- if item.is_wide %}
// clang-format on
{%- endif %}

// clang-format off
static_assert(std::is_trivially_copyable_v<{{ item.fixed }}> && std::is_standard_layout_v<{{ item.fixed }}>);
{%- if item.size > 0 %}
static_assert(sizeof({{ item.fixed }}) == {{ item.size }} && alignof({{ item.fixed }}) == {{ item.align }}, "{{ item.fixed }}: size differs from the spec");
{%- endif %}
{%- for field in item.fields %}{% if !field.is_padding %}
static_assert(offsetof({{ item.fixed }}, {{ field.name }}) == {{ field.offset }}, "{{ item.fixed }}::{{ field.name }}");
{%- endif %}{% endfor %}

/// Compares field by field.
[[nodiscard]] inline bool operator==([[maybe_unused]] const {{ item.fixed }}& left, [[maybe_unused]] const {{ item.fixed }}& right) noexcept {
    return true{% for field in item.fields %}{% if !field.is_padding %}
        && detail::same(left.{{ field.name }}, right.{{ field.name }}){% endif %}{% endfor %};
}
[[nodiscard]] inline bool operator!=(const {{ item.fixed }}& left, const {{ item.fixed }}& right) noexcept {
    return !(left == right);
}

/// The struct with the names and values of its fields.
[[nodiscard]] inline std::string to_string([[maybe_unused]] const {{ item.fixed }}& item) {
    std::string text = "{{ item.fixed }}{";
{%- for field in item.fields %}{% if !field.is_padding %}
    detail::print_field(text, "{{ field.name }}", item.{{ field.name }});
{%- endif %}{% endfor %}
    return text + "}";
}
// clang-format on
{%- if let Some(tail) = item.tail %}

// clang-format off
/// {{ item.fixed }} with its variable tail.
struct {{ item.name }} : {{ item.fixed }} {
{%- if let Some(id) = item.id %}
    /// The message type that the struct travels under.
    static constexpr auto kMessageType = static_cast<{{ view.root }}::MessageType>({{ id }});
{%- endif %}
{% for line in tail.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- if tail.is_text %}
    std::string {{ tail.name }};
{%- else %}
    std::vector<{{ tail.element }}> {{ tail.name }};
{%- endif %}
};

/// Compares field by field.
[[nodiscard]] inline bool operator==(const {{ item.name }}& left, const {{ item.name }}& right) noexcept {
    const {{ item.fixed }}& leftFixed = left;
    const {{ item.fixed }}& rightFixed = right;
    return leftFixed == rightFixed && detail::same(left.{{ tail.name }}, right.{{ tail.name }});
}
[[nodiscard]] inline bool operator!=(const {{ item.name }}& left, const {{ item.name }}& right) noexcept {
    return !(left == right);
}

/// The struct with the names and values of its fields.
[[nodiscard]] inline std::string to_string(const {{ item.name }}& item) {
    std::string text = "{{ item.name }}{";
{%- for field in item.fields %}{% if !field.is_padding %}
    detail::print_field(text, "{{ field.name }}", item.{{ field.name }});
{%- endif %}{% endfor %}
    detail::print_field(text, "{{ tail.name }}", item.{{ tail.name }});
    return text + "}";
}
// clang-format on
{%- endif %}
