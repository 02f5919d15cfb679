namespace detail {
{% if view.message_header.extras.is_empty() %}
/// Setters of the message header fields that have no role: this protocol has none.
template <class Claim>
class HeaderFieldSetters {};

/// Getters of the message header fields that have no role: this protocol has none.
template <class Message>
class HeaderFieldGetters {};
{%- else %}
// clang-format off
/// Setters of the message header fields that have no role: they are zero unless set.
template <class Claim>
class HeaderFieldSetters {
public:
{%- for extra in view.message_header.extras %}
{%- for line in extra.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    void {{ extra.setter }}(const {{ extra.ty }}& value) noexcept {
        detail::store_field(static_cast<Claim&>(*this).header_bytes(), {{ extra.offset }}, value);
    }
{%- endfor %}
};

/// Getters of the message header fields that have no role.
template <class Message>
class HeaderFieldGetters {
public:
{%- for extra in view.message_header.extras %}
{%- for line in extra.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    [[nodiscard]] {{ extra.ty }} {{ extra.name }}() const noexcept {
        const auto* header = static_cast<const Message&>(*this).header_bytes();
        return detail::load_field<{{ extra.ty }}>(header, {{ extra.offset }});
    }
{%- endfor %}
};
// clang-format on
{%- endif %}

}  // namespace detail
