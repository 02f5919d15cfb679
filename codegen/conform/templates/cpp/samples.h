// Test values of every struct of the spec, and the script that says which message is which.
#pragma once

// clang-format off
#include <stdexcept>

#include "script.h"
#include "{{ view.header }}"
// clang-format on

namespace peer {

namespace ring = {{ view.namespace }};

/// A struct that is a message.
struct MessageSample {
    /// Its number among all structs.
    std::size_t number;
    std::uint32_t type;
    /// Bytes of its fixed part.
    std::size_t size;
};

/// The bytes that a struct is sent as.
template <class T>
Bytes encoded(const T& item) {
    Bytes bytes(ring::detail::payload_size(item));
    ring::detail::write_payload(item, reinterpret_cast<std::byte*>(bytes.data()));
    return bytes;
}

template <class T>
Bytes recoded_as(ring::ByteView payload) {
    T item;
    const ring::Errc result = ring::detail::read_payload(payload, item, true);
    if (result != ring::Errc::kOk) throw std::runtime_error(ring::to_string(result));
    return encoded(item);
}

// clang-format off
/// All structs, in the order of the spec.
inline const std::vector<const char*> kNames = {
{%- for item in view.structs %}
    "{{ item.raw_name }}",
{%- endfor %}
};

/// Bytes of each struct's fixed part.
inline const std::vector<std::size_t> kSizes = {
{%- for item in view.structs %}
    {{ item.size }},
{%- endfor %}
};

/// The structs that are messages, in the order of the spec.
inline const std::vector<MessageSample> kMessages = {
{%- for item in view.structs %}{% if let Some(id) = item.id %}
    { {{ loop.index0 }}, {{ id }}, {{ item.size }} },
{%- endif %}{% endfor %}
};
{%- for item in view.enums %}

inline ring::messages::{{ item.name }} {{ item.sampler }}(Rng& rng) {
    const std::uint64_t v = rng.next();
{%- if item.is_flags %}
    return static_cast<ring::messages::{{ item.name }}>(v);
{%- else %}
    // A value that the spec does not name is legal.
    if (v >> 61U == 7) return static_cast<ring::messages::{{ item.name }}>(static_cast<{{ item.ty }}>(v));
    constexpr ring::messages::{{ item.name }} kValues[] = {
{%- for value in item.values %}
        ring::messages::{{ item.name }}::{{ value }},
{%- endfor %}
    };
    return kValues[v % {{ item.values.len() }}];
{%- endif %}
}
{%- endfor %}
{%- for item in view.structs %}{% if item.size > 0 %}

inline ring::messages::{{ item.fixed }} {{ item.sampler }}([[maybe_unused]] Rng& rng) {
    ring::messages::{{ item.fixed }} item;
{%- for draw in item.draws %}
    {{ draw }}
{%- endfor %}
    return item;
}
{%- endif %}{% endfor %}

/// Draws struct `number`, its tail filling at most what `most` bytes of payload leave, and shows it
/// to `visit`.
template <class Visit>
void visit_sample(std::size_t number, [[maybe_unused]] Rng& rng,
                  [[maybe_unused]] std::size_t most, [[maybe_unused]] Visit visit) {
    switch (number) {
{%- for item in view.structs %}
        case {{ loop.index0 }}: {
{%- if let Some(tail) = item.tail %}
            ring::messages::{{ item.name }} item;
{%- if item.size > 0 %}
            static_cast<ring::messages::{{ item.fixed }}&>(item) = {{ item.sampler }}(rng);
{%- endif %}
            const std::size_t room = most - std::min<std::size_t>(most, {{ item.size }});
{%- if tail.is_text %}
            item.{{ tail.name }} = rng.tail_text(room);
{%- else %}
            item.{{ tail.name }}.resize(rng.tail_count(room / {{ tail.element_size }}));
{%- if tail.is_bytes %}
            rng.fill(reinterpret_cast<std::uint8_t*>(item.{{ tail.name }}.data()), item.{{ tail.name }}.size());
{%- else %}
            for (auto& element : item.{{ tail.name }}) {
                {{ tail.sample }}
            }
{%- endif %}
{%- endif %}
            visit(item);
{%- else if item.size > 0 %}
            visit({{ item.sampler }}(rng));
{%- else %}
            visit(ring::messages::{{ item.name }}{});
{%- endif %}
            return;
        }
{%- endfor %}
        default:
            throw std::logic_error("no such struct");
    }
}

/// Decodes struct `number` and encodes it again.
inline Bytes recoded(std::size_t number, [[maybe_unused]] ring::ByteView payload) {
    switch (number) {
{%- for item in view.structs %}
        case {{ loop.index0 }}: return recoded_as<ring::messages::{{ item.name }}>(payload);
{%- endfor %}
        default: throw std::logic_error("no such struct");
    }
}

/// Receives struct `number`.
inline ring::Status receive_struct(std::size_t number,
                                   [[maybe_unused]] ring::SharedMemoryConsumer& consumer,
                                   [[maybe_unused]] ring::Timeout timeout) {
    switch (number) {
{%- for item in view.structs %}
        case {{ loop.index0 }}: {
            ring::messages::{{ item.name }} item;
            return consumer.receive_typed(item, timeout);
        }
{%- endfor %}
        default: throw std::logic_error("no such struct");
    }
}
// clang-format on

/// The payload that visit_sample() draws.
inline Bytes payload_of(std::size_t number, Rng& rng, std::size_t most) {
    Bytes bytes;
    visit_sample(number, rng, most, [&bytes](const auto& item) { bytes = encoded(item); });
    return bytes;
}

/// Golden sample `k` of struct `number`: a tail takes at most 64 bytes.
inline Bytes golden(std::size_t number, std::uint64_t k) {
    Rng rng(7, k);
    return payload_of(number, rng, kSizes.at(number) + 64);
}

inline std::size_t raw_size(std::uint64_t v, std::size_t most) {
    return v >> 56U == 0 ? most : (v >> 8U) % (std::min<std::size_t>(most, 512) + 1);
}

inline Planned Script::stream_message(std::uint64_t index) const {
    Planned message;
    message.type = static_cast<std::uint32_t>(ring::kTypeData);
    message.payload.resize(size);
    std::memcpy(message.payload.data(), &index, std::min<std::size_t>(size, sizeof index));
    return message;
}

inline Planned Script::message(std::uint64_t index, std::size_t max_payload) const {
    if (plan == Plan::kStream) return stream_message(index);
    const std::size_t most = std::min(max_payload, kLongest);
    Rng rng(seed, index);
    const std::uint64_t v = rng.next();
    Planned message;
    message.type = static_cast<std::uint32_t>(ring::kTypeData);
    message.route = (v >> 40U) % 4;
    if (is_fragmented(index)) {
        message.kind = Kind::kFragmented;
        message.payload = rng.raw(most * 2 + v % 1000);
        return message;
    }
    if (v % 8 == 0) {
        const std::string_view text = kTexts[(v >> 8U) % kTexts.size()];
        message.kind = Kind::kText;
        message.payload.assign(text.begin(), text.end());
    } else if (v % 8 == 2) {
        message.type = static_cast<std::uint32_t>(ring::kTypeHeartbeat);
    } else if (v % 8 == 3) {
        message.type = 0x70000000U + static_cast<std::uint32_t>((v >> 8U) % 100);
        message.flags = v >> 63U == 1 ? static_cast<std::uint32_t>(ring::kFlagUrgent) : 0;
        message.payload = rng.raw(std::min<std::size_t>((v >> 8U) % 65, most));
    } else if (v % 8 >= 4 && !kMessages.empty() &&
               kMessages[(v >> 8U) % kMessages.size()].size <= most) {
        const MessageSample& sample = kMessages[(v >> 8U) % kMessages.size()];
        message.kind = Kind::kTyped;
        message.number = sample.number;
        message.type = sample.type;
        message.payload = payload_of(sample.number, rng, most);
    } else {
        message.payload = rng.raw(raw_size(v, most));
    }
    return message;
}

}  // namespace peer
