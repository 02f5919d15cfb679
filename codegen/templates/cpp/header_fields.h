// clang-format off
/// The message header fields that have no role{% if view.message_header.extras.is_empty() %}: this protocol has none{% endif %}.
class HeaderFields {
public:
    /// Those of the header at this place; for messages.
    explicit HeaderFields(const std::byte* headerBytes) noexcept : rawHeader(headerBytes) {}
{%- for extra in view.message_header.extras %}
{% for line in extra.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    [[nodiscard]] {{ extra.ty }} {{ extra.name }}() const noexcept {
        return detail::load_field<{{ extra.ty }}>(rawHeader, {{ extra.offset }});
    }
{%- endfor %}

private:
    // No field of a spec can be called so.
    [[maybe_unused]] const std::byte* rawHeader;
};

/// The same of a message under way: they are zero unless set.
class MutableHeaderFields : public HeaderFields {
public:
    /// Those of the header at this place; for messages and claims.
    explicit MutableHeaderFields(std::byte* headerBytes) noexcept
        : HeaderFields(headerBytes), openHeader(headerBytes) {}
{%- for extra in view.message_header.extras %}
{% for line in extra.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    void {{ extra.setter }}(const {{ extra.ty }}& value) noexcept {
        detail::store_field(openHeader, {{ extra.offset }}, value);
    }
{%- endfor %}

private:
    [[maybe_unused]] std::byte* openHeader;
};
// clang-format on
