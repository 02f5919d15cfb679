// The layout as the compiler sees it.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

#include "{{ view.header }}"

namespace peer {

inline void begin(std::string& out, const char* name, std::size_t size, std::size_t align) {
    out += std::string("{\"name\":\"") + name + "\",\"size\":" + std::to_string(size);
    out += ",\"align\":" + std::to_string(align) + ",\"fields\":[";
}

inline void field(std::string& out, const char* name, std::size_t offset, std::size_t size) {
    if (out.back() != '[') out += ',';
    out += std::string("{\"name\":\"") + name + "\",\"offset\":" + std::to_string(offset);
    out += ",\"size\":" + std::to_string(size) + "}";
}

inline std::string hash(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
    return text;
}

// clang-format off
inline std::string ring_header() {
    using Struct = {{ view.namespace }}::RingHeader;
    std::string out;
    begin(out, "ring_header", sizeof(Struct), alignof(Struct));
{%- for field in view.ring_header %}
    field(out, "{{ field.raw_name }}", offsetof(Struct, {{ field.name }}), sizeof(Struct::{{ field.name }}));
{%- endfor %}
    return out + "]}";
}

inline std::string message_header() {
    using Struct = {{ view.namespace }}::MessageHeader;
    std::string out;
    begin(out, "message_header", sizeof(Struct), alignof(Struct));
{%- for field in view.message_header %}
    field(out, "{{ field.raw_name }}", offsetof(Struct, {{ field.name }}), sizeof(Struct::{{ field.name }}));
{%- endfor %}
    return out + "]}";
}

inline std::string structs() {
    std::string out = "[";
{%- for item in view.structs %}
    {
{%- if !loop.first %}
        out += ',';
{%- endif %}
        using Struct = {{ view.namespace }}::messages::{{ item.fixed }};
{%- if item.size == 0 %}
        // An empty struct takes a byte in C++, and none on the wire.
        begin(out, "{{ item.raw_name }}", Struct::kWireSize, alignof(Struct));
{%- else %}
        begin(out, "{{ item.raw_name }}", sizeof(Struct), alignof(Struct));
{%- endif %}
{%- for field in item.fields %}
        field(out, "{{ field.raw_name }}", offsetof(Struct, {{ field.name }}), sizeof(Struct::{{ field.name }}));
{%- endfor %}
        out += "]}";
    }
{%- endfor %}
    return out + "]";
}
// clang-format on

inline std::string layout_json() {
    return "{\"language\":\"cpp\",\"layout_hash\":\"" + hash({{ view.namespace }}::kLayoutHash) +
           "\",\"schema_hash\":\"" + hash({{ view.namespace }}::kSchemaHash) +
           "\",\"ring_header\":" + ring_header() + ",\"message_header\":" + message_header() +
           ",\"structs\":" + structs() + "}";
}

}  // namespace peer
