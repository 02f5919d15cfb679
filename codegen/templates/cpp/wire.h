namespace detail {
{%- for item in view.enums %}{% if item.is_flags %}

template <>
inline constexpr bool kIsFlags<messages::{{ item.name }}> = true;
{%- endif %}{% endfor %}
{%- for item in view.structs %}

// clang-format off
/// What the engine knows of {{ item.name }}.
template <>
struct Wire<messages::{{ item.name }}> : std::true_type {
{%- if let Some(tail) = item.tail %}
    using Fixed = messages::{{ item.fixed }};
    static constexpr auto kTail = &messages::{{ item.name }}::{{ tail.name }};
{%- endif %}
{%- if item.size == 0 %}
    [[nodiscard]] static constexpr bool accepts(std::size_t) noexcept { return true; }
{%- else %}
    [[nodiscard]] static constexpr bool accepts(std::size_t size) noexcept {
        return size >= {{ item.size }}{% for size in item.older_sizes %} || size == {{ size }}{% endfor %};
    }
{%- endif %}
};
// clang-format on
{%- endfor %}

}  // namespace detail
